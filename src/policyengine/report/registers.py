"""What a policy says, by subject: joint use, requests, how long data are kept, obligations, what is left open."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from policyengine.model.condition import NEVER, Field, all_of
from policyengine.model.policy import Policy
from policyengine.model.rule import Permit, Restriction
from policyengine.report.parts import Block, Entry, Said, Section, Table, anchor, entry, line
from policyengine.report.prose import Prose, done, operations_of
from policyengine.text import Language, Text

Cells = tuple[tuple[Entry, ...], ...]

_SAID: Final[Mapping[str, Text]] = {
    "joint_use": Text(ja="共同利用の一覧", en="Register of joint use"),
    "requests": Text(ja="本人からの求めと、その効果", en="What people may ask for"),
    "retention": Text(ja="保有する期間", en="How long data are kept"),
    "obligations": Text(ja="義務の一覧", en="Register of obligations"),
    "readings": Text(ja="読み方と、定まっていないこと", en="How it is read, and what it leaves open"),
    "organisational": Text(ja="組織についての条項", en="What the organisation does"),
    "rule": Text(ja="ルール", en="Rule"),
    "with": Text(ja="共同して利用する者の範囲", en="With whom"),
    "subjects": Text(ja="誰の情報か", en="Whose data"),
    "items": Text(ja="項目", en="Items"),
    "purposes": Text(ja="利用目的", en="Purposes"),
    "besides": Text(ja="そのほかの条件", en="And only where"),
    "responsible": Text(ja="責任を有する者など", en="Responsible, and what else is told"),
    "asked": Text(ja="どんなとき", en="When"),
    "effect": Text(ja="どうなるか", en="What follows"),
    "except": Text(ja="例外", en="Exceptions"),
    "stops": Text(ja="{done}をやめる", en="no longer {done}"),
    "shown": Text(ja="{done}ができる", en="may be {done}"),
    "whose": Text(ja="どの情報か", en="Which data"),
    "obligation": Text(ja="義務", en="Obligation"),
    "clause": Text(ja="条項", en="Clause"),
    "owed_by": Text(ja="課すルール", en="Rules that impose it"),
    "summary": Text(ja="内容", en="What it says"),
    "why": Text(ja="個々の取扱いを決めない理由", en="Why no flow is decided by it"),
    "question": Text(ja="問い", en="Question"),
    "chosen": Text(ja="この文書での読み方", en="As read here"),
    "open": Text(ja="定まっていないこと", en="Left open"),
}


def registers(policy: Policy, lang: Language) -> Iterator[Section]:
    """Yield what a policy says by subject, a section each; where it says nothing of one, none.

    Args:
        policy: the policy, under chosen readings.
        lang: the language of what is said.
    """
    made = _Registers(policy, lang)
    for name, blocks in (
        ("joint_use", made.joint_use()),
        ("requests", made.requests()),
        ("retention", made.retention()),
        ("obligations", made.obligations()),
        ("organisational", made.organisational()),
        ("readings", made.readings()),
    ):
        if found := tuple(blocks):
            yield Section(line(_SAID[name].say(lang)), found, name)


class _Registers:
    def __init__(self, policy: Policy, lang: Language) -> None:
        self.policy, self.lang = policy, lang
        self.prose = Prose(policy, lang)

    def table(self, name: str, head: Iterable[str], rows: Iterable[Cells]) -> Iterator[Table]:
        """Yield a table, if it has rows."""
        if found := tuple(rows):
            yield Table(_SAID[name].say(self.lang), tuple(_SAID[one].say(self.lang) for one in head), found)

    def joint_use(self) -> Iterator[Block]:
        """Yield each arrangement: its items, the range of its parties, its purposes, who is responsible."""
        fields = (Field.RECIPIENT, Field.SUBJECT, Field.ITEM, Field.PURPOSE)

        def row(permit: Permit) -> Cells:
            found = self.prose.flows(all_of(permit.about, permit.terms), self.prose.unasked(permit))
            besides = [*self.prose.leaning(permit), *found.pop(None, ())]
            for field in found.keys() - set(fields):
                besides += [
                    Entry((Said(f"{self.prose.name(field)}: "), *one.line), one.below)
                    for one in found[field]
                    if field is not None
                ]
            told = [Entry(line(f"{self.prose.say(name)}: {self.prose.say(said)}")) for name, said in permit.head.told]
            cells = (found.get(field, ()) for field in fields)
            return ((self.prose.rule(permit),), *cells, tuple(besides), tuple(told))

        permits = [rule for rule in self._permits() if "joint_use" in rule.operations]
        head = ("rule", "with", "subjects", "items", "purposes", "besides", "responsible")
        return self.table("joint_use", head, map(row, permits))

    def requests(self) -> Iterator[Block]:
        """Yield what people may ask for, and what it stops."""
        rows: list[Cells] = []
        for rule in self.policy.rules:
            if isinstance(rule, Permit) and rule.operations == {"disclose"}:
                shown = _SAID["shown"].filled(done=done({"disclose"})).say(self.lang)
                when = tuple(self._where(rule))
                rows.append(((self.prose.rule(rule),), when, entry(shown), self.prose.leaning(rule)))
            elif isinstance(rule, Restriction) and rule.code == "request-in-effect":
                stops = _SAID["stops"].filled(done=done(operations_of(rule.when))).say(self.lang)
                rows.append(
                    ((self.prose.rule(rule),), tuple(self._where(rule)), entry(stops), tuple(self._lifted(rule)))
                )
        return self.table("requests", ("rule", "asked", "effect", "except"), rows)

    def retention(self) -> Iterator[Block]:
        """Yield how long data are kept."""
        rows = [
            (
                (self.prose.rule(rule),),
                tuple(self._where(rule)),
                entry(_SAID["stops"].filled(done=done(operations_of(rule.when))).say(self.lang)),
                tuple(self._lifted(rule)),
            )
            for rule in self.policy.rules
            if isinstance(rule, Restriction) and rule.code == "retention-over"
        ]
        return self.table("retention", ("rule", "asked", "effect", "except"), rows)

    def obligations(self) -> Iterator[Block]:
        """Yield each obligation, with the rules that impose it."""
        owed: dict[str, dict[Entry, None]] = {name: {} for name in self.policy.obligations}
        for rule in self.policy.rules:
            for name in (*rule.head.obligations, *(rule.instead if isinstance(rule, Restriction) else ())):
                owed[name][self.prose.rule(rule)] = None
        rows = []
        for name, declared in self.policy.obligations.items():
            asks = self.prose.obligation(name)
            first = (Entry((Said(asks.line[0].text, at=anchor("obligation", name)),), asks.below),)
            rows.append((first, (Entry(self.prose.clauses([declared.clause])),), tuple(owed[name])))
        return self.table("obligations", ("obligation", "clause", "owed_by"), rows)

    def organisational(self) -> Iterator[Block]:
        """Yield the clauses by which no flow is decided."""
        rows = [
            (
                (Entry(self.prose.clauses([clause.number])),),
                entry(self.prose.say(clause.summary)),
                entry(self.prose.say(clause.organisational)),
            )
            for clause in self.policy.clauses.values()
            if clause.organisational is not None
        ]
        return self.table("organisational", ("clause", "summary", "why"), rows)

    def readings(self) -> Iterator[Block]:
        """Yield how ambiguities are read here, and what the text leaves open."""
        rows = [
            (
                (Entry((Said(self.prose.say(reading.question)),)),),
                (Entry(self.prose.clauses([reading.clause] if reading.clause else ())),),
                entry(self.prose.say(reading.values[self.policy.chosen[name]])),
            )
            for name, reading in self.policy.readings.items()
        ]
        yield from self.table("readings", ("question", "clause", "chosen"), rows)
        points = [
            ((Entry(self.prose.clauses([clause.number])),), entry(self.prose.say(point)))
            for clause in self.policy.clauses.values()
            for point in clause.open
        ]
        yield from self.table("open", ("clause", "open"), points)

    def _permits(self) -> Iterator[Permit]:
        return (rule for rule in self.policy.rules if isinstance(rule, Permit))

    def _where(self, rule: Permit | Restriction) -> Iterator[Entry]:
        """Yield when a rule takes effect, its operations aside."""
        condition = all_of(rule.about, rule.terms) if isinstance(rule, Permit) else rule.when
        for field, entries in self.prose.flows(condition).items():
            for one in entries:
                name = () if field is None else (Said(f"{self.prose.name(field)}: "),)
                yield Entry((*name, *one.line), one.below)

    def _lifted(self, rule: Restriction) -> Iterator[Entry]:
        """Yield where a restriction does not bind."""
        yield from self.prose.entries(rule.unless) if rule.unless != NEVER else ()
        yield from self.prose.spared(rule)
        yield from self.prose.entries(rule.exempt) if rule.exempt != NEVER else ()
