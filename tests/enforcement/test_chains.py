"""Chains of actions, careless ones among them: what goes on is what was stated, less what was taken away."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import event as counted
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from policyengine import Decision, Engine, Event, Flow, FlowDenied, Reduction, Step, Text
from policyengine.builtin.actions.redact import Redact
from policyengine.enforcement import calls
from policyengine.enforcement.enforce import Enforcer
from policyengine.enforcement.flow import STAGES, Mode
from policyengine.enforcement.workers import Workers

WORKERS = Workers()
ENGINE = Engine.load(Path(__file__).parents[2] / "rules" / "alc-smart-learning", installed_plugins=False)
EVENT: dict[str, Any] = {
    "id": "e-1",
    "time": "2026-11-24T09:00:00+09:00",
    "operation": "use",
    "subject": {"category": "employee", "id": "s-1"},
    "items": ["name", "postal_address", "health_checkup_result"],
    "purpose": "health-management",
}
PERMITTED = {**EVENT, "items": ["name", "postal_address"]}
OTHER = ENGINE.evaluate({**EVENT, "purpose": "publicity"})
FORGED = ENGINE.evaluate(PERMITTED)
PAYLOAD = {"who": "A", "where": {"city": "B"}, "more": [{"how": "C"}]}


async def _never_awaited() -> None:
    raise AssertionError("nobody awaits this")


def _mutated(flow: Flow) -> None:
    flow.event["items"].clear()


def _widened(flow: Flow) -> None:
    flow.event["recipient"] = {"id": "x"}  # type: ignore[index]


TAKES = {
    "drop": lambda flow: Reduction(without=flow.event["items"][-1:]),
    "drop all": lambda flow: Reduction(without=flow.stated["items"]),
    "shrink": lambda flow: Reduction(payload={**flow.payload, "more": []}),
}
REFUSED = {
    "drop unknown": lambda _: Reduction(without={"name", "shoe_size"}),
    "drop a text": lambda _: Reduction(without="name"),
    "grow": lambda flow: Reduction(payload={**flow.payload, "extra": 1}, without=["name"]),
    "lengthen": lambda flow: Reduction(payload={**flow.payload, "more": [{"how": "C"}, {"how": "D"}]}),
    "mutate": _mutated,
    "widen": _widened,
    "copy": lambda flow: replace(flow, event={**flow.event, "items": ["name"]}),
    "restore": lambda flow: replace(flow, event=EVENT),
    "forge": lambda flow: replace(flow, decision=FORGED),
    "forge a decision": lambda _: FORGED,
    "true": lambda _: True,
    "number": lambda _: 7,
    "mapping": lambda flow: {**flow.event},
    "coroutine": lambda _: _never_awaited(),
    "fail": lambda _: (_ for _ in ()).throw(OSError("no ink")),
}
STOPS = {
    "stop": lambda _: Reduction(stop=True),
    "say why": lambda _: Reduction(stop=Text(ja="待て", en="wait")),
    "stop and grow": lambda _: Reduction(stop=True, payload={"extra": 1}),
    "deny": lambda _: (_ for _ in ()).throw(FlowDenied(OTHER)),
    "deny with a permit": lambda _: (_ for _ in ()).throw(FlowDenied(FORGED)),
}
DOES = {"nothing": lambda _: None, "keep": lambda _: Reduction(kept="k"), **TAKES, **REFUSED, **STOPS}


@dataclass
class Scripted:
    """An action that does one thing, and notes what it was told."""

    name: str
    stage: str
    does: str
    told: list[tuple[str, Flow]] = field(default_factory=list)

    def act(self, flow: Flow) -> Any:
        self.told.append((self.name, flow))
        return DOES[self.does](flow)

    def observe(self, flow: Flow) -> None:
        self.told.append(("", flow))


def again(event: dict[str, Any], items: Sequence[str]) -> Decision:
    return ENGINE.evaluate({**event, "items": list(items)})


def run(event: dict[str, Any], actions: Sequence[Any], *steps: Step, mode: Mode = "enforce", payload: Any) -> Flow:
    observers = [action for action in actions if isinstance(action, Scripted)][:1]
    enforcer = Enforcer({action.name: action for action in actions}, steps, observers, mode)
    decide = partial(again, event)
    return calls.run(enforcer.run(Event.from_mapping(event), ENGINE.evaluate(event), decide, payload), WORKERS).flow()


ALWAYS: Any = frozenset({"permit", "deny", "invalid"})
OUTCOMES = st.sampled_from([ALWAYS, ALWAYS, frozenset({"permit"}), frozenset({"deny"})])


@given(
    event=st.sampled_from([EVENT, PERMITTED]),
    chain=st.lists(
        st.tuples(st.sampled_from(STAGES), st.sampled_from(sorted(DOES)), OUTCOMES, st.booleans()),
        min_size=1,
        max_size=6,
    ),
    mode=st.sampled_from(["enforce", "enforce", "warn"]),
)
@settings(max_examples=600)
def test_what_goes_on_is_what_was_stated_less_what_was_taken_away(
    event: dict[str, Any], chain: list[tuple[str, str, Any, bool]], mode: Mode
) -> None:
    told: list[tuple[str, Flow]] = []
    actions = [Scripted(f"a-{number}", stage, does, told) for number, (stage, does, _, _) in enumerate(chain)]
    steps = [Step(f"a-{number}", on=on, mandatory=must) for number, (_, _, on, must) in enumerate(chain)]
    first, before = ENGINE.evaluate(event), copy.deepcopy((event, PAYLOAD))
    final: Flow | FlowDenied
    try:
        final = run(event, actions, *steps, mode=mode, payload=PAYLOAD)
    except FlowDenied as denied:
        final = denied
    assert (event, PAYLOAD) == before, "nothing of the host's was touched"

    in_order = [
        (action, step)
        for stage in STAGES
        for action, step in zip(actions, steps, strict=True)
        if action.stage == stage and (mode == "enforce" or stage == "tell")
    ]
    heard = iter(told)
    items, payload, kept, stopped, failed = event["items"], PAYLOAD, None, 0, 0
    for action, step in [*in_order, (None, None)]:
        decided = again(event, items)
        denied = bool(failed or (stopped and decided.permitted)) and mode == "enforce"
        if step is not None and step.on.isdisjoint({first.outcome, "deny" if denied else decided.outcome}):
            continue
        name, flow = next(heard)
        assert name == ("" if action is None else action.name)
        assert flow.event == {**event, "items": items}
        assert (flow.payload, flow.kept, flow.first, flow.stated) == (payload, kept, first, event)
        codes = [reason.code for reason in flow.decision.reasons]
        if denied:
            assert flow.decision.outcome == "deny"
            assert codes.count("action-failed") == failed
            assert flow.decision.permitted_items == flow.decision.obligations == ()
        else:
            assert flow.decision == decided
        if action is None:
            break
        refused = action.does in REFUSED
        if action.does in STOPS:
            stopped += 1
            refused = action.does == "stop and grow"
        elif action.does == "keep":
            refused = action.stage != "keep"
            kept = kept if refused else "k"
        elif action.does in TAKES:
            refused = action.stage != "reduce"
            if refused:
                pass
            elif action.does == "shrink":
                payload = {**payload, "more": []}
            elif action.does == "drop all" or len(items) == 1:
                stopped += 1
            else:
                items = items[:-1]
        failed += refused and step.mandatory

    assert next(heard, None) is None
    permitted = again(event, items).permitted and not stopped and not failed
    counted(f"{mode}, {'goes on' if permitted else 'stopped'}")
    if mode == "warn":
        assert isinstance(final, Flow)
        assert (final.event, final.payload, final.decision) == (event, PAYLOAD, first)
    elif permitted:
        assert final == told[-1][1]
        assert isinstance(final, Flow)
        assert set(final.event["items"]) <= set(first.permitted_items), "each was permitted by what was decided"
    else:
        assert isinstance(final, FlowDenied)
        assert (final.decision, final.kept) == (told[-1][1].decision, kept)


HOLDS = {"who": "name", "where": "postal_address", "how": "health_checkup_result"}
FIELDS = {name: frozenset({item}) for name, item in HOLDS.items()}
RECORD = {"who": "A", "where": "B", "how": "C", "unheard_of": "D"}


class Dropping:
    """Takes one item away from a flow, and leaves the payload to others."""

    stage = "reduce"

    def __init__(self, name: str, item: str) -> None:
        self.name, self.item = name, item

    def act(self, _: Flow) -> Reduction:
        return Reduction(without=[self.item])


@pytest.mark.parametrize(
    ("event", "dropped", "left"),
    [
        (PERMITTED, (), {"who": "A", "where": "B"}),
        (PERMITTED, ("postal_address",), {"who": "A"}),
        (EVENT, (), {"who": "A", "where": "B"}),
        (EVENT, ("health_checkup_result",), {"who": "A", "where": "B"}),
        (EVENT, ("health_checkup_result", "name"), {"where": "B"}),
    ],
)
def test_redact_follows_what_is_left(event: dict[str, Any], dropped: tuple[str, ...], left: dict[str, Any]) -> None:
    actions = [*(Dropping(f"drop-{item}", item) for item in dropped), Redact(FIELDS)]
    steps = [Step(action.name) for action in actions]
    assert run(event, actions, *steps, payload=RECORD).payload == left


def test_a_mandatory_failure_is_not_forgotten_when_a_later_action_narrows() -> None:
    actions = [Scripted("a", "reduce", "fail"), Scripted("b", "reduce", "drop")]
    with pytest.raises(FlowDenied) as denied:
        run(EVENT, actions, Step("a", mandatory=True), Step("b"), payload=None)
    assert [reason.code for reason in denied.value.decision.reasons] == ["action-failed"]
    assert denied.value.decision.excess_items == ("name", "postal_address")


def test_what_was_stated_is_frozen_when_it_comes_in() -> None:
    """A host that goes on changing its mapping changes nothing about the flow that it has enforced."""
    live: dict[str, Any] = copy.deepcopy(PERMITTED)

    class Meddling:
        name, stage = "meddling", "tell"

        @staticmethod
        def act(flow: Flow) -> None:
            live["items"].append("health_checkup_result")
            live["purpose"] = "publicity"
            seen.append(flow)

    seen: list[Flow] = []
    flow = run(live, [Meddling(), Dropping("drop", "name")], Step("meddling", on=ALWAYS), Step("drop"), payload=None)
    assert flow.event == seen[0].event == {**PERMITTED, "items": ["postal_address"]}
    assert flow.stated == PERMITTED
    for change in (
        lambda: flow.event.update(items=[]),  # type: ignore[attr-defined]
        lambda: flow.event["items"].append("name"),
        lambda: flow.event["subject"].pop("id"),
        lambda: flow.event["items"].__iadd__(["name"]),
    ):
        with pytest.raises(TypeError, match="frozen"):
            change()
    assert json.loads(json.dumps(flow.event)) == flow.event
    for twin in (copy.deepcopy(flow.event), pickle.loads(pickle.dumps(flow.event))):
        assert twin == flow.event
        twin["items"].append("name")


@pytest.mark.parametrize(
    "what", [{"id": "x", "items": {object()}}, [], "text", None, 7, {1: 2}, {"id": {"a": [1, object()]}}]
)
def test_what_is_no_event_is_frozen_too(what: Any) -> None:
    flows: list[tuple[str, Flow]] = []
    watching = Enforcer({}, (), [Scripted("w", "tell", "nothing", flows)], "warn")
    decision = ENGINE.evaluate(what)
    flow = calls.run(watching.run(what, decision, lambda _: decision), WORKERS).flow()
    assert flow.decision.outcome == "invalid"
    json.dumps(flow.event)
