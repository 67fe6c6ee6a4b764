"""A policy as a notice for people: clause by clause what its rules say, then by subject, then its words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Final

from msgspec.structs import replace

from policyengine.model.condition import And, Condition, Field, Holds, In, Name, Not, NotIn, Or, leaves, negated
from policyengine.model.fact import HELD_FIELD, FactField, FactType
from policyengine.model.fields import ROWS
from policyengine.model.operation import OPERATIONS
from policyengine.model.policy import Clause, Policy, Reading
from policyengine.model.rule import Rule, conditions_of
from policyengine.model.vocabulary import DIMENSIONS
from policyengine.report.flows import flows
from policyengine.report.matrix import matrix
from policyengine.report.parts import (
    Block,
    Entry,
    Line,
    Paragraph,
    Row,
    Rows,
    Said,
    Section,
    Table,
    anchor,
    entry,
    line,
)
from policyengine.report.prose import Prose, named_id
from policyengine.report.registers import registers
from policyengine.text import LANGUAGES, Language, Text, listed, same

_SAID: Final[Mapping[str, Text]] = {
    "made": Text(
        ja="この文書は、ポリシーのルールから作られています。",
        en="This notice is made from the rules of the policy.",
    ),
    "limits": Text(
        ja="条項が認めることも、ほかの条項が禁じず、それが求める条件を満たす限りでできます。認める条項がないことはできません。",
        en="What a clause permits may be done as far as no other clause forbids it or asks for more; "
        "what no clause permits may not be done.",
    ),
    "limits_layer": Text(
        ja="これは他のポリシーの上に重なるもので、ほかの条項が禁じないことも、下のポリシーが認める限りでできます。",
        en="It lies above other policies: what it permits may be done as far as the policies below permit it too.",
    ),
    "decides": Text(ja="これ自身の許可も要る取扱い", en="Asks for its own permission for"),
    "open": Text(
        ja="示されていないことは有利に扱われません。認めるルールは当てはまると示されたときに限り、"
        "禁じるルールは当てはまりうる限り働きます。同意や契約などの事実は、それが示す人、項目、目的、相手についてだけ数えます。",
        en="What is left unsaid never helps: a rule that permits must be shown to apply, "
        "and one that forbids applies as long as it may. "
        "A fact, such as a consent or a contract, counts for whom and for what it names alone.",
    ),
    "in_english": same(
        "What stands around the words of the policy is in English, as are words that it shares with other policies."
    ),
    "not_written": Text(
        ja="このポリシーは日本語では書かれていません。その語は、書かれている言語のまま示します。",
        en="This policy is not written in this language; its words stand in a language in which it is written.",
    ),
    "policy": Text(ja="ポリシー", en="Policy"),
    "version": Text(ja="版", en="version"),
    "force": Text(ja="効力", en="In force"),
    "always": Text(ja="期限の定めなし", en="without any bounds"),
    "governs": Text(ja="対象となる事業者", en="Binds"),
    "anyone": Text(ja="すべての事業者", en="everybody"),
    "contact": Text(ja="問い合わせ先", en="Contact"),
    "replaces": Text(ja="前の版", en="Follows version"),
    "digest": Text(ja="内容のハッシュ", en="Digest of its content"),
    "clauses": Text(ja="条項", en="Clause by clause"),
    "clause": Text(ja="条項 {number}", en="Clause {number}"),
    "case_of": Text(ja="どの条項の一つの場合か", en="One case of clause"),
    "ground": Text(
        ja="どの条項も認めない取扱いは、この条項により行いません。",
        en="By this clause, what no clause permits is not done.",
    ),
    "organisational": Text(ja="組織についての条項", en="Organisational"),
    "defines": Text(ja="定める語", en="Words that it defines"),
    "open_point": Text(ja="定まっていないこと", en="Left open"),
    "reading": Text(ja="読み方", en="Read as"),
    "other_readings": Text(ja="別の読み方", en="It could also be read as"),
    "chosen": Text(ja="（既定ではない）", en="(not the default)"),
    "no_rules": Text(ja="この条項のルールはありません。", en="No rule of its own stands under this clause."),
    "words": Text(ja="語の意味", en="What the words mean"),
    "word": Text(ja="語", en="Word"),
    "kinds": Text(ja="それに含まれるもの", en="Kinds of it"),
    "remainder": Text(ja="これだけが示されれば、そのどれでもない", en="stated by itself, it means none of these"),
    "condition": Text(ja="条件", en="Condition"),
    "means": Text(ja="内容", en="What it asks"),
    "fact": Text(ja="事実", en="Fact"),
    "conditions": Text(ja="名前のある条件", en="Conditions with a name"),
    "facts": Text(ja="事実", en="Facts"),
    "names": Text(ja="それが示すもの", en="What it states"),
    "id": Text(ja="ファイルでの名前", en="Name in the files"),
}


def notice(policy: Policy, lang: Language) -> Section:
    """Return a policy as a notice for people.

    Args:
        policy: the policy, under chosen readings.
        lang: the language; what is not in it is said in English, or the policy's first language, and that is told.
    """
    return _Notice(policy, lang).whole()


class _Notice:
    def __init__(self, policy: Policy, lang: Language) -> None:
        self.policy, self.lang = policy, lang
        self.prose = Prose(policy, lang)

    def whole(self) -> Section:
        """Return the notice."""
        policy = self.policy
        return Section(
            line(self.say(policy.title)),
            (
                *self._about(),
                self._clauses(),
                *matrix(policy, self.lang),
                *flows(policy, self.lang),
                *registers(policy, self.lang),
                self._words(),
            ),
        )

    def say(self, text: Text | str, /, **parameters: object) -> str:
        """Return a text, or that of a name, in the language."""
        return (_SAID[text] if isinstance(text, str) else text).filled(**parameters).say(self.lang)

    def _about(self) -> Iterator[Block]:
        policy = self.policy
        controllers = sorted(policy.governs or ())
        governs = [self.prose.term(Field.RECIPIENT, name).text for name in controllers] or [self.say("anyone")]
        rows = {
            "policy": (Said(policy.id, style="code"), Said(f" {self.say('version')} {policy.version}")),
            "force": line(self.prose.force(policy.start, policy.end) or self.say("always")),
            "replaces": line(policy.replaces or ""),
            "governs": line(self.say(listed(map(same, governs)))),
            "decides": line(self._operations(policy.decides)) if policy.layer else line(""),
            "contact": line(policy.contact or ""),
            "digest": (Said(policy.digest, style="code"),),
        }
        yield Paragraph(line(self.say("made")))
        yield Paragraph(line(f"{self.say('limits_layer' if policy.layer else 'limits')} {self.say('open')}"))
        if self.lang not in policy.languages:
            yield Paragraph(line(self.say("not_written")), marked=True)
        elif self.lang not in LANGUAGES:
            yield Paragraph(line(self.say("in_english")), marked=True)
        yield Rows(
            (
                *(Row(self.say(name), (Entry(said),) if said[0].text else ()) for name, said in rows.items()),
                *(Row(self.say(name), entry(self.say(said))) for name, said in policy.told),
            )
        )

    def _operations(self, operations: Iterable[str]) -> str:
        return self.say(listed(label for name, label in OPERATIONS.items() if name in operations))

    def _clauses(self) -> Section:
        by_clause: dict[str, list[Rule]] = {}
        for rule in self.policy.rules:
            by_clause.setdefault(rule.head.clause, []).append(rule)
        found = [self._clause(clause, by_clause.get(number, [])) for number, clause in self.policy.clauses.items()]
        return Section(line(self.say("clauses")), tuple(found), "clauses", apart=True)

    def _clause(self, clause: Clause, rules: list[Rule]) -> Section:
        blocks: list[Block] = [Paragraph(line(self.say(clause.summary), "strong"))]
        rows = [
            Row(self.say("case_of"), (Entry(self.prose.clauses([clause.case_of])),) if clause.case_of else ()),
            Row(self.say("organisational"), entry(self.say(clause.organisational)) if clause.organisational else ()),
            Row(self.say("defines"), tuple(self._defined(clause))),
        ]
        rows += [Row(self.say(name), entry(self.say(said))) for name, said in clause.told]
        blocks.append(Rows(tuple(rows)))
        if clause.ground:
            blocks.append(Paragraph(line(self.say("ground"))))
        for _, same_table in groupby(rules, lambda rule: rule.head.id):
            blocks.append(self.prose.rules(list(same_table)))
        for reading in self.policy.readings.values():
            if reading.clause == clause.number:
                blocks += [Paragraph(self._question(reading), marked=True), self._reading(reading)]
        for point in clause.open:
            named_open = Said(self.say("open_point"), style="strong")
            blocks.append(Paragraph((named_open, Said(f": {self.say(point)}")), marked=True))
        title = self.say("clause", number=clause.number)
        named = f" {self.say(clause.title)}" if clause.title else ""
        return Section(line(f"{title}{named}"), tuple(blocks), anchor("clause", clause.number))

    def _defined(self, clause: Clause) -> Iterator[Entry]:
        for dimension, terms in clause.defines.items():
            for term in terms:
                yield Entry((self.prose.term(DIMENSIONS[dimension], term),))

    def _question(self, reading: Reading) -> Line:
        return (Said(self.say(reading.question), style="strong"), Said(" "), Said(reading.name, style="code"))

    def _reading(self, reading: Reading) -> Rows:
        chosen = self.policy.chosen[reading.name]
        other = "" if chosen == reading.default else f" {self.say('chosen')}"
        others = [self._value(reading, value) for value in reading.values if value != chosen]
        first = self._value(reading, chosen)
        return Rows(
            (
                Row(self.say("reading"), (Entry((*first.line, Said(other))),)),
                Row(self.say("other_readings"), tuple(others)),
            )
        )

    def _value(self, reading: Reading, value: str) -> Entry:
        return Entry((Said(f"{self.say(reading.values[value])} "), Said(value, style="code")))

    # ------------------------------------------------------------------------------------------------ words

    def _words(self) -> Section:
        tables = [self._dimension(name) for name in DIMENSIONS]
        blocks: list[Block] = [table for table in tables if table.rows]
        blocks += [table for table in (self._conditions(), self._facts()) if table.rows]
        return Section(line(self.say("words")), tuple(blocks), "words")

    def _dimension(self, dimension: str) -> Table:
        """Return the words of one dimension that rules name, their kinds, and what these are kinds of, as a table."""
        vocabulary = self.policy.vocabulary
        declared = vocabulary.terms[dimension]
        field = DIMENSIONS[dimension]
        of = {one for one, row in ROWS.items() if row.dimension == dimension}
        named = {
            term
            for leaf in self._leaves()
            if isinstance(leaf, In | NotIn) and leaf.field in of
            for term in leaf.written
        }
        named |= {term for clause in self.policy.clauses.values() for term in clause.defines.get(dimension, ())}
        used = vocabulary.over(dimension, vocabulary.closure(dimension, named))
        rows = []
        for name, term in declared.items():
            if name not in used:
                continue
            kinds = [(other, self.prose.term(field, other)) for other in declared if name in declared[other].is_a]
            below = [Entry((kind if other in used else Said(kind.text),)) for other, kind in kinds]
            if term.remainder:
                below.append(Entry(line(self.say("remainder"), "dim")))
            label = Said(self.say(term.label), at=anchor("word", dimension, name))
            rows.append(((Entry((label,)),), tuple(below), (Entry((Said(name, style="code"),)),)))
        return Table(self.say(ROWS[field].label), tuple(map(self.say, ("word", "kinds", "id"))), tuple(rows))

    def _conditions(self) -> Table:
        """Return the conditions that the policy has given names, as far as rules ask for them, as a table."""
        found: dict[str, tuple[Name, Condition]] = {}
        for rule in self.policy.rules:
            for condition in conditions_of(rule):
                for one in _called(condition):
                    plain = negated(one) if one.called is not None and one.called.turned else one
                    assert isinstance(plain, And | Or) and plain.called is not None
                    found.setdefault(plain.called.id, (plain.called, plain))
        rows = []
        for name, (called, condition) in found.items():
            label = Said(self.say(called.label), at=named_id(called))
            below = self.prose.entry(replace(condition, called=None))
            rows.append(((Entry((label,)),), (below,), (Entry((Said(name, style="code"),)),)))
        return Table(self.say("conditions"), tuple(map(self.say, ("condition", "means", "id"))), tuple(rows))

    def _facts(self) -> Table:
        """Return the types of fact for which rules ask, as a table."""
        asked = {leaf.type for leaf in self._leaves() if isinstance(leaf, Holds)}
        asked |= {leaf.after.type for leaf in self._leaves() if isinstance(leaf, Holds) and leaf.after is not None}
        rows = []
        for name, declared in self.policy.vocabulary.facts.items():
            if name in asked:
                states = tuple(Entry(self._states(field, declared)) for field in declared.fields.values())
                label = Said(self.say(declared.label))
                rows.append(((Entry((label,)),), states, (Entry((Said(name, style="code"),)),)))
        return Table(self.say("facts"), tuple(map(self.say, ("fact", "names", "id"))), tuple(rows))

    def _states(self, field: FactField, declared: FactType) -> Line:
        """Return what a field of a fact states: the field of an event with which it must agree, or its values."""
        name = Said(f"{field.id}", style="code")
        if held := HELD_FIELD.get(field.held):
            return (name, Said(f" {self.say(ROWS[held].label)}"))
        if field.of is not None:
            return (name, Said(f" {self.say(ROWS[DIMENSIONS[field.of]].label)}"))
        values = self.say(listed(declared.labels.get(value, same(value)) for value in sorted(field.values or ())))
        return (name, Said(f" {values}")) if values else (name,)

    def _leaves(self) -> Iterator[Condition]:
        return (leaf for rule in self.policy.rules for side in conditions_of(rule) for leaf in leaves(side))


def _called(condition: Condition) -> Iterator[And | Or]:
    """Yield the parts of a condition, itself included, that have a name, and those within them."""
    match condition:
        case And(parts, called) | Or(parts, called):
            if called is not None:
                yield condition
            for part in parts:
                yield from _called(part)
        case Not(part):
            yield from _called(part)
        case _:
            pass
