"""What has changed between two policies, as text, JSON, Markdown for a pull request, and a page for a lawyer."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from policyengine.analysis.changes import KINDS, Changes, Duty, Kind, Statement
from policyengine.analysis.declared import Declared
from policyengine.analysis.diagram import Equal
from policyengine.analysis.flips import Flip, Flips
from policyengine.analysis.witness import Said
from policyengine.model.condition import Field
from policyengine.model.fields import ROWS
from policyengine.model.policy import Policy
from policyengine.model.profile import Question
from policyengine.model.space import TIME, Variable
from policyengine.model.vocabulary import DIMENSIONS
from policyengine.moment import written
from policyengine.report.pages import page, said
from policyengine.report.sentences import flow
from policyengine.report.statements import BESIDE, TITLES, Sentences
from policyengine.text import Language, Line, Text, Words, same

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
    """

    policies: tuple[Policy, Policy]
    changes: Changes
    statements: Sequence[Statement]
    declared: Sequence[Declared]
    readings: Mapping[int, Sequence[str]]
    flips: Flips | None = None
    at: int | None = None
    whole: bool = False

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
            for event in flip.samples:
                yield (Words(f"    {event.get('id')}: {flow(event, of.policies).say(lang)}", "dim"),)


# ---------------------------------------------------------------------------------------------- as JSON


def as_json(of: Compared) -> str:
    """Return what has changed as one JSON document."""
    sentences, words = Sentences(of.changes), opened(of)

    def statement(number: int, one: Statement) -> dict[str, Any]:
        before, after = one.said
        return {
            "kind": one.kind,
            "message": sentences.statement(one).as_dict(),
            "where": {_variable(name): _values(of, name, values) for name, values in one.row.where.items()},
            "ways": [[_condition(of, name, values) for name, values in way.items()] for way in one.row.ways],
            "clauses": {"before": list(one.clauses[0]), "after": list(one.clauses[1])},
            "obligations": {"lost": _duties(one.lost), "gained": _duties(one.gained)},
            "readings": list(of.readings.get(number, ())),
            "example": {"event": dict(one.witness), "before": _said(before), "after": _said(after)},
        }

    document: dict[str, Any] = {
        "old": _policy(of.policies[0]),
        "new": _policy(of.policies[1]),
        "at": None if of.at is None else written(of.at),
        "wider": of.wider,
        "declared": [
            {
                "what": one.what,
                "name": one.name,
                "change": one.change,
                "before": one.before,
                "after": one.after,
                **({"opened_by": list(words[one.what, one.name])} if (one.what, one.name) in words else {}),
            }
            for one in of.declared
        ],
        "statements": [statement(number, one) for number, one in enumerate(of.statements)],
    }
    if of.flips is not None:
        document["events"] = {
            "total": of.flips.total,
            "unread": of.flips.unread,
            **{kind: of.flips.count(kind) for kind in KINDS},
            "flips": [
                {
                    "kind": flip.kind,
                    "count": flip.count,
                    "before": _said(flip.said[0]),
                    "after": _said(flip.said[1]),
                    "samples": [event.get("id") for event in flip.samples],
                }
                for flip in of.flips.found()
            ],
        }
    return json.dumps(document, indent=2, ensure_ascii=False)


def _policy(policy: Policy) -> dict[str, Any]:
    return {
        "id": policy.id,
        "version": policy.version,
        "digest": policy.digest,
        "readings": policy.other_readings,
    }


def _said(of: Said) -> dict[str, Any]:
    return {"outcome": of.outcome, "clauses": list(of.clauses)}


def _duties(duties: Iterable[Duty]) -> list[dict[str, str]]:
    return [{"id": name, "clause": clause} for name, clause, _ in duties]


def _variable(variable: Variable) -> str:
    if isinstance(variable, Field):
        return ROWS[variable].name
    return f"attributes.{variable[1:]}" if isinstance(variable, str) and variable.startswith("@") else str(variable)


def _values(of: Compared, variable: Variable, values: Sequence[Any]) -> list[Any]:
    found: list[Any] = []
    for value in values:
        if variable == TIME:
            found.append(written(value))
        elif isinstance(value, Equal):
            found.append({"same_as": [ROWS[field].name for field in value.fields]})
        elif isinstance(variable, Field) and isinstance(value, str):
            found += of.changes.diagram.members(variable, value)
        else:
            found.append(value if isinstance(value, str | bool | int | float) else None)
    return found


def _condition(of: Compared, variable: Variable, values: Sequence[Any]) -> dict[str, Any]:
    if isinstance(variable, Question):
        where = {name: sorted(accepted) for name, accepted in variable.holds.where}
        return {"fact": variable.holds.type, "where": where, "there": values == (True,)}
    return {"field": _variable(variable), "values": _values(of, variable, values)}


# ---------------------------------------------------------------------------------------------- as Markdown


def as_markdown(of: Compared, lang: Language) -> str:
    """Return what has changed as Markdown, to be posted where rules are reviewed."""

    def say(text: Text) -> str:
        return "".join(f"\\{char}" if char in _MARKS else char for char in text.say(lang))

    parts = [f"### {say(_heading(of))}", *(f"*{say(note)}*" for note in _notes(of))]
    if of.declared:
        parts.append(f"**{say(_DECLARED)}**")
        parts.append("\n".join(f"- {say(text)}" for text in declared_texts(of)))
    sentences = Sentences(of.changes)
    for kind in KINDS:
        found, more = of.shown(kind)
        if not found:
            continue
        parts += [f"#### {say(TITLES[kind])} ({len(of.of_kind(kind))})", say(BESIDE[kind])]
        items = []
        for number, statement in found:
            item = f"- {say(sentences.statement(statement))}\n  {say(_clauses(statement))}"
            if number in of.readings:
                item += f"\n  **{say(_because(of.readings[number], of))}**"
            example = json.dumps(dict(statement.witness), ensure_ascii=False)
            item += (
                f"\n  <details><summary>{said(_example(statement, of.policies).say(lang))}</summary>\n\n"
                f"  ```json\n  {example}\n  ```\n\n  </details>"
            )
            items.append(item)
        items += [f"- {say(_MORE.filled(count=more))}"] if more else []
        parts.append("\n".join(items))
    if not of.statements:
        parts.append(say(_SAME))
    if of.flips is not None:
        parts.append(f"#### {say(_flips(of.flips))}")
        parts.append("\n".join(f"- {say(_flip(flip))}" for flip in of.flips.found()))
    return "\n\n".join(part for part in parts if part) + "\n"


_MARKS: Final = "\\`*_[]<>#|"
"""Signs that mean something in Markdown."""


# ---------------------------------------------------------------------------------------------- as a page


def as_html(of: Compared, lang: Language) -> str:
    """Return what has changed as a page of its own."""

    def say(text: Text) -> str:
        return said(text.say(lang))

    parts = [f"<h1>{say(_heading(of))}</h1>", *(f'<p class="dim">{say(note)}</p>' for note in _notes(of))]
    sentences = Sentences(of.changes)
    counts = "".join(
        f"<tr><th scope='row'>{say(TITLES[kind])}</th><td class='n'>{len(of.of_kind(kind))}</td></tr>" for kind in KINDS
    )
    parts.append(f"<table><caption>{say(_STATEMENTS)}</caption>{counts}</table>")
    for kind in KINDS:
        found = of.of_kind(kind)
        if not found:
            continue
        parts.append(f"<h2>{say(TITLES[kind])}</h2><p>{say(BESIDE[kind])}</p><ol>")
        for number, statement in found:
            because = f"<br><strong>{say(_because(of.readings[number], of))}</strong>" if number in of.readings else ""
            example = said(json.dumps(dict(statement.witness), ensure_ascii=False, indent=1))
            parts.append(
                f"<li><p>{say(sentences.statement(statement))}{because}"
                f'<br><span class="dim">{say(_clauses(statement))}</span></p>'
                f"<details><summary>{say(_example(statement, of.policies))}</summary>"
                f"<pre tabindex='0'>{example}</pre></details></li>"
            )
        parts.append("</ol>")
    if not of.statements:
        parts.append(f"<p>{say(_SAME)}</p>")
    if of.declared:
        items = "".join(f"<li>{say(text)}</li>" for text in declared_texts(of))
        parts.append(f"<h2>{say(_DECLARED)}</h2><ul>{items}</ul>")
    if of.flips is not None:
        flips = "".join(
            f"<li>{say(_flip(flip))}<ul>"
            + "".join(
                f"<li>{said(str(event.get('id')))}: {say(flow(event, of.policies))}</li>" for event in flip.samples
            )
            + "</ul></li>"
            for flip in of.flips.found()
        )
        parts.append(f"<h2>{say(_flips(of.flips))}</h2><ul>{flips}</ul>")
    return page(_heading(of).say(lang), "".join(parts), lang)


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
_STATEMENTS: Final = Text(ja="変更の数", en="How many things changed")
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
_FLIP: Final = Text(ja="{count} 件 {kind} — {decided}", en="{count}: {kind} — {decided}")
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
