"""Results of rule tests: what of them is a finding, and how they are counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from policyengine.model.policy import Policy
from policyengine.report.findings import Detail, Finding, Trial
from policyengine.report.problems import RULE_TEST_FAILED, UNREVIEWED_CASE
from policyengine.report.sentences import sentence
from policyengine.suite.case import Case, Result
from policyengine.text import Language, Line, Text, Words


def trial(result: Result, policies: Sequence[Policy], *, fail_unreviewed: bool = False) -> Trial:
    """Return a case as it went.

    Args:
        result: how it went: where it failed, with what was expected beside what was decided, and why.
        policies: those under which it was decided.
        fail_unreviewed: whether a case that nobody has reviewed is an error.
    """
    case = result.case
    found = () if result.passed else (failure(result),)
    if not case.reviewed:
        found = (*found, unreviewed(case, policies, fails=fail_unreviewed))
    return Trial(case.name, case.place, found, result.seconds)


def failure(result: Result) -> Finding:
    """Return what was found of a case that failed."""
    differences = [difference.text(result.decision) for difference in result.differences]
    said = Text(ja="; ".join(text.ja for text in differences), en="; ".join(text.en for text in differences))
    problem = RULE_TEST_FAILED.at(result.case.place, case=result.case.name, differences=said)
    return Finding.of(problem, Detail(_why(result, "ja"), _why(result, "en")))


def unreviewed(case: Case, policies: Sequence[Policy], *, fails: bool = False) -> Finding:
    """Return what a case asserts that no person has reviewed, in a sentence.

    Args:
        case: the case.
        policies: those under which it is decided.
        fails: whether that is an error, and no note.
    """
    finding = Finding.of(UNREVIEWED_CASE.at(case.place, case=case.name, sentence=sentence(case, policies)))
    return replace(finding, severity="error") if fails else finding


def summary_line(results: Sequence[Result], seconds: float, lang: Language) -> Line:
    """Return how many cases passed and failed, and how many nobody has reviewed."""
    failed = sum(not result.passed for result in results)
    unread = sum(not result.case.reviewed for result in results)
    passed = len(results) - failed
    if lang == "ja":
        text = f"成功 {passed} 件、失敗 {failed} 件" + f"、未確認 {unread} 件" * bool(unread) + f"（{seconds:.2f} 秒）"
    else:
        text = f"{passed} passed, {failed} failed" + f", {unread} not reviewed" * bool(unread) + f" in {seconds:.2f} s"
    return (Words(text, "bad" if failed else "warn" if unread else "good"),)


def as_data(result: Result) -> dict[str, Any]:
    """Return how a case went as JSON data, whether it passed or not."""
    return {
        "case": result.case.name,
        "file": result.case.place.file,
        "line": result.case.place.line,
        "passed": result.passed,
        "reviewed": result.case.reviewed,
        "differences": [
            {"what": difference.what, "expected": difference.expected, "actual": difference.actual}
            for difference in result.differences
        ],
        "decision": result.decision.as_dict(),
    }


def _why(result: Result, lang: Language) -> tuple[Line, ...]:
    return tuple((Words(line, "dim"),) for line in result.decision.explain(lang).splitlines())
