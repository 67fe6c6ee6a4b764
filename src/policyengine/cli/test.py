"""``policyengine test``: rule test suites, run."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from policyengine.cli.common import (
    BAD,
    DENIED,
    disabled,
    fail,
    imports_from,
    language_option,
    show,
    tell,
    tell_left_out,
    write,
)
from policyengine.cli.findings import format_option, show_finding, write_findings
from policyengine.errors import PluginError, PolicyError, Problem
from policyengine.text import Language

if TYPE_CHECKING:
    from policyengine.model.policy import Policy
    from policyengine.suite.case import Case, Result
    from policyengine.suite.coverage import Coverage
    from policyengine.suite.run import Engines

_READ_FIRST = ("permit", "deny", "invalid")


@click.command("test")
@click.argument("path", nargs=-1, required=True, type=click.Path(), metavar="PATH...")
@click.option("-k", "keyword", default="", metavar="WORDS", help="Only cases whose file and name contain all WORDS.")
@click.option("--fail-fast", is_flag=True, help="Stop at the first failure.")
@click.option("--watch", is_flag=True, help="Run again whenever a rule or suite file changes.")
@format_option
@click.option("--coverage", is_flag=True, help="Measure what the cases exercise: clauses, rules, conditions (MC/DC).")
@click.option("--fail-under", type=click.FloatRange(0, 100), metavar="PERCENT", help="Fail below this coverage.")
@click.option("--html", type=click.Path(file_okay=False), metavar="FOLDER", help="Write the coverage as HTML pages.")
@click.option("--fail-unreviewed", is_flag=True, help="Fail where a program wrote a case and nobody has reviewed it.")
@click.option("--record", type=click.Path(), metavar="EVENTS", help="Write a suite from EVENTS and today's decisions.")
@click.option("--out", default="-", metavar="FILE|-", help="Where --record writes.  [default: standard output]")
@language_option
def command(
    path: Sequence[str],
    keyword: str,
    fail_fast: bool,
    watch: bool,
    form: str,
    coverage: bool,
    fail_under: float | None,
    html: str | None,
    fail_unreviewed: bool,
    record: str | None,
    out: str,
    lang: Language,
) -> None:
    """Run the test suites (*.test.toml) at PATH, or in any folder below it.

    Where a case expects a denial, and it is for a word that the policy does not know, for want of a policy that
    governs, or of a fact source, the case fails unless it lists that reason.

    With --record, PATH are packs, and the suite that is written expects what they decide today. Its cases, like those
    of mutate --write, are marked "reviewed = false" until a person takes the mark away, and are told, a sentence each.

    \b
    Example:
      policyengine test rules
      policyengine test rules/alc-smart-learning -k notice --coverage --fail-under 100
      policyengine test rules/online-shop --format junit > results.xml
      policyengine test rules/alc-smart-learning --record examples/alc-month.jsonl --out month.test.toml
    """
    if record is not None:
        _record(path, record, out, lang)
        return
    measured = coverage or fail_under is not None or html is not None

    def once() -> int:
        return _run(path, keyword, fail_fast, form, measured, fail_under, html, fail_unreviewed, lang)

    if watch:
        _watched(path, once)
    sys.exit(once())


def _run(
    path: Sequence[str],
    keyword: str,
    fail_fast: bool,
    form: str,
    measured: bool,
    fail_under: float | None,
    html: str | None,
    fail_unreviewed: bool,
    lang: Language,
) -> int:
    from policyengine.report.findings import broken  # noqa: PLC0415
    from policyengine.report.results import as_data, failure, summary_line, trial, unreviewed  # noqa: PLC0415
    from policyengine.suite.run import Engines  # noqa: PLC0415

    start = time.perf_counter()
    engines = Engines(disable=disabled(), imports_from=imports_from())
    left_out: set[Path] = set()

    def policies_of(case: Case) -> Sequence[Policy]:
        return engines.of(case.policies, case.readings).policies

    try:
        cases = [case for case in _cases(path, engines, left_out) if _wanted(case, keyword)]
    except PolicyError as error:
        if form == "text":
            for problem in error.problems:
                tell(problem.line(lang))
        else:
            write_findings(broken(error.problems), form, lang, cases=[], coverage=[])
            sys.stdout.buffer.flush()
        return BAD
    except PluginError as error:
        raise click.ClickException(str(error)) from None
    finally:
        tell_left_out(left_out, lang)
    results: list[Result] = []
    for result in _shown(cases, engines):
        results.append(result)
        if not result.passed:
            if form == "text":
                show_finding(failure(result), lang)
            if fail_fast:
                break
    # Permits first: what is wrongly asserted of a denial costs less than what is wrongly asserted of a permit.
    unread = sorted(
        (result.case for result in results if not result.case.reviewed),
        key=lambda case: _READ_FIRST.index(case.expected["outcome"]),
    )
    fine = all(result.passed for result in results) and not (unread and fail_unreviewed)
    code = 0 if fine else DENIED
    coverages = _coverages(cases, engines) if measured else []
    if form == "text":
        for case in unread:
            show_finding(unreviewed(case, policies_of(case), fails=fail_unreviewed), lang)
        if not cases:
            tell("事例がありません" if lang == "ja" else "no cases")
        show(summary_line(results, time.perf_counter() - start, lang))
        for coverage in coverages:
            _write_coverage(coverage, lang)
    else:
        cases_data, coverage_data = map(as_data, results), (coverage.as_dict() for coverage in coverages)
        trials = [trial(result, policies_of(result.case), fail_unreviewed=fail_unreviewed) for result in results]
        write_findings(trials, form, lang, cases=list(cases_data), coverage=list(coverage_data))
    if html is not None:
        from policyengine.report.coverage import write_html  # noqa: PLC0415

        tell(str(write_html(Path(html), coverages, lang)))
    if fail_under is not None and any(coverage.percent < fail_under for coverage in coverages):
        code = DENIED
    sys.stdout.buffer.flush()
    return code if cases else max(code, BAD if not keyword else DENIED)


def _cases(path: Sequence[str], engines: Engines, left_out: set[Path]) -> Iterator[Case]:
    """Yield all cases; broken suites and packs raise together. Folders that are not looked at go to `left_out`."""
    from policyengine.language.find import find_suites  # noqa: PLC0415
    from policyengine.suite.run import load  # noqa: PLC0415

    problems: list[Problem] = []
    for file in dict.fromkeys(suite for root in path for suite in find_suites(root, left_out)):
        try:
            yield from load(file, engines).cases
        except PolicyError as error:
            problems += error.problems
    if problems:
        raise PolicyError(dict.fromkeys(problems))


def _wanted(case: Case, keyword: str) -> bool:
    return all(word.lower() in case.id.lower() for word in keyword.split())


def _shown(cases: Sequence[Case], engines: Engines) -> Iterator[Result]:
    """Run cases, with a progress bar on a terminal where there are many."""
    from policyengine.suite.run import run  # noqa: PLC0415

    if not sys.stderr.isatty() or len(cases) < 200:
        yield from run(cases, engines)
        return
    with click.progressbar(run(cases, engines), length=len(cases), file=sys.stderr) as shown:
        yield from shown


def _coverages(cases: Sequence[Case], engines: Engines) -> list[Coverage]:
    """Return what all cases exercise of each policy."""
    from policyengine.suite.coverage import Collector  # noqa: PLC0415

    collector = Collector()
    for policies in dict.fromkeys(case.policies for case in cases):
        for engine in engines.in_all_readings(policies):
            collector.expect(engine.policies)
    for case in cases:
        collector.watch(engines.of(case.policies, case.readings), case.event)
    return list(collector.found.values())


def _write_coverage(found: Coverage, lang: Language) -> None:
    seen = sum(found.points)
    word = "網羅率" if lang == "ja" else "coverage"
    show(f"{word} {found.policy}: {found.percent:.1f} % ({seen}/{len(found.points)})")
    for rule in found.rules.values():
        for condition in rule.conditions.values():
            if condition.missing:
                show(f"  {rule.rule}: {condition.text.say(lang)}: {', '.join(condition.gaps(lang))}")
        if not rule.applied:
            show(f"  {rule.rule}: {'働いていない' if lang == 'ja' else 'never applied'}")
    for clause, cited in found.clauses.items():
        if not cited:
            show(f"  {clause}: {'引かれていない' if lang == 'ja' else 'never cited'}")
    for name, values in found.readings.items():
        for value, used in values.items():
            if not used:
                show(f"  {name} = {value}: {'使われていない' if lang == 'ja' else 'never chosen'}")


def _watched(path: Sequence[str], once: Callable[[], int]) -> NoReturn:
    """Run, and run again whenever a TOML file near the suites or packs changes, until interrupted."""
    seen = _stamps(path)
    once()
    while True:
        time.sleep(0.3)
        if (now := _stamps(path)) != seen:
            seen = now
            tell("—" * 40)
            once()


def _stamps(path: Sequence[str]) -> dict[Path, int]:
    from policyengine.language.find import toml_files  # noqa: PLC0415

    found = {}
    for root in path:
        folder = Path(root) if Path(root).is_dir() else Path(root).parent
        try:
            below = toml_files(folder)
        except PolicyError:  # which the run itself tells
            below = []
        for file in (*below, *folder.parent.glob("*/*.toml")):
            try:
                found[file] = file.stat().st_mtime_ns
            except OSError:
                found[file] = 0
    return found


def _record(packs: Sequence[str], events: str, out: str, lang: Language) -> None:
    import os  # noqa: PLC0415

    from policyengine.builtin.files.jsonl import event_texts  # noqa: PLC0415
    from policyengine.cli.stream import opened  # noqa: PLC0415
    from policyengine.language.disk import put_in_place  # noqa: PLC0415
    from policyengine.suite.record import recorded, sayable  # noqa: PLC0415
    from policyengine.suite.run import Engines  # noqa: PLC0415

    target = None if out == "-" else Path(out)
    if target is not None and target.exists():
        raise click.ClickException(f"{out} exists; a suite is never overwritten")
    try:
        engine = Engines(disable=disabled(), imports_from=imports_from()).of(tuple(map(Path, packs)), {})
    except PolicyError as error:
        fail(error.problems, lang)
    base = target.parent if target is not None else Path()
    with opened(events) as stream:
        texts = [text for block in event_texts(stream, events) for text in block]
    found = [_mapping(text) if isinstance(text, bytes) else None for text in texts]
    events_said = [event for event in found if event is not None and sayable(event)]
    text = recorded(events_said, engine, [os.path.relpath(pack, base) for pack in packs])
    if left_out := len(found) - len(events_said):
        why = "事例として書けないイベント" if lang == "ja" else "left out: events that a case cannot say"
        tell(f"{left_out} {why}")
    if target is None:
        write(text.rstrip("\n"))
        sys.stdout.buffer.flush()
    else:
        try:
            put_in_place(target, text.encode(), private=True)  # events tell of people
        except PolicyError as error:
            fail(error.problems, lang)


def _mapping(text: bytes) -> dict[str, object] | None:
    import msgspec  # noqa: PLC0415

    try:
        found = msgspec.json.decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
