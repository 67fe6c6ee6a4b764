"""What ends a retention is not mended by a fact that lets its time begin anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from language.marked_packs import BASE, CLAUSE
from policyengine import Engine

KEPT = """\
[[clause.retention]]
at_most = "P3Y"
since = {type = "notice"}
lifted_by = {type = "legal_basis", kind = "statute"}
"""


def test_no_new_fact_since_which_the_time_is_counted_is_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text(BASE, "utf-8")
    (tmp_path / "rule.toml").write_text(CLAUSE + KEPT, "utf-8")
    event: dict[str, Any] = {
        "id": "e",
        "time": "2026-06-01T12:00:00+09:00",
        "operation": "use",
        "subject": {"category": "customer"},
        "items": ["name"],
        "purpose": "delivery",
        "facts": [{"type": "notice", "purposes": ["delivery"], "from": "2020-01-01T00:00:00Z"}],
    }
    decision = Engine.load(tmp_path, installed_plugins=False).evaluate(event)
    assert [reason.code for reason in decision.reasons] == ["retention-over"]
    (law,) = decision.as_dict()["remedies"]
    assert [change["fact"]["type"] for change in law["changes"]] == ["legal_basis"]
