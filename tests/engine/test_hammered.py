"""Threads and tasks hammer one engine while its policies reload and its facts change.

Whatever they are told was true: it is what some policy that was in force during the call says on some facts that held
during the call, and nothing in between.
"""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from policyengine import Decision, Engine, FlowDenied, WatchedEngine, hookimpl
from policyengine.hooks import FactQuery, FactSource

PACK = Path(__file__).parents[2] / "rules" / "alc-smart-learning"
CONTRACT = {"type": "contract", "kind": "confidentiality", "party": "mailer-kk"}
VETTING = {"type": "vetting", "party": "mailer-kk"}
STOP = {"type": "request", "kind": "stop_use", "subject": "c-1"}
STATES: list[list[dict[str, Any]]] = [[], [CONTRACT], [CONTRACT, VETTING], [CONTRACT, VETTING, STOP]]
EVENTS: list[dict[str, Any]] = [
    {
        "id": f"{purpose}-{person}",
        "time": "2026-11-24T09:00:00+09:00",
        "operation": "entrust",
        "subject": {"category": "customer", "id": person},
        "items": ["name", "mobile_email"],
        "purpose": purpose,
        "recipient": {"id": "mailer-kk", "service": "communication"},
    }
    for purpose in ("product-information", "after-care")
    for person in ("c-1", "c-2")
]
ROUNDS = 6
"""How often the policy changes, at least. One change in three is broken."""


class Register:
    """Facts that change from one state to the next, each as a whole."""

    name = "register"

    def __init__(self) -> None:
        self.now = 0

    @hookimpl
    def policyengine_fact_sources(self) -> Iterable[FactSource]:
        return [self]

    def facts(self, queries: Sequence[FactQuery]) -> Sequence[Iterable[Mapping[str, Any]]]:
        return [STATES[self.now % len(STATES)] for _ in queries]


class Call(NamedTuple):
    """One call: what was in force before it and after it, by number, and what it was told."""

    event: int
    states: tuple[int, int]
    policies: tuple[int, int]
    decision: Decision


def texts() -> list[str]:
    """Return the rules of the reference policy, and the same with another version and one purpose less."""
    text = (PACK / "policy.toml").read_text("utf-8")
    other = text.replace('version = "2013-02-01"', 'version = "other"').replace(', "product-information"]', "]", 1)
    return [text, other]


class Scene:
    """A watched engine, its register, and who changes both."""

    def __init__(self, folder: Path, rounds: int) -> None:
        self.rounds = rounds
        shutil.copytree(PACK, folder / "pack", ignore=shutil.ignore_patterns("*.test.toml"))
        shutil.copytree(PACK.parent / "vocabulary", folder / "vocabulary")
        self.file = folder / "pack" / "policy.toml"
        self.texts = texts()
        self.register = Register()
        self.engine: WatchedEngine = Engine.watch(
            folder / "pack", interval=3600, plugins=[self.register], installed_plugins=False
        )
        self.asked, self.changed = 0, 0
        self.done = threading.Event()
        self.calls: list[Call] = []

    def call(self, number: int) -> None:
        event = EVENTS[number % len(EVENTS)]
        states, policies = self.register.now, self.changed
        if number % 3:
            decision = self.engine.evaluate(event)
        else:
            try:
                decision = self.engine.enforce(event)
            except FlowDenied as denied:
                decision = denied.decision
        self.calls.append(Call(number % len(EVENTS), (states, self.register.now), (policies, self.asked), decision))

    async def task(self, number: int) -> None:
        while not self.done.is_set():
            event = EVENTS[number % len(EVENTS)]
            states, policies = self.register.now, self.changed
            try:
                decision = await self.engine.enforce_async(event)
            except FlowDenied as denied:
                decision = denied.decision
            self.calls.append(Call(number % len(EVENTS), (states, self.register.now), (policies, self.asked), decision))
            number += 1

    def thread(self, number: int) -> None:
        while not self.done.wait(0.0005):  # or nobody else would come to load anything
            self.call(number)
            number += 1

    def tasks(self) -> None:
        async def all_of_them() -> None:
            await asyncio.gather(*(self.task(number) for number in range(4)))

        asyncio.run(all_of_them())

    def facts(self) -> None:
        while not self.done.wait(0.001):
            self.register.now += 1

    def policies(self) -> None:
        """Change the policy again and again; a broken one between two good ones leaves the old one in force."""
        try:
            for number in range(1, self.rounds + 1):
                if number % 3 == 0:
                    self.write("[policy")
                    assert not self.engine.look()
                    assert self.engine.error is not None
                self.asked = number  # from here on the new one may be in force
                self.write(self.texts[number % 2])
                assert self.engine.look()
                self.changed = number  # and from here on the old one is not
        finally:
            self.done.set()

    def write(self, text: str) -> None:
        other = self.file.with_suffix(".new")
        other.write_text(text, "utf-8")
        other.replace(self.file)


def test_every_decision_is_that_of_a_policy_and_facts_in_force(tmp_path: Path, longer: int) -> None:
    scene = Scene(tmp_path, ROUNDS * longer)
    failures: list[BaseException] = []

    def running(work: Any, *arguments: Any) -> threading.Thread:
        def run() -> None:
            try:
                work(*arguments)
            except BaseException as error:
                failures.append(error)
                scene.done.set()

        return threading.Thread(target=run)

    threads = [running(scene.thread, number) for number in range(4)]
    threads += [running(scene.tasks), running(scene.facts), running(scene.policies)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
        assert not thread.is_alive()
    scene.engine.close()
    assert not failures, failures

    expected: dict[tuple[int, int, int], Decision] = {}
    for policy, text in enumerate(scene.texts):
        scene.write(text)
        engine = Engine.load(scene.file.parent, installed_plugins=False)
        for state, facts in enumerate(STATES):
            for number, event in enumerate(EVENTS):
                expected[policy, state, number] = engine.evaluate({**event, "facts": facts})
    assert len({decision.to_json() for decision in expected.values()}) >= 10  # they can be told apart

    seen = set()
    for call in scene.calls:
        policies = {number % 2 for number in range(call.policies[0], call.policies[1] + 1)}
        states = {number % len(STATES) for number in range(call.states[0], call.states[1] + 1)}
        true = {(p, s) for p in policies for s in states if expected[p, s, call.event] == call.decision}
        assert true, call
        seen |= true
    assert len(scene.calls) > 200
    assert {policy for policy, _ in seen} == {0, 1}
    assert {state for _, state in seen} == set(range(len(STATES)))
