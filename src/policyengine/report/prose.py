"""Rules in prose: what each statement of the algebra says to people, with every word of its conditions by its label.

It is made of what rules were lowered to, so that it holds for every kind of rule, and of nothing else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, Final

from policyengine.analysis.witness import zone_of
from policyengine.calendar import PLAIN_ZONE, lapse, shown
from policyengine.model.condition import (
    ALWAYS,
    NEVER,
    And,
    Condition,
    Elsewhere,
    Field,
    Holds,
    In,
    Name,
    Not,
    NotIn,
    Or,
    all_of,
    leaves,
)
from policyengine.model.fact import HELD_FIELD
from policyengine.model.fields import EVENT, ROWS
from policyengine.model.operation import NEEDS_PURPOSE
from policyengine.model.policy import Policy
from policyengine.model.rule import Alternative, Duty, Head, Permit, Replacement, Restriction, Rule
from policyengine.model.time_words import lasting
from policyengine.model.vocabulary import DIMENSION_OF
from policyengine.model.words import describe
from policyengine.moment import FOREVER
from policyengine.report.parts import Block, Entry, Line, Paragraph, Row, Rows, Said, Section, anchor, line
from policyengine.text import Language, Text, listed, same

_DONE: Final[Mapping[str, Text]] = {
    "acquire": Text(ja="取得", en="acquired"),
    "use": Text(ja="利用", en="used"),
    "retain": Text(ja="保有", en="kept"),
    "joint_use": Text(ja="共同利用", en="used jointly"),
    "entrust": Text(ja="委託・預託", en="entrusted to a contractor"),
    "provide": Text(ja="第三者への提供", en="provided to a third party"),
    "disclose": Text(ja="本人への開示", en="disclosed to the person"),
}
"""What can be done with data, as it stands in a sentence."""

_HANDLED: Final = Text(ja="取扱い", en="handled")
_OR: Final = Text(ja="または", en="or")

_MAY: Final = Text(ja="次の情報の{done}ができます。", en="These data may be {done}.")
_LEADS: Final[Mapping[str, Text]] = {
    "requirement-unmet": Text(
        ja="次の情報の{done}は、下の条件を満たす場合に限ります。",
        en="These data may be {done} only if the condition below is met.",
    ),
    "request-in-effect": Text(
        ja="本人の求めがあれば、次の情報の{done}をやめます。",
        en="When the person has asked for it, these data must no longer be {done}.",
    ),
    "retention-over": Text(
        ja="期間が過ぎれば、次の情報の{done}をやめます。",
        en="When their time is over, these data must no longer be {done}.",
    ),
}
"""How restrictions begin, by their codes."""

_NEVER_DONE: Final = Text(
    ja="次の情報の{done}はしません。認める条項があっても同じです。",
    en="These data must not be {done}, even where a clause permits it.",
)
_UNLESS_DONE: Final = Text(
    ja="次の情報の{done}は、下の例外に当たらない限り、しません。認める条項があっても同じです。",
    en="These data must not be {done}, even where a clause permits it, unless the exception below applies.",
)
_OWED: Final = Text(
    ja="次の情報の{done}が認められるときは、下の義務を負います。",
    en="Where these data may be {done}, what stands below is owed.",
)
_MEETS: Final = Text(
    ja="次の場合には、{clauses}が求めることは満たされ、禁じることは解かれます。",
    en="In this case, what is asked for by {clauses} is met, and what is forbidden there is lifted.",
)
_REPLACES: Final = Text(
    ja="次の場合には、{clauses}に代わってこの条項によります。{clauses}は何も認めません。",
    en="In this case, the clause takes the place of {clauses}: nothing is permitted there then.",
)
_REPLACES_WHOLLY: Final = Text(
    ja="次の場合には、{clauses}に代わってこの条項によります。{clauses}は何も認めず、禁じず、課しません。",
    en="In this case, the clause takes the place of {clauses}: nothing is permitted, forbidden or owed there then.",
)

_NAMES: Final[Mapping[Field, Text]] = {
    Field.SUBJECT: Text(ja="誰の情報か", en="Whose data"),
    Field.ITEM: Text(ja="どの項目か", en="Which data"),
    Field.PURPOSE: Text(ja="何のためか", en="For what"),
    Field.FORM: Text(ja="どんな形か", en="In which form"),
    Field.ORIGIN: Text(ja="どう取得したか", en="Acquired how"),
    Field.RECIPIENT: Text(ja="相手は誰か", en="To or with whom"),
    Field.SERVICE: Text(ja="何の業務の委託か", en="For which service"),
    Field.COUNTRY: Text(ja="相手はどの国か", en="In which country"),
    Field.ROLE: Text(ja="誰が取り扱うか", en="By whom"),
    Field.SOURCE: Text(ja="誰から取得するか", en="From whom"),
    Field.SOURCE_COUNTRY: Text(ja="どの国から取得するか", en="From which country"),
    Field.OPERATION: Text(ja="どの取扱いか", en="What is done"),
}
"""What rows are called that say which words a field may have."""

_ALL: Final[Mapping[Field, Text]] = {
    Field.SUBJECT: Text(ja="すべての人", en="everybody's"),
    Field.ITEM: Text(ja="すべての項目", en="any"),
    Field.PURPOSE: Text(ja="どの目的でも", en="any purpose"),
}
"""What is said of a permission that asks nothing of a field."""

_WORDS: Final[Mapping[str, Text]] = {
    "but": Text(ja="{words}以外", en="any but {words}"),
    "none": Text(ja="（なし）", en="(none)"),
    "all": Text(ja="次のすべて", en="all of these"),
    "any": Text(ja="次のいずれか", en="one of these"),
    "not": Text(ja="次に当たらない", en="this is not so"),
    "always": Text(ja="つねに", en="always"),
    "never": Text(ja="決して満たされない", en="never"),
    "turned": Text(ja="「{label}」に当たらない", en="not: {label}"),
    "where": Text(ja="条件", en="Where"),
    "about": Text(ja="この条項が扱う範囲", en="The clause speaks of"),
    "leans": Text(ja="前提となる条項", en="Resting on"),
    "leant": Text(ja="この条項を前提とする条項", en="Others that rest on it"),
    "leans_on": Text(
        ja="{clauses}のいずれかが、その情報のその目的での利用を認めていること",
        en="what one of {clauses} permits to use, for that purpose",
    ),
    "require": Text(ja="満たすべき条件", en="Only if"),
    "unless": Text(ja="例外", en="Unless"),
    "over": Text(ja="何に対してか", en="Standing over"),
    "over_only": Text(ja="{clauses}が認めるもの", en="what is permitted by {clauses}"),
    "spares": Text(ja="及ばないもの", en="Leaving alone"),
    "exempt": Text(ja="縛られない場合", en="Not binding"),
    "instead": Text(ja="その場合の義務", en="In its place"),
    "owes": Text(ja="義務", en="Owed then"),
    "owes_if": Text(ja="例外によるときの義務", en="Owed where the exception is used"),
    "owes_met": Text(ja="条件を満たすときの義務", en="Owed where it is met"),
    "for_some": Text(ja="{items}についての義務", en="Owed for {items}"),
    "passing": Text(ja="示されていなければ妨げないもの", en="No obstacle where unstated"),
    "force": Text(ja="効力", en="In force"),
    "from": Text(ja="{time} から", en="from {time}"),
    "until": Text(ja="{time} より前まで", en="until before {time}"),
    "reason": Text(ja="断る理由", en="Reason given"),
    "clause": Text(ja="条項 {numbers}", en="clause {numbers}"),
    "clauses": Text(ja="条項 {numbers}", en="clauses {numbers}"),
    "others": Text(ja="ほかのすべての条項", en="all other clauses"),
    "cited": Text(ja="条件を満たしたとき", en="Where it is met"),
    "silent": Text(ja="許可の根拠として挙げない", en="a permission does not cite it"),
}
"""The words that stand between those of the policy."""

_ACQUIRED: Final = next(row.label for row in EVENT if row.name == "acquired")


class Prose:
    """Says the rules of a policy.

    Args:
        policy: the policy.
        lang: the language of what is said.
    """

    def __init__(self, policy: Policy, lang: Language) -> None:
        self.policy = policy
        self.lang = lang
        self.vocabulary = policy.vocabulary

    def say(self, text: Text) -> str:
        """Return a text in the language."""
        return text.say(self.lang)

    def word(self, name: str, /, **parameters: object) -> str:
        """Return words that stand between those of the policy."""
        return self.say(_WORDS[name].filled(**parameters))

    def rules(self, rules: Collection[Rule]) -> Section:
        """Return what one table of a rule file says: a heading, and of each statement a sentence with its rows."""
        head = next(iter(rules)).head
        blocks: list[Block] = []
        for rule in rules:
            if isinstance(rule, Duty) and rule.beside:
                continue
            beside = [duty for duty in rules if isinstance(duty, Duty) and duty.beside]
            blocks += [Paragraph(self.lead(rule)), Rows((*self._rows(rule), *self._owed_beside(beside)))]
        blocks.append(Rows(tuple(self._of_head(head))))
        title = (Said(f"{self.say(head.title)} "), Said(head.id, style="code"))
        return Section(title, tuple(blocks), anchor("rule", head.clause, head.id), boxed=True)

    def lead(self, rule: Rule) -> Line:
        """Return the sentence that says what a statement does; its rows say to which flows."""
        match rule:
            case Permit(operations=operations):
                return line(self.say(_MAY.filled(done=done(operations))))
            case Restriction(code=code, when=when, unless=unless):
                lead = _LEADS.get(code, _NEVER_DONE if unless == NEVER else _UNLESS_DONE)
                return line(self.say(lead.filled(done=done(operations_of(when)))))
            case Duty(when=when):
                return line(self.say(_OWED.filled(done=done(operations_of(when)))))
            case Alternative(clauses=clauses):
                return line(self.say(_MEETS.filled(clauses=self._numbers(clauses))))
            case Replacement(clauses=clauses, wholly=wholly):
                return line(
                    self.say((_REPLACES_WHOLLY if wholly else _REPLACES).filled(clauses=self._numbers(clauses)))
                )

    def entry(self, condition: Condition) -> Entry:
        """Return a condition as a member of a list: what it combines stands below it."""
        match condition:
            case And(parts, Name() as called) | Or(parts, Name() as called):
                label = self.say(called.label)
                return Entry((Said(self.word("turned", label=label) if called.turned else label, to=named_id(called)),))
            case And(()):
                return Entry(line(self.word("always")))
            case Or(()):
                return Entry(line(self.word("never")))
            case And():
                return Entry(line(self.word("all")), tuple(map(self.entry, _parts(condition))))
            case Or(parts):
                return Entry(line(self.word("any")), tuple(map(self.entry, parts)))
            case Not(Holds() as fact):
                return Entry(line(self.word("turned", label=describe(fact, self.vocabulary))))
            case Not(part):
                return Entry(line(self.word("not")), (self.entry(part),))
            case In(field) | NotIn(field):
                return Entry((Said(f"{self.name(field)}: "), *self.terms(condition)))
            case _:
                return Entry(line(self.say(describe(condition, self.vocabulary))))

    def entries(self, condition: Condition) -> tuple[Entry, ...]:
        """Return what must all be met for a condition, one by one."""
        return tuple(map(self.entry, _parts(condition))) or (self.entry(condition),)

    def name(self, field: Field) -> str:
        """Return what a row is called that says which words a field may have."""
        return self.say(_NAMES.get(field, ROWS[field].label))

    def terms(self, leaf: In | NotIn) -> Line:
        """Return the words that a leaf names, each leading to what it means."""
        words: list[Said] = []
        for term in leaf.written:
            if words:
                words.append(Said("、" if self.lang == "ja" else ", "))
            words.append(self.term(leaf.field, term))
        words = words or [Said(self.word("none"))]
        if isinstance(leaf, In):
            return tuple(words)
        before, _, after = _WORDS["but"].say(self.lang).partition("{words}")
        return tuple([said for said in (Said(before), *words, Said(after)) if said.text])

    def term(self, field: Field, term: str) -> Said:
        """Return what people call a word, leading to what it means where that is declared."""
        dimension = DIMENSION_OF.get(field)
        known = dimension is not None and term in self.vocabulary.terms[dimension]
        label = self.say(self.vocabulary.label(field, term))
        return Said(label, to=anchor("word", dimension, term) if known and dimension is not None else "")

    def clauses(self, numbers: Iterable[str]) -> Line:
        """Return clauses, each leading to what it says, in the order of the text."""
        found: list[Said] = []
        for number in self._in_order(numbers):
            if found:
                found.append(Said("、" if self.lang == "ja" else ", "))
            found.append(Said(number, to=anchor("clause", number)))
        return tuple(found)

    def obligation(self, name: str) -> Entry:
        """Return what an obligation asks, and when it is due."""
        declared = self.policy.obligations[name]
        below = [Entry(line(f"{key}: {self._parameter(value)}")) for key, value in declared.parameters.items()]
        return Entry((Said(self.say(declared.message), to=anchor("obligation", name)),), tuple(below))

    def leaning(self, permit: Permit) -> tuple[Entry, ...]:
        """Return on what a permit rests beside its own conditions."""
        if permit.licensed_by is None:
            return ()
        return (self._around("leans_on", "clauses", self.clauses(permit.licensed_by)),)

    def spared(self, rule: Restriction) -> tuple[Entry, ...]:
        """Return what a restriction leaves alone."""
        return (self._around("over_only", "clauses", self.clauses(rule.spares)),) if rule.spares else ()

    def rule(self, rule: Rule) -> Entry:
        """Return a rule by its clause and its title, leading to where it stands."""
        head = rule.head
        return Entry((Said(f"{head.clause} {self.say(head.title)}", to=anchor("rule", head.clause, head.id)),))

    def force(self, start: int, end: int) -> str:
        """Return from when until when something is in force; empty where it always is."""
        parts = [
            self.word(word, time=self.time(at))
            for word, at, bound in (("from", start, start > -FOREVER), ("until", end, end < FOREVER))
            if bound
        ]
        return " ".join(parts)

    def time(self, instant: int) -> str:
        """Return an instant as people read it, by the calendar of the policy."""
        day, _, clock = shown(instant, self._zone).partition("T")
        zone = clock[8:] if self.policy.zone == PLAIN_ZONE else self.policy.zone
        return f"{day} {clock[:5]} ({zone})"

    @cached_property
    def _zone(self) -> str:
        """The time zone of the policy; where it has none, the one in which its days begin."""
        policy = self.policy
        return zone_of([policy.start] if policy.start > -FOREVER else []) if policy.zone == PLAIN_ZONE else policy.zone

    def _rows(self, rule: Rule) -> Iterator[Row]:
        """Yield what is said of one statement, but for what its head has."""
        match rule:
            case Permit():
                yield from self._of_permit(rule)
            case Restriction():
                yield from self._of_restriction(rule)
            case Duty(head, when):
                yield from self._flows(when)
                yield self._owed("owes", head.obligations)
            case Alternative(when=when) | Replacement(when=when):
                yield from self._flows(when)

    def _of_permit(self, permit: Permit) -> Iterator[Row]:
        fields = [{leaf.field for leaf in _of_fields(side)} for side in (permit.about, permit.terms)]
        simple = all(isinstance(part, In | NotIn) for part in _parts(permit.about)) and not fields[0] & fields[1]
        everything = self.unasked(permit)
        if simple:
            yield from self._flows(all_of(permit.about, permit.terms), everything)
        else:
            yield Row(self.word("about"), self.entries(permit.about))
            yield from self._flows(permit.terms, everything)
        yield Row(self.word("leans"), self.leaning(permit))
        if permit.licence:
            leaning = {
                other.head.clause
                for other in self.policy.rules
                if isinstance(other, Permit) and permit.head.clause in (other.licensed_by or ())
            }
            yield Row(self.word("leant"), (Entry(self.clauses(leaning)),) if leaning else ())
        yield self._owed("owes", permit.head.obligations)

    def unasked(self, permit: Permit) -> list[Field]:
        """Return the fields of which a permission asks nothing, nor do the clauses and facts on which it rests."""
        if permit.licensed_by is not None:
            return []
        found = leaves(all_of(permit.about, permit.terms))
        if any(isinstance(leaf, Elsewhere) for leaf in found):
            return []
        asked = {leaf.field for leaf in found if isinstance(leaf, In | NotIn)}
        for leaf in found:
            if isinstance(leaf, Holds):
                held = self.vocabulary.facts[leaf.type].fields.values()
                asked |= {HELD_FIELD[field.held] for field in held if field.held in HELD_FIELD}
        if not permit.operations & NEEDS_PURPOSE:
            asked.add(Field.PURPOSE)
        return [field for field in _ALL if field not in asked]

    def _of_restriction(self, rule: Restriction) -> Iterator[Row]:
        yield from self._flows(rule.when)
        required = rule.code == "requirement-unmet"
        if rule.unless != NEVER or required:
            yield Row(self.word("require" if required else "unless"), self.entries(rule.unless))
        if rule.only is not None:
            yield Row(self.word("over"), (self._around("over_only", "clauses", self.clauses(rule.only)),))
        yield Row(self.word("spares"), self.spared(rule))
        if rule.exempt != NEVER:
            yield Row(self.word("exempt"), self.entries(rule.exempt))
            yield self._owed("instead", rule.instead)
        yield self._owed("owes_met" if required else "owes_if", rule.head.obligations)
        if required and not rule.cited:
            yield Row(self.word("cited"), (Entry(line(self.word("silent"))),))
        if rule.code not in _LEADS and rule.code != "prohibited":
            given = tuple([Entry(line(f"{name}: {self._parameter(value)}")) for name, value in rule.parameters])
            said = (Said(f"{self.say(rule.message)} "), Said(rule.code, style="code"))
            yield Row(self.word("reason"), (Entry(said, given),))

    def flows(self, condition: Condition, everything: Collection[Field] = ()) -> dict[Field | None, tuple[Entry, ...]]:
        """Return which flows a condition means: words by field, in the order of an event, and at None all else.

        Args:
            condition: the condition; the operations of the first list of it are left out (`operations_of`).
            everything: fields of which it is said that all words will do.
        """
        found: dict[Field | None, list[Entry]] = {field: [Entry(line(self.say(_ALL[field])))] for field in everything}
        first = _list_of_operations(condition)
        for part in _parts(condition):
            if isinstance(part, In | NotIn):
                if part is not first:
                    found.setdefault(part.field, []).append(Entry(self.terms(part)))
            elif part != ALWAYS:
                found.setdefault(None, []).append(self.entry(part))
        return {field: tuple(found[field]) for field in sorted(found, key=_ORDER.index)}

    def _flows(self, condition: Condition, everything: Collection[Field] = ()) -> Iterator[Row]:
        for field, entries in self.flows(condition, everything).items():
            yield Row(self.word("where") if field is None else self.name(field), entries)

    def _of_head(self, head: Head) -> Iterator[Row]:
        """Yield what holds for all statements of a table."""
        if head.passing:
            names = map(self._passed, sorted(head.passing))
            yield Row(self.word("passing"), (Entry(line(self.say(listed(names)))),))
        for name, said in head.told:
            yield Row(self.say(name), (Entry(line(self.say(said))),))
        if spans := self.force(head.start, head.end):
            yield Row(self.word("force"), (Entry(line(spans)),))

    def _passed(self, name: str) -> Text:
        """Return what people call a field that passes unstated."""
        key, _, attribute = name.partition(".")
        if attribute:
            return self.vocabulary.attributes[attribute].label
        return _ACQUIRED if key == "acquired" else ROWS[Field(key)].label

    def _owed(self, name: str, obligations: Iterable[str]) -> Row:
        return Row(self.word(name), tuple(map(self.obligation, obligations)))

    def _owed_beside(self, duties: Iterable[Duty]) -> Iterator[Row]:
        for duty in duties:
            (leaf,) = _of_fields(duty.when)
            items = "".join(said.text for said in self.terms(leaf))
            yield Row(self.word("for_some", items=items), tuple(map(self.obligation, duty.head.obligations)))

    def _around(self, name: str, parameter: str, line: Line) -> Entry:
        """Return a line with words around it."""
        before, _, after = _WORDS[name].say(self.lang).partition(f"{{{parameter}}}")
        return Entry(tuple([said for said in (Said(before), *line, Said(after)) if said.text]))

    def _in_order(self, numbers: Iterable[str]) -> list[str]:
        order = {number: at for at, number in enumerate(self.policy.clauses)}
        return sorted(numbers, key=lambda number: order.get(number, len(order)))

    def _numbers(self, clauses: frozenset[str] | None) -> str:
        if clauses is None:
            return self.word("others")
        numbers = listed(map(same, self._in_order(clauses)))
        return self.word("clause" if len(clauses) == 1 else "clauses", numbers=numbers)

    def _parameter(self, value: Any) -> str:
        if isinstance(value, Mapping):
            return self.say(lasting(lapse(value["within"], self.policy.zone)))
        return ", ".join(map(str, value)) if isinstance(value, tuple | list) else str(value)


_ORDER: Final = (*_NAMES, *(field for field in Field if field not in _NAMES), None)


def named_id(name: Name) -> str:
    """Return the id by which a named condition is led to."""
    return anchor("condition", name.id)


def _parts(condition: Condition) -> tuple[Condition, ...]:
    """Return what must all be met for a condition; what has a name stays whole."""
    if isinstance(condition, And) and condition.called is None:
        return tuple(inner for part in condition.parts for inner in _parts(part))
    return (condition,)


def _of_fields(condition: Condition) -> list[In | NotIn]:
    return [leaf for leaf in leaves(condition) if isinstance(leaf, In | NotIn)]


def _list_of_operations(condition: Condition) -> In | None:
    """Return the list of operations that a condition asks for first; None where it asks for none, or otherwise."""
    lists = (part for part in _parts(condition) if isinstance(part, In) and part.field is Field.OPERATION)
    return next(lists, None)


def operations_of(condition: Condition) -> tuple[str, ...]:
    """Return the operations that a condition asks for in its first list of them; none where it has no such list."""
    found = _list_of_operations(condition)
    return () if found is None else found.written


def done(operations: Collection[str]) -> Text:
    """Return what may or may not be done, in the order of the contract."""
    done = [text for name, text in _DONE.items() if name in operations]
    return listed(done, last=_OR) if done else _HANDLED
