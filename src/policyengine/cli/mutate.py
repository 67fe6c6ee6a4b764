"""``policyengine mutate``: would the suites notice if the rules were a little wrong?"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from policyengine.cli.common import BAD, DENIED, disabled, fail, imports_from, language_option, show, tell_left_out
from policyengine.cli.findings import format_option, show_finding, write_findings
from policyengine.errors import PolicyError
from policyengine.text import Language, Words

if TYPE_CHECKING:
    from policyengine.report.findings import Finding, Trial
    from policyengine.suite.mutate import Report


@click.command("mutate")
@click.argument("path", nargs=-1, required=True, type=click.Path(), metavar="PATH...")
@format_option
@click.option("-j", "--jobs", type=click.IntRange(1), help="Processes that share the work.  [default: one a processor]")
@click.option(
    "--write", "target", type=click.Path(), metavar="SUITE", help="Add an unreviewed case for each survivor to SUITE."
)
@language_option
def command(path: Sequence[str], form: str, jobs: int | None, target: str | None, lang: Language) -> None:
    """Make small wrong changes to the packs at PATH, and report those that no case of their suites notices.

    Each survivor comes with an event on which it differs from the rules as they are, ready to paste as a case; a
    mutant that no event can tell apart is proved equivalent.

    \b
    Example:
      policyengine mutate rules/alc-smart-learning
      policyengine mutate rules/alc-smart-learning --format json -j 2
    """
    from policyengine.language.disk import Files  # noqa: PLC0415
    from policyengine.language.find import find_packs, find_suites  # noqa: PLC0415
    from policyengine.language.pack import load_pack  # noqa: PLC0415
    from policyengine.report.findings import broken  # noqa: PLC0415
    from policyengine.report.results import failure  # noqa: PLC0415
    from policyengine.suite.mutate import Mutation  # noqa: PLC0415
    from policyengine.suite.record import appended  # noqa: PLC0415
    from policyengine.suite.run import Engines, load, run  # noqa: PLC0415

    engines = Engines(disable=disabled(), imports_from=imports_from())
    left_out: set[Path] = set()
    reports: list[tuple[str, Report]] = []
    try:
        found = (pack for root in path for pack in find_packs(root, left_out))
        packs = list({load_pack(pack, Files(imports_from())).files: pack for pack in found}.values())
        if target is not None:
            _must_be_found(Path(target), packs)
        beside = (pack if pack.is_dir() else pack.parent for pack in packs if pack.exists())
        folders = [*beside, *(root for root in map(Path, path) if root.is_dir())]
        suites = {suite.resolve(): suite for folder in folders for suite in find_suites(folder)}
        cases = [case for suite in suites.values() for case in load(suite, engines).cases]
        failed = next((result for result in run(cases, engines) if not result.passed), None)
        if failed is not None:
            raise PolicyError([failure(failed)])
        for pack in packs:
            mutation = Mutation(pack, cases, disabled(), imports_from())
            reports += ((str(pack), report) for report in _progress(mutation.run(jobs), len(mutation.mutants), lang))
    except PolicyError as error:
        if form == "text":
            fail(error.problems, lang)
        write_findings(broken(error.problems), form, lang, mutants=[])
        sys.stdout.buffer.flush()
        sys.exit(BAD)
    finally:
        tell_left_out(left_out, lang)
    survivors = [report for _, report in reports if report.fate == "survived"]
    if form == "text":
        for report in survivors:
            show_finding(_finding(report), lang)
        fates = Counter[str](report.fate for _, report in reports)
        show(_summary(fates, lang))
    else:
        trials = [_trial(report) for _, report in reports]
        write_findings(trials, form, lang, mutants=[_data(pack, report) for pack, report in reports])
    if target is not None:
        named = os.path.relpath(packs[0], Path(target).parent)
        for report in _distinct(survivors):
            appended(Path(target), _case(report), [] if named == "." else [named])
    sys.stdout.buffer.flush()
    sys.exit(DENIED if survivors else 0)


def _must_be_found(target: Path, packs: Sequence[Path]) -> None:
    """Refuse to write cases where the next run would not find them, or would take them for another pack's."""
    from policyengine.language.disk import TEST_SUFFIX  # noqa: PLC0415

    if len(packs) != 1:
        raise click.UsageError("--write goes with one pack")
    folder = packs[0] if packs[0].is_dir() else packs[0].parent
    if not target.name.endswith(TEST_SUFFIX) or folder.resolve() not in target.resolve().parents:
        raise click.UsageError(f"--write needs a suite (*{TEST_SUFFIX}) in the folder {folder}")


EVERY: Final = 5.0
"""After so many seconds each, it is told how far the work has come."""


def _progress(reports: Iterator[Report], length: int, lang: Language) -> Iterator[Report]:
    """Yield `reports`, and tell on standard error how far they have come: a bar on a terminal, else a line at times."""
    if not sys.stderr.isatty():
        told = time.monotonic()
        for number, report in enumerate(reports, 1):
            yield report
            if time.monotonic() - told >= EVERY and number < length:
                told = time.monotonic()
                said = f"mutate: {length:,} 件中 {number:,} 件" if lang == "ja" else f"mutate: {number:,} of {length:,}"
                click.echo(said, err=True)
        return
    with click.progressbar(reports, length=length, file=sys.stderr) as shown:
        yield from shown


def _distinct(survivors: Iterable[Report]) -> Iterator[Report]:
    """Yield the survivors without those whose event is another's already: one case kills them all."""
    seen = set()
    for report in survivors:
        key = json.dumps([report.event, report.readings], sort_keys=True)
        if key not in seen:
            seen.add(key)
            yield report


def _case(report: Report) -> dict[str, Any]:
    event = dict(report.event or {})
    event.pop("id", None)
    if event.get("form") == "identifiable":  # what counts where an event states none
        del event["form"]
    case: dict[str, Any] = {"name": f"kills: {report.message.en}", **event}
    if report.readings:
        case["readings"] = dict(report.readings)
    return {**case, **(report.expected or {})}


def _trial(report: Report) -> Trial:
    """Return a slip as it was tried."""
    from policyengine.report.findings import Trial  # noqa: PLC0415

    found = (_finding(report),) if report.fate == "survived" else ()
    return Trial(f"{report.operator}: {report.message.en}", report.place, found)


def _finding(report: Report) -> Finding:
    """Return a slip that no case notices, with a case that would."""
    from policyengine.report.findings import Detail, Finding  # noqa: PLC0415
    from policyengine.report.problems import MUTANT_SURVIVED  # noqa: PLC0415
    from policyengine.suite.record import table_text  # noqa: PLC0415

    problem = MUTANT_SURVIVED.at(report.place, operator=report.operator, change=report.message)
    case = tuple((Words(line),) for line in table_text("case", _case(report)).splitlines())
    return Finding.of(problem, Detail(case, case))


def _summary(fates: Mapping[str, int], lang: Language) -> str:
    words = {"killed": "検出", "equivalent": "等価", "undecided": "未決", "refused": "読込不可", "survived": "生き残り"}
    if not fates["undecided"]:
        del words["undecided"]
    if lang == "ja":
        return "、".join(f"{word} {fates[fate]} 件" for fate, word in words.items())
    return ", ".join(f"{fates[fate]} {fate}" for fate in words)


def _data(pack: str, report: Report) -> dict[str, Any]:
    return {
        "pack": pack,
        "operator": report.operator,
        "message": report.message.as_dict(),
        "file": report.place.file,
        "line": report.place.line,
        "fate": report.fate,
        "killer": report.killer,
        "event": report.event,
        "readings": report.readings,
        "expected": report.expected,
    }
