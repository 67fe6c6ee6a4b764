"""``policyengine check``: what is wrong with rule files, and what they leave open."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource
from msgspec.structs import replace

from policyengine.cli.against import Against, against_option
from policyengine.cli.common import BAD, DENIED, imports_from, language_option, tell, tell_left_out
from policyengine.cli.findings import as_of_option, format_option, show_finding, summed_up, write_findings
from policyengine.cli.session import Session
from policyengine.engine.problems import PLUGIN_ERROR
from policyengine.errors import Place, PluginError, PolicyError, Problem, place_of
from policyengine.language.file_problems import FILE_MISSING, FILE_UNREADABLE
from policyengine.text import Language

if TYPE_CHECKING:
    from policyengine.model.policy import Policy
    from policyengine.report.findings import Finding, Trial

_UNREADABLE = {FILE_MISSING.name, FILE_UNREADABLE.name}


@click.command("check")
@click.argument("path", nargs=-1, required=True, type=click.Path(), metavar="PATH...")
@format_option
@as_of_option
@against_option
@language_option
@click.pass_context
def command(
    context: click.Context, path: Sequence[str], form: str, as_of: str, against: Sequence[str], lang: Language
) -> None:
    """Check packs and vocabularies at PATH, or in any folder below it, and configurations named policyengine.toml.

    Prints every problem with file:line:column, a stable code, what was expected and the nearest valid thing; and, as
    notes, what the policy itself leaves open, what in it can hardly be meant, and which rule files below PATH nothing
    loads. Notes alone leave exit code 0.

    With --against, what a layer asks of the text of each pack is looked for as well, by the lints that plugins bring
    for it: on the day --as-of, else on the last on which anything in the layer changed.

    \b
    Example:
      policyengine check rules
      policyengine check rules --format sarif > findings.sarif
      policyengine check rules/alc-smart-learning --against rules/appi
    """
    from policyengine.language.build import checked  # noqa: PLC0415  needed only here
    from policyengine.language.disk import Files  # noqa: PLC0415
    from policyengine.language.find import find_configurations, find_packs  # noqa: PLC0415
    from policyengine.model.succession import succession_problems  # noqa: PLC0415
    from policyengine.report.findings import broken  # noqa: PLC0415

    session = context.find_object(Session)
    assert session is not None
    left_out: set[Path] = set()
    configurations: dict[Path, None] = {}
    packs: dict[Path, None] = {}
    trials: list[Trial] = []
    for root in path:
        try:
            configurations |= dict.fromkeys(find_configurations(root, left_out))
            packs |= dict.fromkeys(pack for pack in find_packs(root) if pack not in configurations)
        except PolicyError as error:
            trials += broken(error.problems)
    built = {pack: checked(pack, session.plugins.kinds, Files(imports_from())) for pack in packs}
    given = context.get_parameter_source("as_of") is not ParameterSource.DEFAULT
    asked = Against(session.plugins, against, as_of if given else None)
    trials += broken(asked.unusable)
    of_succession = list(succession_problems([policy for _, policy in built.values() if policy is not None]))
    for pack, (problems, policy) in built.items():
        about = None if policy is None else place_of(policy.source)
        more = [one for one in of_succession if about and one.place and one.place.file == about.file]
        if policy is not None and not policy.layer:
            more += asked.lacking(pack, policy)
        found_in = _trial(pack, (*problems, *more))
        trials.append(found_in if policy is None else _accepting(found_in, policy, as_of, session, asked.names))
    for file in configurations:
        trials.append(_trial(file, _configured(file, session)))
        if not trials[-1].errors:
            trials += _loaded_together(file, session, as_of, given=given)
    sound = [trial.name for trial in trials if not trial.broken]
    trials += _not_loaded(path, packs, configurations)
    found = list(dict.fromkeys(finding for trial in trials for finding in trial.findings))
    if form == "text":
        for finding in found:
            show_finding(finding, lang)
        tell(_summary(len(packs) + len(configurations), found, lang))
    else:
        write_findings(trials, form, lang, checked=sound)
    tell_left_out(left_out, lang)
    sys.stdout.buffer.flush()
    unread = any(finding.code in _UNREADABLE for finding in found) or bool(asked.unusable)
    sys.exit(BAD if unread else DENIED if any(finding.counts for finding in found) else 0)


def _trial(path: str | Path, problems: Iterable[Problem]) -> Trial:
    """Return a pack or a configuration as it was checked."""
    from policyengine.report.findings import Finding, Trial  # noqa: PLC0415

    findings = tuple(Finding.of(problem) for problem in dict.fromkeys(problems))
    unread = any(finding.code in _UNREADABLE for finding in findings)
    return Trial(str(path), Place(str(path)), findings, broken=unread)


def _accepting(
    trial: Trial, policy: Policy, day: str, session: Session, linted: frozenset[str], *, whole: bool = True
) -> Trial:
    """Return what was found in a pack with what its policy accepts of it on a day, and what it need not accept.

    Args:
        trial: what was found.
        policy: the policy.
        day: the day.
        session: the call.
        linted: the names of the lints that looked.
        whole: whether the pack was looked at as a whole, and not by lints alone.
    """
    if not policy.accepted:
        return trial
    from policyengine.report.accepted import settled, sorts, unknown  # noqa: PLC0415

    lints = frozenset(session.plugins.lints)
    codes = (sorts().checked - lints) | linted if whole else linted
    more = unknown(policy.accepted, sorts().all | lints) if whole else ()
    return replace(trial, findings=(*settled(trial.findings, policy.accepted, day, codes), *more))


def _loaded_together(file: Path, session: Session, day: str, *, given: bool) -> Iterator[Trial]:
    """Yield what the layers of a configuration ask of the text of the packs below them: the lints of one load.

    Args:
        file: the configuration.
        session: the call.
        day: the day on which findings are accepted.
        given: whether the layers are asked on that day too.
    """
    from policyengine.engine.configuration import read_configuration  # noqa: PLC0415
    from policyengine.language.documents import Documents  # noqa: PLC0415

    paths = [pack for pack in read_configuration(file).policies if not isinstance(pack, Documents)]
    asked = Against(session.plugins, (), day if given else None)
    for path, policy, problems in asked.together(paths):
        yield _accepting(_trial(path, problems), policy, day, session, asked.names, whole=False)


def _not_loaded(path: Iterable[str], packs: Iterable[Path], configurations: Iterable[Path]) -> Iterator[Trial]:
    """Yield the paths below which there are rule files that nothing loads: no pack, nor what is configured."""
    from policyengine.engine.configuration import read_configuration  # noqa: PLC0415
    from policyengine.language.disk import Files  # noqa: PLC0415
    from policyengine.language.documents import Documents  # noqa: PLC0415
    from policyengine.language.find import unloaded  # noqa: PLC0415
    from policyengine.language.offered import located  # noqa: PLC0415
    from policyengine.language.pack import load_pack  # noqa: PLC0415

    named = {*packs}
    for file in configurations:
        with suppress(PolicyError):  # what is wrong with it was told
            found = read_configuration(file)
            named.update(Path(pack) for pack in (*found.policies, *found.shadow) if not isinstance(pack, Documents))
    loaded: set[Path] = set()
    for pack in named:
        with suppress(PolicyError):
            loaded |= load_pack(pack, Files(imports_from())).files
    folders = {pack for pack in named if pack.is_dir()}
    for name in dict.fromkeys(path):
        with suppress(PolicyError):
            root = located(name)
            if notes := list(unloaded(root, folders, loaded)):
                yield _trial(root, notes)


def _configured(file: Path, session: Session) -> Sequence[Problem]:
    """Return what is wrong with a configuration, and with what it names."""
    from policyengine.engine.configuration import read_configuration  # noqa: PLC0415
    from policyengine.engine.engine import engine_of  # noqa: PLC0415

    try:
        engine_of(session.disabling(read_configuration(file))).close()
    except PolicyError as error:
        return error.problems
    except PluginError as error:
        return [PLUGIN_ERROR.at(Place(str(file)), error=error)]
    return ()


def _summary(packs: int, found: Sequence[Finding], lang: Language) -> str:
    counts = summed_up(found, lang)
    return f"{packs} 件を検査: {counts}" if lang == "ja" else f"{packs} checked: {counts}"
