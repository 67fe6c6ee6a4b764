"""``policyengine seal``: what of a pack was looked at, taken down so that nothing else is loaded."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from policyengine.cli.common import BAD, DENIED, imports_from, language_option, show, tell
from policyengine.cli.findings import format_option, show_finding, write_findings
from policyengine.cli.session import Session
from policyengine.errors import Place, PolicyError, Problem
from policyengine.language.file_problems import NOT_SEALED, SEAL_AGAIN, SEALED_FILE_CHANGED
from policyengine.text import Language, Text

if TYPE_CHECKING:
    from policyengine.language.kind import RuleKind


@click.command("seal")
@click.argument("pack", nargs=-1, required=True, type=click.Path(), metavar="PACK...")
@click.option("--check", is_flag=True, help="Write nothing; say what is not as sealed. Exit code 1 if anything is.")
@format_option
@language_option
@click.pass_context
def command(context: click.Context, pack: Sequence[str], check: bool, form: str, lang: Language) -> None:
    """Seal each PACK as it is now: write policy.lock beside its rule files.

    The lock has every rule file and every import, wherever it lies, with its SHA-256; the suites are no part of it.
    From then on nothing of the pack is loaded, reloaded or free of errors where a file of it is missing, added or
    changed, until it is sealed again. Prints the digest of the policy as well, which `digests` of a configuration pins.

    \b
    Example:
      policyengine seal rules/alc-smart-learning
      policyengine seal --check rules/alc-smart-learning
    """
    from policyengine.report.findings import Finding, Trial  # noqa: PLC0415

    session = context.find_object(Session)
    assert session is not None
    trials: list[Trial] = []
    packs: list[dict[str, Any]] = []
    for name in pack:
        problems: Sequence[Problem] = ()
        try:
            packs.append(_sealed(Path(name), session.plugins.kinds, check))
        except PolicyError as error:
            problems = error.problems
        findings = tuple(Finding.of(problem) for problem in problems)
        broken = any(finding.code != SEALED_FILE_CHANGED.name for finding in findings)
        trials.append(Trial(name, Place(name), findings, broken=broken))
    if form == "text":
        for trial in trials:
            for finding in trial.findings:
                show_finding(finding, lang)
        for sealed in packs:
            show(_said(sealed, check).say(lang))
    else:
        write_findings(trials, form, lang, packs=packs)
    sys.stdout.buffer.flush()
    found = sum(bool(trial.findings) for trial in trials)
    if form == "text" and check:
        tell(_summary(len(trials) - found, found, lang))
    sys.exit(BAD if any(trial.broken for trial in trials) else DENIED if found else 0)


def _sealed(path: Path, kinds: Mapping[str, RuleKind], check: bool) -> dict[str, Any]:
    """Seal a pack, or (`check`) look whether it is as it was sealed; return what there is to say of it.

    Raises:
        PolicyError: it is broken; or, where it is only looked at, not as it was sealed.
    """
    from policyengine.language.build import policy_of  # noqa: PLC0415  needed only here
    from policyengine.language.disk import Files, put_in_place  # noqa: PLC0415
    from policyengine.language.pack import load_pack  # noqa: PLC0415
    from policyengine.language.seal import digests, lock_text  # noqa: PLC0415

    pack = load_pack(path, Files(imports_from()), held=check)
    policy = policy_of(pack, kinds, {})
    files = digests(pack.lock, pack.own)
    if not check:
        put_in_place(pack.lock, lock_text(files).encode())
    elif not pack.lock.exists():
        raise PolicyError([NOT_SEALED.at(Place(str(pack.lock)), hint=SEAL_AGAIN.filled(pack=path))])
    return {
        "pack": str(path),
        "lock": str(pack.lock),
        "files": files,
        "policy": {"id": policy.id, "version": policy.version, "digest": policy.digest},
    }


def _said(found: dict[str, Any], check: bool) -> Text:
    count, policy = len(found["files"]), found["policy"]
    about = f"{policy['id']} {policy['version']} {policy['digest']}"
    files = f"{count} {'file' if count == 1 else 'files'}"
    return Text(
        ja=f"{found['pack']}: {count} 件のファイル{'は封印のまま' if check else 'を封印'}、{about}",
        en=f"{found['pack']}: {f'{files} as sealed' if check else f'sealed {files}'}, {about}",
    )


def _summary(same: int, other: int, lang: Language) -> str:
    if lang == "ja":
        return f"{same} 件は封印のまま、{other} 件は違う"
    return f"{same} as sealed, {other} not"
