"""What no event is said to meet of ages and days, none of a dense sample meets; and where there is one, it is shown."""

from __future__ import annotations

import itertools
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from policyengine.calendar import DAY, lapse
from policyengine.decision.facts import Answers
from policyengine.language.satisfy import Events
from policyengine.model.condition import Age, Compare, Condition, During, aged, all_of, compares, during
from policyengine.model.event import Event
from policyengine.moment import instant
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
