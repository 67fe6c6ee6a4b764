"""Chains of actions: what one leaves is what the next is told, and what was stopped stays stopped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import event as counted
from hypothesis import given, settings
from hypothesis import strategies as st

from policyengine import Engine, Flow, FlowDenied, Step
from policyengine.builtin.actions.redact import Redact
from policyengine.enforcement.enforce import Enforcer
from policyengine.enforcement.flow import STAGES, Mode

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
DENIAL = ENGINE.evaluate({**EVENT, "purpose": "publicity"})
FORGED = ENGINE.evaluate(PERMITTED)
DOES = ("nothing", "narrow", "restore", "pack", "keep", "forge", "deny", "stop", "fail")


@dataclass
class Scripted:
    """An action that does one thing, and notes what it was told."""

    name: str
    stage: str
    does: str
    told: list[tuple[str, Flow]] = field(default_factory=list)

    def act(self, flow: Flow) -> Flow | None:
        self.told.append((self.name, flow))
        match self.does:
            case "narrow" if len(flow.event["items"]) > 1:
                return replace(flow, event={**flow.event, "items": flow.event["items"][:-1]})
            case "restore":
                return replace(flow, event=EVENT)
            case "pack":
                return replace(flow, payload=[*flow.payload, self.name])
            case "keep":
                return replace(flow, kept=self.name)
            case "forge":
                return replace(flow, decision=FORGED)
            case "deny":
                raise FlowDenied(DENIAL)
            case "stop":
                raise FlowDenied(flow.decision)
            case "fail":
                raise OSError("no ink")
        return None

    def observe(self, flow: Flow) -> None:
        self.told.append(("", flow))


def run(event: dict[str, Any], actions: Sequence[Any], *steps: Step, mode: Mode = "enforce") -> Flow:
    observers = [action for action in actions if isinstance(action, Scripted)][:1]
    enforcer = Enforcer({action.name: action for action in actions}, steps, observers, mode, ENGINE.evaluate)
    return enforcer.run(event, ENGINE.evaluate(event), [])


ALWAYS = frozenset({"permit", "deny", "invalid"})
OUTCOMES = st.sampled_from([ALWAYS, ALWAYS, frozenset({"permit"}), frozenset({"deny"})])


@given(
    event=st.sampled_from([EVENT, PERMITTED]),
    chain=st.lists(
        st.tuples(st.sampled_from(STAGES), st.sampled_from(DOES), OUTCOMES, st.booleans()), min_size=1, max_size=6
    ),
    mode=st.sampled_from(["enforce", "enforce", "warn"]),
)
@settings(max_examples=400)
def test_every_action_is_told_what_the_one_before_left(
    event: dict[str, Any], chain: list[tuple[str, str, Any, bool]], mode: Mode
) -> None:
    told: list[tuple[str, Flow]] = []
    actions = [Scripted(f"a-{number}", stage, does, told) for number, (stage, does, _, _) in enumerate(chain)]
    steps = [Step(f"a-{number}", on=on, mandatory=must) for number, (_, _, on, must) in enumerate(chain)]
    first = ENGINE.evaluate(event)
    final: Flow | FlowDenied
    try:
        final = run(event, actions, *steps, mode=mode)
    except FlowDenied as denied:
        final = denied

    acting = [
        (action, step)
        for stage in STAGES
        for action, step in zip(actions, steps, strict=True)
        if action.stage == stage and first.outcome in step.on and (mode == "enforce" or stage == "tell")
    ]
    assert [name for name, _ in told] == [*(action.name for action, _ in acting), ""]

    current, payload, kept, stopped = event, [], None, False
    denied_by = ""

    def check(flow: Flow) -> None:
        assert (flow.event, flow.payload, flow.kept, flow.first) == (current, payload, kept, first)
        if denied_by == "deny":
            assert flow.decision is DENIAL
        elif denied_by:
            assert [reason.code for reason in flow.decision.reasons][-1] == "action-failed"
        else:
            assert flow.decision == ENGINE.evaluate(current)

    for (action, step), (_, flow) in zip(acting, told, strict=False):
        check(flow)
        enforcing, changing = mode == "enforce", action.stage != "tell"
        match action.does:
            case "narrow" if changing and len(current["items"]) > 1:
                current = {**current, "items": current["items"][:-1]}
            case "restore" if changing:
                current = EVENT
            case "pack" if changing:
                payload = [*payload, action.name]
            case "keep" if changing:
                kept = action.name
            case "deny" if enforcing:
                denied_by, stopped = action.does, True
            case "stop" if enforcing:
                stopped = True
            case "fail" if enforcing and step.mandatory:
                denied_by, stopped = action.does, True
    check(told[-1][1])

    permitted = ENGINE.evaluate(current).permitted and not stopped
    counted(f"{mode}, {'goes on' if permitted else 'stopped'}")
    if mode == "warn":
        assert isinstance(final, Flow)
        assert (final.event, final.payload, final.decision) == (event, [], first)
    elif permitted:
        assert final == told[-1][1]
    else:
        assert isinstance(final, FlowDenied)
        if not told[-1][1].decision.permitted:
            assert (final.decision, final.kept) == (told[-1][1].decision, kept)


HOLDS = {"who": "name", "where": "postal_address", "how": "health_checkup_result"}
FIELDS = {name: frozenset({item}) for name, item in HOLDS.items()}
RECORD = {"who": "A", "where": "B", "how": "C", "unheard_of": "D"}


class Dropping:
    """Takes one item away from a flow, and leaves the payload to others."""

    stage = "reduce"

    def __init__(self, name: str, item: str) -> None:
        self.name, self.item = name, item

    def act(self, flow: Flow) -> Flow:
        return replace(flow, event={**flow.event, "items": [i for i in flow.event["items"] if i != self.item]})


@pytest.mark.parametrize(
    ("event", "dropped", "left"),
    [
        (PERMITTED, (), RECORD),
        (PERMITTED, ("postal_address",), {"who": "A"}),
        (EVENT, (), {"who": "A", "where": "B"}),
        (EVENT, ("health_checkup_result",), {"who": "A", "where": "B"}),
        (EVENT, ("health_checkup_result", "name"), {"where": "B"}),
    ],
)
def test_redact_leaves_whole_what_was_permitted_as_it_came(
    event: dict[str, Any], dropped: tuple[str, ...], left: dict[str, Any]
) -> None:
    """A permit is not touched, unless something was taken away from it: then the payload loses it as well."""
    actions = [*(Dropping(f"drop-{item}", item) for item in dropped), Redact(FIELDS)]
    steps = [Step(action.name, on=ALWAYS) for action in actions]
    enforcer = Enforcer({action.name: action for action in actions}, steps, (), "enforce", ENGINE.evaluate)
    assert enforcer.run(event, ENGINE.evaluate(event), RECORD).payload == left
