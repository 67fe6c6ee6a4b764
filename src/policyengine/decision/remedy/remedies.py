"""The remedies of a denied event: every smallest set of changes under which all policies that govern it permit it.

Items that the same changes permit are dropped together, or covered by facts together. Of values that no rule tells
apart one is tried, and stands for the others.

What events of one class have in common is worked out once (`_Form`); and what is found for an event serves all that
say the same to what is left to ask, but for their times. Both are remembered as far as there is room.
"""

from __future__ import annotations

import itertools
from bisect import bisect
from collections.abc import Iterator, Mapping, Sequence, Set
from functools import partial
from typing import Any, Final, NamedTuple

from msgspec import UNSET

from policyengine.decision.admission import Admission
from policyengine.decision.classes import CLASS_FIELDS, STRANGE
from policyengine.decision.evaluate import Evaluator
from policyengine.decision.facts import as_rules_see, as_stated
from policyengine.decision.law import Items, Rules, sorted_out
from policyengine.decision.memory import Memory
from policyengine.decision.remedy.changes import (
    Asked,
    Change,
    Changed,
    Drop,
    Fact,
    Looks,
    State,
    chain_of,
    looked_at,
    with_stated,
)
from policyengine.decision.remedy.choices import Choices
from policyengine.decision.remedy.formula import Builder, Node, Wanted, all_of, some_of
from policyengine.decision.remedy.search import smallest
from policyengine.decision.remedy.turning import Leaf, Turning
from policyengine.decision.remedy.words import Said, Wording
from policyengine.model.condition import OPEN, Acquired, Age, Condition, Field, Holds, In, NotIn
from policyengine.model.event import BESIDE, Event
from policyengine.model.fact import HELD_FIELD, VALUE
from policyengine.model.fields import ROWS
from policyengine.model.meets import says
from policyengine.model.remedy import NONE, Remedies, Remedy
from policyengine.model.rule import LEAVE
from policyengine.moment import FOREVER

_NUMBERS: Final = itertools.count()


class _Found(NamedTuple):
    """What is found for an event, but for its time.

    Args:
        remedies: the remedies, facts without their times, each with what it says.
        more: whether there may be others.
    """

    remedies: Sequence[tuple[tuple[Mapping[str, Any], ...], Said]]
    more: bool

    def at(self, time: str) -> Remedies:
        """Return the remedies of an event at a time."""
        found = []
        for changes, said in self.remedies:
            found.append(Remedy(tuple([_at(change, time) for change in changes]), said.on(time[:10]), said.law))
        return Remedies(tuple(found), self.more)


def _at(change: Mapping[str, Any], time: str) -> Mapping[str, Any]:
    return {"op": "add-fact", "fact": {**change["fact"], "from": time}} if change["op"] == "add-fact" else change


class _Form:
    """What is left to ask of the events of one class, of all policies together.

    Args:
        nodes: the formula of each policy.
        leaves: what they ask, by number: the number of the policy, and the leaf.
        beside: whether facts that they ask for are held against more than the key of an event.
    """

    __slots__ = ("_looking", "beside", "holds", "leaves", "looks", "node", "nodes", "number")

    def __init__(self, nodes: Sequence[Node], leaves: Sequence[tuple[int, Condition]], beside: bool) -> None:
        self.number = next(_NUMBERS)
        self.nodes = nodes
        self.node = all_of(nodes)
        self.leaves = leaves
        self.beside = beside
        self.holds = [(policy, leaf) for policy, leaf in leaves if isinstance(leaf, Holds)]
        self.looks = [(policy, leaf) for policy, leaf in leaves if not isinstance(leaf, Holds) and not _by_words(leaf)]
        self._looking: dict[tuple[Any, ...], tuple[Sequence[Leaf], bool]] = {}

    def looking(
        self, event: Event, open_fields: Mapping[Field, str], types: Mapping[str, Any]
    ) -> tuple[Sequence[Leaf], bool]:
        """Return what is asked, each with what decides whether it is met; and whether that hangs on facts or times."""
        stated = (event.acquired is None, *sorted(event.attributes))
        found = self._looking.get(stated)
        if found is None:
            leaves = [Leaf(policy, leaf, looked_at(leaf, open_fields, event, types)) for policy, leaf in self.leaves]
            found = self._looking[stated] = leaves, any(_hangs_on_more(leaf, looks) for _, leaf, looks in leaves)
        return found


def _hangs_on_more(leaf: Condition, looks: Looks) -> bool:
    """Whether what can be changed of a leaf hangs on what the facts of an event state, or on its time."""
    if isinstance(leaf, Age | Acquired):
        return bool(looks.fields)
    return isinstance(leaf, Holds) and bool(looks.fields or leaf.after)


def _by_words(leaf: Condition) -> bool:
    """Whether the words of an event, its items among them, say whether it meets a leaf."""
    return isinstance(leaf, In | NotIn) and (leaf.field in _OF_CLASS or leaf.field is Field.ITEM)


class Remedying:
    """Finds the remedies of events under some policies that govern them together.

    Args:
        evaluators: of the policies.
        admission: reads the facts of events.
        memory: where things are remembered.
    """

    def __init__(self, evaluators: Sequence[Evaluator], admission: Admission, memory: Memory) -> None:
        self._evaluators = evaluators
        self._policies = [evaluator.policy for evaluator in evaluators]
        self._asked = [Asked(one.policy.vocabulary, one.agreement) for one in evaluators]
        self._admission = admission
        self._memory = memory
        self._number = next(_NUMBERS)
        self._dates = [
            sorted({date for rule in policy.rules for date in (rule.head.start, rule.head.end)} - {-FOREVER, FOREVER})
            for policy in self._policies
        ]
        items = [tuple(policy.vocabulary.terms["items"]) for policy in self._policies]
        self._known_items = [In(Field.ITEM, frozenset(known), known) for known in items]
        self._rules: dict[tuple[int, str, int], Rules] = {}
        self._open: dict[tuple[Any, ...], Mapping[Field, str]] = {}

    def remedies(self, event: Event) -> Remedies:
        """Return the remedies of a denied event that has all its facts."""
        keys = [evaluator.key(event) for evaluator in self._evaluators]
        if any(STRANGE in key for key in keys):
            return NONE
        open_fields = self._open_fields(event)
        known = ("remedy", self._number, *keys, *open_fields)
        form: _Form | None = self._memory.get(known)
        if form is None:
            form = self._form(event)
            self._memory.put(known, form, 1_000 + 200 * len(form.leaves))
        leaves, hangs_on_more = form.looking(event, open_fields, self._admission.types)
        key = None
        if not hangs_on_more:
            beside = [said(event) for said in BESIDE.values()] if form.beside else ()
            key = (form.number, event.key, event.items, *event.attributes, *beside, *self._answers(event, form))
            found: _Found | None = self._memory.get(key)
            if found is not None:
                return found.at(event.document.time)
        found = _Case(event, form, leaves, self).found()
        if key is not None:
            self._memory.put(key, found, 500 + 1_000 * len(found.remedies))
        return found.at(event.document.time)

    def _open_fields(self, event: Event) -> Mapping[Field, str]:
        """Return the fields that an event leaves open and a remedy can state, by name."""
        document = event.document
        known = (document.operation, *[value is None for value in event.key], document.actor is UNSET)
        known += (document.source is UNSET, event.source_country is None)
        found = self._open.get(known)
        if found is None:
            found = self._open[known] = {
                field: ROWS[field].name
                for field, value in as_stated(event).items()
                if value is OPEN and field is not Field.SUBJECT_ID
            }
        return found

    def _answers(self, event: Event, form: _Form) -> Sequence[Items]:
        """Return the answers of an event to what its class and its items do not answer already."""
        facts = self._admission(event)
        if not facts and not form.looks:
            return ()
        base = Changed(event, self._asked, self._admission, (), frozenset()).answers
        there = {fact.type for fact in facts}
        return [base[policy].leaf(leaf) if leaf.type in there else 0 for policy, leaf in form.holds] + [
            base[policy].leaf(leaf) for policy, leaf in form.looks
        ]

    def _form(self, event: Event) -> _Form:
        """Return what is left to ask of events of the class of `event`."""
        leaves: list[tuple[int, Condition]] = []
        numbers: dict[int, int] = {}
        seen = as_rules_see(as_stated(event))

        def settled(leaf: Condition) -> bool | None:
            if isinstance(leaf, In | NotIn) and leaf.field in _OF_CLASS and (value := seen[leaf.field]) is not OPEN:
                return says(leaf, value)
            return None

        def numbered(leaf: Condition, policy: int) -> int:
            if id(leaf) not in numbers:
                numbers[id(leaf)] = len(leaves)
                leaves.append((policy, leaf))
            return numbers[id(leaf)]

        def builder(number: int) -> Builder:
            return Builder(settled, partial(numbered, policy=number), partial(elsewhere, number))

        def elsewhere(number: int) -> Node:
            others = (other for other, policy in enumerate(self._policies) if other != number and not policy.layer)
            return some_of(all_of([known(one), builder(one).licensed(self._rules_of(one, event))]) for one in others)

        def known(number: int) -> Node:
            return Wanted(numbered(self._known_items[number], number), True)

        nodes: list[Node] = [
            all_of([known(number), builder(number).permitted(self._rules_of(number, event))])
            for number in range(len(self._policies))
        ]
        types = {one.type for _, leaf in leaves if isinstance(leaf, Holds) for one in chain_of(leaf)}
        held = {
            HELD_FIELD[field.held]
            for name in types
            for field in self._admission.types[name].fields.values()
            if field.held != VALUE
        }
        return _Form(nodes, leaves, not held.isdisjoint(BESIDE))

    def _rules_of(self, number: int, event: Event) -> Rules:
        """Return the rules of a policy in force at an event, by what they do."""
        key = (number, event.operation, bisect(self._dates[number], event.instant))
        found = self._rules.get(key)
        if found is None:
            policy, here = self._policies[number], event.operation
            in_force = [rule for rule in policy.rules if rule.head.start <= event.instant < rule.head.end]
            found = sorted_out(in_force, lambda permit: here in permit.operations)
            if here not in policy.decides:
                found = found._replace(permits=[LEAVE])
            self._rules[key] = found
        return found


_OF_CLASS: Final = frozenset(CLASS_FIELDS)
"""The fields in which events of one class say the same, as far as rules tell."""


class _Case:
    """One event, and what can be changed about it."""

    def __init__(self, event: Event, form: _Form, leaves: Sequence[Leaf], of: Remedying) -> None:
        self._event = event
        self._node, self._nodes = form.node, form.nodes
        self._leaves = leaves
        self._asked, self._admission = of._asked, of._admission
        self._types = self._admission.types
        self._policies = of._policies
        self._choices = Choices(of._policies, event, leaves, self._types)
        self._known: dict[tuple[frozenset[State], tuple[Items, ...]], Changed] = {}

    def found(self) -> _Found:
        """Return the remedies."""
        groups, more = self._groups()
        turning = Turning(self._node, self._leaves, self._choices, self._changed(groups), groups)
        sets, cut = smallest(turning.wanted, self._choices.rank)
        wording = Wording(self._policies, self._types)
        each = [one for changes in sets for one in self._choices.alike(changes)]
        told = [self._told(one, groups, turning, wording) for one in each]
        return _Found(sorted(told, key=_place), more or cut)

    def _groups(self) -> tuple[tuple[Items, ...], bool]:
        """Return the items in groups that the same changes permit, and whether more changes may permit some."""
        count = len(self._event.items)
        everything = (1 << count) - 1
        marks: dict[Items, None] = {}
        if count > 1:
            answers = self._changed((everything,))(frozenset()).answers
            marks = dict.fromkeys(answers[policy].leaf(leaf) & everything for policy, leaf, _ in self._leaves)
            marks.pop(0, None)
            marks.pop(everything, None)
        kinds: dict[tuple[int, ...], Items] = {}
        for number in range(count):
            kind = tuple([mask >> number & 1 for mask in marks])
            kinds[kind] = kinds.get(kind, 0) | 1 << number
        if len(kinds) == 1:
            return tuple(kinds.values()), False
        groups: dict[frozenset[frozenset[Change]], Items] = {}
        more = False
        for items in kinds.values():
            one = (items & -items,)
            turning = Turning(self._node, self._leaves, self._choices, self._changed(one), one, alone=True)
            sets, cut = smallest(turning.wanted, self._choices.rank)
            more |= cut
            key = frozenset(sets)
            groups[key] = groups.get(key, 0) | items
        return tuple(groups.values()), more

    def _changed(self, groups: tuple[Items, ...]) -> Any:
        """Return what returns the event with some fields stated."""

        def changed(stated: frozenset[State]) -> Changed:
            key = (stated, groups)
            found = self._known.get(key)
            if found is None:
                whole = self._choices.whole(stated)
                event = with_stated(self._event, whole) if whole else self._event
                found = Changed(event, self._asked, self._admission, groups, self._choices.named)
                self._known[key] = found
            return found

        return changed

    def _told(
        self, changes: frozenset[Change], groups: tuple[Items, ...], turning: Turning, wording: Wording
    ) -> tuple[tuple[Mapping[str, Any], ...], Said]:
        """Return a remedy as the contract has it, facts without their times, and what it says."""
        made: list[Mapping[str, Any]] = []
        by: list[Sequence[str]] = []
        ids = [policy.id for policy in self._policies]
        for part, forms in self._made(changes, groups):
            asking = [ids[n] for n in turning.asking(self._nodes, changes, part)] if len(ids) > 1 else []
            for form in forms:
                made.append(form)
                by.append(asking)
        states = [change for change in changes if isinstance(change, State)]
        others = {state.field for state in states if self._choices.stands_for_others(state)}
        return tuple(made), wording.said(made, by, others)

    def _made(
        self, changes: frozenset[Change], groups: tuple[Items, ...]
    ) -> Iterator[tuple[Set[Change], Sequence[Mapping[str, Any]]]]:
        """Yield changes that are told as one, with what they are in the contract."""
        ordered = sorted(changes, key=self._choices.rank)
        drops = [change for change in ordered if isinstance(change, Drop)]
        if drops:
            dropped = sum([groups[change.group] for change in drops])
            items = [item for number, item in enumerate(self._event.items) if dropped >> number & 1]
            yield {*drops}, [{"op": "drop-items", "items": items}]
        states = [change for change in ordered if isinstance(change, State)]
        for state in states:
            yield {state}, [{"op": "state", "field": state.field, "value": state.value}]
        facts: dict[Fact, list[Fact]] = {}
        for change in ordered:
            if isinstance(change, Fact):
                facts.setdefault(change._replace(group=None), []).append(change)
        changed = self._changed(groups)(frozenset(states))
        for fact, several in facts.items():
            items_named = sum([groups[one.group] for one in several if one.group is not None])
            yield {*several}, [{"op": "add-fact", "fact": made} for made in changed.facts(fact, items_named)]


def _place(found: tuple[Sequence[Mapping[str, Any]], Said]) -> tuple[bool, int, int]:
    """Return where a remedy stands: those with the fewest changes and facts first, law last."""
    changes, said = found
    return said.law, len(changes), sum(change["op"] == "add-fact" for change in changes)
