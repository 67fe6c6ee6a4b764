"""The road of one policy from an event to a verdict.

Events fall into classes that no rule tells apart (`policyengine.decision.classes`), whatever their items and facts. For
a class, the rules are reduced to what still matters: to leaves that look at items, facts and attributes. What is left
is the law over the event's items (`policyengine.decision.law`). Verdicts on equal items with equal answers are
remembered; nothing is remembered that an answer could depend on otherwise, and what is remembered is bounded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from policyengine.decision.classes import Classes, Key, leaves_of, span
from policyengine.decision.facts import (
    Answers,
    Fact,
    Values,
    agreeing,
    answered,
    as_rules_see,
    as_stated,
    chosen,
    evaluated,
    read_fact,
)
from policyengine.decision.index import RuleIndex
from policyengine.decision.law import Items, Met, Rules, sorted_out
from policyengine.decision.reduce import reduced_rule
from policyengine.decision.ruling import (
    Obstacle,
    Ruling,
    Spoken,
    Topic,
    ground,
    named_recipients,
    refused,
    ruling,
    topic_of,
    topics_of,
)
from policyengine.decision.verdict import Verdict, verdict
from policyengine.errors import MOST, did_you_mean
from policyengine.model.condition import (
    Compare,
    Condition,
    Field,
    Holds,
    In,
    NotIn,
    Same,
    all_of,
    leaves,
    reduced,
    says,
)
from policyengine.model.event import Event, PreparedFact
from policyengine.model.policy import Policy
from policyengine.model.rule import LEAVE, Duty, Permit, Replacement, Restriction, Rule, as_use, beside_use, scope_of
from policyengine.text import Text

MEMORY: Final = 100_000
"""How many things an evaluator remembers before it forgets them all; a long one counts as several."""

_LONG: Final = 1_000
"""For so many characters, and each so many more, a thing counts as one thing more."""

Question: TypeAlias = Holds | Same | Compare
"""A leaf that looks at more than the fields of the event's class and its items."""

Term: TypeAlias = tuple[str, str | None]
"""A dimension, and a term that it does not have; None for one of so many that they are not told one by one."""


class _Class:
    """What is kept for a class of events.

    Args:
        rules: those that can matter, reduced to what its events may differ in.
        spoken: what the clauses speak of.
    """

    __slots__ = ("asked", "looks", "questions", "rules", "spoken", "verdicts")

    def __init__(self, rules: Rules, spoken: tuple[Spoken, ...]) -> None:
        self.rules = rules
        self.spoken = spoken
        everything = (*leaves_of(rule for some in rules for rule in some), *leaves_of_topics(spoken))
        questions = dict.fromkeys(leaf for leaf in everything if isinstance(leaf, Holds | Same | Compare))
        self.questions: dict[Question, int] = {leaf: number for number, leaf in enumerate(questions)}
        self.asked: dict[str, list[tuple[int, Holds]]] = {}
        self.looks: list[tuple[int, Same | Compare]] = []
        for leaf, number in self.questions.items():
            if isinstance(leaf, Holds):
                self.asked.setdefault(leaf.type, []).append((number, leaf))
            else:
                self.looks.append((number, leaf))
        self.verdicts: dict[Any, Verdict] = {}

    def met(self, items: Sequence[str], answers: Sequence[Items]) -> Met:
        """Return the function that says for which of `items` a condition is met, given the answers to the questions."""

        def leaf(condition: Condition) -> Items:
            match condition:
                case In(_, accepted):
                    return chosen(items, accepted)
                case NotIn(_, excluded):
                    return ~chosen(items, excluded)
                case _:
                    return answers[self.questions[condition]]  # type: ignore[index]

        return lambda condition, asked: evaluated(condition, asked, leaf)


class _Memory:
    """What an evaluator remembers: only ever added to, and replaced as a whole, so threads share it without a lock."""

    def __init__(self) -> None:
        self.classes: dict[Key, _Class] = {}
        self.facts: dict[bytes, Fact] = {}


class Evaluator:
    """Decides events of one policy. Immutable but for what it remembers, and safe to share between threads.

    Args:
        policy: the policy.
        admit: raises `InvalidEvent` where a fact of an event is malformed.
    """

    def __init__(self, policy: Policy, admit: Callable[[Event], None]) -> None:
        self.policy = policy
        self._admit = admit
        self._classes = Classes(policy.rules, policy.vocabulary)
        permits = [rule for rule in policy.rules if isinstance(rule, Permit)]
        self._permits: RuleIndex[Permit] = RuleIndex(permits, scope_of)
        self._licences: RuleIndex[Permit] = RuleIndex(
            [as_use(rule) for rule in permits if rule.licence], lambda rule: all_of(rule.about, rule.terms)
        )
        self._over: RuleIndex[Restriction] = RuleIndex(
            [beside_use(rule) for rule in policy.rules if isinstance(rule, Restriction) and rule.only is not None],
            scope_of,
        )
        self._others: RuleIndex[Restriction | Replacement | Duty] = RuleIndex(
            [rule for rule in policy.rules if not isinstance(rule, Permit)], scope_of
        )
        self._decided_here = policy.decides
        self._named: dict[str, list[Permit]] = {}
        for permit in permits:
            for value in named_recipients(permit):
                self._named.setdefault(value, []).append(permit)
        self._topics: dict[int, Sequence[tuple[Topic, str | None]]] = {}
        self._memory = _Memory()
        self._remembered = 0

    def verdict(self, event: Event) -> Verdict:
        """Return what the policy says of an event.

        Args:
            event: an event of a controller and a time that the policy governs.

        Raises:
            InvalidEvent: one of its facts is malformed.
        """
        stated = as_stated(event)
        seen = as_rules_see(stated)
        memory = self._memory
        of = self._class(memory, seen, event.instant)
        items = event.items
        answers = [0] * len(of.questions)
        strangers = False
        admitted = False
        for prepared in event.known:
            fact = memory.facts.get(prepared.body)
            if fact is None:
                if not admitted:  # all facts at once, so once is enough
                    self._admit(event)
                    admitted = True
                fact = self._remember_fact(memory, prepared)
            if fact.type in of.asked and prepared.start <= event.instant < prepared.end:
                strangers = strangers or fact.unknown
                for number, asked in of.asked[fact.type]:
                    answers[number] |= agreeing(asked, fact, prepared.subject, stated, items)
        unknown = self.policy.vocabulary.strangers(stated)
        if unknown:
            return self._unreadable(of, items, unknown)
        if strangers:
            return self._with_strangers(event)
        everything = (1 << len(items)) - 1
        for number, question in of.looks:
            if answered(question, seen, event.attributes):
                answers[number] = everything
        key = (items, *answers)
        found = of.verdicts.get(key)
        if found is None:
            found = of.verdicts[key] = self._decided(of, items, answers)
            self._count(_weight(sum(map(len, items)) + len(items) * len(answers)))
        return found

    def types(self, event: Event) -> frozenset[str]:
        """Return the fact types for which a rule that can matter for an event asks: facts of others change no verdict.

        That is said of well-formed facts; a malformed one makes an event invalid, whatever its type.

        Args:
            event: an event of a controller and a time that the policy governs; which facts it carries does not matter.
        """
        stated = as_stated(event)
        if self.policy.vocabulary.strangers(stated):
            return frozenset()
        items = [item for item in event.items if item in self._items]
        if not items:
            return frozenset()
        of = self._class(self._memory, as_rules_see(stated), event.instant)
        everything = (1 << len(items)) - 1

        def answer(leaf: Condition) -> bool | None:
            if not isinstance(leaf, In | NotIn):
                return None
            among = chosen(items, leaf.values)
            if among not in (0, everything):
                return None
            return bool(among) is isinstance(leaf, In)

        left = (reduced_rule(rule, answer) for some in of.rules for rule in some)
        asked = (*leaves_of(rule for rule in left if rule is not None), *leaves_of_topics(of.spoken))
        return frozenset(leaf.type for leaf in asked if isinstance(leaf, Holds))

    def _class(self, memory: _Memory, seen: Values, instant: int) -> _Class:
        key = self._classes.key(seen, instant)
        found = memory.classes.get(key)
        if found is None:
            found = memory.classes[key] = self._new_class(seen, instant)
            self._count(1 + len(found.questions))
        return found

    def _new_class(self, seen: Values, instant: int) -> _Class:
        def answer(leaf: Condition) -> bool | None:
            return _known(leaf, seen)

        def left(rules: Iterable[Rule]) -> list[Any]:
            there = (rule for rule in rules if span(rule)[0] <= instant < span(rule)[1])
            return [rule for rule in (reduced_rule(rule, answer) for rule in there) if rule is not None]

        others = left(self._others.select(seen))
        permits = left(rule for rule in self._permits.select(seen) if seen[Field.OPERATION] in rule.operations)
        rules = Rules(
            [LEAVE] if seen[Field.OPERATION] not in self._decided_here else permits,
            left(self._licences.select(seen)),
            [rule for rule in others if isinstance(rule, Restriction)],
            left(self._over.select(seen)),
            [rule for rule in others if isinstance(rule, Replacement)],
            [rule for rule in others if isinstance(rule, Duty)],
        )
        return _Class(rules, tuple(self._spoken(seen, instant, answer)))

    def _spoken(self, seen: Values, instant: int, answer: Callable[[Condition], bool | None]) -> Iterable[Spoken]:
        """Yield what the clauses speak of that can be about events of a class, each as far as that is still open."""
        operation, recipient = seen[Field.OPERATION], seen[Field.RECIPIENT]
        for permit in self._named.get(recipient, ()) if isinstance(recipient, str) else ():
            start, end = span(permit)
            if operation in permit.operations and start <= instant < end:
                topic = topic_of(self.policy, permit)
                yield Spoken(topic._replace(about=reduced(topic.about, answer)), permit.head.id, True)
        for topic, rule in self._topics_at(instant):
            if topic.licence or operation in topic.operations:
                yield Spoken(topic._replace(about=reduced(topic.about, answer)), rule, False)

    def _topics_at(self, instant: int) -> Sequence[tuple[Topic, str | None]]:
        """Return what the clauses speak of with the rules in force at `instant`, each with the one rule behind it."""
        epoch = self._classes.epoch(instant)
        if epoch not in self._topics:
            behind: dict[Topic, list[str]] = {}
            for rule in self._permits.rules:
                start, end = span(rule)
                if start <= instant < end:
                    for topic in topics_of(self.policy, rule, True):
                        behind.setdefault(topic, []).append(rule.head.id)
            self._topics[epoch] = [(topic, ids[0] if len(ids) == 1 else None) for topic, ids in behind.items()]
        return self._topics[epoch]

    def _remember_fact(self, memory: _Memory, prepared: PreparedFact) -> Fact:
        fact = memory.facts[prepared.body] = read_fact(prepared.data, self.policy.vocabulary)
        self._count(_weight(len(prepared.body)))
        return fact

    def _with_strangers(self, event: Event) -> Verdict:
        """Decide an event of which a fact has words that the policy does not know, by all rules in force."""
        policy, items = self.policy, event.items
        there = [rule for rule in policy.rules if span(rule)[0] <= event.instant < span(rule)[1]]
        rules = sorted_out(there, lambda permit: event.operation in permit.operations)
        if event.operation not in self._decided_here:
            rules = rules._replace(permits=[LEAVE])
        met = Answers(policy.vocabulary, event).met

        def spoken() -> list[Spoken]:
            return spoken_by(policy, there, event.operation, lambda condition: bool(met(condition)))

        without = Answers(policy.vocabulary, event, strangers=False).met
        known = chosen(items, self._items)
        found = ruling(policy, rules, known, met, spoken, without)
        return verdict(policy, items, self._beside(found, items, known))

    def _count(self, weight: int) -> None:
        """Count something remembered, and forget everything before it is too much."""
        self._remembered += weight
        if self._remembered > MEMORY:
            self._remembered = 0
            self._memory = _Memory()

    def _decided(self, of: _Class, items: Sequence[str], answers: Sequence[Items]) -> Verdict:
        """Decide an event whose words are known, but perhaps for items."""
        known = chosen(items, self._items)
        found = ruling(self.policy, of.rules, known, of.met(items, answers), lambda: of.spoken)
        return verdict(self.policy, items, self._beside(found, items, known))

    def _beside(self, found: Ruling, items: Sequence[str], known: Items) -> Ruling:
        """Return a ruling of the known items with what is in the way of the others."""
        if known != (1 << len(items)) - 1:
            more = refused(self._unknown([], items, ~known))
            for into, new in ((found.clauses, more.clauses), (found.rules, more.rules)):
                for name, where in new.items():
                    into[name] = into.get(name, 0) | where  # type: ignore[index]
            found.obstacles.extend(more.obstacles)  # type: ignore[attr-defined]
        return found

    def _unreadable(self, of: _Class, items: Sequence[str], terms: Sequence[Term]) -> Verdict:
        """Deny an event for words that are not in the vocabulary, not to speak of its items."""
        known = chosen(items, self._items)
        everything = (1 << len(items)) - 1
        met = of.met(items, [0] * len(of.questions))
        obstacles: list[tuple[Obstacle, Items]] = []
        for dimension, term in dict.fromkeys(terms):
            left = known
            if dimension == "purposes":
                for topic, _, named in of.spoken:
                    if not topic.licence and not named and (where := met(topic.about, known)):
                        obstacles.append((self._stranger(dimension, term, topic.shown), where))
                        left &= ~where
            obstacles.append((self._stranger(dimension, term, ground(self.policy)), left))
        if known != everything:
            obstacles += self._unknown(terms, items, ~known)
        return verdict(self.policy, items, refused(obstacles))

    def _unknown(self, terms: Iterable[Term], items: Sequence[str], which: Items) -> list[tuple[Obstacle, Items]]:
        """Return what stands in the way of unknown items, the first of many told one by one."""
        clause = ground(self.policy)
        unknown = {item: 1 << number for number, item in enumerate(items) if which >> number & 1}
        everyone = sum(unknown.values())
        obstacles = [(self._stranger(dimension, term, clause), everyone) for dimension, term in dict.fromkeys(terms)]
        told = sorted(unknown)[:MOST]
        obstacles += [(self._stranger("items", item, clause), unknown[item]) for item in told]
        rest = everyone & ~sum(unknown[item] for item in told)
        return [*obstacles, (self._stranger("items", None, clause), rest)]

    def _stranger(self, dimension: str, term: str | None, clause: str | None) -> Obstacle:
        def say() -> Text:
            if term is None:
                return Text(
                    ja=f"{dimension} にこのような語はありません",
                    en=f"the policy has no such terms among its {dimension}",
                )
            hint = did_you_mean(term, self.policy.vocabulary.terms[dimension])
            return Text(
                ja=f"{dimension} に「{term}」という語はありません" + (f"（{hint.ja}）" if hint else ""),
                en=f'the policy has no term "{term}" among its {dimension}' + (f" ({hint.en})" if hint else ""),
            )

        return Obstacle("unknown-term", clause, None, (dimension, "\uffff" if term is None else term), say)

    @property
    def _items(self) -> Mapping[str, Any]:
        return self.policy.vocabulary.terms["items"]


def spoken_by(policy: Policy, rules: Iterable[Rule], operation: str, met: Callable[[Condition], bool]) -> list[Spoken]:
    """Return what each permit among `rules` makes its clause speak of, none taken together with another.

    Args:
        policy: the policy.
        rules: those in force.
        operation: of the event.
        met: whether the event meets a condition that looks at no item.
    """
    return [
        Spoken(topic, rule.head.id, named=rule.names is not None and met(rule.names))
        for rule in rules
        if isinstance(rule, Permit)
        for topic in topics_of(policy, rule, operation in rule.operations)
    ]


def leaves_of_topics(spoken: Iterable[Spoken]) -> Iterable[Condition]:
    """Yield the leaves of what clauses speak of."""
    for topic, *_ in spoken:
        yield from leaves(topic.about)


def _known(leaf: Condition, seen: Values) -> bool | None:
    """Return whether a leaf is met by every event of a class, or by none; None where its events may differ."""
    match leaf:
        case In(field) | NotIn(field) if field is not Field.ITEM:
            return says(leaf, seen[field])
        case Same(left, right) if any(seen[f] is None for f in (left, right) if f is not Field.SUBJECT_ID):
            return False
        case _:
            return None


def _weight(length: int) -> int:
    """Return as how many things something of `length` characters counts."""
    return 1 + length // _LONG
