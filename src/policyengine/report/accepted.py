"""Findings as the policy that they speak of accepts them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Final, NamedTuple

from msgspec.structs import replace

from policyengine.errors import did_you_mean
from policyengine.model.acceptance import Acceptance
from policyengine.report.findings import Finding, declared
from policyengine.report.problems import ACCEPTANCE_ENDED, IDLE_ACCEPTANCE, UNKNOWN_FINDING


class Sorts(NamedTuple):
    """The codes of what a policy can accept: of warnings and notes.

    Args:
        checked: of what ``check`` finds.
        analyzed: of what ``analyze`` finds.
        all: of what any command finds.
    """

    checked: frozenset[str]
    analyzed: frozenset[str]
    all: frozenset[str]


def sorts() -> Sorts:
    """Return the codes that can be accepted: those that the modules which are loaded declare, plugins' among them."""
    import policyengine.analysis.problems  # noqa: F401, PLC0415  so that what it declares is there

    checked: set[str] = set()
    analyzed: set[str] = set()
    every: set[str] = set()
    for module, code in declared():
        if code.severity != "error":
            every.add(code.name)
            if module == "policyengine.analysis.problems":
                analyzed.add(code.name)
            elif not module.startswith(_NOT_CHECKED):
                checked.add(code.name)
    return Sorts(frozenset(checked - analyzed), frozenset(analyzed), frozenset(every))


_NOT_CHECKED: Final = ("policyengine.report.", "policyengine.suite.", "policyengine.analysis.")
"""Where the codes of what other commands find are declared."""


def settled(
    found: Iterable[Finding], acceptances: Iterable[Acceptance], day: str, codes: Collection[str]
) -> list[Finding]:
    """Return what was found in a pack, with what it accepts marked as accepted, and the acceptances that fit nothing.

    What makes a pack unusable is never accepted. What was accepted until some day counts again from then on, and says
    so.

    Args:
        found: what was found.
        acceptances: what the pack accepts.
        day: the day on which that is asked, such as ``2026-11-24``.
        codes: the codes of all that was looked for.
    """
    findings, fitting = list(found), list(acceptances)
    return [
        *(_settled(finding, fitting, day) for finding in findings),
        *(_idle(acceptance) for acceptance in fitting if acceptance.code in codes and not _used(acceptance, findings)),
    ]


def unknown(acceptances: Iterable[Acceptance], codes: Collection[str]) -> Iterator[Finding]:
    """Yield the acceptances of what nothing ever finds.

    Args:
        acceptances: what a pack accepts.
        codes: the codes of all that any command finds.
    """
    for acceptance in acceptances:
        if acceptance.code not in codes:
            hint = did_you_mean(acceptance.code, codes, listing=False)
            yield Finding.of(UNKNOWN_FINDING.at(acceptance.place, hint=hint, code=acceptance.code))


def _settled(finding: Finding, acceptances: Iterable[Acceptance], day: str) -> Finding:
    fitting = [one for one in acceptances if one.fits(finding)] if finding.acceptable else []
    if not fitting:
        return finding
    last = max(fitting, key=lambda one: one.until)
    if not last.ended(day):
        return replace(finding, accepted=last)
    return replace(finding, hint=ACCEPTANCE_ENDED.filled(until=last.until))


def _used(acceptance: Acceptance, findings: Iterable[Finding]) -> bool:
    return any(acceptance.fits(finding) for finding in findings)


def _idle(acceptance: Acceptance) -> Finding:
    return Finding.of(IDLE_ACCEPTANCE.at(acceptance.place, code=acceptance.code))
