"""The command line: one small file a subcommand, each imported only when it is called."""

from __future__ import annotations

import gc
import importlib
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import click

from policyengine.cli.session import Session, default_language
from policyengine.engine.installed import may_be_installed

_GARBAGE: Final = 20_000
"""How many objects are made between two searches for garbage: most that a command makes are modules and rules."""

CONFIGURATION = "policyengine.toml"  # as in `policyengine.load`, which completion shall not wait for

COMMANDS = {
    "new": "Begin a policy: a pack with its suite, an event, and schemas for editors.",
    "evaluate": "Decide events: permit or deny, with clauses and obligations.",
    "explain": "Decide events and say why, rule by rule, for people.",
    "check": "Check rule files: form, words, consistency, open points.",
    "test": "Run rule test suites, with coverage.",
    "fmt": "Lay rule files out in the one canonical form.",
    "analyze": "Find rules that never decide, and what nothing permits, uses or changes.",
    "seal": "Take down which rule files were reviewed, so that no others are loaded.",
    "diff": "Say what changed between two versions of a policy: what is newly permitted, denied, or on new terms.",
    "mutate": "Make the rules a little wrong, and see whether the suites notice.",
    "render": "Make a notice for people of a policy: Markdown, or a page of HTML.",
    "query": "Say what is ever permitted, and what must be in place.",
    "schema": "Print a JSON Schema: of rule files, suites, events, decisions, configurations.",
    "packs": "List the packs, and the files that packs share, which can be named.",
    "plugins": "List the plugins, the hooks that they implement, and their settings.",
}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*COMMANDS, *(name for name in sorted(_brought(ctx)) if name not in COMMANDS)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return _brought(ctx).get(cmd_name)
        command = importlib.import_module(f"policyengine.cli.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        with _reader_gone():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        with _reader_gone():
            return super().invoke(ctx)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        from policyengine.errors import nearest  # noqa: PLC0415

        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            if close := nearest(args[0], self.list_commands(ctx)):
                raise click.UsageError(f'{error.message} Did you mean "{close}"?', ctx) from None
            raise

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))
        if others := {name: command for name, command in sorted(_brought(ctx).items()) if name not in COMMANDS}:
            with formatter.section("Commands of plugins"):
                formatter.write_dl([(name, command.get_short_help_str(80)) for name, command in others.items()])


def _brought(ctx: click.Context) -> dict[str, click.Command]:
    """Return the commands that plugins bring; a plugin that is broken is told of, and hides no command of ours."""
    session = _session(ctx)
    if session.brought is None:
        session.brought = {}
        if not may_be_installed():
            return session.brought
        from policyengine.errors import PluginError  # noqa: PLC0415

        try:
            for name, command in session.plugins.commands.items():
                if not isinstance(command, click.Command):
                    raise PluginError(f"command {name!r} is no click.Command")
                session.brought[name] = command
        except (PluginError, click.ClickException) as error:
            if not ctx.resilient_parsing:
                _say(f"plugins: {error}\n")
    return session.brought


def _session(ctx: click.Context) -> Session:
    """Return the session of a call, made where parsing has not come to it yet, as in completion."""
    if not isinstance(ctx.obj, Session):
        named = ctx.params.get("config") or os.environ.get("POLICYENGINE_CONFIG")
        if not named and os.path.isfile(CONFIGURATION):  # noqa: PTH113  most calls name no path at all
            named = CONFIGURATION
        ctx.obj = Session(named or None, default_language(), ctx.params.get("disable") or ())
    return ctx.obj


def _print_version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from policyengine import __version__  # noqa: PLC0415

        click.echo(f"dataflow-policyengine {__version__}")
        ctx.exit()


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version", is_flag=True, callback=_print_version, expose_value=False, is_eager=True, help="Print the version."
)
@click.option(
    "--config",
    metavar="FILE",
    envvar="POLICYENGINE_CONFIG",
    help="The configuration file.  [default: policyengine.toml in the current folder, where there is one]",
)
@click.option("--disable", metavar="NAME", multiple=True, help="Leave a plugin, or a package of plugins, out.")
@click.pass_context
def cli(ctx: click.Context, config: str | None, disable: tuple[str, ...]) -> None:  # noqa: ARG001  for the session
    """Policy as code for personal data in motion.

    \b
    Example:
      policyengine evaluate rules/alc-smart-learning --events examples/alc-month.jsonl

    \b
    Exit codes: 0 all permitted, or nothing found; 1 something denied, or found;
    2 bad usage or input, an invalid event included.
    Shell completion: eval "$(_POLICYENGINE_COMPLETE=bash_source policyengine)"
    (zsh_source and fish_source likewise).
    """
    _session(ctx)


def main() -> None:
    """Run the command line, and leave the shell with an exit code even where it leaves us first."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started us
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115
    gc.set_threshold(_GARBAGE)
    try:
        code = cli.main(prog_name="policyengine", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        said = io.StringIO()
        error.show(said)
        _say(said.getvalue())
        code = 2
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        code = 130
    except _ReaderGone:
        code = 141
        _quiet()
    except OSError as error:  # no space left, a disk that failed
        _say(f"Error: {error}\n")
        code = 2
        _quiet()
    except Exception:  # a mistake of ours: it shall not look like a denial, which is what Python's own code 1 says
        import traceback  # noqa: PLC0415

        traceback.print_exc()
        code = 70
    sys.exit(code)


def _say(text: str) -> None:
    """Write a text of ours on standard error, which may name what somebody else has made."""
    from policyengine.text import visible  # noqa: PLC0415

    click.echo(visible(text, keep="\n"), err=True, nl=False)


class _ReaderGone(Exception):
    """Whoever read our output has gone. A `BrokenPipeError` as such would become exit code 1 in click."""


@contextmanager
def _reader_gone() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise _ReaderGone from None


def _quiet() -> None:
    """Point standard output elsewhere, so that closing it at exit says nothing more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
