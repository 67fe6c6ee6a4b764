"""To whom data are disclosed: the person whose they are, or whoever represents them, and nobody else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from policyengine.model.condition import Condition, Field, Holds, Same, all_of, any_of, conjuncts
from policyengine.model.rule import Permit, Rule
from policyengine.model.vocabulary import Vocabulary


def to_the_person(vocabulary: Vocabulary) -> Condition:
    """Return the condition that the recipient is the data subject, or named by a fact as representing them.

    Args:
        vocabulary: the words of the policy: its types of fact say which of them name who represents a person.
    """
    named = (
        Holds(declared.id, stated=frozenset({name}))
        for declared in vocabulary.facts.values()
        if declared.represents
        for name, field in declared.fields.items()
        if field.held == "recipient"
    )
    return any_of(Same(Field.RECIPIENT, Field.SUBJECT_ID), *named)


def addressed(rules: Iterable[Rule], vocabulary: Vocabulary) -> Iterator[Rule]:
    """Yield rules, of which every permit of `disclose` asks that the data go to the person (`to_the_person`).

    What else such a permit permits is a permit of its own, and asks no such thing.
    """
    person = to_the_person(vocabulary)
    for rule in rules:
        if not isinstance(rule, Permit) or "disclose" not in rule.operations or person in conjuncts(rule.terms):
            yield rule
            continue
        if others := rule.operations - {"disclose"}:
            yield replace(rule, operations=others)
        yield replace(rule, operations=frozenset({"disclose"}), terms=all_of(person, rule.terms))
