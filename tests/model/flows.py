"""A flow that is permitted, and what is made of it."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

from policyengine import Decision, Engine

VALID: dict[str, Any] = {
    "id": "e-001",
    "time": "2026-11-24T09:00:00+09:00",
    "controller": "alc-learning-systems",
    "operation": "entrust",
    "subject": {"category": "customer", "id": "c-102"},
    "items": ["name", "mobile_email"],
    "purpose": "product-information",
    "form": "identifiable",
    "origin": "direct",
    "recipient": {"id": "mailer-kk", "service": "communication", "country": "JP"},
    "facts": [
        {
            "type": "contract",
            "kind": "confidentiality",
            "party": "mailer-kk",
            "from": "2026-01-01T00:00:00+09:00",
            "until": "2027-01-01T00:00:00+09:00",
        },
        {"type": "vetting", "party": "mailer-kk", "from": "2026-01-01T00:00:00+09:00"},
    ],
    "attributes": {"campaign": "spring"},
}
"""It states every field that there is, and is permitted."""

LEFT_OUT = object()
"""In the place of a value: the field is left out."""


def changed(changes: Mapping[str, Any] | None = None, /, **more: Any) -> dict[str, Any]:
    """Return `VALID` with other values; a path such as ``subject.id`` or ``facts.0.type`` leads to a value within."""
    event = copy.deepcopy(VALID)
    for path, value in {**(changes or {}), **more}.items():
        put(event, path, value)
    return event


def put(event: dict[str, Any], path: str, value: Any) -> None:
    """Put a value at a path of an event, or take out what is there."""
    *way, last = path.split(".")
    parent: Any = event
    for key in way:
        parent = parent[int(key) if isinstance(parent, list) else key]
    place: Any = int(last) if isinstance(parent, list) else last
    if value is LEFT_OUT:
        del parent[place]
    else:
        parent[place] = value


def refused(engine: Engine, event: Any) -> Decision:
    """Return the decision on what is no event, after holding it to what is true of all of them."""
    decision = engine.evaluate_json(event) if isinstance(event, str | bytes) else engine.evaluate(event)
    assert decision.outcome == "invalid"
    assert decision.permitted is False
    assert decision.errors
    found = json.loads(decision.to_json())
    assert found["errors"] == [{"path": e.path, "message": e.message.as_dict()} for e in decision.errors]
    for name in ("policies", "clauses", "rules", "reasons", "permitted_items", "excess_items", "obligations"):
        assert found[name] == []
    for error in decision.errors:
        assert error.path.startswith("$")
        assert error.message.ja and error.message.en
    assert decision.explain(lang="ja") and decision.explain(lang="en")
    return decision


def is_json(value: Any) -> bool:
    """Whether JSON can say `value`, and says it as it is."""
    try:
        return bool(json.loads(json.dumps(value, allow_nan=False)) == value)
    except (TypeError, ValueError):
        return False
