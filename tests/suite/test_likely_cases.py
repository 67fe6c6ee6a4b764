"""Mutation tries those cases first for which a changed rule means something else: all that notice are among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from policyengine.analysis.difference import difference
from policyengine.analysis.near import Near
from policyengine.analysis.sight import Sight
from policyengine.engine.engine import Engine
from policyengine.engine.plugins import Plugins
from policyengine.language.build import Variants, policy_of
from policyengine.language.find import find_suites
from policyengine.language.pack import load_pack
from policyengine.model.rule import Rule
from policyengine.suite.case import EXPECTATIONS, Case, actual
from policyengine.suite.likely import Likely
from policyengine.suite.mutants import mutants
from policyengine.suite.mutate import Mutation
from policyengine.suite.run import Engines, load

RULES = Path(__file__).parents[2] / "rules"
REFERENCE = RULES / "alc-smart-learning"
KINDS = Plugins(installed=False).kinds


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    engines = Engines()
    return [case for suite in find_suites(REFERENCE) for case in load(suite, engines).cases]


def _equivalent(mutation: Mutation) -> list[int]:
    """Return some mutants that no event can tell from the original."""
    said = "clause referred to: 2-5 — 5 requirement.over"
    return [number for number, mutant in enumerate(mutation.mutants) if mutant.message.en == said]


def _changed_rules(mutation: Mutation, number: int) -> Sequence[Rule]:
    variants = Variants(mutation.pack, KINDS)
    before = variants.policy(mutation.pack, {})
    after = variants.policy(mutation.mutants[number].applied(mutation.pack), {})
    return Near(before).change(after).rules or ()


def _said(engine: Engine, case: Case) -> list[Any]:
    decision = engine.evaluate(case.event)
    return [actual(decision, what) for what in EXPECTATIONS]


def test_a_case_that_is_decided_differently_is_among_the_likely_ones(cases: list[Case]) -> None:
    """As long as it is a rule that changes; and few others are, which is what the order is for."""
    some = [case for case in cases if not case.readings][::6]
    mutation = Mutation(REFERENCE, some)
    before = mutation.original
    likely = Likely(some, before.vocabulary)
    engine = Engine([before])
    decided = {case.id: _said(engine, case) for case in some}
    rules = [mutant for mutant in mutation.mutants if mutant.path[0] == "clause" and len(mutant.path) > 3]
    noticed = taken = 0
    for mutant in rules[::29]:
        after = policy_of(mutant.applied(mutation.pack), KINDS, {}, trusted=True)
        first = [case.id for case in likely.noticing(before, after)]
        assert len(first) == len(set(first))
        engine = Engine([after])
        different = {case.id for case in some if _said(engine, case) != decided[case.id]}
        assert different <= set(first), mutant.message.en
        noticed, taken = noticed + len(different), taken + len(first)
    assert noticed > 100
    assert taken < 3 * noticed


def test_no_fate_hangs_on_which_cases_are_likely(cases: list[Case], monkeypatch: pytest.MonkeyPatch) -> None:
    """Cases that nobody thought likely to notice are tried wherever there is something to notice."""
    mutation = Mutation(REFERENCE, cases[::5])
    some = [*range(3, len(mutation.mutants), 150), *_equivalent(mutation)]
    told = [mutation.report(number).fate for number in some]
    assert {"killed", "equivalent"} <= set(told)
    monkeypatch.setattr(Likely, "noticing", lambda *_: iter(()))
    assert [mutation.report(number).fate for number in some] == told


def test_a_case_can_ask_for_more_than_what_is_compared(cases: list[Case]) -> None:
    """Where no event is decided otherwise, a case that knows the reasons of a denial notices all the same."""
    some = [case for case in cases if "reasons" in case.expected and not case.readings]
    mutation = Mutation(REFERENCE, some)
    likely = Likely(some, mutation.original.vocabulary)
    number, reached = next(
        (number, reached)
        for number in _equivalent(mutation)
        if (reached := likely.reached(_changed_rules(mutation, number)))
    )
    known = next(case for case in some if case.id in reached)
    assert Mutation(REFERENCE, [known]).report(number).fate == "equivalent"
    asking = replace(known, expected={**known.expected, "reasons": ["what nobody says"]})
    assert Mutation(REFERENCE, [asking]).report(number).killer == known.id


@pytest.mark.parametrize("pack", ["online-shop", "alc-smart-learning"])
def test_what_searches_have_in_common_changes_nothing_that_they_find(pack: str) -> None:
    """Among them changes of the vocabulary, after which the words of the two policies are not the same."""
    read = load_pack(RULES / pack)
    original = policy_of(read, KINDS, {})
    sight = Sight(original)
    differing = words = 0
    for mutant in [*mutants(read, original, KINDS)][::97]:
        changed = policy_of(mutant.applied(read), KINDS, {}, trusted=True)
        if changed.vocabulary == original.vocabulary:
            changed = msgspec.structs.replace(changed, vocabulary=original.vocabulary)
        else:
            words += 1
        found = difference(sight, changed)
        assert found == difference(original, changed)
        differing += found is not None
    assert differing > 4
    assert words or pack != "online-shop"
