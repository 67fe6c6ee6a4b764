"""Facts, as far as some policies can tell them apart: what each states, and with what of an event it agrees."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from policyengine.analysis.terms import Each
from policyengine.model.condition import Holds
from policyengine.model.fact import VALUE, FactType

ELSEWHERE: Final = "elsewhere"
"""A value that no rule names."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What one fact states, as far as leaves can tell: its presence is a variable of the space.

    Args:
        type: the fact type.
        values: the value fields that it states, with one representative value each.
        astray: fields in which it does not agree with the event.
        named: whether it names a person though the event names none.
        wide: fields in which it states a word that means the event's own under some of the policies alone.
    """

    type: str
    values: tuple[tuple[str, str], ...]
    astray: frozenset[str]
    named: bool
    wide: tuple[tuple[str, Each], ...] = ()

    def satisfies(self, asked: Holds, index: int) -> bool:
        """Whether a fact of this profile makes `asked` hold, where the event states what the fact must state.

        Args:
            asked: what a rule asks for.
            index: the number of the policy that asks.
        """
        stated = dict(self.values)
        return (
            asked.type == self.type
            and self.astray <= asked.unheld
            and (asked.may or not self.named)
            and all(field in stated and stated[field] in accepted for field, accepted in asked.where)
            and all(means[index] or field in asked.unheld for field, means in self.wide)
        )


def profiles_of(
    declared: FactType, asked: Sequence[tuple[int, Holds]], splits: Callable[[str], Sequence[Each]]
) -> Iterator[Profile]:
    """Yield the profiles of one fact type that some leaf can tell from others.

    Args:
        declared: the type.
        asked: the leaves that ask for it, each with the number of its policy.
        splits: for what a field is held against, how the policies can differ on whether a word means a value of it.
    """
    choices: list[list[tuple[str, str] | None]] = []
    for field in declared.fields.values():
        if field.held == VALUE:
            named = {
                value for _, leaf in asked for key, accepted in leaf.where if key == field.id for value in accepted
            }
            others = [ELSEWHERE] if field.values is None else sorted(field.values - named)[:1]
            stated: list[tuple[str, str] | None] = [(field.id, value) for value in (*sorted(named), *others)]
            choices.append(stated if field.required else [*stated, None])
    aside = sorted({frozenset[str](), *(leaf.unheld for _, leaf in asked)}, key=sorted)
    wide = [[None, *((field.id, means) for means in splits(field.held))] for field in declared.fields.values()]
    seen: set[tuple[object, ...]] = set()
    for values, away, widened, naming in itertools.product(
        itertools.product(*choices), aside, itertools.product(*wide), (False, True)
    ):
        profile = Profile(
            declared.id,
            tuple(pair for pair in values if pair is not None),
            away,
            naming,
            tuple(pair for pair in widened if pair is not None),
        )
        # Two profiles that the same leaves are satisfied by are one; one that satisfies none is nothing.
        answers = tuple(profile.satisfies(leaf, index) for index, leaf in asked)
        signature = (answers, naming, tuple(field for field, _ in profile.wide))
        if any(answers) and away.isdisjoint(dict(profile.wide)) and signature not in seen:
            seen.add(signature)
            yield profile


def must_state(declared: FactType, asked: Holds, held: str) -> bool:
    """Whether every fact of a type states a field held against `held`, and the rule holds it."""
    return any(
        field.required and field.held == held and field.id not in asked.unheld for field in declared.fields.values()
    )


def fact_of(
    declared: FactType,
    profile: Profile,
    here: Mapping[str, str | None],
    another: Callable[[str, str | None], str],
    wider: Callable[[str, Each], str],
) -> dict[str, object]:
    """Return a fact of a profile: it states what it must, and agrees with the event but where it is astray.

    Args:
        declared: the type.
        profile: the profile.
        here: the event's value of everything that a field can be held against.
        another: returns a value that does not agree with the event's.
        wider: returns a word that means the event's value under some policies alone.
    """
    found: dict[str, object] = {"type": profile.type, **dict(profile.values)}
    wide = dict(profile.wide)
    for field in declared.fields.values():
        if field.held == VALUE or not (field.required or field.id in profile.astray or field.id in wide):
            continue
        value = here[field.held]
        if field.id in wide:
            value = wider(field.held, wide[field.id])
        elif field.id in profile.astray or value is None:
            value = another(field.held, value)
        found[field.id] = [value] if field.list else value
    return found
