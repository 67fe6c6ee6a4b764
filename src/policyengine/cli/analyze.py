"""``policyengine analyze``: what in a policy never decides, is never permitted, never used, or changes nothing."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from policyengine.cli.common import (
    BAD,
    DENIED,
    disabled,
    fail,
    imports_from,
    language_option,
    tell,
    tell_left_out,
)
from policyengine.cli.findings import as_of_option, format_option, show_finding, summed_up, write_findings
from policyengine.errors import Place, PolicyError
from policyengine.text import Language

if TYPE_CHECKING:
    from policyengine.analysis.study import Study
    from policyengine.builtin.files import Read
    from policyengine.engine.engine import Engine
    from policyengine.model.decision import Decision
    from policyengine.report.findings import Finding, Trial


@click.command("analyze")
@click.argument("path", nargs=-1, required=True, type=click.Path(), metavar="PACK...")
@format_option
@click.option("--used", metavar="EVENTS", help="Also the rules and clauses that no event of this file meets.")
@click.option("--regions", type=click.IntRange(1), help="How far each question is followed, in regions of events.")
@as_of_option
@language_option
def command(path: Sequence[str], form: str, used: str | None, regions: int | None, as_of: str, lang: Language) -> None:
    """Ask each pack at PACK, or in any folder below it, which of its rules never decide, and why.

    Finds rules on which nothing hangs, what nothing permits, words that no rule uses or that look alike, readings that
    change nothing, gaps between dates, and what silence escapes. Every answer is exact, and comes with the rules that
    make it so, or an event that shows it; what could not be decided is said. Notes, and what the policy accepts, leave
    exit code 0.

    \b
    Example:
      policyengine analyze rules/alc-smart-learning
      policyengine analyze rules/online-shop --format sarif > findings.sarif
      policyengine analyze rules/online-shop --used examples/shop-week.jsonl
    """
    from policyengine.analysis.study import REGIONS, Study  # noqa: PLC0415  needed only here
    from policyengine.engine.plugins import Plugins  # noqa: PLC0415
    from policyengine.language.build import policy_of  # noqa: PLC0415
    from policyengine.language.disk import Files  # noqa: PLC0415
    from policyengine.language.find import find_packs  # noqa: PLC0415
    from policyengine.language.pack import load_pack  # noqa: PLC0415
    from policyengine.report.findings import broken  # noqa: PLC0415

    left_out: set[Path] = set()
    trials: list[Trial] = []
    kinds = Plugins(disable=disabled()).kinds
    try:
        packs = dict.fromkeys(pack for root in path for pack in find_packs(root, left_out))
        read = [load_pack(pack, Files(imports_from())) for pack in packs]
        studies = [Study(pack, policy_of(pack, kinds, {}), kinds, regions or REGIONS) for pack in read]
    except PolicyError as error:
        if form == "text":
            fail(error.problems, lang)
        write_findings(broken(error.problems), form, lang, analyzed=[])
        sys.stdout.buffer.flush()
        sys.exit(BAD)
    found: list[Finding] = []
    for pack, study in zip(packs, studies, strict=True):
        here = _findings(study, as_of, used, lang)
        if form == "text":
            for finding in here:
                show_finding(finding, lang)
        found += here
        trials.append(_trial(pack, here))
    if form == "text":
        counts = summed_up(found, lang)
        tell(f"{len(packs)} 件を分析: {counts}" if lang == "ja" else f"{len(packs)} analyzed: {counts}")
    else:
        write_findings(trials, form, lang, analyzed=[str(pack) for pack in packs])
    tell_left_out(left_out, lang)
    sys.stdout.buffer.flush()
    sys.exit(DENIED if any(finding.counts for finding in found) else 0)


def _trial(pack: Path, found: Sequence[Finding]) -> Trial:
    from policyengine.report.findings import Trial  # noqa: PLC0415

    return Trial(str(pack), Place(str(pack)), tuple(found))


def _findings(study: Study, as_of: str, used: str | None, lang: Language) -> list[Finding]:
    """Return what is found in one pack, with what it accepts marked as such."""
    from policyengine.analysis.analyze import analyzed  # noqa: PLC0415  needed only here
    from policyengine.analysis.problems import UNMET_CLAUSE, UNMET_RULE  # noqa: PLC0415
    from policyengine.report.accepted import settled, sorts  # noqa: PLC0415
    from policyengine.report.remarks import finding  # noqa: PLC0415

    remarks = list(_progress(analyzed(study), lang))
    if used is not None:
        remarks += _unmet(study, used)
    codes = sorts().analyzed if used is not None else sorts().analyzed - {UNMET_CLAUSE.name, UNMET_RULE.name}
    findings = [finding(remark) for remark in remarks]
    return settled(findings, study.policy.accepted, as_of, codes)


def _unmet(study: Study, used: str) -> list[Any]:
    from policyengine.analysis.use import unmet  # noqa: PLC0415  needed only here
    from policyengine.cli.stream import events_from  # noqa: PLC0415
    from policyengine.engine.engine import Engine  # noqa: PLC0415
    from policyengine.suite.run import judged_alone  # noqa: PLC0415

    with Engine(judged_alone([study.policy])) as engine, events_from(engine, used, None) as found:
        decisions = list(_decided(engine, found))
    if not decisions:
        raise click.BadParameter(f"there is no well-formed event in {used}", param_hint="--used")
    return list(unmet(study, decisions))


def _decided(engine: Engine, blocks: Iterable[Iterable[Read]]) -> Iterator[Decision]:
    """Yield the decisions on events that are well-formed."""
    from policyengine.decision.decider import read_event  # noqa: PLC0415  needed only here
    from policyengine.model.event import Event  # noqa: PLC0415

    for event in (read_event(one) for block in blocks for one in block):
        if isinstance(event, Event):
            yield engine.evaluate(event)


EVERY: Final = 5.0
"""After so many seconds each, it is told that the work goes on."""


def _progress(remarks: Iterable[Any], lang: Language) -> Iterator[Any]:
    """Yield `remarks`, and tell on standard error at times that more are sought."""
    told, number = time.monotonic(), 0
    for number, remark in enumerate(remarks, 1):
        yield remark
        if time.monotonic() - told >= EVERY:
            told = time.monotonic()
            tell(f"analyze: これまでに {number} 件" if lang == "ja" else f"analyze: {number} found so far")
