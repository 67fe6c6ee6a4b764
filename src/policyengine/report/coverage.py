"""Coverage as HTML: the rule files themselves, every line marked with what the suites exercise of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path

from policyengine.report.pages import page
from policyengine.suite.coverage import ConditionCoverage, Coverage, RuleCoverage
from policyengine.text import Language, Text

_SAID: Mapping[str, Text] = {
    "coverage": Text(ja="ルールのカバレッジ", en="Rule coverage"),
    "points": Text(
        ja="根拠となった条項、適用されたルール、真・偽・単独で結果を決めた条件（MC/DC）、列挙の語、読み方",
        en="clauses cited, rules applied, conditions true, false, deciding by themselves (MC/DC), terms, readings",
    ),
    "clause": Text(ja="条項", en="Clause"),
    "rule": Text(ja="ルール", en="Rule"),
    "gaps": Text(ja="まだ確認していないこと", en="Not seen yet"),
    "seen": Text(ja="確認", en="Seen"),
    "clauses": Text(ja="条項", en="Clauses"),
    "readings": Text(ja="読み方", en="Readings"),
    "all": Text(ja="すべて確認", en="all seen"),
    "unseen": Text(ja="未確認", en="not seen"),
}


def write_html(folder: Path, coverages: Iterable[Coverage], lang: Language = "en") -> Path:
    """Write the coverage of some policies as one page, and return its path.

    Args:
        folder: where ``index.html`` is written; it is made if it is not there.
        coverages: one for each policy.
        lang: the language of its texts.
    """
    folder.mkdir(parents=True, exist_ok=True)
    index = folder / "index.html"
    body = "".join(_policy(coverage, lang) for coverage in coverages)
    index.write_text(page(_SAID["coverage"].say(lang), body, lang), "utf-8")
    return index


def _policy(coverage: Coverage, lang: Language) -> str:
    seen, total = sum(coverage.points), len(coverage.points)
    rules = list(coverage.rules.values())
    files = list(dict.fromkeys(rule.place.file for rule in rules if rule.place is not None))
    return "".join(
        (
            f"<h1>{escape(coverage.policy)}</h1>",
            f'<div class="dim">{coverage.percent:.1f} % — {seen} / {total}: {_SAID["points"].say(lang)}</div>',
            f'<div class="bar"><i style="width:{coverage.percent:.2f}%"></i></div>',
            "<table><tr>",
            *(f"<th>{_SAID[word].say(lang)}</th>" for word in ("clause", "rule", "gaps")),
            f'<th class="n">{_SAID["seen"].say(lang)}</th></tr>',
            *(_row(rule, coverage.policy, files, lang) for rule in rules),
            "</table>",
            f"<h2>{_SAID['clauses'].say(lang)}</h2>",
            "".join(_chip(number, seen) for number, seen in coverage.clauses.items()),
            f"<h2>{_SAID['readings'].say(lang)}</h2>" if coverage.readings else "",
            "".join(
                f"<div>{escape(name)}: {''.join(_chip(value, seen) for value, seen in values.items())}</div>"
                for name, values in coverage.readings.items()
            ),
            *(_file(file, rules, f"{coverage.policy}-{number}", lang) for number, file in enumerate(files)),
        )
    )


def _row(rule: RuleCoverage, policy: str, files: list[str], lang: Language) -> str:
    seen, total = sum(rule.points), len(rule.points)
    anchor = f"#{policy}-{files.index(rule.place.file)}-L{rule.place.line}" if rule.place else "#"
    gaps = "".join(
        f"<div>{escape(condition.text.say(lang))} {_gaps(condition, lang)}</div>"
        for condition in rule.conditions.values()
        if condition.missing
    )
    return (
        f'<tr><td>{escape(rule.clause)}</td><td><a href="{escape(anchor)}">{escape(rule.rule)}</a></td>'
        f"<td>{gaps or _all_seen(lang)}</td>"
        f'<td class="n {_grade(seen, total)}">{seen} / {total}</td></tr>'
    )


def _file(file: str, rules: list[RuleCoverage], anchor: str, lang: Language) -> str:
    try:
        lines = Path(file).read_text("utf-8").splitlines()
    except OSError:
        return ""
    here = {rule.place.line: rule for rule in rules if rule.place is not None and rule.place.file == file}
    marks = _marks(lines, here, lang)
    shown = ""
    for number, line in enumerate(lines, 1):
        grade, note = marks.get(number, ("", ""))
        shown += f'<li id="{escape(anchor)}-L{number}" class="{grade}">{escape(line) or " "}{note}</li>'
    name = escape(Path(file).name)
    return f'<h2>{name}</h2><div class="file" role="region" aria-label="{name}" tabindex="0"><ol>{shown}</ol></div>'


def _marks(lines: list[str], rules: Mapping[int, RuleCoverage], lang: Language) -> dict[int, tuple[str, str]]:
    """Return the class and the note of each line that belongs to a rule's table, by its number."""
    found: dict[int, tuple[str, str]] = {}
    for start, rule in rules.items():
        grade = _grade(sum(rule.points), len(rule.points))
        note = "".join(_note(condition, lang) for condition in rule.conditions.values() if condition.missing)
        found[start] = (grade, f'<span class="said">{note}</span>' if note else "")
        for number in range(start + 1, len(lines) + 1):
            line = lines[number - 1].strip()
            if (
                (line.startswith("[") and not line.startswith(("[[clause.", "[clause.")))
                or line.startswith("[[")
                or not line
            ):
                break
            found[number] = (grade, "")
    return found


def _note(condition: ConditionCoverage, lang: Language) -> str:
    text = escape(condition.text.say(lang))
    return (
        f'<div class="no">{_SAID["unseen"].say(lang)}: {_gaps(condition, lang)} <span class="dim">{text}</span></div>'
    )


def _gaps(condition: ConditionCoverage, lang: Language) -> str:
    """Return a chip for each thing that was not seen; terms stand as they are written."""
    return "".join(_chip(gap, False) for gap in condition.gaps(lang))


def _all_seen(lang: Language) -> str:
    return f'<span class="ok">{_SAID["all"].say(lang)}</span>'


def _chip(text: str, seen: bool) -> str:
    return f'<span class="chip {"ok" if seen else "no"}">{escape(text)}</span>'


def _grade(seen: int, total: int) -> str:
    return "ok" if seen == total else "part" if seen else "no"
