"""What has changed between two policies, for people: in lines, and as a report."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from policyengine.analysis.changes import KINDS, Changes, Kind, Statement
from policyengine.analysis.declared import Declared
from policyengine.analysis.flips import Flip, Flips
from policyengine.analysis.witness import Said
from policyengine.model.fields import ROWS
from policyengine.model.policy import Policy
from policyengine.model.vocabulary import DIMENSIONS
from policyengine.moment import written
from policyengine.report.findings import Finding
from policyengine.report.parts import Block, Entry, Listing, Paragraph, Section, line
from policyengine.report.sentences import flow
from policyengine.report.statements import BESIDE, TITLES, Sentences
from policyengine.text import Language, Line, Text, Words, plain, same

SHOWN: Final = 3
"""So many statements that change no more than the clauses are shown where not all are asked for."""


@dataclass(frozen=True)
class Compared:
    """Two policies, and all that was found about what differs between them.

    Args:
        policies: both, as they were loaded.
        changes: what differs.
        statements: what that comes to.
        declared: what they declare differently.
        readings: for each statement, the readings that make its example differ: under the old ones it would not.
        flips: what becomes of real events, if there were any.
        at: the time for which they are compared; None for all.
        whole: whether everything is shown.
        lacking: what layers have against the text of the new policy or the change to it, and not against the old one.
    """

    policies: tuple[Policy, Policy]
    changes: Changes
    statements: Sequence[Statement]
    declared: Sequence[Declared]
    readings: Mapping[int, Sequence[str]]
    flips: Flips | None = None
    at: int | None = None
    whole: bool = False
    lacking: Sequence[Finding] = ()

    @property
    def wider(self) -> bool:
        """Whether something is newly permitted."""
        return any(of.kind == "permitted" for of in self.statements)

    def of_kind(self, kind: Kind) -> list[tuple[int, Statement]]:
        """Return the statements of one kind, each with its number: what changes most comes first."""
        found = [(number, of) for number, of in enumerate(self.statements) if of.kind == kind]
        return sorted(found, key=lambda one: not (one[1].gained or one[1].lost))

    def shown(self, kind: Kind) -> tuple[list[tuple[int, Statement]], int]:
        """Return the statements of one kind that are shown, and how many others there are."""
        found = self.of_kind(kind)
        if self.whole or kind != "terms":
            return found, 0
        owing = [one for one in found if one[1].gained or one[1].lost]
        rest = found[len(owing) :]
        return owing + rest[:SHOWN], max(len(rest) - SHOWN, 0)


# ---------------------------------------------------------------------------------------------- in words


def _heading(of: Compared) -> Text:
    old, new = of.policies
    return _COMPARED.filled(old=_name(old), new=_name(new))


def _name(policy: Policy) -> str:
    read = "".join(f" [{name} = {value}]" for name, value in policy.other_readings.items())
    return f"{policy.id} {policy.version}{read}"


def declared_texts(of: Compared) -> list[Text]:
    """Return what the policies declare differently; what has become the same of several things is told once."""
    words = opened(of)
    groups: dict[Text, list[Declared]] = {}
    for one in of.declared:
        groups.setdefault(_become(one, words.get((one.what, one.name))), []).append(one)
    found = []
    for become, some in groups.items():
        names = ", ".join(one.name for one in some)
        found.append(Text(ja="{names}: {become}", en="{names}: {become}").filled(names=names, become=become))
    return found


def _become(one: Declared, clauses: Sequence[str] | None) -> Text:
    """Return what something is, and what has become of it."""
    if one.change == "changed" and one.before is not None:
        return _CHANGED_FROM.filled(
            what=_WHAT.get(one.what, same(one.what)), before=one.before or "—", after=one.after or "—"
        )
    if one.what == "readings" and one.after is not None:
        change = _ADDED_AS.filled(value=one.after)
    else:
        change = _CHANGE[one.change]
    found = Text(ja="{what}の{change}", en="{what} {change}").filled(
        what=_WHAT.get(one.what, same(one.what)), change=change
    )
    if clauses is None:
        return found
    by = _OPENED.filled(clauses=", ".join(clauses)) if clauses else _OPENED_BY_NONE
    return Text(ja="{found}。{by}", en="{found}; {by}").filled(found=found, by=by)


def opened(of: Compared) -> dict[tuple[str, str], Sequence[str]]:
    """Return for each word that was added the clauses that permit something of it."""
    found: dict[tuple[str, str], Sequence[str]] = {}
    for one in of.declared:
        if one.what not in DIMENSIONS or one.change != "added" or one.what == "parties":
            continue
        field, clauses = DIMENSIONS[one.what], set[str]()
        for statement in of.statements:
            values = statement.row.where.get(field, ())
            if statement.kind == "permitted" and any(
                one.name in of.changes.diagram.members(field, value) for value in values if isinstance(value, str)
            ):
                clauses |= set(statement.clauses[1])
        found[one.what, one.name] = sorted(clauses)
    return found


def _decided(before: Said, after: Said) -> Text:
    return _BEFORE_AFTER.filled(before=_outcome(before), after=_outcome(after))


def _outcome(of: Said) -> Text:
    clauses = ", ".join(of.clauses) or "—"
    return (_PERMITTED if of.outcome == "permit" else _DENIED).filled(clauses=clauses)


def _clauses(of: Statement) -> Text:
    if of.kind == "terms":
        return _FROM_TO.filled(before=", ".join(of.clauses[0]) or "—", after=", ".join(of.clauses[1]) or "—")
    clauses = of.clauses[1 if of.kind == "permitted" else 0]
    return (_CITED_NOW if of.kind == "permitted" else _CITED_BEFORE).filled(clauses=", ".join(clauses) or "—")


def _example(of: Statement, policies: Sequence[Policy]) -> Text:
    return _EXAMPLE.filled(flow=flow(of.witness, policies), decided=_decided(*of.said))


def _because(names: Sequence[str], of: Compared) -> Text:
    old, new = of.policies
    read = ", ".join(f"{name}: {old.chosen[name]} → {new.chosen[name]}" for name in names)
    return _BY_READING.filled(readings=read)


def _notes(of: Compared) -> list[Text]:
    notes = [_AS_IF_IN_FORCE if of.at is None else _AT.filled(time=written(of.at))]
    if any(one.what in DIMENSIONS and one.change != "changed" for one in of.declared):
        notes.append(_OTHER_WORDS)
    return notes


def _flips(found: Flips) -> Text:
    return _EVENTS.filled(
        total=f"{found.total:,}", unread=f"{found.unread:,}", **{kind: f"{found.count(kind):,}" for kind in KINDS}
    )


def _flip(of: Flip) -> Text:
    return _FLIP.filled(count=f"{of.count:,}", kind=TITLES[of.kind], decided=_decided(*of.said))


# ---------------------------------------------------------------------------------------------- as text


def lines(of: Compared, lang: Language) -> Iterator[Line]:
    """Yield what has changed, for people."""
    yield (Words(_heading(of).say(lang), "strong"),)
    for note in _notes(of):
        yield (Words(note.say(lang), "dim"),)
    if of.declared:
        yield ()
        yield (Words(_DECLARED.say(lang), "strong"),)
        for text in declared_texts(of):
            yield (Words("  " + text.say(lang)),)
    sentences = Sentences(of.changes)
    for kind in KINDS:
        found, more = of.shown(kind)
        if not found:
            continue
        yield ()
        style: Any = {"permitted": "warn", "denied": "bad", "terms": "strong"}[kind]
        yield (Words(TITLES[kind].say(lang), style),)
        yield (Words(BESIDE[kind].say(lang), "dim"),)
        for number, statement in found:
            yield (Words("  - " + sentences.statement(statement).say(lang)),)
            yield (Words("    " + _clauses(statement).say(lang), "dim"),)
            if number in of.readings:
                yield (Words("    " + _because(of.readings[number], of).say(lang)),)
            yield (Words("    " + _example(statement, of.policies).say(lang), "dim"),)
        if more:
            yield (Words("  " + _MORE.filled(count=more).say(lang)),)
    if not of.statements:
        yield ()
        yield (Words(_SAME.say(lang), "good"),)
    if of.flips is not None:
        yield ()
        yield (Words(_flips(of.flips).say(lang), "strong"),)
        for flip in of.flips.found():
            yield (Words("  - " + _flip(flip).say(lang)),)
            for sample in _samples(of, flip, lang):
                yield (Words(f"    {sample}", "dim"),)
    if of.lacking:
        yield ()
        yield (Words(_LACKING.say(lang), "strong"),)
        for finding in of.lacking:
            for told in finding.lines(lang):
                yield (Words("  "), *told)


# ---------------------------------------------------------------------------------------------- as a report


def section(of: Compared, lang: Language) -> Section:
    """Return what has changed as a report: Markdown for a pull request is made of it, and a page for a lawyer."""
    sentences = Sentences(of.changes)
    blocks: list[Block] = [Paragraph(line(note.say(lang), "dim")) for note in _notes(of)]
    if not of.statements:
        blocks.append(Paragraph(line(_SAME.say(lang)), marked=True))
    for kind in KINDS:
        found, more = of.shown(kind)
        if not found:
            continue
        entries = [_entry(of, number, one, sentences, lang) for number, one in found]
        entries += [Entry(line(_MORE.filled(count=more).say(lang)))] if more else []
        title = f"{TITLES[kind].say(lang)} ({len(of.of_kind(kind))})"
        beside = Paragraph(line(BESIDE[kind].say(lang), "dim"))
        blocks.append(Section(line(title), (beside, Listing(tuple(entries))), kind))
    if of.declared:
        told = tuple(Entry(line(text.say(lang))) for text in declared_texts(of))
        blocks.append(Section(line(_DECLARED.say(lang)), (Listing(told),), "declared"))
    if of.flips is not None:
        flips = tuple(
            Entry(line(_flip(flip).say(lang)), tuple(Entry(line(one)) for one in _samples(of, flip, lang)))
            for flip in of.flips.found()
        )
        listing = (Listing(flips),) if flips else ()
        blocks.append(
            Section(line(_ON_EVENTS.say(lang)), (Paragraph(line(_flips(of.flips).say(lang))), *listing), "events")
        )
    if of.lacking:
        told = tuple(Entry(line(plain(finding.words(lang)))) for finding in of.lacking)
        blocks.append(Section(line(_LACKING.say(lang)), (Listing(told),), "lacking"))
    return Section(line(_heading(of).say(lang)), tuple(blocks))


def _entry(of: Compared, number: int, statement: Statement, sentences: Sentences, lang: Language) -> Entry:
    below = [Entry(line(_clauses(statement).say(lang), "dim"))]
    if number in of.readings:
        below.append(Entry(line(_because(of.readings[number], of).say(lang), "strong")))
    event = json.dumps(dict(statement.witness), ensure_ascii=False)
    below.append(Entry(line(_example(statement, of.policies).say(lang)), (Entry(line(event, "code")),)))
    return Entry(line(sentences.statement(statement).say(lang)), tuple(below))


def _samples(of: Compared, flip: Flip, lang: Language) -> Iterator[str]:
    return (f"{event.get('id')}: {flow(event, of.policies).say(lang)}" for event in flip.samples)


_COMPARED: Final = Text(ja="変更点: {old} → {new}", en="What changed: {old} → {new}")
_AS_IF_IN_FORCE: Final = Text(
    ja="どちらも常に施行されているものとして、すべての取扱いについて比べた。",
    en="Compared for every flow, each policy as if it were in force.",
)
_AT: Final = Text(
    ja="{time} の時点のすべての取扱いについて比べた。",
    en="Compared for every flow at {time}, as if in force.",
)
_OTHER_WORDS: Final = Text(
    ja="一方だけが知る語を事実が述べるときは、その語を知らないポリシーはそれを何でもありうるものと読む。以下には含めない。",
    en="Of facts that state a word which one policy alone knows, and the other takes for anything, nothing is told.",
)
_DECLARED: Final = Text(ja="宣言の違い", en="Declared differently")
_LACKING: Final = Text(ja="変更した文面にレイヤーが求めること", en="What layers ask of the changed text")
_ON_EVENTS: Final = Text(ja="実際のイベント", en="On real events")
_SAME: Final = Text(
    ja="どの取扱いについても、許可されるかどうか、根拠の条項、義務に違いはない。",
    en="No flow is decided differently: neither whether it is permitted, nor by which clauses, nor what it obliges to.",
)
_MORE: Final = Text(
    ja="ほか、根拠の条項だけが変わるもの {count} 件（--all で表示）",
    en="and {count} more that change the clauses alone (--all shows them)",
)
_CITED_NOW: Final = Text(ja="許可の根拠: {clauses}", en="permitted by: {clauses}")
_CITED_BEFORE: Final = Text(ja="これまでの根拠: {clauses}", en="was permitted by: {clauses}")
_FROM_TO: Final = Text(ja="根拠: {before} → {after}", en="rests on: {before} → {after}")
_EXAMPLE: Final = Text(ja="例: {flow} — {decided}", en="example: {flow} — {decided}")
_BEFORE_AFTER: Final = Text(ja="以前は{before}、今は{after}", en="before: {before}; now: {after}")
_PERMITTED: Final = Text(ja="許可（{clauses}）", en="permitted ({clauses})")
_DENIED: Final = Text(ja="拒否（{clauses}）", en="denied ({clauses})")
_BY_READING: Final = Text(ja="読み方の違いによる: {readings}", en="because of how the text is read: {readings}")
_EVENTS: Final = Text(
    ja="イベント {total} 件中: 新たに許可 {permitted}、新たに拒否 {denied}、条件の変更 {terms}（不正 {unread}）",
    en="Of {total} events: {permitted} newly permitted, {denied} newly denied, {terms} on new terms ({unread} invalid)",
)
_FLIP: Final = Text(ja="{kind} {count} 件 — {decided}", en="{kind}, {count}: {decided}")
_CHANGE: Final[Mapping[str, Text]] = {
    "added": Text(ja="追加", en="added"),
    "removed": Text(ja="削除", en="removed"),
    "changed": Text(ja="変更", en="changed"),
}
_CHANGED_FROM: Final = Text(ja="{what}: {before} → {after}", en="{what}: {before} → {after}")
_ADDED_AS: Final = Text(ja="追加（{value}）", en="added ({value})")
_OPENED: Final = Text(ja="許可する条項: {clauses}", en="permitted by {clauses}")
_OPENED_BY_NONE: Final = Text(ja="許可する条項はない", en="nothing permits it")
_WHAT: Final[Mapping[str, Text]] = {
    "policy": Text(ja="ポリシー", en="policy"),
    "readings": Text(ja="読み方", en="reading"),
    "clauses": Text(ja="条項", en="clause"),
    "obligations": Text(ja="義務", en="obligation"),
    "attributes": Text(ja="属性", en="attribute"),
    "facts": Text(ja="事実の型", en="type of fact"),
    **{name: ROWS[field].label for name, field in DIMENSIONS.items()},
}
