"""What no event is said to meet of ages and days, none of a dense sample meets; and where there is one, it is shown."""

from __future__ import annotations

import itertools
from contextlib import suppress
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from policyengine.calendar import DAY, lapse
from policyengine.decision.facts import Answers
from policyengine.language.satisfy import Events
from policyengine.model.condition import Age, Compare, Condition, During, all_of
from policyengine.model.event import Event
from policyengine.model.meets import aged, compares, during
from policyengine.model.space import Undecided
from policyengine.moment import instant, written
from strategies import VOCABULARY, policy_from

ZONE = "Europe/Berlin"
TITLE = {"ja": "店", "en": "Shop"}
POLICY = policy_from(
    {
        "policy": {"id": "shop", "version": "1", "title": TITLE, "governs": ["shop"], "time_zone": ZONE},
        "vocabulary": {name: VOCABULARY[name] for name in ("subjects", "items", "purposes", "attributes")},
    }
)
FIRST = date(2026, 3, 1)
DAYS = [(FIRST + timedelta(days=number)).isoformat() for number in range(-75, 40)]
NOON = instant("2026-03-01T12:00:00Z")
TIMES = [NOON + number * DAY // 2 for number in range(80)]
OPS = st.sampled_from(["below", "at_most", "at_least", "above", "is", "is_not"])
EDGES = [instant(f"2026-03-{day:02}T23:00:00Z") for day in (3, 9, 17, 28)]


@st.composite
def conditions(draw: st.DrawFn) -> Condition:
    lapses = draw(st.lists(st.sampled_from(["P3D", "P8D", "P1M", "P2M"]), max_size=3))
    parts: list[Condition] = [Age("born", lapse(one, ZONE), draw(st.booleans()), True, ZONE) for one in lapses]
    parts += [Compare("born", draw(OPS), day) for day in draw(st.lists(st.sampled_from(DAYS[70:]), max_size=2))]
    if draw(st.booleans()):
        start = draw(st.sampled_from(EDGES[:-1]))
        parts.append(During(((start, draw(st.sampled_from([edge for edge in EDGES if edge > start]))),)))
    return all_of(*parts)


def met(condition: Condition, now: int, born: str) -> bool:
    def one(leaf: Condition) -> bool:
        match leaf:
            case Age():
                return aged(now, born, leaf)
            case Compare():
                return compares(born, leaf)
            case During():
                return during(now, leaf)
            case _:
                raise TypeError(leaf)

    return all(one(part) for part in getattr(condition, "parts", (condition,)))


@given(conditions())
def test_ages_and_days_are_met_where_some_event_meets_them(condition: Condition) -> None:
    events = Events(POLICY.vocabulary)
    example = events.example(condition)
    assert events.meet(condition) is (example is not None)
    if example is not None:
        assert Answers(POLICY.vocabulary, Event.from_mapping(example)).met(condition)
    else:
        assert not any(met(condition, now, born) for now, born in itertools.product(TIMES, DAYS))


MOMENTS = [instant("2026-01-25T00:00:00Z") + number * DAY // 4 for number in range(4 * 70)]
MARKS = [
    "2026-01-29T10:00:00Z",
    "2026-01-31T09:00:00Z",
    "2026-02-10T12:00:00Z",
    "2026-03-02T00:30:00Z",
    "2026-03-28T23:00:00Z",
]
HOURS = {
    written(began + beside)
    for began in [
        *map(instant, MARKS),
        *MOMENTS[::3],
        *(instant("2026-03-28T22:00:00Z") + DAY // 48 * n for n in range(12)),
    ]
    for beside in (-1, 0, 1)
}


@st.composite
def of_moments(draw: st.DrawFn) -> Condition:
    lapses = draw(st.lists(st.sampled_from(["PT36H", "P8D", "P1M", "P2M"]), max_size=2, unique=True))
    parts: list[Condition] = [Age("seen", lapse(one, ZONE), draw(st.booleans()), False, ZONE) for one in lapses]
    parts += [
        Compare("seen", draw(OPS), mark, moment=True) for mark in draw(st.lists(st.sampled_from(MARKS), max_size=2))
    ]
    start = draw(st.sampled_from(MOMENTS))
    parts.append(During(((start, start + draw(st.sampled_from([1, DAY // 24, DAY, 3 * DAY]))),)))
    return all_of(*parts)


@given(of_moments())
def test_ages_and_times_are_met_where_some_event_meets_them(condition: Condition) -> None:
    """Also near the end of a month and where the clock is put forward, where what began later can be as old earlier."""
    events = Events(POLICY.vocabulary)
    with suppress(Undecided):
        example = events.example(condition)
        assert events.meet(condition) is (example is not None)
        assert example is None or Answers(POLICY.vocabulary, Event.from_mapping(example)).met(condition)
    if not events.meet(condition):
        (span,) = next(part for part in getattr(condition, "parts", (condition,)) if isinstance(part, During)).spans
        times = {span[0], (span[0] + span[1]) // 2, span[1] - 1}
        assert not any(met(condition, now, seen) for now, seen in itertools.product(times, HOURS))


def test_a_time_far_from_changes_of_the_clock_is_decided_in_any_time_zone() -> None:
    events = Events(POLICY.vocabulary)
    young = Age("seen", lapse("P1M", ZONE), False, False, ZONE)
    early = During(((instant("2026-05-12T00:00:00Z"), instant("2026-05-20T00:00:00Z")),))
    assert events.example(young, Compare("seen", "above", "2026-04-12T00:00:00Z", moment=True), early) is not None
    assert not events.meet(young, Compare("seen", "below", "2026-04-12T00:00:00Z", moment=True), early)
