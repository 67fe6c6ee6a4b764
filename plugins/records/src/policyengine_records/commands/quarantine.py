"""``policyengine quarantine``: a person sees what was kept, and releases or rejects it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from policyengine.cli.common import BAD, language_option, show, tell, write
from policyengine.cli.session import Session
from policyengine.text import Language, Line, Text

if TYPE_CHECKING:
    from policyengine_records.quarantine import Kept, Quarantine

F = TypeVar("F", bound=Callable[..., Any])

# as in `policyengine_records.quarantine`, which --help shall not load
_STATES = ("open", "released", "rejected", "taken")
_WORDS = {
    "open": Text(ja="未決", en="open"),
    "released": Text(ja="解放", en="released"),
    "rejected": Text(ja="却下", en="rejected"),
    "taken": Text(ja="引渡済", en="taken"),
    "purged": Text(ja="ペイロード消去", en="payload purged"),
}
_KEPT = Text(ja="保留", en="kept")
_EVENT = Text(ja="イベント", en="event")
_PAYLOAD = Text(ja="ペイロード", en="payload")
_HIDDEN = Text(ja="あり（--payload で表示）", en="kept (--payload shows it)")
_NONE = Text(ja="なし", en="none is kept")


class _Group(click.Group):
    """Says what a quarantine cannot do on standard error, with exit code 2."""

    def invoke(self, ctx: click.Context) -> Any:
        from policyengine_records.quarantine import QuarantineError  # noqa: PLC0415

        try:
            return super().invoke(ctx)
        except QuarantineError as error:
            tell(f"quarantine: {error}")
            ctx.exit(BAD)


file_option = click.option(
    "--file",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help="The quarantine.  [default: plugins.records.quarantine.file of the configuration]",
)
format_option = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Form."
)


def _deciding(command: F) -> F:
    """Add what a person says who releases or rejects."""
    by = click.option("--by", metavar="NAME", required=True, help="Who decides.")
    reason = click.option("--reason", metavar="TEXT", required=True, help="Why.")
    at = click.option("--at", metavar="TIME", help="When it was decided.  [default: now]")
    return by(reason(at(file_option(format_option(language_option(command))))))


@click.group("quarantine", cls=_Group)
def command() -> None:
    """See the flows that were kept, and release or reject them.

    A flow that is not permitted is kept where a step of the configuration says so (action quarantine). A release
    changes no rule: it hands the flow to the host once, and stays on record.

    \b
    Example:
      policyengine quarantine list --file quarantine.db
      policyengine quarantine show q-5b0c9d2e41f7a836 --file quarantine.db --lang ja

    \b
    Exit codes: 0 done, however many flows are open; 2 bad usage, an unknown id,
    a flow that is not open any more, or a file that cannot be used.
    """


@command.command("list")
@click.option(
    "--state",
    type=click.Choice([*_STATES, "all"]),
    default="open",
    show_default=True,
    help="The flows in this state; taken ones are released, and were handed to the host.",
)
@file_option
@format_option
@language_option
def list_(state: str, file: str | None, form: str, lang: Language) -> None:
    """List kept flows, the oldest first, without their payloads. Exit code 0, whether there are any or not.

    \b
    Example:
      policyengine quarantine list
      policyengine quarantine list --state all --format json --file quarantine.db
    """
    found: list[Kept] = _opened(file).list(None if state == "all" else state)  # type: ignore[arg-type]
    if form == "json":
        _write_json([_record(kept) for kept in found])
    else:
        _write_lines(_headline(kept, lang) for kept in found)


@command.command("show")
@click.argument("id")
@click.option("--payload", is_flag=True, help="Show the payload, too: personal data.")
@file_option
@format_option
@language_option
def show_(id: str, payload: bool, file: str | None, form: str, lang: Language) -> None:  # noqa: A002
    """Show the kept flow ID: the event, why it is not permitted, and what was done about it.

    \b
    Example:
      policyengine quarantine show q-5b0c9d2e41f7a836 --lang ja
      policyengine quarantine show q-5b0c9d2e41f7a836 --payload --format json
    """
    _show(_opened(file).get(id), form, lang, payload)


@command.command()
@click.argument("id")
@_deciding
def release(id: str, by: str, reason: str, at: str | None, file: str | None, form: str, lang: Language) -> None:  # noqa: A002
    """Release the kept flow ID: the host takes it and carries it out. It cannot be undone.

    \b
    Example:
      policyengine quarantine release q-5b0c9d2e41f7a836 --by "S. Abe" --reason "asked for by the customer, ticket 118"
    """
    _show(_opened(file).release(id, by, reason, at), form, lang)


@command.command()
@click.argument("id")
@_deciding
def reject(id: str, by: str, reason: str, at: str | None, file: str | None, form: str, lang: Language) -> None:  # noqa: A002
    """Reject the kept flow ID for good.

    \b
    Example:
      policyengine quarantine reject q-5b0c9d2e41f7a836 --by "S. Abe" --reason "no contract with mailer-kk"
    """
    _show(_opened(file).reject(id, by, reason, at), form, lang)


@command.command()
@click.option("--settled-before", metavar="TIME", required=True, help="Rejected, or taken by the host, before then.")
@click.option("--by", metavar="NAME", help="Who does it, for the record.")
@file_option
@format_option
def purge(settled_before: str, by: str | None, file: str | None, form: str) -> None:
    """Remove the payloads of settled flows. The record of the flows stays, and so do payloads of all others.

    \b
    Example:
      policyengine quarantine purge --settled-before 2026-11-01T00:00:00+09:00 --by "S. Abe"
    """
    count = _opened(file).purge(settled_before, by)
    if form == "json":
        _write_json({"purged": count})
    else:
        _write_lines([f"{count} payload{'' if count == 1 else 's'} removed"])


def _opened(file: str | None) -> Quarantine:
    """Return the quarantine of `file`, or of the configuration; say so where nothing was kept in it yet."""
    from policyengine_records.quarantine import Quarantine  # noqa: PLC0415

    if file is None:
        session = click.get_current_context().find_object(Session)
        file = session.settings("records").get("quarantine", {}).get("file") if session else None
        if file is None:
            raise click.UsageError("no quarantine: name its file with --file, or in [plugins.records.quarantine]")
    if not Path(file).exists():
        tell(f"quarantine: there is no {file}; nothing was kept yet")
    return Quarantine(file)


def _show(kept: Kept, form: str, lang: Language, payload: bool = False) -> None:
    if form == "json":
        _write_json(_record(kept) | ({"payload": kept.payload} if payload else {}))
    else:
        _write_lines(_lines(kept, lang, payload))


def _record(kept: Kept) -> dict[str, Any]:
    """Return a flow as JSON has it, without its payload."""
    return {
        "id": kept.id,
        "state": kept.state,
        "kept_at": kept.kept_at,
        "event": kept.event,
        "decision": kept.decision.as_dict(),
        "has_payload": kept.has_payload,
        "entries": [
            {"what": entry.what, "at": entry.at, "by": entry.by, "reason": entry.reason} for entry in kept.entries
        ],
    }


def _headline(kept: Kept, lang: Language) -> str:
    decision = kept.decision
    clauses = f"  [{', '.join(decision.clauses)}]" if decision.clauses else ""
    event = "-" if decision.event is None else decision.event
    return f"{kept.id}  {kept.kept_at}  {_WORDS[kept.state].say(lang)}  {event}  {decision.outcome}{clauses}"


def _lines(kept: Kept, lang: Language, payload: bool) -> Iterator[Line | str]:
    yield f"{kept.id}  {_WORDS[kept.state].say(lang)}"
    yield f"  {kept.kept_at}  {_KEPT.say(lang)}"
    for entry in kept.entries:
        said = "  ".join(text for text in (_WORDS[entry.what].say(lang), entry.by, entry.reason) if text)
        yield f"  {entry.at}  {said}"
    yield from kept.decision.lines(lang)
    yield f"{_EVENT.say(lang)}: {json.dumps(kept.event, ensure_ascii=False)}"
    if kept.has_payload:
        shown = json.dumps(kept.payload, ensure_ascii=False) if payload else _HIDDEN.say(lang)
    else:
        shown = _NONE.say(lang)
    yield f"{_PAYLOAD.say(lang)}: {shown}"


def _write_json(value: Any) -> None:
    write(json.dumps(value, indent=2, ensure_ascii=False))
    sys.stdout.buffer.flush()


def _write_lines(lines: Iterable[Line | str]) -> None:
    for line in lines:
        show(line)
    sys.stdout.buffer.flush()
