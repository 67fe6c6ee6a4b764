"""Results of rule tests: what of them is a finding, and how they are counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from policyengine.report.findings import Detail, Finding, Trial
from policyengine.report.problems import RULE_TEST_FAILED
from policyengine.suite.case import Difference, Result
from policyengine.text import Language, Line, Text, Words

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


def trial(result: Result) -> Trial:
    """Return a case as it went: where it failed, with what was expected beside what was decided, and why."""
    case = result.case
    return Trial(case.name, case.place, () if result.passed else (failure(result),), result.seconds)


def failure(result: Result) -> Finding:
    """Return what was found of a case that failed."""
    differences = [_told(difference) for difference in result.differences]
    said = Text(ja="; ".join(text.ja for text in differences), en="; ".join(text.en for text in differences))
    problem = RULE_TEST_FAILED.at(result.case.place, case=result.case.name, differences=said)
    return Finding.of(problem, Detail(_why(result, "ja"), _why(result, "en")))


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


def as_data(result: Result) -> dict[str, Any]:
    """Return how a case went as JSON data, whether it passed or not."""
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


def _told(difference: Difference) -> Text:
    """Return one unmet expectation: what was expected beside what was decided."""
    expected, actual = (_shown(value) for value in (difference.expected, difference.actual))
    name = _WORDS[difference.what]
    return Text(ja=f"{name.ja}: 期待 {expected}、実際 {actual}", en=f"{name.en}: expected {expected}, actual {actual}")


def _why(result: Result, lang: Language) -> tuple[Line, ...]:
    return tuple((Words(line, "dim"),) for line in result.decision.explain(lang).splitlines())


def _shown(value: Any) -> str:
    return f"[{', '.join(map(str, value))}]" if isinstance(value, list | tuple) else str(value)
