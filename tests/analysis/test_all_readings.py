"""What the finder says of all readings at once is what it says of each combination of them."""

from __future__ import annotations

import copy
import itertools
from pathlib import Path
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from policyengine import Engine
from policyengine.analysis.difference import difference
from policyengine.engine.plugins import Plugins
from policyengine.errors import PolicyError
from policyengine.language.build import Variants, policy_of
from policyengine.language.find import STANDARD
from policyengine.language.pack import Pack
from policyengine.language.source import Document, read
from policyengine.suite.mutants import mutants
from strategies import policy_data

KINDS = Plugins(installed=False).kinds
WORDS = {"ja": "読み方", "en": "reading"}
MORE = {
    "far": {"default": "near", "values": dict.fromkeys(("near", "far", "farther"), WORDS), **WORDS},
    "late": {"default": "no", "values": dict.fromkeys(("no", "yes"), WORDS), **WORDS},
}
"""Two readings beside the one that drawn policies have."""

UNDER = [
    {"wide": "yes"},
    {"far": "far"},
    {"far": ["near", "farther"]},
    {"late": "yes", "far": "near"},
    {"wide": "no", "late": "no"},
]


def under_readings(draw: st.DrawFn, data: dict[str, Any]) -> None:
    """Put some tables, and some of the terms that they list, under readings."""
    for clause in data["clause"]:
        for kind in KINDS.keys() & clause.keys():
            for table in clause[kind]:
                if draw(st.integers(0, 2)) == 0:
                    table["under"] = draw(st.sampled_from(UNDER))
                for key in ("subjects", "items", "purposes", "origins", "replaces", "spares", "over"):
                    listed = table.get(key)
                    if isinstance(listed, list) and listed and draw(st.integers(0, 2)) == 0:
                        word = listed[-1]
                        term = word if isinstance(word, str) else word.get("term", "")
                        if term:
                            table[key] = [*listed[:-1], {"term": term, "under": draw(st.sampled_from(UNDER))}]


def pack_of(data: dict[str, Any]) -> Pack:
    return Pack(Path("generated.toml"), (Document("generated.toml", "", data),), (read(STANDARD),))


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Pack, Pack]:
    """A pack with three readings, and one of its mutants."""
    data = copy.deepcopy(draw(policy_data(4)))
    data["readings"] = {**data["readings"], **MORE}
    under_readings(draw, data)
    pack = pack_of(data)
    try:
        found = list(mutants(pack, policy_of(pack, KINDS, {}, trusted=True), KINDS))
    except PolicyError:
        assume(False)
    operator = draw(st.sampled_from(sorted({mutant.operator for mutant in found})))
    return pack, draw(st.sampled_from([mutant for mutant in found if mutant.operator == operator])).applied(pack)


def combinations(pack: Pack) -> list[dict[str, str]]:
    """Every combination of readings, as what is picked beside the defaults."""
    declared = policy_of(pack, KINDS, {}, trusted=True).readings
    choices = [
        [{}, *({name: value} for value in reading.values if value != reading.default)]
        for name, reading in declared.items()
    ]
    return [{key: value for pick in picks for key, value in pick.items()} for picks in itertools.product(*choices)]


@given(pairs())
@settings(max_examples=settings().max_examples // 4)
def test_a_difference_is_found_where_there_is_one_under_some_combination(pair: tuple[Pack, Pack]) -> None:
    one, other = pair
    variants = Variants(one, KINDS)
    try:
        found = difference(variants.in_all_readings(one), variants.in_all_readings(other))
        each = [
            difference(*(policy_of(pack, KINDS, readings, trusted=True) for pack in pair))
            for readings in combinations(one)
        ]
    except PolicyError:
        assume(False)
    assert (found is None) is (each == [None] * len(each))
    if found is not None:
        decided = [
            Engine([policy_of(pack, KINDS, found.readings, trusted=True)]).evaluate(found.event) for pack in pair
        ]
        told = [(made.outcome, made.clauses, {duty.id for duty in made.obligations}) for made in decided]
        assert told[0] != told[1], (found.event, found.readings)


@given(pairs(), st.data())
def test_variants_are_the_policies_that_are_built_alone(pair: tuple[Pack, Pack], data: st.DataObject) -> None:
    variants = Variants(pair[0], KINDS)
    picked = st.sampled_from(combinations(pair[0]))
    for _ in range(3):
        pack, readings = data.draw(st.sampled_from(pair)), data.draw(picked)
        try:
            alone = policy_of(pack, KINDS, readings, trusted=True)
        except PolicyError:
            continue
        assert replace(variants.policy(pack, readings), digest=alone.digest) == alone
