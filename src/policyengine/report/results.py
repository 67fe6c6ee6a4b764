"""Results of rule tests, rendered: for people, for CI services, and as data. Each rendering is one function."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final
from xml.etree import ElementTree as ET

from policyengine.suite.case import Difference, Result
from policyengine.suite.coverage import Coverage
from policyengine.text import Language, Line, Text, Words, visible

_NOT_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_WORDS: Mapping[str, Text] = {
    "outcome": Text(ja="結果", en="outcome"),
    "clauses": Text(ja="根拠条項", en="clauses"),
    "rules": Text(ja="ルール", en="rules"),
    "reasons": Text(ja="理由", en="reasons"),
    "permitted_items": Text(ja="許可される項目", en="permitted items"),
    "excess_items": Text(ja="超過項目", en="excess items"),
    "obligations": Text(ja="義務", en="obligations"),
    "errors": Text(ja="誤り", en="errors"),
}


def difference_line(difference: Difference, lang: Language) -> Line:
    """Return one unmet expectation: what was expected beside what was decided."""
    expected, actual = (_shown(value) for value in (difference.expected, difference.actual))
    words = ("期待", "実際") if lang == "ja" else ("expected", "actual")
    return (
        Words(f"    {_WORDS[difference.what].say(lang)}: ", "strong"),
        Words(f"{words[0]} {expected}", "good"),
        Words("  "),
        Words(f"{words[1]} {actual}", "bad"),
    )


def failure_lines(result: Result, lang: Language) -> Iterator[Line]:
    """Yield a failed case: its place, each unmet expectation, and why it was decided as it was."""
    yield (Words("FAIL ", "bad"), Words(result.case.name, "strong"), Words(f"  {result.case.place}", "dim"))
    for difference in result.differences:
        yield difference_line(difference, lang)
    for text in result.decision.explain(lang).splitlines():
        yield (Words(f"    {text}", "dim"),)


def summary_line(results: Sequence[Result], seconds: float, lang: Language) -> Line:
    """Return how many cases passed and failed."""
    failed = sum(not result.passed for result in results)
    passed = len(results) - failed
    text = (
        f"成功 {passed} 件、失敗 {failed} 件（{seconds:.2f} 秒）"
        if lang == "ja"
        else f"{passed} passed, {failed} failed in {seconds:.2f} s"
    )
    return (Words(text, "bad" if failed else "good"),)


def as_json(results: Iterable[Result], coverages: Iterable[Coverage] = ()) -> str:
    """Return the results as one JSON document: the list ``cases``, and ``coverage``, which has an entry a policy."""
    found = {
        "cases": [_data(result) for result in results],
        "coverage": [coverage.as_dict() for coverage in coverages],
    }
    return json.dumps(found, indent=2, ensure_ascii=False)


def as_junit(results: Iterable[Result]) -> str:
    """Return the results as JUnit XML, a suite a file."""
    root = ET.Element("testsuites", name="policyengine")
    by_file: dict[str, list[Result]] = {}
    for result in results:
        by_file.setdefault(result.case.place.file, []).append(result)
    for file, members in by_file.items():
        failures = sum(not result.passed for result in members)
        suite = ET.SubElement(
            root, "testsuite", name=_xml(file), tests=str(len(members)), failures=str(failures), errors="0", skipped="0"
        )
        for result in members:
            case = ET.SubElement(
                suite,
                "testcase",
                classname=_xml(file),
                name=_xml(result.case.name),
                file=_xml(file),
                line=str(result.case.place.line),
                time=f"{result.seconds:.6f}",
            )
            if not result.passed:
                failure = ET.SubElement(case, "failure", message=_xml(_message(result)))
                failure.text = _xml(f"{result.case.place}\n{_message(result)}\n\n{result.decision.explain('en')}")
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode")


def as_github(results: Iterable[Result]) -> str:
    """Return the failures as workflow commands of GitHub Actions, which annotate the lines of a change."""
    lines = []
    for result in results:
        if not result.passed:
            place = result.case.place
            properties = (
                f"file={_property(place.file)},line={place.line},col={place.column},title={_property(result.case.name)}"
            )
            lines.append(f"::error {properties}::{_escaped(_message(result))}")
    return "\n".join(lines)


def as_sarif(results: Iterable[Result]) -> str:
    """Return the failures as SARIF 2.1.0, as code scanners report findings."""
    found = [
        {
            "ruleId": "rule-test-failed",
            "level": "error",
            "message": {"text": f"{result.case.name}: {_message(result)}"},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": result.case.place.file},
                        "region": {
                            "startLine": max(result.case.place.line, 1),
                            "startColumn": max(result.case.place.column, 1),
                        },
                    }
                }
            ],
        }
        for result in results
        if not result.passed
    ]
    driver = {
        "name": "policyengine",
        "rules": [
            {
                "id": "rule-test-failed",
                "shortDescription": {"text": "A case of a rule test suite is decided otherwise."},
            }
        ],
    }
    document = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": found}],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


RENDERINGS: Final[Mapping[str, Callable[[Iterable[Result]], str]]] = {
    "json": as_json,
    "junit": as_junit,
    "github": as_github,
    "sarif": as_sarif,
}
"""The renderings for machines by the name of their format."""


def _data(result: Result) -> dict[str, Any]:
    return {
        "case": result.case.name,
        "file": result.case.place.file,
        "line": result.case.place.line,
        "passed": result.passed,
        "differences": [
            {"what": difference.what, "expected": difference.expected, "actual": difference.actual}
            for difference in result.differences
        ],
        "decision": result.decision.as_dict(),
    }


def _message(result: Result) -> str:
    return "; ".join(
        f"{difference.what}: expected {_shown(difference.expected)}, actual {_shown(difference.actual)}"
        for difference in result.differences
    )


def _shown(value: Any) -> str:
    return f"[{', '.join(map(str, value))}]" if isinstance(value, list | tuple) else str(value)


def _xml(text: str) -> str:
    """Return `text` without the characters that XML 1.0 cannot hold."""
    return _NOT_XML.sub("\ufffd", text)


def _escaped(text: str) -> str:
    return visible(text, keep="\r\n").replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")
