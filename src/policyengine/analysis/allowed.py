"""What may be done with what is stated: a partial event, completed with every word that it leaves open."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from policyengine.analysis.query import ASKABLE
from policyengine.errors import did_you_mean
from policyengine.model.condition import Field
from policyengine.model.fields import ROWS, put, stated
from policyengine.model.operation import NEEDS_RECIPIENT, OPERATIONS
from policyengine.model.policy import Policy
from policyengine.model.vocabulary import DIMENSION_OF

_ITEMS = ROWS[Field.ITEM].name
_RECIPIENT = ROWS[Field.RECIPIENT].name


@dataclass(frozen=True, slots=True)
class Allowed:
    """One thing that may be done.

    Args:
        where: by name of a field that the event left open, the word that it may state there.
        items: the items that it may have then: of those that it states, or of all where it states none.
    """

    where: Mapping[str, str]
    items: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {"where": dict(self.where), "items": list(self.items)}


def completed(
    policies: Sequence[Policy], partial: Mapping[str, Any], ask: Iterable[str]
) -> Iterator[tuple[Mapping[str, str], dict[str, Any]]]:
    """Yield an event with every combination of words of the fields that are asked for, and what was put into it.

    Args:
        policies: whose words are tried.
        partial: an event that may leave fields open.
        ask: the names of these fields; by default those that it must have, and has not.

    Raises:
        ValueError: a name is none of a field of events whose words can be listed.
    """
    names = tuple(ask)
    for name in names:
        if name not in ASKABLE:
            hint = did_you_mean(name, ASKABLE)
            raise ValueError(f'"{name}" is nothing that can be asked for' + (f"; {hint.en}" if hint else ""))
    whole = {key: dict(value) if isinstance(value, Mapping) else value for key, value in partial.items()}
    if stated(whole, _ITEMS) is None:
        put(whole, _ITEMS, list(_words(Field.ITEM, policies)))
    one = stated(whole, "operation")
    to_nobody = stated(whole, _RECIPIENT) is None and _RECIPIENT not in names
    among = [name for name in OPERATIONS if not (to_nobody and name in NEEDS_RECIPIENT)]
    operations = [one] if isinstance(one, str) else among
    for operation in operations:
        needed = [ROWS[of].name for of in ROWS if operation in ROWS[of].needed_on and of is not Field.RECIPIENT]
        missing = [name for name in (names or needed) if stated(whole, name) is None and name != "operation"]
        possible = [name for name in missing if operation in ROWS[ASKABLE[name]].allowed_on]
        named = {} if len(operations) == 1 else {"operation": operation}
        for words in itertools.product(*(_words(ASKABLE[name], policies) for name in possible)):
            chosen = {**named, **dict(zip(possible, words, strict=True))}
            event = {key: dict(value) if isinstance(value, dict) else value for key, value in whole.items()}
            for name, word in chosen.items():
                put(event, name, word)
            yield chosen, {"id": "permitted", **event}


def _words(field: Field, policies: Sequence[Policy]) -> Iterable[str]:
    dimension = DIMENSION_OF.get(field)
    if dimension is None:
        return ()
    return dict.fromkeys(word for policy in policies for word in policy.vocabulary.terms[dimension])
