"""A policy decides alike whether it is data in memory or a TOML file that the loader has checked."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import tomli_w
from hypothesis import assume, given
from hypothesis import strategies as st

from policyengine import Engine, PolicyError
from strategies import CLAUSES, events_of, policy_data, policy_from

ODD = {"impossible-rule", "no-licence"}
"""What the loader refuses and a generated policy may well contain: rules that nothing can match or lean on."""


def with_reasons(written: dict[str, Any]) -> dict[str, Any]:
    """The same policy, its empty clauses marked as such."""
    bare = {"number", "summary", "ground", "case_of"}
    why = {"organisational": {"ja": "なし", "en": "none"}}
    parents = {clause.get("case_of") for clause in written["clause"]}
    return {
        **written,
        "clause": [
            {**clause, **(why if clause.keys() <= bare - {"ground"} and clause["number"] not in parents else {})}
            for clause in written["clause"]
        ],
    }


@given(policy_data(4), st.sampled_from(["no", "yes"]), st.data())
def test_it_decides_alike(written: dict[str, Any], wide: str, data: st.DataObject) -> None:
    assert [clause["number"] for clause in written["clause"]] == CLAUSES
    policy = policy_from(written, {"wide": wide})
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "policy.toml"
        file.write_text(tomli_w.dumps(with_reasons(written)), "utf-8")
        try:
            loaded = Engine.load(file, readings={"wide": wide}, installed_plugins=False)
        except PolicyError as error:
            assert {problem.code for problem in error.problems} <= ODD
            assume(False)
    event = data.draw(events_of(policy))
    one, other = Engine([policy]).evaluate(event).as_dict(), loaded.evaluate(event).as_dict()
    assert {**one, "policies": []} == {**other, "policies": []}
