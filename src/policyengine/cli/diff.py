"""``policyengine diff``: what is newly permitted, newly denied, or permitted on new terms."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import click

from policyengine.cli.against import Against, against_option
from policyengine.cli.common import (
    DENIED,
    disabled,
    events_option,
    fail,
    imports_from,
    language_option,
    reading_option,
    show,
    tell,
    write,
)
from policyengine.errors import PolicyError
from policyengine.text import Language, Text

if TYPE_CHECKING:
    from policyengine.analysis.changes import Changes
    from policyengine.analysis.flips import Flips
    from policyengine.language.documents import Documents
    from policyengine.language.kind import RuleKind
    from policyengine.model.policy import Policy
    from policyengine.report.changes import Compared
    from policyengine.report.findings import Finding

FORMS: Final = ("text", "json", "md", "html")

_UNDECIDED: Final = Text(ja="決められません: {why}", en="undecided: {why}")
_WHY: Final = Text(ja="違いを調べ尽くせませんでした", en="not all differences could be looked for")


@click.command("diff")
@click.argument("packs", nargs=-1, required=True, type=click.Path(), metavar="OLD [NEW]")
@click.option("--rev", metavar="REV", help="Take OLD as it stood in this revision of git; A..B: of one pack, both.")
@reading_option
@click.option("--at", "at", metavar="TIME", help="Compare at this time alone.  [default: at all times]")
@events_option
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMS),
    default="text",
    show_default=True,
    help="Form of the report; md for a pull request, html as a page.",
)
@click.option("--all", "whole", is_flag=True, help="Show every statement, those that change no more than clauses too.")
@click.option("--allow-wider", is_flag=True, help="Exit with 0 though something is newly permitted.")
@against_option
@language_option
def command(
    packs: Sequence[str],
    rev: str | None,
    readings: Sequence[str],
    at: str | None,
    events: str | None,
    form: str,
    whole: bool,
    allow_wider: bool,
    against: Sequence[str],
    lang: Language,
) -> None:
    """Say what changed between the packs OLD and NEW: flows newly permitted, newly denied, or on new terms.

    A pack is a file or a folder, or a revision of git and a path in it, such as main~3:rules/shop. Of one pack,
    --rev compares how it stood in a revision with how it stands, and --reading how it is read with its defaults.
    The answer is exact, and each statement has an example. Exit code 1 where something is newly permitted.

    With --against, what a layer asks of the changed text is told as well; exit code 1 where that breaks it.

    \b
    Example:
      policyengine diff rules/alc-smart-learning --reading clause-5-conditions=strict
      policyengine diff rules/alc-smart-learning --reading reach-of-law=any-authority --format md --allow-wider
      policyengine diff rules/alc-smart-learning --reading clause-5-conditions=strict --against rules/appi
    """
    from policyengine.analysis.changes import Changes  # noqa: PLC0415
    from policyengine.model.space import Undecided  # noqa: PLC0415

    picked = _picked(readings)
    time = _time(at)
    try:
        old, new, alike = _policies(packs, rev, picked)
    except PolicyError as error:
        fail(error.problems, lang)
    try:
        changes = Changes(old, new, at=time)
    except Undecided as error:
        tell(_UNDECIDED.filled(why=str(error) or _WHY).say(lang))
        sys.exit(DENIED)
    flips = None if events is None else _flips(changes, events)
    found = _compared((old, new), alike, changes, flips, time, whole=whole)
    if against:
        found = replace(found, lacking=_lacking(against, _named(packs, rev, picked)[:2], (old, new), lang))
    _write(found, form, lang)
    sys.stdout.buffer.flush()
    broken = any(finding.severity == "error" and finding.counts for finding in found.lacking)
    sys.exit(DENIED if broken or (found.wider and not allow_wider) else 0)


def _lacking(
    against: Sequence[str],
    packs: tuple[str | Documents, str | Documents],
    policies: tuple[Policy, Policy],
    lang: Language,
) -> Sequence[Finding]:
    """Return what layers have against the new policy's text or the change to it, as far as they had not before."""
    from policyengine import moment  # noqa: PLC0415
    from policyengine.engine.plugins import Plugins  # noqa: PLC0415
    from policyengine.report.accepted import settled  # noqa: PLC0415
    from policyengine.report.findings import Finding  # noqa: PLC0415

    (old_pack, new_pack), (old, new) = packs, policies
    asked = Against(Plugins(disable=disabled()), against)
    if asked.unusable:
        fail(asked.unusable, lang)
    found = [Finding.of(problem) for problem in asked.changed(old_pack, old, new_pack, new)]
    return settled(found, new.accepted, moment.now()[:10], ())


def _picked(readings: Sequence[str]) -> dict[str, str]:
    picked: dict[str, str] = {}
    for reading in readings:
        name, equals, value = reading.partition("=")
        if not (name and equals and value):
            raise click.BadParameter(f'expected NAME=VALUE, got "{reading}"', param_hint="--reading")
        picked[name] = value
    return picked


def _time(at: str | None) -> int | None:
    from policyengine.moment import instant  # noqa: PLC0415

    if at is None:
        return None
    try:
        return instant(at)
    except ValueError:
        hint = "expected a time such as 2026-11-24T09:00:00+09:00"
        raise click.BadParameter(f'{hint}, got "{at}"', param_hint="--at") from None


def _policies(packs: Sequence[str], rev: str | None, picked: Mapping[str, str]) -> tuple[Policy, Policy, Policy | None]:
    """Return the old and the new policy; and the new one under the old one's readings, where these are others."""
    from policyengine.language.build import build_policies  # noqa: PLC0415

    old_pack, new_pack, of_readings = _named(packs, rev, picked)
    kinds = _kinds()

    def built(pack: str | Documents, readings: Mapping[str, str]) -> Policy:
        return build_policies([pack], kinds, readings, imports_from=imports_from())[0]

    if of_readings:
        old, new = built(old_pack, {}), built(new_pack, picked)
    else:
        ours, theirs = _known(old_pack), _known(new_pack)
        either = {name for name in picked if _bare(name) not in ours and _bare(name) not in theirs}
        old = built(old_pack, {name: value for name, value in picked.items() if _bare(name) in ours or name in either})
        new = built(new_pack, {name: of for name, of in picked.items() if _bare(name) in theirs or name in either})
    before = {
        name: value
        for name, value in old.chosen.items()
        if name in new.readings and value in new.readings[name].values and new.chosen[name] != value
    }
    return old, new, built(new_pack, {**new.chosen, **before}) if before else None


def _bare(name: str) -> str:
    return name.rpartition(":")[2]


def _known(pack: str | Documents) -> frozenset[str]:
    """Return the readings that a pack declares."""
    from policyengine.language.disk import Files  # noqa: PLC0415
    from policyengine.language.pack import load_pack  # noqa: PLC0415

    return load_pack(pack, Files(imports_from())).readings


def _named(
    packs: Sequence[str], rev: str | None, picked: Mapping[str, str]
) -> tuple[str | Documents, str | Documents, bool]:
    """Return the old and the new pack, and whether these are one pack that is read in two ways."""
    from policyengine.language.revision import is_revision, pack_at, pack_of  # noqa: PLC0415

    def pack(named: str) -> str | Documents:
        return pack_of(named) if is_revision(named) else named

    if len(packs) > 2:
        raise click.UsageError("name one pack, or two: the old and the new one")
    if rev is not None:
        before, dots, after = rev.partition("..")
        if not before or (dots and not after) or (dots and len(packs) > 1):
            raise click.BadParameter("expected a revision, or two of one pack as A..B", param_hint="--rev")
        old = pack_at(packs[0], before)
        return old, pack_at(packs[0], after) if dots else pack(packs[-1]), False
    if len(packs) == 1:
        if not picked:
            raise click.UsageError("name two packs, or one with --rev or --reading")
        return pack(packs[0]), pack(packs[0]), True
    return pack(packs[0]), pack(packs[1]), False


def _kinds() -> Mapping[str, RuleKind]:
    from policyengine.engine.plugins import Plugins  # noqa: PLC0415

    return Plugins(disable=disabled()).kinds


def _compared(
    policies: tuple[Policy, Policy],
    alike: Policy | None,
    changes: Changes,
    flips: Flips | None,
    at: int | None,
    *,
    whole: bool,
) -> Compared:
    """Return all that was found; `alike` is the new policy under the readings of the old one, where it has others."""
    from policyengine.analysis.changes import comparable  # noqa: PLC0415
    from policyengine.analysis.declared import declared  # noqa: PLC0415
    from policyengine.analysis.witness import Judge  # noqa: PLC0415
    from policyengine.report.changes import Compared  # noqa: PLC0415

    old, new = policies
    statements = changes.statements()
    by_reading: dict[int, Sequence[str]] = {}
    if alike is not None:
        judge = Judge(comparable(old, alike)[1])
        names = [name for name, value in alike.chosen.items() if new.chosen[name] != value]
        by_reading = {number: names for number, of in enumerate(statements) if judge.says(of.witness) == of.said[0]}
    return Compared(policies, changes, statements, tuple(declared(old, new)), by_reading, flips, at, whole)


def _flips(changes: Changes, events: str) -> Flips:
    """Return what becomes of the events of a file, with each policy as if it were in force."""
    from policyengine.analysis.flips import Flips  # noqa: PLC0415
    from policyengine.cli.stream import events_from  # noqa: PLC0415
    from policyengine.decision.decider import read_event  # noqa: PLC0415
    from policyengine.engine.engine import Engine  # noqa: PLC0415
    from policyengine.errors import InvalidEvent  # noqa: PLC0415

    found = Flips()
    with Engine([changes.policies[1]]) as engine, events_from(engine, events, None) as blocks:
        for block in blocks:
            for one in block:
                event = read_event(one)
                data: dict[str, Any] = {} if isinstance(event, InvalidEvent) else event.as_dict()
                says = [None if isinstance(event, InvalidEvent) else judge.says(data) for judge in changes.judges]
                found.add(data, says[0], says[1])
    return found


def _write(found: Compared, form: str, lang: Language) -> None:
    from policyengine.report.changes import lines, section  # noqa: PLC0415
    from policyengine.report.changes_data import as_json  # noqa: PLC0415
    from policyengine.report.html import as_html  # noqa: PLC0415
    from policyengine.report.markdown import as_markdown  # noqa: PLC0415

    match form:
        case "json":
            write(as_json(found))
        case "md":
            write(as_markdown(section(found, lang)).rstrip("\n"))
        case "html":
            write(as_html(section(found, lang), lang).rstrip("\n"))
        case _:
            for line in lines(found, lang):
                show(line)
