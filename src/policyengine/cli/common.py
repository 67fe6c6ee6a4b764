"""What the subcommands share: languages, styles, loading an engine, saying what is wrong."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click
from click.core import ParameterSource

from policyengine.cli.session import Session, default_language
from policyengine.errors import PluginError, PolicyError, Problem
from policyengine.text import LANGUAGE_TAG, LANGUAGES, Language, Words, plain, visible

if TYPE_CHECKING:
    from pathlib import Path

    from policyengine.engine.engine import Engine
    from policyengine.text import Line

F = TypeVar("F", bound=Callable[..., Any])

DENIED = 1
BAD = 2

_NAMED_FOLDERS = 5

_STYLES = {
    "good": {"fg": "green"},
    "bad": {"fg": "red"},
    "warn": {"fg": "yellow"},
    "dim": {"dim": True},
    "strong": {"bold": True},
}


def _language(context: click.Context, option: click.Parameter, lang: Language) -> Language:
    if not re.match(LANGUAGE_TAG, lang):
        raise click.BadParameter(f'expected the tag of a language, such as ja, en or de, got "{lang}"', context, option)
    return lang


language_option = click.option(
    "--lang",
    metavar="LANGUAGE",
    default=default_language,
    show_default="of the environment",
    callback=_language,
    shell_complete=lambda _context, _option, typed: [one for one in LANGUAGES if one.startswith(typed)],
    help="Language of texts for people: ja, en, or another of the policies'; what is not in it is said in English.",
)
reading_option = click.option(
    "--reading",
    "readings",
    multiple=True,
    metavar="[POLICY:]NAME=VALUE",
    help="Read an ambiguity of the text under this value.",
)
events_option = click.option(
    "--events", metavar="FILE|-", help="Events: JSONL, CSV (.csv), or one JSON document; - is standard input."
)
source_option = click.option(
    "--source", metavar="NAME", help="Take the events of this event source, as the configuration names it."
)
policy_argument = click.argument("policy", nargs=-1, type=click.Path(), metavar="[POLICY]...")


def disabled() -> tuple[str, ...]:
    """Return the plugins, or packages, that the call leaves out."""
    session = click.get_current_context().find_object(Session)
    return () if session is None else session.disable


def imports_from() -> tuple[str | Path, ...]:
    """Return the folders that imports may lead to as well, as the configuration of the call says."""
    session = click.get_current_context().find_object(Session)
    try:
        found = None if session is None else session.configuration
    except click.ClickException:  # it is no matter of a command that names its packs itself
        return ()
    return () if found is None else found.imports_from


def load_engine(policy: Sequence[str], readings: Iterable[str], lang: Language) -> Engine:
    """Load the packs, or what is configured where none is named; or say what is wrong, with exit code 2."""
    from policyengine.engine.engine import Engine  # noqa: PLC0415  imports the engine only where a command needs it

    context = click.get_current_context()
    session = context.find_object(Session)
    if not policy:
        if session is None or session.file is None:
            raise click.UsageError("Missing argument 'POLICY...', and no policyengine.toml names policies.")
        if any(readings):
            raise click.UsageError("Readings of configured policies stand in the configuration.")
        session.lang = lang
        return _speaking(session.engine(), lang)
    chosen = {}
    for reading in readings:
        name, equals, value = reading.partition("=")
        if not (name and equals and value):
            raise click.BadParameter(f'expected NAME=VALUE, got "{reading}"', param_hint="--reading")
        chosen[name] = value
    try:
        engine = Engine.load(*policy, readings=chosen, disable=disabled(), imports_from=imports_from())
    except PolicyError as error:
        fail(error.problems, lang)
    except PluginError as error:
        raise click.ClickException(str(error)) from None
    return _speaking(engine, lang)


def _speaking(engine: Engine, lang: Language) -> Engine:
    """Return the engine; or say that neither it nor a policy has the language that the call names."""
    known = dict.fromkeys((*LANGUAGES, *(one for policy in engine.policies for one in policy.languages)))
    named = click.get_current_context().get_parameter_source("lang") is ParameterSource.COMMANDLINE
    if named and lang not in known:
        raise click.BadParameter(f'no text is in "{lang}"; there are {", ".join(known)}', param_hint="--lang")
    return engine


def fail(problems: Iterable[Problem], lang: Language) -> NoReturn:
    """Print problems on standard error and leave with exit code 2."""
    for problem in problems:
        tell(problem.line(lang))
    sys.exit(BAD)


def tell(text: str) -> None:
    """Write one line for people on standard error."""
    click.echo(visible(text), err=True)


def show(line: Line | str) -> None:
    """Write one line for people on standard output: without what would steer a terminal, but for our own colours."""
    write(styled((Words(line),) if isinstance(line, str) else line, wants_colour()))


def tell_left_out(folders: Iterable[Path], lang: Language) -> None:
    """Say on standard error which folders were not looked at, the first few by name."""
    names = sorted(map(str, folders))
    if not names:
        return
    shown = ", ".join(names[:_NAMED_FOLDERS])
    more = len(names) - _NAMED_FOLDERS
    if lang == "ja":
        rest = f" ほか {more} 件" if more > 0 else ""
        tell(f"見ていないフォルダ（隠し、環境、ビルド）: {shown}{rest}")
    else:
        rest = f" and {more} more" if more > 0 else ""
        tell(f"not looked at (hidden, environments, builds): {shown}{rest}")


def styled(line: Line, colour: bool) -> str:
    """Return one line for people, with terminal colours where `colour`."""
    if not colour:
        return plain(line)
    return "".join(
        click.style(visible(words.text), **_STYLES.get(words.style, {}))  # type: ignore[arg-type]
        for words in line
    )


def wants_colour() -> bool:
    """Whether standard output is a terminal that may be coloured (``NO_COLOR`` and ``TERM=dumb`` say it may not)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def encoded(line: str | bytes) -> bytes:
    """Return a line that programs read as it is written: exactly, with its end, as UTF-8 whatever the locale."""
    return (line if isinstance(line, bytes) else line.encode("utf-8", "backslashreplace")) + b"\n"


def write(text: str) -> None:
    """Write a line that programs read, at once where that is to a terminal."""
    sys.stdout.buffer.write(encoded(text))
    if sys.stdout.isatty():
        sys.stdout.buffer.flush()
