"""What the commands share that find something: the forms in which it is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

import click

from policyengine import moment
from policyengine.cli.common import show, write
from policyengine.moment import is_day
from policyengine.text import Language

if TYPE_CHECKING:
    from policyengine.report.findings import Finding, Trial

format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "junit", "sarif", "github"]),
    default="text",
    show_default=True,
    help="Form of what is found.",
)


def _day(context: click.Context, option: click.Parameter, day: str) -> str:
    if not is_day(day):
        raise click.BadParameter(f'expected a day, such as 2026-11-24, got "{day}"', context, option)
    return day


as_of_option = click.option(
    "--as-of",
    metavar="DAY",
    default=lambda: moment.now()[:10],
    show_default="today",
    callback=_day,
    help="The day on which findings are accepted, or no longer.",
)


def summed_up(findings: Iterable[Finding], lang: Language) -> str:
    """Return how many findings there are of each severity, and how many are accepted."""
    counts = Counter("accepted" if finding.accepted else finding.severity for finding in findings)
    told = [word for word in _COUNTED if counts[word] or word in ("error", "note")]
    if lang == "ja":
        return "、".join(f"{_COUNTED[word][0]} {counts[word]} 件" for word in told)
    return ", ".join(f"{counts[word]} {_COUNTED[word][1 if counts[word] == 1 else 2]}" for word in told)


_COUNTED: Final = {
    "error": ("誤り", "error", "errors"),
    "warning": ("警告", "warning", "warnings"),
    "note": ("注記", "note", "notes"),
    "accepted": ("受け入れ済み", "accepted", "accepted"),
}


def show_finding(finding: Finding, lang: Language) -> None:
    """Write one finding for people on standard output."""
    for line in finding.lines(lang):
        show(line)


def write_findings(trials: Sequence[Trial], form: str, lang: Language, **more: Any) -> None:
    """Write what was found as programs read it, on standard output.

    Args:
        trials: everything that was tried.
        form: any but ``text``.
        lang: the language in which the forms that people read in the end are written.
        more: what the command says as JSON beside its findings.
    """
    from policyengine.report.findings import RENDERINGS, as_json  # noqa: PLC0415  needed only here

    text = as_json(trials, **more) if form == "json" else RENDERINGS[form](trials, lang)
    if text:
        write(text)
