"""The road of one policy from an event to a verdict.

Events fall into classes that no rule tells apart (`policyengine.decision.classes`), whatever their items and facts. For
a class, the rules that can matter are selected, and what is left of them looks at items, facts and attributes alone
(`policyengine.decision.ready`); many classes have the same. An event answers what is left to ask. Its items are then of
few kinds, which no rule and no answer tells apart. The law (`policyengine.decision.law`) is told for the kinds and read
for the items: whether one is permitted never depends on the others. What is kept for classes and kinds is remembered as
far as there is room (`policyengine.decision.memory`); no verdict depends on it.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from policyengine.decision.admission import Admission, Admitted
from policyengine.decision.agreement import Agreement, Plan
from policyengine.decision.classes import STRANGE, Classes, Key, leaves_of
from policyengine.decision.facts import Look, answered, as_rules_see, as_stated, evaluated, told
from policyengine.decision.index import Index
from policyengine.decision.law import Items, Met, Rules, licensed
from policyengine.decision.memory import Memory
from policyengine.decision.ready import LISTS, Leaves, Question, Ready, Speech, ready_rules, ready_topics
from policyengine.decision.reduce import reduced_rule
from policyengine.decision.ruling import MANY, Obstacle, Ruling, Spoken, ground, nearest, refused, ruling
from policyengine.decision.verdict import Finding, Verdict, finding, joined, marked
from policyengine.errors import MOST
from policyengine.model.condition import Condition, During, Elsewhere, Field, Holds, In, NotIn, Same, leaves
from policyengine.model.event import Event
from policyengine.model.meanings import Meanings
from policyengine.model.policy import Policy
from policyengine.model.rule import LEAVE, Head

Term: TypeAlias = tuple[str, str]
"""A dimension, and a word that is not among its terms."""


_NUMBERS: Final = itertools.count()
"""Each class has a number of its own, so that keys have nothing in them that garbage has to be searched for."""


class _Class:
    """What is kept for events for which the same rules matter, whatever else they state.

    Args:
        rules: the rules, reduced to what their events may differ in.
        spoken: what the clauses speak of.
        met: of what is left of them, the lists of words that the events meet.
        lists: of what is left of them, the lists of items.
        questions: what is left to ask.
        agreement: says how facts are asked.
        meanings: of the words of the policy.
    """

    __slots__ = (
        "_lists",
        "_numbers",
        "asked",
        "blocks",
        "compares",
        "elsewhere",
        "looks",
        "met",
        "number",
        "rules",
        "shift",
        "silent",
        "spoken",
    )

    def __init__(
        self,
        rules: Rules,
        spoken: Sequence[Spoken],
        met: frozenset[int],
        lists: Iterable[In | NotIn],
        questions: Iterable[Question],
        agreement: Agreement,
        meanings: Meanings,
    ) -> None:
        self.number = next(_NUMBERS)
        self.rules = rules
        self.spoken = spoken
        self.met = met
        self.asked: dict[str, list[tuple[int, Plan]]] = {}
        self.looks: list[tuple[int, Look]] = []
        self.elsewhere: int | None = None
        self._numbers: dict[int, int] = {}
        for leaf in questions:
            if id(leaf) not in self._numbers:
                number = self._numbers[id(leaf)] = len(self._numbers)
                if isinstance(leaf, Holds):
                    self.asked.setdefault(leaf.type, []).append((number, agreement.plan(leaf)))
                elif isinstance(leaf, Elsewhere):
                    self.elsewhere = number
                else:
                    self.looks.append((number, leaf))
        self.compares = any(isinstance(leaf, Same) for _, leaf in self.looks)
        self.silent: tuple[Items, ...] = (0,) * len(self._numbers)
        self.blocks, self._lists = _divided(lists, meanings)
        self.shift = len(self.blocks).bit_length()

    def kinds(self, items: Items, answers: Sequence[Items]) -> tuple[tuple[int, ...], list[Items]]:
        """Return the kinds of items that an event has, and which of its items are of each.

        Items are of one kind where neither a list of a rule tells them apart nor an answer.

        Args:
            items: those of the event that the policy knows.
            answers: for which items each question is answered with yes.

        Returns:
            The kinds, each the number of its block and, `shift` bits further, one bit for each answer; and their items.
        """
        if len(self.blocks) == 1 and items:
            kinds, parts = [0], [items]
        else:
            kinds, parts = [], []
            for number, block in enumerate(self.blocks):
                if part := items & block:
                    kinds.append(number)
                    parts.append(part)
        if answers is self.silent:
            return tuple(kinds), parts
        everywhere, bit = 0, 1 << self.shift
        for answer in answers:
            if among := answer & items:
                if among == items:
                    everywhere |= bit
                else:
                    for number, part in enumerate(parts[:]):
                        if yes := part & among:
                            if yes != part:
                                kinds.append(kinds[number])
                                parts.append(part & ~among)
                            kinds[number] |= bit
                            parts[number] = yes
            bit <<= 1
        return tuple([kind | everywhere for kind in kinds]) if everywhere else tuple(kinds), parts

    def asking(self, kinds: Sequence[int], first: int = 0) -> Met:
        """Return the function that says for which kinds of items a condition is met.

        Args:
            kinds: the kinds; bit `n` of a set of items stands for the one at index `n`.
            first: the place of the first answer among those that tell the kinds apart.
        """
        everything = (1 << len(kinds)) - 1
        block = (1 << self.shift) - 1
        bits = [(1 << number, kind & block, kind >> self.shift + first) for number, kind in enumerate(kinds)]
        met: dict[int, Items] = dict.fromkeys(self.met, everything)
        for leaf, blocks in self._lists.items():
            met[leaf] = sum([bit for bit, block, _ in bits if blocks >> block & 1])
        for leaf, number in self._numbers.items():
            met[leaf] = sum([bit for bit, _, answers in bits if answers >> number & 1])

        def leaf_met(leaf: Condition) -> Items:
            return met.get(id(leaf), 0)  # a list of words that is not met is not there

        return lambda condition, asked: evaluated(condition, asked, leaf_met)


def _divided(lists: Iterable[In | NotIn], meanings: Meanings) -> tuple[Sequence[Items], Mapping[int, int]]:
    """Return the blocks into which lists divide all items; and for each list, as bits, which of these are met by it."""
    masks: dict[int, Items] = {}
    for leaf in lists:
        among = meanings.chosen(leaf.values)
        masks[id(leaf)] = among if isinstance(leaf, In) else meanings.everything & ~among
    blocks = [meanings.everything]
    for mask in {*masks.values()}:
        blocks = [part for block in blocks for part in (block & mask, block & ~mask) if part]
    return blocks, {
        leaf: sum([1 << number for number, block in enumerate(blocks) if block & mask]) for leaf, mask in masks.items()
    }


class Evaluator:
    """Decides events of one policy. Immutable but for what it remembers, and safe to share between threads.

    Args:
        policy: the policy.
        admission: reads the facts of an event; raises `InvalidEvent` where one is malformed.
        memory: where things are remembered.
    """

    def __init__(self, policy: Policy, admission: Admission, memory: Memory) -> None:
        self.policy = policy
        self._admission = admission
        self._memory = memory
        self._classes = Classes(policy.rules, policy.vocabulary)
        self._meanings = policy.vocabulary.meant
        self.agreement = Agreement(policy.vocabulary)
        one = Leaves()
        self._rules: Index[Ready] = ready_rules(policy.rules, one)
        self._topics: Index[Speech] = ready_topics(policy, one)
        self._decided_here = policy.decides

    def verdict(self, event: Event, elsewhere: Collection[str] = ()) -> Verdict:
        """Return what the policy says of an event.

        Args:
            event: an event of a controller and a time that the policy governs.
            elsewhere: the items that other policies license.

        Raises:
            InvalidEvent: one of its facts is malformed.
        """
        by, facts = event.admitted
        if by is not self._admission:
            facts = self._admission(event)
        key = self._classes.key(event)
        of: _Class = self._memory.get(key) or self._class(event, key)
        items, known = event.items, self._meanings.bits
        try:
            bits = [known[item] for item in items]
        except KeyError:  # few events have an item that the policy does not know
            return self._beyond(event, of, facts, key, elsewhere)
        if STRANGE in key:
            return self._beyond(event, of, facts, key, elsewhere)
        answers = of.silent
        same = True
        if (facts and of.asked) or of.looks or elsewhere:
            answers, same = self._answers(event, of, facts, elsewhere)
        kinds, parts = of.kinds(sum(bits), answers)  # no two items are the same
        found: Finding | None = self._memory.get((of.number, kinds, same))
        if found is None:
            found = finding(self.policy, self._ruling(of, kinds, same), len(kinds))
            self._memory.put((of.number, kinds, same), found, found.weight)
        return found.verdict(event, bits, parts)

    def licences(self, event: Event) -> Sequence[tuple[Head, tuple[str, ...]]]:
        """Return the licences of the policy on which others can lean, each with the items that it licenses."""
        by, facts = event.admitted
        if by is not self._admission:
            facts = self._admission(event)
        key = self._classes.key(event)
        if STRANGE in key:
            return ()
        of: _Class = self._memory.get(key) or self._class(event, key)
        answers, same = self._answers(event, of, facts, ())
        kinds, parts = of.kinds(self._meanings.those(event.items), answers)
        known = (of.number, kinds, same, "licences")
        found: Sequence[tuple[Head, Items]] | None = self._memory.get(known)
        if found is None:
            everything = (1 << len(kinds)) - 1
            licences = licensed(of.rules, everything, of.asking(kinds))
            found = tuple([(licence.head, items) for licence, items in licences])
            self._memory.put(known, found, 300 + 100 * len(found))
        bits = [self._meanings.bits.get(item, 0) for item in event.items]
        return [(head, marked(event.items, bits, joined(parts, items))) for head, items in found]

    def key(self, event: Event) -> Key:
        """Return the class of an event: what no rule tells apart, its items and facts aside."""
        return self._classes.key(event)

    def types(self, event: Event) -> frozenset[str]:
        """Return the fact types for which a rule that can matter for an event asks: facts of others change no verdict.

        That is said of well-formed facts; a malformed one makes an event invalid, whatever its type.

        Args:
            event: an event of a controller and a time that the policy governs; which facts it carries does not matter.
        """
        key = self._classes.key(event)
        of: _Class = self._memory.get(key) or self._class(event, key)
        items = self._meanings.those(event.items)
        if STRANGE in key or not items:
            return frozenset()
        kinds = (of.number, of.kinds(items, of.silent)[0], None)
        found: frozenset[str] | None = self._memory.get(kinds)
        if found is None:
            found = self._types(of, items)
            self._memory.put(kinds, found, 500)
        return found

    def _types(self, of: _Class, items: Items) -> frozenset[str]:
        """Return the fact types for which rules ask about items; the same for all items of the same kinds."""

        def answer(leaf: Condition) -> bool | None:
            match leaf:
                case In(Field.ITEM, accepted):
                    among = self._meanings.chosen(accepted) & items
                    return None if among not in (0, items) else bool(among)
                case NotIn(Field.ITEM, excluded):
                    among = self._meanings.chosen(excluded) & items
                    return None if among not in (0, items) else not among
                case In() | NotIn() | During():
                    return id(leaf) in of.met
                case _:
                    return None

        left = (reduced_rule(rule, answer) for some in of.rules for rule in some)
        asked = [*leaves_of(rule for rule in left if rule is not None)]
        for topic, *_ in of.spoken:
            asked += leaves(topic.about)
        forms = (form for leaf in asked if isinstance(leaf, Holds) for form in (leaf, leaf.after))
        return frozenset(form.type for form in forms if form is not None)

    def _class(self, event: Event, key: Key) -> _Class:
        """Return what is kept for events of the class `key`: the same for all for which the same rules matter."""
        seen, instant = as_rules_see(as_stated(event)), event.instant
        rules = self._rules.select(seen, instant)
        speeches: list[Speech] = []
        spoken: list[Spoken] = []
        for speech in self._topics.select(seen, instant):
            if (said := speech.spoken(instant)) is not None:
                speeches.append(speech)
                spoken.append(said)
        left: tuple[Ready | Speech, ...] = (*rules, *speeches)
        met = frozenset([id(leaf) for one in left for leaf in one.words if told(leaf, seen, instant)])
        decided = event.operation in self._decided_here
        same = (self._classes.number, decided, met, *map(id, left), *[said.rule for said in spoken])
        found: _Class | None = self._memory.get(same)
        if found is None:
            lists: list[list[Any]] = [[] for _ in LISTS]
            for ready in rules:
                lists[ready.where].append(ready.rule)
            if not decided:
                lists[LISTS["permits"]] = [LEAVE]
            items = [leaf for one in left for leaf in one.items]
            questions = [leaf for one in left for leaf in one.questions]
            found = _Class(Rules(*lists), spoken, met, items, questions, self.agreement, self._meanings)
            self._memory.put(same, found, 2_000 + 200 * (len(left) + len(found.silent)))
        self._memory.put(key, found, 500)
        return found

    def _answers(
        self, event: Event, of: _Class, facts: Sequence[Admitted], elsewhere: Collection[str]
    ) -> tuple[tuple[Items, ...], bool]:
        """Return for which items each question is answered with yes.

        Where words of facts that the policy does not know make a difference, the answers without them follow, and it is
        said that they are not the same.
        """
        answers, without = self.agreement.answers(of.asked, facts, event, of.silent)
        same = answers is without
        if of.looks:
            values = as_rules_see(as_stated(event)) if of.compares else {}
            yes = [number for number, leaf in of.looks if answered(leaf, values, event)]
            if yes:
                answers = self._answered(answers, yes)
                without = answers if same else self._answered(without, yes)
        if elsewhere and of.elsewhere is not None:
            items = self._meanings.those(elsewhere)
            answers = self._answered(answers, [of.elsewhere], items)
            without = answers if same else self._answered(without, [of.elsewhere], items)
        return (answers, True) if same else (answers + without, False)

    def _answered(self, answers: Sequence[Items], yes: Iterable[int], items: Items = -1) -> tuple[Items, ...]:
        """Return `answers` with the questions of the numbers `yes` answered with yes for some items, by default all."""
        found, where = [*answers], self._meanings.everything & items
        for number in yes:
            found[number] = where
        return tuple(found)

    def _ruling(self, of: _Class, kinds: Sequence[int], same: bool) -> Ruling:
        """Return the ruling of kinds of items, told apart by answers that are the `same` without unknown words."""
        everything = (1 << len(kinds)) - 1
        surely = None if same else of.asking(kinds, len(of.silent))
        return ruling(self.policy, of.rules, everything, of.asking(kinds), lambda: of.spoken, surely)

    def _beyond(
        self, event: Event, of: _Class, facts: Sequence[Admitted], key: Key, elsewhere: Collection[str]
    ) -> Verdict:
        """Return what the policy says of an event with words that it does not know."""
        known = self._meanings.bits
        unknown = [item for item in event.items if item not in known]
        beyond = {item: 1 << number for number, item in enumerate(unknown, len(known))}
        bits = [known[item] if item in known else beyond[item] for item in event.items]
        among = self._meanings.those(event.items)
        strange = [*dict.fromkeys(self.policy.vocabulary.strangers(as_stated(event)))] if STRANGE in key else []
        answers, same = (of.silent, True) if strange else self._answers(event, of, facts, elsewhere)
        kinds, parts = of.kinds(among, answers)
        # Each item that the policy does not know is of a kind of its own.
        alone = {item: 1 << number for number, item in enumerate(unknown, len(kinds))}
        if strange:
            made = self._unreadable(of, kinds, strange, alone)
        else:
            made = self._beside(self._ruling(of, kinds, same), alone)
        found = finding(self.policy, made, len(kinds) + len(unknown))
        return found.verdict(event, bits, [*parts, *beyond.values()])

    def _beside(self, found: Ruling, unknown: Mapping[str, Items]) -> Ruling:
        """Return a ruling of the known items with what is in the way of the others."""
        more = refused([*found.obstacles, *self._unknown([], unknown)])
        clauses, rules = _both(found.clauses, more.clauses), _both(found.rules, more.rules)
        return Ruling(found.permitted, clauses, rules, obstacles=more.obstacles)

    def _unreadable(
        self, of: _Class, kinds: Sequence[int], strange: Sequence[Term], unknown: Mapping[str, Items]
    ) -> Ruling:
        """Refuse all items for words that are not in the vocabulary, not to speak of items that are not."""
        met = of.asking(kinds)
        known = (1 << len(kinds)) - 1
        obstacles: list[tuple[Obstacle, Items]] = []
        for dimension, term in strange:
            left = known
            if dimension == "purposes":
                for (topic, _, _), where in nearest(of.spoken, met, known):
                    obstacles.append((_stranger(dimension, term, topic.shown), where))
                    left &= ~where
            obstacles.append((_stranger(dimension, term, ground(self.policy)), left))
        return refused([*obstacles, *self._unknown(strange, unknown)])

    def _unknown(self, terms: Iterable[Term], unknown: Mapping[str, Items]) -> list[tuple[Obstacle, Items]]:
        """Return what stands in the way of unknown items, the first of many told one by one."""
        clause = ground(self.policy)
        everyone = sum(unknown.values())
        obstacles = [(_stranger(dimension, term, clause), everyone) for dimension, term in terms]
        told = sorted(unknown)[:MOST]
        obstacles += [(_stranger("items", item, clause), unknown[item]) for item in told]
        rest = everyone & ~sum(unknown[item] for item in told)
        return [*obstacles, (_stranger("items", MANY, clause), rest)]


def _stranger(dimension: str, word: str, clause: str | None) -> Obstacle:
    return Obstacle("unknown-term", clause, None, (dimension, word))


def _both(some: Mapping[str, Items], others: Mapping[str, Items]) -> dict[str, Items]:
    return {name: some.get(name, 0) | others.get(name, 0) for name in (*some, *others)}
