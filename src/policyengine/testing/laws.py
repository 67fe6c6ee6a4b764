"""Invariants: what must hold of every decision, stated in two lines and checked by search."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from hypothesis import given, settings
from msgspec.structs import replace

from policyengine.analysis.difference import Undecided, difference
from policyengine.decision.facts import Answers
from policyengine.engine.engine import Engine
from policyengine.model.condition import Condition, In, all_of
from policyengine.model.decision import Decision
from policyengine.model.event import Event
from policyengine.model.policy import Policy
from policyengine.model.rule import Head, Restriction
from policyengine.testing.asserts import told
from policyengine.testing.flows import EventData, engine_of, events
from policyengine.testing.scenes import Stage
from policyengine.text import Text, same

Check: TypeAlias = Callable[[EventData, Decision], None]

_REGIONS: Final = 100_000
"""How much of the space of events is looked at before the exact search gives way to a random one."""


def never(of: Engine | Policy, *, when: Mapping[str, str | Iterable[str]], examples: int = 1000) -> bool:
    """Assert that no flow of a sort is ever permitted, whatever is known about anybody at any time.

    The whole space of events is searched where that can be done: then no event is left out, and what holds is proved.
    Where several policies together, or facts from a source, keep the flows from being permitted, events are drawn at
    random.

    Args:
        of: the policies.
        when: which flows: values of fields, by the names that columns of suites have, such as
            ``{"items": "individual_number", "operation": ["provide", "joint_use", "entrust"]}``; a term stands for
            its kinds too.
        examples: how many events are drawn where it cannot be proved.

    Returns:
        Whether it is proved.

    Raises:
        AssertionError: with an event that is permitted, and the explanation.
        ValueError: `when` names a field that there is not, or a term that no policy knows.
    """
    __tracebackhide__ = True
    engine = engine_of(of)
    sort = _condition(engine, when)
    proved = 0
    for policy in engine.policies:
        try:
            found = difference(policy, _without(policy, sort), frozenset({"outcome"}), regions=_REGIONS)
        except Undecided:
            continue
        if found is None:
            proved += 1
        elif engine.evaluate(found.event).permitted:
            _fail(engine, _plainer(engine, found.event, sort), when)
    if proved == len(engine.policies):
        return True

    found_events: list[EventData] = []

    @settings(max_examples=examples, database=None, deadline=None)
    @given(event=events(engine, when=when))
    def search(event: EventData) -> None:
        if _breaks(engine, event, sort):
            found_events.append(event)
            raise AssertionError

    try:
        search()
    except AssertionError:
        _fail(engine, found_events[-1], when)
    return False


def invariant(
    of: Engine | Policy, *, when: Mapping[str, str | Iterable[str]] | None = None, examples: int = 500
) -> Callable[[Check], Callable[[], None]]:
    """Make a test of a function that asserts something of an event and its decision.

    The test takes no arguments, so pytest collects it where its name begins with ``test``. What it finds is shown as
    the simplest event on which the assertion fails, with the explanation of the decision.

    Args:
        of: the policies.
        when: the flows of which it shall hold; as `never`. Every valid event, where it is left out.
        examples: how many events are drawn.

    Raises:
        ValueError: `when` names a field that there is not, or a term that no policy knows.
    """
    engine = engine_of(of)
    drawn = events(engine, when=when)

    def test_of(check: Check) -> Callable[[], None]:
        def test(event: EventData) -> None:
            __tracebackhide__ = True
            decision = engine.evaluate(event)
            try:
                check(event, decision)
            except Exception as error:
                error.add_note("\n".join(told(event, decision)))
                raise

        for name in ("__name__", "__qualname__", "__doc__", "__module__"):
            setattr(test, name, getattr(check, name))
        return settings(max_examples=examples, deadline=None)(given(event=drawn)(test))

    return test_of


def _condition(engine: Engine, when: Mapping[str, str | Iterable[str]]) -> Condition:
    wanted = Stage(engine).wanted(when)
    if not wanted:
        raise ValueError("say which flows are never permitted")
    return all_of(*(In(field, values, tuple(sorted(values))) for field, values in wanted.items()))


def _without(policy: Policy, sort: Condition) -> Policy:
    """Return `policy` with one more rule, which prohibits flows of a sort: no difference where it permits none."""
    head = Head("never", "never", "never", same("never"))
    prohibition = Restriction(head, "never", Text(ja="決して許さない", en="never permitted"), when=sort)
    return replace(policy, rules=(*policy.rules, prohibition))


def _breaks(engine: Engine, event: EventData, sort: Condition) -> bool:
    """Whether an event of the sort, one item of it at least, is permitted."""
    if not engine.evaluate(event).permitted:
        return False
    ready = Event.from_mapping(event)
    return any(Answers(policy.vocabulary, ready).met(sort) for policy in engine.policies)


def _plainer(engine: Engine, event: EventData, sort: Condition) -> EventData:
    """Return `event` without what it can do without."""
    plain: EventData | None = {**event, "id": "e-1"}
    while plain is not None:
        event = plain
        plain = next((less for less in _with_less(event) if _breaks(engine, less, sort)), None)
    return event


def _with_less(event: EventData) -> Iterator[EventData]:
    for name in ("controller", "form", "origin", "facts", "attributes"):
        if name in event:
            yield {field: value for field, value in event.items() if field != name}
    if "id" in event["subject"]:
        yield {**event, "subject": {"category": event["subject"]["category"]}}
    facts = event.get("facts", ())
    for number in range(len(facts)):
        yield {**event, "facts": [*facts[:number], *facts[number + 1 :]]}


def _fail(engine: Engine, event: EventData, when: Mapping[str, Any]) -> None:
    __tracebackhide__ = True
    sort = "; ".join(
        f"{name} {listed if isinstance(listed, str) else ' or '.join(listed)}" for name, listed in when.items()
    )
    raise AssertionError("\n".join([f"never permitted: {sort}", *told(event, engine.evaluate(event))]))
