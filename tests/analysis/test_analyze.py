"""What is found in policies is so: held against the evaluator, on drawn policies and on policies made for it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dense_events import dense_events
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from policyengine import Event
from policyengine.analysis.analyze import analyzed
from policyengine.analysis.difference import EVERYTHING
from policyengine.analysis.study import OUTCOME, Remark, Study
from policyengine.decision.court import Court
from policyengine.decision.memory import Memory
from policyengine.engine.plugins import Plugins
from policyengine.language.build import policy_of
from policyengine.language.find import STANDARD
from policyengine.language.pack import Pack
from policyengine.language.source import Document, read
from policyengine.model.policy import Policy
from strategies import policy_data

KINDS = Plugins(installed=False).kinds
DEAD = {"shadowed-rule", "idle-rule"}


class Judge:
    """What a policy decides of events, as the engine says it."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.evaluator = Court([policy], Memory()).evaluators[0]

    def says(self, event: dict[str, Any], parts: frozenset[str] = EVERYTHING) -> tuple[Any, ...]:
        ready = Event.from_mapping(event)
        if not self.policy.in_force(ready.instant):
            return ("deny",)
        verdict = self.evaluator.verdict(ready)
        duties = {(duty.id, duty.clause) for duty in verdict.obligations}
        return (
            verdict.outcome,
            set(verdict.clauses) if "clauses" in parts else None,
            duties if "obligations" in parts else None,
        )


def without(policy: Policy, *tables: str) -> Policy:
    return replace(policy, rules=tuple(rule for rule in policy.rules if rule.head.id not in tables))


def words_of(event: dict[str, Any]) -> set[str | None]:
    return {event["operation"], event["subject"]["category"], event.get("purpose"), *event["items"]}


class Sample:
    """A drawn pack under both of its readings, with a dense sample of events of each."""

    def __init__(self, pack: Pack, seed: int) -> None:
        self.judges = [Judge(policy_of(pack, KINDS, {"wide": wide}, trusted=True)) for wide in ("no", "yes")]
        self.events = [list(dense_events([judge.policy], 60, seed)) for judge in self.judges]
        self.said = [
            [judge.says(event) for event in some] for judge, some in zip(self.judges, self.events, strict=True)
        ]

    def alike(self, table: str, parts: frozenset[str]) -> bool:
        """Whether all events are decided alike without a table."""
        return all(
            judge.says(event, parts) == other.says(event, parts)
            for judge, some in zip(self.judges, self.events, strict=True)
            for other in [Judge(without(judge.policy, table))]
            for event in some
        )

    def permitted(self) -> Iterator[dict[str, Any]]:
        """Yield the events that are permitted."""
        for some, said in zip(self.events, self.said, strict=True):
            yield from (event for event, (outcome, *_) in zip(some, said, strict=True) if outcome == "permit")


def hold(pack: Pack, study: Study, remark: Remark, sample: Sample) -> None:
    """Hold one finding against the evaluator, under both readings of drawn policies."""
    code, about = remark.problem.code, dict(remark.problem.speaks_of)
    if code in DEAD:
        assert sample.alike(about["rule"], EVERYTHING), remark
    elif code == "contradicted-rule":
        assert sample.alike(about["rule"], OUTCOME), remark
    elif code in ("only-cited", "implied-requirement"):
        assert sample.alike(about["rule"], frozenset({"outcome", "obligations"})), remark
    elif code in ("never-permitted", "unused-word"):
        assert not any(about["term"] in words_of(event) for event in sample.permitted()), remark
    elif code == "idle-reading":
        narrow, wide = sample.judges
        assert all(narrow.says(event) == wide.says(event) for some in sample.events for event in some), remark
    if remark.witness is not None:
        policy = policy_of(pack, KINDS, dict(remark.readings), trusted=True)
        said = Judge(policy).says(dict(remark.witness))
        if code in ("only-cited", "implied-requirement"):
            assert said != Judge(without(policy, about["rule"])).says(dict(remark.witness))
        elif code == "escaped-by-silence":
            assert said[0] == "permit"
    if remark.because and code in DEAD:
        out = [head.id for head in remark.because]
        found = study.decides(about["rule"], EVERYTHING, out)
        assert found is not None
        policy = without(policy_of(pack, KINDS, dict(found.readings), trusted=True), *out)
        assert Judge(policy).says(found.event) != Judge(without(policy, about["rule"])).says(found.event)


@settings(max_examples=max(10, settings().max_examples // 2))
@given(st.data())
def test_what_is_found_is_so(data: st.DataObject) -> None:
    written = copy.deepcopy(data.draw(policy_data(3)))
    pack = Pack(Path("generated.toml"), (Document("generated.toml", "", written),), (read(STANDARD),))
    study = Study(pack, policy_of(pack, KINDS, {}, trusted=True), KINDS, 60)
    sample = Sample(pack, data.draw(st.integers(0, 1000)))
    for remark in analyzed(study):
        hold(pack, study, remark, sample)
