"""The road of one policy from an event to a verdict.

Events fall into classes that no rule tells apart (`policyengine.decision.classes`), whatever their items and facts. For
a class, the rules that can matter are selected, and what is left of them looks at items, facts and attributes alone
(`policyengine.decision.ready`). An event answers what is left to ask, and the law (`policyengine.decision.law`) is told
once for all items that the policy knows: whether an item is permitted never depends on the others. What an event's own
items come to is read off that. Classes, rulings and verdicts are remembered as far as there is room
(`policyengine.decision.memory`); nothing is remembered that an answer could depend on otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from policyengine.decision.admission import Admission
from policyengine.decision.agreement import Agreement, Plan
from policyengine.decision.classes import Classes, leaves_of
from policyengine.decision.facts import Values, answered, as_rules_see, as_stated, evaluated
from policyengine.decision.index import Index
from policyengine.decision.law import Items, Met, Rules
from policyengine.decision.memory import Memory
from policyengine.decision.ready import LISTS, Leaves, Question, Ready, Speech, ready_rules, ready_topics
from policyengine.decision.reduce import reduced_rule
from policyengine.decision.ruling import Obstacle, Ruling, Spoken, ground, refused, ruling
from policyengine.decision.verdict import Findings, Verdict
from policyengine.errors import MOST, did_you_mean
from policyengine.model.condition import Compare, Condition, Field, Holds, In, NotIn, Same, leaves, says
from policyengine.model.event import Event
from policyengine.model.policy import Policy
from policyengine.model.rule import LEAVE
from policyengine.text import Text

Term: TypeAlias = tuple[str, str | None]
"""A dimension, and a term that it does not have; None for one of so many that they are not told one by one."""


class _Class:
    """What is kept for a class of events.

    Args:
        strange: the words of its events that the policy does not know; then nothing else matters.
        rules: those that can matter, reduced to what its events may differ in.
        seen: what rules see of one of its events.
        questions: what is left to ask.
        spoken: returns what the clauses speak of.
    """

    __slots__ = ("_speak", "_spoken", "asked", "looks", "numbers", "rules", "seen", "silent", "strange")

    def __init__(
        self,
        strange: Sequence[Term],
        rules: Rules,
        seen: Values,
        questions: Iterable[Question],
        agreement: Agreement,
        speak: Callable[[], tuple[Spoken, ...]],
    ) -> None:
        self.strange = strange
        self.rules = rules
        self.seen = seen
        self._speak = speak
        self._spoken: tuple[Spoken, ...] | None = None
        self.numbers: dict[int, int] = {}
        self.asked: dict[str, list[tuple[int, Plan]]] = {}
        self.looks: list[tuple[int, Same | Compare]] = []
        for leaf in questions:
            if id(leaf) not in self.numbers:
                number = self.numbers[id(leaf)] = len(self.numbers)
                if isinstance(leaf, Holds):
                    self.asked.setdefault(leaf.type, []).append((number, agreement.plan(leaf)))
                else:
                    self.looks.append((number, leaf))
        self.silent: tuple[Items, ...] = (0,) * len(self.numbers)

    def spoken(self) -> tuple[Spoken, ...]:
        """Return what the clauses speak of; asked for only where nothing permits a flow."""
        if self._spoken is None:
            self._spoken = self._speak()
        return self._spoken


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
        self._agreement = Agreement(policy.vocabulary)
        one = Leaves()
        self._rules: Index[Ready] = ready_rules(policy.rules, one)
        self._topics: Index[Speech]
        self._asking: Index[Speech]
        self._topics, self._asking = ready_topics(policy, one)
        self._decided_here = policy.decides

    def verdict(self, event: Event) -> Verdict:
        """Return what the policy says of an event.

        Args:
            event: an event of a controller and a time that the policy governs.

        Raises:
            InvalidEvent: one of its facts is malformed.
        """
        facts = self._admission(event)
        of = self._class(event)
        if of.strange:
            return self._unreadable(of, event.items)
        answers = without = of.silent
        if facts and of.asked:
            answers, without = self._agreement.answers(of.asked, facts, event, answers)
        if of.looks:
            same = answers is without
            answers = self._looked(of, event, answers)
            without = answers if same else self._looked(of, event, without)
        found = self._findings(of, answers, without)
        bits, unknown = self._bits(event.items)
        if unknown:
            found = Findings(self.policy, self._beside(found.ruling, unknown))
        return found.verdict(event.items, bits)

    def types(self, event: Event) -> frozenset[str]:
        """Return the fact types for which a rule that can matter for an event asks: facts of others change no verdict.

        That is said of well-formed facts; a malformed one makes an event invalid, whatever its type.

        Args:
            event: an event of a controller and a time that the policy governs; which facts it carries does not matter.
        """
        of = self._class(event)
        items = self._meanings.those(event.items)
        if of.strange or not items:
            return frozenset()

        def answer(leaf: Condition) -> bool | None:
            match leaf:
                case In(Field.ITEM, accepted):
                    among = self._meanings.chosen(accepted) & items
                    return None if among not in (0, items) else bool(among)
                case NotIn(Field.ITEM, excluded):
                    among = self._meanings.chosen(excluded) & items
                    return None if among not in (0, items) else not among
                case In() | NotIn():
                    return says(leaf, of.seen[leaf.field])
                case _:
                    return None

        left = (reduced_rule(rule, answer) for some in of.rules for rule in some)
        asked = [*leaves_of(rule for rule in left if rule is not None)]
        for topic, *_ in of.spoken():
            asked += leaves(topic.about)
        return frozenset(leaf.type for leaf in asked if isinstance(leaf, Holds))

    def _class(self, event: Event) -> _Class:
        """Return the class of an event."""
        like = (self, self._classes.like(event))
        found: _Class | None = self._memory.get(like)
        if found is None:
            key = self._classes.key(event)  # None where it states a word that the policy does not know
            found = self._memory.get((self, key)) if key is not None else None
            weight = 500 + 4 * sum(len(word) for word in event.key if word is not None)
            if found is None:
                found = self._new_class(event)
                weight += 2_000 + 200 * (len(found.numbers) + sum(map(len, found.rules)))
                if key is not None:
                    self._memory.put((self, key), found, 0)  # its weight counts with that of what is like it
            self._memory.put(like, found, weight)
        return found

    def _new_class(self, event: Event) -> _Class:
        stated, instant = as_stated(event), event.instant
        seen = as_rules_see(stated)
        lists: list[list[Any]] = [[] for _ in LISTS]
        questions: list[Question] = []
        for where, rule, asked in self._rules.select(seen, instant):
            lists[where].append(rule)
            questions += asked
        for speech in self._asking.select(seen, instant):
            questions += speech.questions
        if event.operation not in self._decided_here:
            lists[LISTS["permits"]] = [LEAVE]
        strange = [*dict.fromkeys(self.policy.vocabulary.strangers(stated))]
        return _Class(strange, Rules(*lists), seen, questions, self._agreement, lambda: self._spoken(seen, instant))

    def _spoken(self, seen: Values, instant: int) -> tuple[Spoken, ...]:
        """Return what the clauses speak of that can be about events of a class."""
        spoken = (speech.spoken(instant) for speech in self._topics.select(seen, instant))
        found = tuple(one for one in spoken if one is not None)
        self._memory.grow(200 * len(found))
        return found

    def _looked(self, of: _Class, event: Event, answers: tuple[Items, ...]) -> tuple[Items, ...]:
        """Return answers with those that look at an event's attributes and persons."""
        found = [*answers]
        values: Values = of.seen
        for number, question in of.looks:
            if isinstance(question, Same):
                values = as_rules_see(as_stated(event))  # persons are no part of the class
            if answered(question, values, event.attributes):
                found[number] = self._meanings.everything
        return tuple(found)

    def _findings(self, of: _Class, answers: tuple[Items, ...], without: tuple[Items, ...]) -> Findings:
        """Return the ruling of all items that there are, given the answers of an event."""
        key = (of, answers) if answers is without else (of, answers, without)
        found: Findings | None = self._memory.get(key)
        if found is None:
            met = self._met(of, answers)
            surely = None if answers is without else self._met(of, without)
            made = ruling(self.policy, of.rules, self._meanings.everything, met, of.spoken, surely)
            found = Findings(self.policy, made, self._memory.grow)
            self._memory.put(key, found, 2_000 + 400 * (len(made.clauses) + len(made.rules) + len(made.obstacles)))
        return found

    def _met(self, of: _Class, answers: Sequence[Items]) -> Met:
        """Return the function that says for which items a condition is met, given the answers to the questions."""
        chosen, everything, numbers, seen = self._meanings.chosen, self._meanings.everything, of.numbers, of.seen

        def leaf(condition: Condition) -> Items:
            if isinstance(condition, In | NotIn):
                if condition.field is Field.ITEM:
                    among = chosen(condition.values)
                    return among if isinstance(condition, In) else ~among
                return everything if says(condition, seen[condition.field]) else 0
            return answers[numbers[id(condition)]]

        return lambda condition, asked: evaluated(condition, asked, leaf)

    def _bits(self, items: Sequence[str]) -> tuple[list[Items], dict[str, Items]]:
        """Return a bit for each item, and which items the policy does not know: they have bits beyond its own."""
        known = self._meanings.bits
        try:
            return [known[item] for item in items], {}
        except KeyError:  # few events have an item that the policy does not know
            pass
        bits: list[Items] = []
        unknown: dict[str, Items] = {}
        for item in items:
            bit = known.get(item)
            if bit is None:
                bit = unknown[item] = 1 << (len(known) + len(unknown))
            bits.append(bit)
        return bits, unknown

    def _beside(self, found: Ruling, unknown: Mapping[str, Items]) -> Ruling:
        """Return a ruling of the known items with what is in the way of the others."""
        more = refused([*found.obstacles, *self._unknown([], unknown)])
        clauses, rules = _both(found.clauses, more.clauses), _both(found.rules, more.rules)
        return Ruling(found.permitted, clauses, rules, found.obligations, more.obstacles)

    def _unreadable(self, of: _Class, items: tuple[str, ...]) -> Verdict:
        """Deny an event for words that are not in the vocabulary, not to speak of its items."""
        met = self._met(of, of.silent)
        bits, unknown = self._bits(items)
        known = self._meanings.those(items)
        obstacles: list[tuple[Obstacle, Items]] = []
        for dimension, term in of.strange:
            left = known
            if dimension == "purposes":
                for topic, _, named in of.spoken():
                    if not topic.licence and not named and (where := met(topic.about, known)):
                        obstacles.append((self._stranger(dimension, term, topic.shown), where))
                        left &= ~where
            obstacles.append((self._stranger(dimension, term, ground(self.policy)), left))
        found = refused([*obstacles, *self._unknown(of.strange, unknown)])
        return Findings(self.policy, found).verdict(items, bits)

    def _unknown(self, terms: Iterable[Term], unknown: Mapping[str, Items]) -> list[tuple[Obstacle, Items]]:
        """Return what stands in the way of unknown items, the first of many told one by one."""
        clause = ground(self.policy)
        everyone = sum(unknown.values())
        obstacles = [(self._stranger(dimension, term, clause), everyone) for dimension, term in terms]
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


def _both(some: Mapping[str, Items], others: Mapping[str, Items]) -> dict[str, Items]:
    return {name: some.get(name, 0) | others.get(name, 0) for name in (*some, *others)}
