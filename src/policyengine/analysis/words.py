"""Words that nothing permits, words that nothing forbids, and words that look alike.

Whether anything permits an item is asked as anything else: a rule that prohibits it is added, and where no event is
decided otherwise, none with that item was permitted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from functools import cache
from typing import Any, Final, TypeAlias

from msgspec.structs import replace

from policyengine.analysis.difference import Undecided
from policyengine.analysis.problems import (
    LOOK_ALIKE,
    NEVER_PERMITTED,
    OPERATION_NEVER_PERMITTED,
    UNDECIDED_WORD,
    UNUSED_WORD,
)
from policyengine.analysis.study import OUTCOME, Remark, Study
from policyengine.analysis.whole import Whole
from policyengine.decision.decider import Decider
from policyengine.errors import InvalidEvent, Place, Problem, Source, place_of
from policyengine.model.condition import Field, In, leaves
from policyengine.model.event import Event
from policyengine.model.fields import ROWS
from policyengine.model.operation import OPERATIONS
from policyengine.model.policy import Policy
from policyengine.model.rule import Head, Restriction, conditions_of
from policyengine.model.vocabulary import CLOSED, DIMENSIONS
from policyengine.text import same

Stated: TypeAlias = tuple[Field, str]
"""A word in a field of events."""

_ASKED: Final = ("subjects", "items", "purposes")
"""The dimensions of whose words it is asked whether anything permits them."""


def never_permitted(study: Study) -> Iterator[Remark]:
    """Yield the operations, and the words of the pack itself, with which no event is ever permitted.

    Of a layer nothing is said: what it leaves to policies below is theirs.
    """
    policy = study.policy
    if policy.layer:
        return
    candidates: list[Stated] = [(Field.OPERATION, name) for name in OPERATIONS]
    for dimension in _ASKED:
        terms = policy.vocabulary.terms[dimension].values()
        candidates += [(DIMENSIONS[dimension], term.id) for term in terms if study.is_own(place_of(term.source))]
    never, open_still = _never(study, candidates)
    for (_, word), why in open_still.items():
        place = place_of(policy.source)
        problem = UNDECIDED_WORD.at(place, word=word, why=why)
        yield Remark(replace(problem, speaks_of=frozenset({("term", word)})))
    for field, word in candidates:
        if (field, word) not in never:
            continue
        if field is Field.OPERATION:
            place = place_of(policy.source)
            problem = OPERATION_NEVER_PERMITTED.at(place, operation=OPERATIONS[word])
            yield Remark(replace(problem, speaks_of=frozenset({("term", word)})))
        elif (found := _told(study, field, word, never)) is not None:
            yield Remark(found)


def _told(study: Study, field: Field, word: str, never: Collection[Stated]) -> Problem | None:
    """Return what is said of a word, if that is not said of a more general one, and its kinds share its fate."""
    vocabulary = study.policy.vocabulary
    dimension = next(name for name, of in DIMENSIONS.items() if of is field)

    def altogether(term: str) -> bool:
        return all((field, kind) in never for kind in vocabulary.kinds(dimension, term))

    term = vocabulary.terms[dimension][word]
    if not altogether(word) or any(altogether(parent) for parent in term.is_a):
        return None
    around = vocabulary.kinds(dimension, word) | vocabulary.over(dimension, (word,))
    code = NEVER_PERMITTED if around & study.named[dimension] else UNUSED_WORD
    problem = code.at(place_of(term.source), word=word, dimension=dimension)
    return replace(problem, speaks_of=frozenset({("term", word)}))


def _never(study: Study, candidates: Collection[Stated]) -> tuple[Collection[Stated], Mapping[Stated, str]]:
    """Return those of some words with which no event is permitted under any reading, and of which that is not told."""
    open_still: dict[Stated, str] = {}
    waiting = [candidate for candidate in candidates if not _seen(study, *candidate)]
    for of in dict.fromkeys((study.by_default, study.in_all_readings)):
        policy = of.policy
        if not waiting:
            break
        rules = {candidate: _prohibiting(policy, *candidate) for candidate in waiting}
        whole = Whole(replace(policy, rules=(*policy.rules, *rules.values())), study.regions)
        own = (1 << len(policy.rules)) - 1
        left = []
        for number, candidate in enumerate(rules):
            try:
                if whole.difference(own, own | 1 << len(policy.rules) + number, OUTCOME) is None:
                    left.append(candidate)
            except Undecided as undecided:
                open_still[candidate] = str(undecided)
        waiting = left
    return frozenset(waiting), open_still


def _seen(study: Study, field: Field, word: str) -> bool:
    """Whether an event with a word is permitted that is otherwise one of those of which that was seen."""
    decider = Decider([study.policy])
    for event in study.permitted[:_TRIED]:
        with suppress(InvalidEvent):
            if decider.decide(Event.from_mapping(_stating(event, field, word))).permitted:
                return True
    return False


def _stating(event: Mapping[str, Any], field: Field, word: str) -> Mapping[str, Any]:
    """Return an event with another word."""
    if field is Field.SUBJECT:
        return {**event, "subject": {**event["subject"], "category": word}}
    return {**event, ROWS[field].name: [word] if field is Field.ITEM else word}


_TRIED: Final = 50
"""So many events are tried with another word at most."""


def _prohibiting(policy: Policy, field: Field, word: str) -> Restriction:
    """Return the rule that no event may be permitted that states a word."""
    head = Head(f"{field} {word}", next(iter(policy.clauses), ""), "prohibition", same(word))
    return Restriction(head, "prohibited", same(word), In(field, frozenset({word}), ()))


def look_alikes(study: Study) -> Iterator[Remark]:
    """Yield the words of the pack itself that look like another word of the policy, by Unicode's own table."""
    vocabulary = study.policy.vocabulary
    declared: dict[str, tuple[str, Source | None]] = {}
    seen: dict[str, tuple[str, str]] = {}
    for dimension in (*CLOSED, "parties"):
        for term in vocabulary.terms[dimension].values():
            declared[term.id] = (dimension, term.source)
    for name, attribute in vocabulary.attributes.items():
        declared[name] = ("attributes", attribute.source)
    for name, fact in vocabulary.facts.items():
        declared[name] = ("facts", fact.source)
    for word, (_, source) in declared.items():
        looks = skeleton(word)
        other = seen.setdefault(looks, (word, ""))[0]
        place: Place | None = place_of(source)
        if other != word and study.is_own(place):
            problem = LOOK_ALIKE.at(place, word=word, other=other, signs=_spelt(word, other))
            yield Remark(replace(problem, speaks_of=frozenset({("term", word)})))


def skeleton(word: str) -> str:
    """Return what is the same of words that look alike, as Unicode Technical Standard 39 tells."""
    looks = _looks()
    return "".join(looks.get(sign, sign) for sign in word)


def _spelt(word: str, other: str) -> str:
    """Return the signs in which two words differ, by their numbers, since nobody sees it."""
    return ", ".join(
        f"U+{ord(ours):04X} / U+{ord(theirs):04X}" for ours, theirs in zip(word, other, strict=False) if ours != theirs
    )


@cache
def _looks() -> Mapping[str, str]:
    """Return for each sign that looks like others the first of them."""
    from confusable_homoglyphs.confusables import confusables_data  # noqa: PLC0415  it is large

    first: dict[str, str] = {}

    def found(sign: str) -> str:
        while (before := first.get(sign, sign)) != sign:
            sign = before
        return sign

    for sign, others in confusables_data.items():
        for other in others:
            if len(sign) == len(other["c"]) == 1:
                ends = sorted((found(sign), found(other["c"])))
                first[ends[1]] = ends[0]
    return {sign: found(sign) for sign in first}


def unused(study: Study) -> Iterator[Remark]:
    """Yield what the pack declares and no rule uses: attributes, named lists of words, obligations."""
    policy = study.policy
    tested = {
        getattr(leaf, "attribute", None)
        for rule in study.in_all_readings.policy.rules
        for condition in conditions_of(rule)
        for leaf in leaves(condition)
    }
    for name, attribute in policy.vocabulary.attributes.items():
        place = place_of(attribute.source)
        if name not in tested and study.is_own(place):
            problem = UNUSED_WORD.at(place, word=name, dimension="attributes")
            yield Remark(replace(problem, speaks_of=frozenset({("term", name)})))
    owed = {name for rule in study.in_all_readings.policy.rules for name in rule.head.obligations}
    owed |= {name for rule in study.in_all_readings.policy.rules for name in getattr(rule, "instead", ())}
    for document in study.pack.rules:
        for name in document.data.get("obligations", {}):
            if name not in owed:
                place = document.place(("obligations", name))
                problem = UNUSED_WORD.at(place, word=name, dimension="obligations")
                yield Remark(replace(problem, speaks_of=frozenset({("term", name)})))
