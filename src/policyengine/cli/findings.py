"""What the commands share that find something: the forms in which it is told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from policyengine.cli.common import show, write
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
