"""Answers to queries, for people: as text, as a table of Markdown, and as a page with a matrix."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from policyengine.analysis.query import ASKABLE, Answer, Permitted
from policyengine.analysis.wording import Need
from policyengine.model.fields import ROWS
from policyengine.report.pages import page, said
from policyengine.text import Language, Line, Text, Words, listed, same, visible

_SAID: Final[Mapping[str, Text]] = {
    "title": Text(ja="何が認められるか", en="What is permitted"),
    "rules": Text(ja="{policies}（{time} の時点のルール）", en="{policies}, as the rules stand on {time}"),
    "asked": Text(ja="問い", en="Question"),
    "anything": Text(ja="すべての取扱い", en="every flow"),
    "any": Text(ja="すべて", en="any"),
    "needs": Text(ja="必要なこと", en="what must be in place"),
    "always": Text(ja="なし（そのまま認められる）", en="nothing more"),
    "either": Text(ja="次のいずれか", en="one of"),
    "or": Text(ja="または", en="or"),
    "nothing": Text(ja="何も認められない", en="nothing is permitted"),
    "everything": Text(ja="すべて認められる", en="everything is permitted"),
    "no-event": Text(ja="このようなイベントはない", en="there is no such event"),
    "row": Text(ja="行", en="Row"),
    "matrix": Text(
        ja="一覧（数字は、条件を示す行）", en="Matrix (numbers lead to the rows with what must be in place)"
    ),
    "yes": Text(ja="認められる", en="permitted"),
    "no": Text(ja="認められない", en="not permitted"),
}
_WIDEST: Final = 80
"""So many words a side of a matrix has at most."""


def answer_lines(answer: Answer, lang: Language) -> Iterator[Line]:
    """Yield an answer as lines for people."""
    yield (Words(_rules(answer, lang), "dim"),)
    about = _about(answer, lang)
    yield (Words(f"{_SAID['asked'].say(lang)}: ", "dim"), Words(about, "strong"))
    if (whole := _whole(answer)) is not None:
        yield (Words(whole.say(lang), "bad" if answer.nothing else "good"),)
        return
    for number, row in enumerate(answer.rows, 1):
        where = "  /  ".join(f"{_label(name, lang)}: {among.message.say(lang)}" for name, among in row.where.items())
        yield (
            Words(f"{number:>3}. ", "dim"),
            Words("✓ ", "good"),
            Words(where or _SAID["anything"].say(lang), "strong"),
        )
        for need in row.needs:
            yield (Words("       • "), *_need(need, lang))
        for some in row.either:
            yield (Words(f"       • {_SAID['either'].say(lang)}:"),)
            for way in some:
                yield (Words("           – "), Words(_all(way).say(lang)))


def answer_table(answer: Answer, lang: Language) -> Iterator[str]:
    """Yield an answer as the lines of a table in Markdown."""
    columns = [_label(name, lang) for name in answer.asked]
    yield _cells(["", *columns, _SAID["needs"].say(lang)])
    yield "|" + " --- |" * (len(columns) + 2)
    if (whole := _whole(answer)) is not None and not answer.rows:
        yield _cells(["", *("" for _ in columns), whole.say(lang)])
    for number, row in enumerate(answer.rows, 1):
        where = [_value(row, name).say(lang) for name in answer.asked]
        yield _cells([str(number), *where, "<br>".join(_conditions(row, lang)) or _SAID["always"].say(lang)])


def answer_page(answer: Answer, lang: Language) -> str:
    """Return an answer as a page of its own: its rows, and where it is about two things or more, a matrix of these."""
    title = _SAID["title"].say(lang)
    whole = _whole(answer)
    body = "".join(
        (
            f"<h1>{said(title)}</h1>",
            f'<p class="dim">{said(_rules(answer, lang))}</p>',
            f"<p>{said(_about(answer, lang))}</p>",
            f"<p><strong>{said(whole.say(lang))}</strong></p>" if whole is not None else "",
            _matrix(answer, lang) if answer.rows else "",
            _rows(answer, lang) if answer.rows else "",
        )
    )
    return page(title, body, lang)


def _rows(answer: Answer, lang: Language) -> str:
    head = "".join(
        f'<th scope="col">{said(text)}</th>'
        for text in (
            _SAID["row"].say(lang),
            *(_label(name, lang) for name in answer.asked),
            _SAID["needs"].say(lang),
        )
    )
    shown = []
    for number, row in enumerate(answer.rows, 1):
        where = "".join(f"<td>{said(_value(row, name).say(lang))}</td>" for name in answer.asked)
        needs = "".join(f"<li>{said(text)}</li>" for text in _conditions(row, lang))
        shown.append(
            f'<tr id="row-{number}"><th scope="row">{number}</th>{where}'
            f"<td>{f'<ul>{needs}</ul>' if needs else said(_SAID['always'].say(lang))}</td></tr>"
        )
    caption = said(_SAID["title"].say(lang))
    return (
        f'<div class="moved" tabindex="0" role="region" aria-label="{caption}"><table><caption>{caption}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(shown)}</tbody></table></div>"
    )


def _matrix(answer: Answer, lang: Language) -> str:
    sides = [(name, words) for name in answer.asked if 1 < len(words := answer.words(name)) <= _WIDEST]
    if len(sides) < 2:
        return ""
    (down, lines), (across, columns) = sorted(sides[-2:], key=lambda side: -len(side[1]))
    caption = said(_SAID["matrix"].say(lang))
    corner = f"{_label(down, lang)} \\ {_label(across, lang)}"
    head = "".join(f'<th scope="col">{said(label.say(lang))}</th>' for _, label in columns)
    body = "".join(
        f'<tr><th scope="row">{said(label.say(lang))}</th>'
        + "".join(_cell(answer, {down: word, across: other}, lang) for other, _ in columns)
        + "</tr>"
        for word, label in lines
    )
    return (
        f'<div class="moved" tabindex="0" role="region" aria-label="{caption}"><table class="matrix">'
        f'<caption>{caption}</caption><thead><tr><th scope="col">{said(corner)}</th>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _cell(answer: Answer, at: Mapping[str, str], lang: Language) -> str:
    about = [
        (number, row)
        for number, row in enumerate(answer.rows, 1)
        if all(name not in row.where or row.where[name].has(word) for name, word in at.items())
    ]
    if not about:
        return _sign("no", "–", _SAID["no"], lang)
    if any(not row.needs and not row.either and row.where.keys() <= at.keys() for _, row in about):
        return _sign("ok", "✓", _SAID["yes"], lang)
    return f'<td class="part">{" ".join(f"""<a href="#row-{number}">{number}</a>""" for number, _ in about)}</td>'


def _sign(kind: str, sign: str, means: Text, lang: Language) -> str:
    return (
        f'<td class="{kind}"><span aria-hidden="true">{sign}</span>'
        f'<span class="unseen">{said(means.say(lang))}</span></td>'
    )


def _whole(answer: Answer) -> Text | None:
    """Return what is to be said where there is nothing to tell apart."""
    if answer.no_event:
        return _SAID["no-event"]
    return _SAID["nothing"] if answer.nothing else _SAID["everything"] if answer.everything else None


def _rules(answer: Answer, lang: Language) -> str:
    policies = ", ".join(f"{name} {version}" for name, version in answer.policies)
    return _SAID["rules"].filled(policies=policies, time=answer.day).say(lang)


def _about(answer: Answer, lang: Language) -> str:
    return "  /  ".join(text.say(lang) for text in answer.about) or _SAID["anything"].say(lang)


def _label(name: str, lang: Language) -> str:
    return ROWS[ASKABLE[name]].label.say(lang)


def _value(row: Permitted, name: str) -> Text:
    return row.where[name].message if name in row.where else _SAID["any"]


def _need(need: Need, lang: Language) -> Line:
    return (Words(need.message.say(lang), "plain" if need.there else "warn"),)


def _all(way: Sequence[Need]) -> Text:
    return listed([need.message for need in way], last=Text(ja="、かつ", en="and"))


def _conditions(row: Permitted, lang: Language) -> list[str]:
    found = [need.message.say(lang) for need in row.needs]
    for some in row.either:
        either = Text(ja=" または ", en=" or ").say(lang).join(_all(way).say(lang) for way in some)
        found.append(same(f"{_SAID['either'].say(lang)}: {either}").say(lang))
    return found


def _cells(cells: Sequence[str]) -> str:
    return "| " + " | ".join(visible(cell).replace("|", "\\|") for cell in cells) + " |"
