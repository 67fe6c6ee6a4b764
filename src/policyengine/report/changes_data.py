"""What has changed between two policies, as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from policyengine.analysis.changes import KINDS, Duty, Statement
from policyengine.analysis.diagram import Equal
from policyengine.analysis.witness import Said
from policyengine.model.condition import Field
from policyengine.model.fields import ROWS
from policyengine.model.policy import Policy
from policyengine.model.profile import Question
from policyengine.model.space import TIME, Variable
from policyengine.moment import written
from policyengine.report.changes import Compared, opened
from policyengine.report.statements import Sentences


def as_json(of: Compared) -> str:
    """Return what has changed as one JSON document."""
    sentences, words = Sentences(of.changes), opened(of)

    def statement(number: int, one: Statement) -> dict[str, Any]:
        before, after = one.said
        return {
            "kind": one.kind,
            "message": sentences.statement(one).as_dict(),
            "where": {_variable(name): _values(of, name, values) for name, values in one.row.where.items()},
            "ways": [[_condition(of, name, values) for name, values in way.items()] for way in one.row.ways],
            "clauses": {"before": list(one.clauses[0]), "after": list(one.clauses[1])},
            "obligations": {"lost": _duties(one.lost), "gained": _duties(one.gained)},
            "readings": list(of.readings.get(number, ())),
            "example": {"event": dict(one.witness), "before": _said(before), "after": _said(after)},
        }

    document: dict[str, Any] = {
        "old": _policy(of.policies[0]),
        "new": _policy(of.policies[1]),
        "at": None if of.at is None else written(of.at),
        "wider": of.wider,
        "declared": [
            {
                "what": one.what,
                "name": one.name,
                "change": one.change,
                "before": one.before,
                "after": one.after,
                **({"opened_by": list(words[one.what, one.name])} if (one.what, one.name) in words else {}),
            }
            for one in of.declared
        ],
        "statements": [statement(number, one) for number, one in enumerate(of.statements)],
        "lacking": [finding.as_dict() for finding in of.lacking],
    }
    if of.flips is not None:
        document["events"] = {
            "total": of.flips.total,
            "unread": of.flips.unread,
            **{kind: of.flips.count(kind) for kind in KINDS},
            "flips": [
                {
                    "kind": flip.kind,
                    "count": flip.count,
                    "before": _said(flip.said[0]),
                    "after": _said(flip.said[1]),
                    "samples": [event.get("id") for event in flip.samples],
                }
                for flip in of.flips.found()
            ],
        }
    return json.dumps(document, indent=2, ensure_ascii=False)


def _policy(policy: Policy) -> dict[str, Any]:
    return {
        "id": policy.id,
        "version": policy.version,
        "digest": policy.digest,
        "readings": policy.other_readings,
    }


def _said(of: Said) -> dict[str, Any]:
    return {"outcome": of.outcome, "clauses": list(of.clauses)}


def _duties(duties: Iterable[Duty]) -> list[dict[str, str]]:
    return [{"id": name, "clause": clause} for name, clause, _ in duties]


def _variable(variable: Variable) -> str:
    if isinstance(variable, Field):
        return ROWS[variable].name
    return f"attributes.{variable[1:]}" if isinstance(variable, str) and variable.startswith("@") else str(variable)


def _values(of: Compared, variable: Variable, values: Sequence[Any]) -> list[Any]:
    found: list[Any] = []
    for value in values:
        if variable == TIME:
            found.append(written(value))
        elif isinstance(value, Equal):
            found.append({"same_as": [ROWS[field].name for field in value.fields]})
        elif isinstance(variable, Field) and isinstance(value, str):
            found += of.changes.diagram.members(variable, value)
        else:
            found.append(value if isinstance(value, str | bool | int | float) else None)
    return found


def _condition(of: Compared, variable: Variable, values: Sequence[Any]) -> dict[str, Any]:
    if isinstance(variable, Question):
        where = {name: sorted(accepted) for name, accepted in variable.holds.where}
        return {"fact": variable.holds.type, "where": where, "there": values == (True,)}
    return {"field": _variable(variable), "values": _values(of, variable, values)}
