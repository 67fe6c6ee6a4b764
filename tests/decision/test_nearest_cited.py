"""Of many arrangements, a denial cites those that name the recipient."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from policyengine import Documents, Engine

PARTIES = [f"p{number}" for number in range(25)]
OPERATIONS = {"joint-use": "joint_use", "provision": "provide", "permission": "provide"}


def labelled(*names: str) -> dict[str, Any]:
    return {name: {"ja": name, "en": name} for name in names}


def arrangement(kind: str, parties: list[str], *, about: bool) -> dict[str, Any]:
    to = "parties" if kind == "joint-use" else "recipients"
    table: dict[str, Any] = {"subjects": ["c"], "items": ["a"], "purposes": ["u"], to: parties}
    table |= {"operations": ["provide"]} if kind == "permission" else {}
    return table | ({"about": {"subjects": ["c"]}} if about else {})


@given(
    data=st.data(),
    kind=st.sampled_from(sorted(OPERATIONS)),
    stated=st.sampled_from([(["b"], "u"), (["a"], "v"), (["a"], "unheard-of"), (["a", "b"], "u")]),
)
def test_of_twenty_arrangements_those_that_name_the_recipient(
    data: st.DataObject, kind: str, stated: tuple[list[str], str]
) -> None:
    items, purpose = stated
    named = data.draw(st.lists(st.lists(st.sampled_from(PARTIES), min_size=1, max_size=2), min_size=20, max_size=20))
    to = data.draw(st.sampled_from(PARTIES))
    clauses = [
        {
            "number": str(number),
            "summary": {"ja": "共", "en": "With them."},
            kind: [arrangement(kind, parties, about=data.draw(st.booleans()))],
        }
        for number, parties in enumerate(named)
    ]
    policy = {"id": "p", "version": "1", "title": {"ja": "試", "en": "Trial"}, "governs": ["k"]}
    words = {"subjects": labelled("c"), "items": labelled("a", "b"), "purposes": labelled("u", "v")}
    pack = {"policy": policy, "vocabulary": {**words, "parties": labelled(*PARTIES)}, "clause": clauses}
    event = {
        "id": "e",
        "time": "2026-01-01T00:00:00Z",
        "operation": OPERATIONS[kind],
        "subject": {"category": "c"},
        "items": items,
        "purpose": purpose,
        "recipient": {"id": to},
    }
    with Engine.load(Documents({"pack.toml": pack}), installed_plugins=False) as engine:
        decision = engine.evaluate(event)
    naming = {str(number) for number, parties in enumerate(named) if to in parties}
    assert decision.outcome == "deny"
    assert set(decision.clauses) == (naming or {str(number) for number in range(20)})
