"""``policyengine fmt``: rule files in their canonical layout."""

from __future__ import annotations

import difflib
import io
import itertools
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from policyengine.cli.common import BAD, DENIED, language_option, show, tell, tell_left_out, write
from policyengine.cli.findings import format_option, show_finding, write_findings
from policyengine.errors import Place, PolicyError, Problem
from policyengine.text import Language, Style, Words

if TYPE_CHECKING:
    from policyengine.report.findings import Finding, Trial


class _Result(NamedTuple):
    """One file, as it was and as it shall be."""

    file: str
    before: bytes
    after: bytes

    @property
    def changes(self) -> bool:
        return self.before != self.after


@click.command("fmt")
@click.argument("path", nargs=-1, required=True, type=click.Path(allow_dash=True), metavar="PATH...|-")
@click.option("--check", is_flag=True, help="Write no file; list those that would change. Exit code 1 if any would.")
@click.option("--diff", is_flag=True, help="Write no file; show what would change. Exit code 1 if anything would.")
@format_option
@language_option
def command(path: Sequence[str], check: bool, diff: bool, form: str, lang: Language) -> None:
    """Lay out the rule files at PATH, or in any folder below it: packs, vocabularies, test suites.

    Comments, order and meaning stay. Rewrites files in place and lists those that changed; a broken file stays as it
    is. PATH - formats standard input to standard output.

    \b
    Example:
      policyengine fmt rules
      policyengine fmt --check --diff rules
      policyengine fmt --check --format github rules
      policyengine fmt - < rules/online-shop/policy.toml
    """
    from policyengine.language.disk import put_in_place  # noqa: PLC0415
    from policyengine.report.findings import broken  # noqa: PLC0415

    writes = not (check or diff)
    piped = "-" in path
    if piped and len(path) > 1:
        raise click.UsageError("- is standard input, and goes alone")
    if piped and writes and form != "text":
        raise click.UsageError(f"- writes what it formats; --format {form} goes with --check or --diff")
    problems: list[Problem] = []
    results: list[_Result] = []
    left_out: set[Path] = set()
    for name in path if piped else _files(path, problems, left_out):
        try:
            result = _formatted(name)
            if writes and result.changes and not piped:
                put_in_place(Path(name), result.after)
            results.append(result)
        except PolicyError as error:
            problems += error.problems
    if piped and writes:
        sys.stdout.buffer.write(b"".join(result.after for result in results))
    elif form == "text":
        _show(results, writes, diff, lang)
    else:
        trials = [*broken(problems), *(_trial(result, writes, diff) for result in results)]
        write_findings(trials, form, lang, files=[_data(result, diff) for result in results])
    sys.stdout.buffer.flush()
    if form == "text":
        for problem in problems:
            tell(problem.line(lang))
    tell_left_out(left_out, lang)
    changed = sum(result.changes for result in results)
    if form == "text" and not piped:
        tell(_summary(changed, len(results) - changed, writes, lang))
    sys.exit(BAD if problems else DENIED if changed and not writes else 0)


def _files(path: Sequence[str], problems: list[Problem], left_out: set[Path]) -> list[str]:
    """Return the rule files at or below the paths, each once; what is wrong with a path goes to `problems`.

    The folders that are not looked at go to `left_out`.
    """
    from policyengine.language.find import find_rule_files  # noqa: PLC0415  loads the parsers, needed only here

    found: dict[str, str] = {}
    for root in path:
        try:
            for file in find_rule_files(root, left_out):
                found.setdefault(os.path.realpath(file), str(file))
        except PolicyError as error:
            problems += error.problems
    return list(found.values())


def _formatted(name: str) -> _Result:
    from policyengine.language.disk import contents  # noqa: PLC0415
    from policyengine.language.format import formatted  # noqa: PLC0415
    from policyengine.language.source import decode  # noqa: PLC0415

    shown = "<stdin>" if name == "-" else name
    before = sys.stdin.buffer.read() if name == "-" else contents(Path(name))
    return _Result(shown, before, formatted(decode(before, shown), shown).encode())


def _show(results: Sequence[_Result], writes: bool, diff: bool, lang: Language) -> None:
    """Show people what was formatted, what would change, or how."""
    for result in results:
        if not result.changes:
            continue
        if writes:
            show(result.file)
        elif not diff:
            show_finding(_finding(result, diff), lang)
        elif sys.stdout.isatty():
            for line in _diff(result):
                show((Words(line, _style(line)),))
        else:
            for line in _diff(result):
                write(line)  # for `patch`, which wants every character as it is


def _trial(result: _Result, writes: bool, diff: bool) -> Trial:
    """Return a file as it was looked at; what was formatted is no finding any more."""
    from policyengine.report.findings import Trial  # noqa: PLC0415

    found = (_finding(result, diff),) if result.changes and not writes else ()
    return Trial(result.file, Place(result.file), found)


def _finding(result: _Result, diff: bool) -> Finding:
    """Return what is found of a file that would change, at the first line that would; with the whole `diff` or not."""
    from policyengine.report.findings import Detail, Finding  # noqa: PLC0415
    from policyengine.report.problems import NOT_CANONICAL  # noqa: PLC0415

    pairs = itertools.zip_longest(result.before.splitlines(keepends=True), result.after.splitlines(keepends=True))
    line = next(number for number, (before, after) in enumerate(pairs, 1) if before != after)
    detail = tuple((Words(line, _style(line)),) for line in _diff(result)) if diff else ()
    return Finding.of(NOT_CANONICAL.at(Place(result.file, line)), Detail(detail, detail))


def _data(result: _Result, diff: bool) -> dict[str, Any]:
    data: dict[str, Any] = {"file": result.file, "changed": result.changes}
    return {**data, "diff": "".join(f"{line}\n" for line in _diff(result))} if diff else data


def _diff(result: _Result) -> Iterator[str]:
    """Yield the lines of a unified diff that ``patch`` can read."""
    before, after = (list(io.StringIO(text.decode(), newline="\n")) for text in (result.before, result.after))
    for line in difflib.unified_diff(before, after, result.file, result.file):
        yield line.removesuffix("\n")
        if not line.endswith("\n"):
            yield r"\ No newline at end of file"


def _style(line: str) -> Style:
    if line.startswith(("---", "+++")):
        return "strong"
    styles: Mapping[str, Style] = {"+": "good", "-": "bad", "@": "dim"}
    return styles.get(line[:1], "plain")


def _summary(changed: int, same: int, writes: bool, lang: Language) -> str:
    if lang == "ja":
        return f"{changed} 件{'を整形' if writes else 'は整形が必要'}、{same} 件はそのまま"
    return f"{changed} {'formatted' if writes else 'would change'}, {same} unchanged"
