"""``policyengine check``: what is wrong with rule files, and what they leave open."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from policyengine.cli.common import BAD, DENIED, language_option, show, tell, tell_left_out, write
from policyengine.cli.session import Session
from policyengine.engine.problems import PLUGIN_ERROR
from policyengine.errors import Place, PluginError, PolicyError, Problem
from policyengine.language.file_problems import FILE_MISSING, FILE_UNREADABLE
from policyengine.text import Language

_UNREADABLE = {FILE_MISSING.name, FILE_UNREADABLE.name}


@click.command("check")
@click.argument("path", nargs=-1, required=True, type=click.Path(), metavar="PATH...")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Form.")
@language_option
@click.pass_context
def command(context: click.Context, path: Sequence[str], form: str, lang: Language) -> None:
    """Check packs and vocabularies at PATH, or in any folder below it, and configurations named policyengine.toml.

    Prints every problem with file:line:column, a stable code, what was expected and the nearest valid thing; and, as
    notes, what the policy itself leaves open. Notes alone leave exit code 0.

    \b
    Example:
      policyengine check rules
    """
    from policyengine.language.build import check_path  # noqa: PLC0415  imports jsonschema, needed only here
    from policyengine.language.find import find_configurations, find_packs  # noqa: PLC0415

    session = context.find_object(Session)
    assert session is not None
    left_out: set[Path] = set()
    configurations: dict[Path, None] = {}
    packs: dict[Path, None] = {}
    problems: list[Problem] = []
    for root in path:
        try:
            configurations |= dict.fromkeys(find_configurations(root, left_out))
            packs |= dict.fromkeys(pack for pack in find_packs(root) if pack not in configurations)
        except PolicyError as error:
            problems += error.problems
    problems += [problem for pack in packs for problem in check_path(pack, session.plugins.kinds)]
    problems += [problem for file in configurations for problem in _configured(file)]
    found = list(dict.fromkeys(problems))
    errors = [problem for problem in found if problem.severity == "error"]
    if form == "json":
        write(msgspec.json.format(msgspec.json.encode([_data(problem) for problem in found])).decode())
    else:
        for problem in found:
            show(problem.words(lang))
        tell(_summary(len(packs) + len(configurations), len(errors), len(found) - len(errors), lang))
    tell_left_out(left_out, lang)
    sys.stdout.buffer.flush()
    sys.exit(BAD if any(p.code in _UNREADABLE for p in errors) else DENIED if errors else 0)


def _configured(file: Path) -> Sequence[Problem]:
    """Return what is wrong with a configuration, and with what it names."""
    from policyengine.engine.engine import Engine  # noqa: PLC0415

    try:
        Engine.load(config=file)
    except PolicyError as error:
        return error.problems
    except PluginError as error:
        return [PLUGIN_ERROR.at(Place(str(file)), error=error)]
    return ()


def _data(problem: Problem) -> dict[str, Any]:
    place = problem.place
    return {
        "file": place.file if place else None,
        "line": place.line if place else None,
        "column": place.column if place else None,
        "severity": problem.severity,
        "code": problem.code,
        "clause": problem.clause,
        "message": problem.message.as_dict(),
        "hint": problem.hint.as_dict() if problem.hint else None,
    }


def _summary(packs: int, errors: int, notes: int, lang: Language) -> str:
    if lang == "ja":
        return f"{packs} 件を検査: 誤り {errors} 件、注記 {notes} 件"
    return (
        f"{packs} checked: {errors} {'error' if errors == 1 else 'errors'}, {notes} {'note' if notes == 1 else 'notes'}"
    )
