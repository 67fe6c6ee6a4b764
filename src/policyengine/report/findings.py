"""What `check`, `test`, `fmt` and `mutate` report: one noun, and each rendering of it one function.

A command tries one thing after the other (a pack, a case, a file, a slip) and finds something about some of them.
People get a line for each finding, as compilers write them, and what belongs to it below; programs get JSON, JUnit,
SARIF or annotations of GitHub. JSON is exact. The others are read by people in the end, in the language that they ask
for.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import quote

import msgspec

from policyengine.errors import Code, Place, Problem
from policyengine.model.acceptance import Acceptance
from policyengine.text import Language, Line, Text, Words, plain, plain_text, visible

_NOT_XML: Final = "[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"  # compiled where it is used: that takes long


_ACCEPTED: Final = Text(ja="{until} の前日まで受け入れる: {reason}", en="until {until}: {reason}")


class Detail(NamedTuple):
    """Lines that belong to a finding, in both languages: why, what would change, a case to paste."""

    ja: tuple[Line, ...] = ()
    en: tuple[Line, ...] = ()

    def say(self, lang: Language) -> tuple[Line, ...]:
        """Return the lines in `lang`."""
        return self.ja if lang == "ja" else self.en


class Finding(Problem, frozen=True):
    """One thing that a command found: a problem of a rule file, or what it is about itself, such as a case that failed.

    Args:
        detail: what belongs to it.
        accepted: how the policy that it speaks of accepts it, if it does.
    """

    detail: Detail = Detail()
    accepted: Acceptance | None = None

    @property
    def counts(self) -> bool:
        """Whether a command that found it has found something: it is no note, and nobody accepts it."""
        return self.severity != "note" and self.accepted is None

    def words(self, lang: Language = "en") -> Line:
        """Return the finding as one line for people; that it is accepted stands in the place of its severity."""
        line = super().words(lang)
        return line if self.accepted is None else (line[0], Words("accepted", "dim"), *line[2:])

    @classmethod
    def of(cls, problem: Problem, detail: Detail = Detail()) -> Finding:  # noqa: B008  a tuple of nothing
        """Return a problem as a finding."""
        return cls(**{name: getattr(problem, name) for name in Problem.__struct_fields__}, detail=detail)

    def lines(self, lang: Language) -> Iterator[Line]:
        """Yield the finding for people: its own line, and below that, indented, what belongs to it."""
        yield self.words(lang)
        if self.accepted is not None:
            yield (Words(f"    {_ACCEPTED.filled(until=self.accepted.until, reason=self.accepted.reason).say(lang)}"),)
        for line in self.detail.say(lang):
            yield (Words("    "), *line)

    def as_dict(self) -> dict[str, Any]:
        """Return the finding as JSON data."""
        place = self.place
        return {
            "file": place.file if place else None,
            "line": place.line if place else None,
            "column": place.column if place else None,
            "severity": self.severity,
            "code": self.code,
            "clause": self.clause,
            "message": self.message.as_dict(),
            "hint": self.hint.as_dict() if self.hint else None,
            "about": [dict([pair]) for pair in sorted(self.about)],
            "article": self.article,
            "since": self.since,
            "accepted": self.accepted and {"until": self.accepted.until, "reason": self.accepted.reason.as_dict()},
        }


class Trial(msgspec.Struct, frozen=True):
    """One thing that a command tried, with what it found.

    Args:
        name: what people call it.
        place: where it stands.
        findings: what was found; where there is no error, it passed.
        seconds: how long that took.
        broken: whether it could not be tried at all, for what was found.
    """

    name: str
    place: Place
    findings: tuple[Finding, ...] = ()
    seconds: float = 0.0
    broken: bool = False

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that count."""
        return tuple(finding for finding in self.findings if finding.counts)


def broken(problems: Iterable[Problem]) -> list[Trial]:
    """Return what could not be tried, a trial a problem: broken suites, packs that cannot be read."""
    return [
        Trial(problem.code, problem.place or Place(""), (Finding.of(problem),), broken=True) for problem in problems
    ]


def as_json(trials: Iterable[Trial], /, **more: Any) -> str:
    """Return one JSON document: the list ``findings``, and `more`, what the command has to say beside them."""
    found = [finding.as_dict() for finding in _all(trials)]
    return json.dumps({"findings": found, **more}, indent=2, ensure_ascii=False)


def as_junit(trials: Iterable[Trial], lang: Language = "en") -> str:
    """Return JUnit XML: a suite a file, a case a trial. What is broken is an error, any other error a failure."""
    from xml.etree import ElementTree as ET  # noqa: PLC0415  needed only here

    root = ET.Element("testsuites", name="policyengine")
    by_file: dict[str, list[Trial]] = {}
    for trial in trials:
        by_file.setdefault(trial.place.file, []).append(trial)
    for file, members in by_file.items():
        failed = [trial for trial in members if trial.errors]
        counts = {
            "tests": len(members),
            "failures": sum(not trial.broken for trial in failed),
            "errors": sum(trial.broken for trial in failed),
            "skipped": 0,
        }
        suite = ET.SubElement(root, "testsuite", {"name": _xml(file), **{name: str(n) for name, n in counts.items()}})
        for trial in members:
            case = ET.SubElement(
                suite,
                "testcase",
                classname=_xml(file),
                name=_xml(trial.name),
                file=_xml(file),
                line=str(trial.place.line),
                time=f"{trial.seconds:.6f}",
            )
            if trial.errors:
                word = "error" if trial.broken else "failure"
                message = "; ".join(finding.said(lang) for finding in trial.errors)
                failure = ET.SubElement(case, word, type=trial.errors[0].code, message=_xml(message))
                failure.text = _xml(plain_text(line for finding in trial.errors for line in finding.lines(lang)))
            if notes := [finding for finding in trial.findings if not finding.counts]:
                ET.SubElement(case, "system-out").text = _xml("\n".join(note.line(lang) for note in notes))
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode")


def as_github(trials: Iterable[Trial], lang: Language = "en") -> str:
    """Return the findings as workflow commands of GitHub Actions, which annotate the lines of a change."""
    lines = []
    for finding in _all(trials):
        place = finding.place or Place("")
        stated = {"file": place.file, "line": place.line, "col": place.column, "title": finding.code}
        properties = ",".join(f"{name}={_property(str(value))}" for name, value in stated.items() if value)
        word = finding.severity if finding.counts else "notice"
        lines.append(f"::{word} {properties}::{_escaped(visible(finding.said(lang)))}")
    return "\n".join(lines)


def as_sarif(trials: Iterable[Trial], lang: Language = "en") -> str:
    """Return the findings as SARIF 2.1.0, as code scanners report them."""
    findings = list(_all(trials))
    codes = list(dict.fromkeys(finding.code for finding in findings))
    known = {code.name: code for _, code in declared()}
    rules = [
        {"id": code, **({"shortDescription": {"text": known[code].means.say(lang)}} if code in known else {})}
        for code in codes
    ]
    results = [
        {
            "ruleId": finding.code,
            "ruleIndex": codes.index(finding.code),
            "level": finding.severity,
            "message": {"text": "\n".join((finding.said(lang), *map(plain, finding.detail.say(lang))))},
            "locations": [_location(finding.place)] if finding.place else [],
            "suppressions": [_suppression(finding.accepted, lang)] if finding.accepted else [],
            **({"properties": {"article": finding.article, "since": finding.since}} if finding.article else {}),
        }
        for finding in findings
    ]
    run = {
        "tool": {"driver": {"name": "policyengine", "rules": rules}},
        "language": lang,
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    document = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(document, indent=2, ensure_ascii=False)


RENDERINGS: Final[Mapping[str, Callable[[Sequence[Trial], Language], str]]] = {
    "junit": as_junit,
    "github": as_github,
    "sarif": as_sarif,
}
"""The renderings for services by the name of their format."""


def _all(trials: Iterable[Trial]) -> Iterator[Finding]:
    """Yield every finding once, also one of a file that several trials read."""
    yield from dict.fromkeys(finding for trial in trials for finding in trial.findings)


def declared() -> Iterator[tuple[str, Code]]:
    """Yield the declared codes, each with its module: who makes a problem has loaded the module that declares it."""
    for name, module in list(sys.modules.items()):
        for value in list(getattr(module, "__dict__", {}).values()):
            if type(value) is Code:
                yield name, value


def _suppression(accepted: Acceptance, lang: Language) -> dict[str, Any]:
    where = {"location": _location(accepted.place)} if accepted.place else {}
    return {"kind": "inSource", "status": "accepted", "justification": accepted.reason.say(lang), **where}


def _location(place: Place) -> dict[str, Any]:
    path = Path(place.file)
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": path.as_uri() if path.is_absolute() else quote(path.as_posix())},
            "region": {"startLine": max(place.line, 1), "startColumn": max(place.column, 1)},
        }
    }


def _xml(text: str) -> str:
    """Return `text` without the characters that XML 1.0 cannot hold."""
    return re.sub(_NOT_XML, "\ufffd", text)


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(visible(text)).replace(":", "%3A").replace(",", "%2C")
