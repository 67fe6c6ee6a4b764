"""Witnesses: events that a person believes, made of the events with which searches end.

What a search finds is a point of the space of events, and any event there proves as much as any other. People believe
one that says no more than it must, in the words that the rules name most, at an hour at which somebody works. So what
can be left out is left out, and what can be said more commonly is; each step stands only where the event, decided
again, still shows what it shall show.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from msgspec.structs import replace

from policyengine.calendar import PLAIN_ZONE, hour, on_day, shown
from policyengine.decision.classes import leaves_of
from policyengine.decision.court import Court
from policyengine.decision.memory import Memory
from policyengine.errors import InvalidEvent
from policyengine.model.condition import Field, In
from policyengine.model.event import event_from_mapping
from policyengine.model.fields import EVENT, ROWS, EventField, allowed_on, stated
from policyengine.model.operation import OPERATIONS
from policyengine.model.policy import Policy
from policyengine.model.profile import ELSEWHERE
from policyengine.moment import FOREVER, instant, written

Shows: TypeAlias = Callable[[Mapping[str, Any]], bool]
"""Whether an event shows what a witness shall show; what is no valid event does not."""

_TRIED: Final = 12
"""So many commoner words are tried in the place of one."""

_OPERATIONS: Final = ("use", "provide", "entrust", "acquire", "retain", "joint_use", "disclose")
"""The operations, the commonest first."""

_PARTIES: Final[Mapping[str, str]] = {"entrust": "contractor-1", "joint_use": "partner-1"}
_PARTY: Final = "recipient-1"
"""Recipients whom nobody names, by operation."""

_TEN: Final = 10 * 60
_SATURDAY: Final = 5
_HOUR: Final = 3_600_000_000


class Said(NamedTuple):
    """What a policy says of an event, as far as policies are told apart by it."""

    outcome: str
    clauses: tuple[str, ...]
    obligations: frozenset[tuple[str, str, str]]


class Judge:
    """Decides events under one policy: a layer as if what lies below it permitted everything.

    Args:
        policy: the policy.
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._court = Court([replace(policy, layer=False)], Memory())

    def says(self, event: Mapping[str, Any]) -> Said | None:
        """Return what the policy says of an event; None where that is no valid one, or none of a controller of its."""
        policy = self._policy
        try:
            read = event_from_mapping(event, self._court.admission)
            self._court.admit(read)
        except InvalidEvent:
            return None
        controller = read.controller
        if policy.governs is not None and (
            len(policy.governs) > 1 if controller is None else controller not in policy.governs
        ):
            return None
        if not policy.in_force(read.instant):
            return _NOTHING
        verdict = self._court.evaluators[0].verdict(read)
        owed = frozenset((duty.id, duty.clause, repr(sorted(duty.parameters.items()))) for duty in verdict.obligations)
        return Said(verdict.outcome, verdict.clauses, owed)


_NOTHING: Final = Said("deny", (), frozenset())
"""What a policy says that is not in force."""


def told_apart(left: Policy, right: Policy, event: Mapping[str, Any]) -> Shows:
    """Return what says whether two policies decide an event differently, with the outcomes that they have of one."""
    ours, theirs = Judge(left), Judge(right)

    def decided(event: Mapping[str, Any]) -> tuple[Said | None, Said | None]:
        one = ours.says(event)
        return one, None if one is None else theirs.says(event)

    def outcomes(said: tuple[Said | None, Said | None]) -> list[str | None]:
        return [one and one.outcome for one in said]

    wanted = outcomes(decided(event))

    def differently(event: Mapping[str, Any]) -> bool:
        one, other = said = decided(event)
        return one != other and outcomes(said) == wanted

    return differently


class Witnesses:
    """Makes events of some policies such that a person believes them.

    Args:
        policies: the policies, in whose words they are.
    """

    def __init__(self, policies: Sequence[Policy]) -> None:
        self._plain = {row.dimension: _plainest(policies, row.dimension) for row in ROWS.values() if row.dimension}
        self._beside = _named_beside(policies)
        self._facts = {name: of for policy in policies for name, of in policy.vocabulary.facts.items()}
        self._starts = sorted({policy.start for policy in policies} - {-FOREVER}, reverse=True)
        zones = (policy.zone for policy in policies if policy.zone != PLAIN_ZONE)
        self._zone = next(zones, zone_of(self._starts))

    def believable(self, event: Mapping[str, Any], shows: Shows) -> dict[str, Any]:
        """Return an event that shows the same, and of which nothing can be left out.

        Args:
            event: one that shows it.
            shows: whether an event does.
        """
        found: dict[str, Any] = copy.deepcopy({**event, "id": "example"})
        while True:
            before = found
            found = self._dated(found, shows)
            for plainer in (self._shorter, self._commoner, self._among_parties, self._unnamed):
                while (better := next(filter(shows, plainer(found)), None)) is not None:
                    found = better
            if found == before:
                return found

    # ------------------------------------------------------------------------------------------ plainer events

    def _shorter(self, event: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield the event without one thing that it need not state, larger ones first."""
        facts = event.get("facts", ())
        keys: list[tuple[str | int, ...]] = [(key,) for key in event if not _is_needed(event, key)]
        keys += [
            (key, part)
            for key, of in event.items()
            if isinstance(of, dict)
            for part in of
            if not _is_needed(event, f"{key}.{part}")
        ]
        keys += [("facts", number) for number in range(len(facts))]
        keys += [
            ("facts", number, name)
            for number, fact in enumerate(facts)
            for name in fact
            if name != "type" and not self._is_required(fact["type"], name)
        ]
        for path in keys:
            found = copy.deepcopy(event)
            holder: Any = found
            for key in path[:-1]:
                holder = holder[key]
            del holder[path[-1]]
            yield {key: of for key, of in found.items() if of not in ({}, [])}

    def _is_required(self, fact: str, name: str) -> bool:
        declared = self._facts.get(fact)
        return declared is not None and name in declared.fields and declared.fields[name].required

    def _commoner(self, event: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield the event with a commoner word in the place of one."""
        operation = event["operation"]
        for other in _OPERATIONS[: _OPERATIONS.index(operation)]:
            there = all(key in event for key in _NEEDED[other])
            if there and all(other in allowed_on(key) for key in ("source",) if key in event):
                yield {**event, "operation": other}
        for row in EVENT:
            word = stated(event, row.name)
            word = word[0] if isinstance(word, list) else word
            if row.dimension is None or row.dimension == "parties" or not isinstance(word, str):
                continue
            beside = self._beside.get(stated(event, "subject.category"), set())
            common = sorted(self._plain[row.dimension], key=lambda term: (row.field, term) not in beside)
            for other in common[: common.index(word) if word in common else _TRIED][:_TRIED]:
                yield self._renamed(event, row, word, other)

    def _among_parties(self, event: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield the event with a recipient whom nobody names, and in a country that is no wonder."""
        for row in EVENT:
            word = stated(event, row.name)
            if row.name == "recipient.id":
                other = _PARTIES.get(event["operation"], _PARTY)
            elif row.form == "country":
                other = "JP"
            else:
                continue
            if isinstance(word, str) and word != other:
                yield self._renamed(event, row, word, other)

    def _unnamed(self, event: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield the event with another word for a value of a fact that no rule names."""
        for number, fact in enumerate(event.get("facts", ())):
            for name, word in fact.items():
                if word == ELSEWHERE:
                    facts = [*event["facts"]]
                    facts[number] = {**fact, name: f"{name}-1"}
                    yield {**event, "facts": facts}

    def _renamed(self, event: dict[str, Any], row: EventField, word: str, other: str) -> dict[str, Any]:
        """Return the event with another word in a field, and in what facts hold against it."""
        found = copy.deepcopy(event)
        part = found[row.key]
        if row.part:
            part[row.part] = other
        else:
            found[row.key] = [other] if isinstance(part, list) else other
        for fact in found.get("facts", ()):
            declared = self._facts.get(fact["type"])
            for field in declared.fields.values() if declared is not None else ():
                if field.held == row.held and field.id in fact:
                    said = fact[field.id]
                    fact[field.id] = (
                        [other if one == word else one for one in said]
                        if field.list
                        else (other if said == word else said)
                    )
        return found

    def _dated(self, event: dict[str, Any], shows: Shows) -> dict[str, Any]:
        """Return the event at the most ordinary time: in a working hour after a policy begins, or after its own time.

        Its other times are written as people there write them.
        """
        own = instant(event["time"])
        for start in (*self._starts, own):
            days = (on_day(start, number, _TEN, self._zone) for number in range(7))
            ordinary = next(day for day in days if day >= start and hour(day, self._zone)[0] < _SATURDAY)
            if ordinary == own:
                break
            found = {**event, "time": self._written(ordinary)}
            if shows(found):
                return found
        return _times_written(event, self._written)

    def _written(self, moment: int) -> str:
        return written(moment) if self._zone == PLAIN_ZONE else shown(moment, self._zone)


def _is_needed(event: Mapping[str, Any], name: str) -> bool:
    """Whether an event, with what else it states, must state what has a name such as ``recipient.id``."""
    return name == "id" or name in _ALWAYS or name in _NEEDED[event["operation"]]


_NEEDED: Final[Mapping[str, frozenset[str]]] = {
    operation: frozenset(row.key for row in EVENT if operation in row.needed_on) for operation in OPERATIONS
}
"""The keys that events of each operation must have."""

_ALWAYS: Final = frozenset(row.name for row in EVENT if row.always)
"""The parts that an object must have, wherever it stands."""


def _times_written(event: dict[str, Any], write: Callable[[int], str]) -> dict[str, Any]:
    """Return the event with its times, and those of its facts, written in another way."""

    def rewritten(table: Mapping[str, Any]) -> dict[str, Any]:
        return {key: write(instant(of)) if key in ("time", "acquired", "from") else of for key, of in table.items()}

    found = rewritten(event)
    if "facts" in found:
        found["facts"] = [rewritten(fact) for fact in found["facts"]]
    return found


def _plainest(policies: Sequence[Policy], dimension: str) -> list[str]:
    """Return the words of a dimension that all policies know, in their order, but those first that mean one thing."""
    known = [policy.vocabulary.terms[dimension] for policy in policies]
    words = [word for word in known[0] if all(word in other for other in known)]
    return sorted(words, key=lambda word: len(policies[0].vocabulary.meanings(dimension, word)) > 1)


def _named_beside(policies: Iterable[Policy]) -> Mapping[str, set[tuple[Field, str]]]:
    """Return for each category of people the words that a rule names beside it."""
    found: dict[str, set[tuple[Field, str]]] = defaultdict(set)
    for policy in policies:
        for rule in policy.rules:
            named = [leaf for leaf in leaves_of([rule]) if isinstance(leaf, In)]
            words = {(leaf.field, word) for leaf in named for word in leaf.written}
            for field, word in words:
                if field is Field.SUBJECT:
                    found[word] |= {pair for pair in words if pair[0] is not Field.SUBJECT}
    return found


def zone_of(starts: Sequence[int]) -> str:
    """Return a zone in which the days of policies begin when they do: who writes ``+09:00`` reads such times."""
    if not starts or starts[0] % _HOUR:
        return PLAIN_ZONE
    behind = starts[0] // _HOUR % 24
    return PLAIN_ZONE if not behind else f"Etc/GMT+{behind}" if behind <= 11 else f"Etc/GMT-{24 - behind}"
