"""What policies declare that never govern the same event is nothing to one another: each decides as it does alone."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from policyengine import Engine, Event, PolicyError
from policyengine.decision.conflicts import _together
from policyengine.model.policy import Policy
from policyengine.moment import FOREVER
from strategies import GENERATED_WORDS_PARTIES, TIMES, VOCABULARY, aims, events, policy_from, words_of, written

T = {"ja": "語", "en": "word"}
ONE = {
    **VOCABULARY,
    "items": {**VOCABULARY["items"], "extra": T},
    "attributes": {**VOCABULARY["attributes"], "campaign": {**T, "type": "string"}},
}
VIA = {"held": "recipient", "list": True}
GRANT = VOCABULARY["facts"]["grant"]["fields"]
OTHER = {
    **VOCABULARY,
    "purposes": {**VOCABULARY["purposes"], "extra": T, "care": T},
    "subjects": {**VOCABULARY["subjects"], "guest": {**T, "remainder": True}},
    "attributes": {**VOCABULARY["attributes"], "campaign": {**T, "type": "integer"}},
    "facts": {**VOCABULARY["facts"], "grant": {**T, "fields": GRANT | {"to": {"held": "recipient"}, "via": VIA}}},
}
"""Words of the same names: in another dimension, with another mark, of another type, of another shape."""


@st.composite
def tenants(draw: st.DrawFn) -> tuple[Policy, Policy, dict[str, Any]]:
    """Two policies that never govern one event, and an event in the words of one of them."""
    (one, chosen), (other, picked) = draw(written(4)), draw(written(4))
    one["policy"] |= {"id": "one"}
    other["policy"] |= {"id": "other"}
    if draw(st.booleans()):
        other["policy"]["governs"] = ["branch"]
    else:
        one["policy"] |= {"from": TIMES[0], "until": TIMES[3]}
        other["policy"] |= {"from": TIMES[3], "until": TIMES[6]}
    both = policy_from({**one, "vocabulary": ONE}, chosen), policy_from({**other, "vocabulary": OTHER}, picked)
    policy = draw(st.sampled_from(both))
    event = draw(events(words_of(policy, TIMES, GENERATED_WORDS_PARTIES), aim=draw(aims(policy))))
    return *both, event


@given(tenants())
def test_tenants_side_by_side_decide_each_as_alone(case: tuple[Policy, Policy, dict[str, Any]]) -> None:
    one, other, event = case
    both = Engine([other, one]).evaluate(event)
    ready = Event.from_mapping(event)
    governing = [p for p in (one, other) if p.governs_controller(event["controller"]) and p.in_force(ready.instant)]
    if governing:
        (policy,) = governing
        assert both == Engine([policy]).evaluate(event)
    else:
        assert [reason.code for reason in both.reasons] == ["no-governing-policy"]


PLAIN = policy_from({"policy": {"id": "p", "version": "1", "title": T, "governs": ["a"]}, "clause": []})


@st.composite
def bindings(draw: st.DrawFn) -> list[Policy]:
    """Policies of some controllers, or of anyone, in force for a while."""
    found = []
    for number in range(draw(st.integers(1, 7))):
        governs = draw(st.none() | st.frozensets(st.sampled_from("abc"), min_size=1))
        start = draw(st.sampled_from([-FOREVER, 0, 1, 2]))
        end = draw(st.sampled_from([end for end in (1, 2, 3, FOREVER) if end > start]))
        found.append(replace(PLAIN, id=f"p-{number}", governs=governs, start=start, end=end))
    return found


@given(bindings())
def test_those_that_can_govern_one_controller_at_one_time_are_held_against_one_another(found: list[Policy]) -> None:
    def meet(*pair: Policy) -> bool:
        scenes = [(controller, time) for controller in "abcz" for time in (-1, 0, 1, 2, 3)]
        return any(all(p.governs_controller(who) and p.in_force(time) for p in pair) for who, time in scenes)

    expected = [(one.id, other.id) for one, other in combinations(found, 2) if meet(one, other)]
    assert sorted((one.id, other.id) for one, other in _together(found)) == expected


def test_ten_thousand_tenants_are_not_held_against_one_another() -> None:
    companies = [replace(PLAIN, id=f"p-{n}", governs=frozenset({f"c-{n}"})) for n in range(10_000)]
    statutes = [replace(PLAIN, id=f"law-{n}", governs=None, layer=True) for n in range(2)]
    assert sum(1 for _ in _together([*companies, *statutes])) == 2 * 10_000 + 1
    editions = [replace(PLAIN, id=f"p-{n}", governs=None, start=n, end=n + 1) for n in range(10_000)]
    assert list(_together(editions)) == []


def conflicts(policies: Sequence[Policy]) -> list[str]:
    try:
        Engine(policies)
    except PolicyError as error:
        return [problem.message.en for problem in error.problems]
    return []


def test_unlike_words_are_a_conflict_only_where_a_layer_reads_them_together() -> None:
    about = {"version": "1", "title": T, "governs": ["a"]}
    one, other = (
        policy_from({"policy": {"id": name, **about}, "clause": [], "vocabulary": words})
        for name, words in (("one", ONE), ("other", OTHER))
    )
    shapes = [
        'attribute "campaign" is of type string in one, and of type integer in other',
        'field "to" of fact type "grant" has another shape in one than in other',
        'field "via" of fact type "grant" has another shape in one than in other',
    ]
    words = [
        '"care" of purposes is a remainder in one, and none in other',
        '"extra" is one of the items in one, and one of the purposes in other',
        '"guest" of subjects is a remainder in other, and none in one',
    ]
    assert sorted(conflicts([one, other])) == sorted(shapes)
    assert sorted(conflicts([one, replace(other, layer=True)])) == sorted([*shapes, *words])
    assert sorted(conflicts([replace(one, layer=True), replace(other, layer=True)])) == sorted(shapes)
    law = {"policy": {**about, "id": "law", "governs": "anyone", "layer": True}, "clause": []}
    above = policy_from(law)
    assert sorted(conflicts([one, other, above])) == sorted([*shapes, *words])
    elsewhere = replace(above, governs=frozenset({"b"}))
    assert sorted(conflicts([one, other, elsewhere])) == sorted(shapes)
    assert conflicts([one, replace(other, governs=frozenset({"b"}), layer=True)]) == []
    assert conflicts([replace(one, end=5), replace(other, start=5, layer=True)]) == []
