"""``policyengine outbox``: the messages of the action `notify`, and what has become of them."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from policyengine.cli.common import DENIED, show, write
from policyengine.moment import written
from policyengine_records.commands.common import Group, database_option, format_option, opened, session, settings

if TYPE_CHECKING:
    from policyengine_records.outbox.outbox import Message, Outbox, State

# as in `policyengine_records.outbox.outbox`, which --help shall not wait for
_STATES = ("pending", "delivered", "failed")


@click.group("outbox", cls=Group)
def command() -> None:
    """See and send the messages of the action notify: what waits, what was delivered, what was given up.

    \b
    Example:
      policyengine outbox list --state failed
      policyengine outbox retry --all-failed
    """


@command.command("list")
@click.option("--state", type=click.Choice(_STATES), help="Only messages in this state.")
@database_option
@format_option
def list_(state: State | None, database: str | None, form: str) -> None:
    """List messages, the oldest first.

    \b
    Example:
      policyengine outbox list --state pending --format json
    """
    found = _outbox(database).messages(state)
    if form == "json":
        write(json.dumps([_described(message) for message in found], indent=2, ensure_ascii=False))
    else:
        for message in found:
            show(_line(message))
    sys.stdout.buffer.flush()


@command.command("show")
@click.argument("id")
@database_option
@format_option
def show_(id: str, database: str | None, form: str) -> None:  # noqa: A002
    """Show what the message ID says, and with --format json what has become of it as well.

    \b
    Example:
      policyengine outbox show msg_0f6c…
    """
    message = _outbox(database).message(id)
    if message is None:
        raise click.ClickException(f'there is no message "{id}"')
    body = json.loads(message.body)
    if form == "json":
        write(json.dumps({**_described(message), "body": body}, indent=2, ensure_ascii=False))
    else:
        for line in json.dumps(body, indent=2, ensure_ascii=False).split("\n"):
            show(line)
    sys.stdout.buffer.flush()


@command.command()
@database_option
@format_option
def send(database: str | None, form: str) -> None:
    """Deliver what is due now, and wait for it. Exit code 1 where some messages are still pending or failed.

    It ends early where the receiver is down, or asks to be left alone.

    \b
    Example:
      policyengine outbox send --format json
    """
    from policyengine_records.outbox.notify import courier_of  # noqa: PLC0415

    told = settings().get("notify")
    if not told:
        raise click.UsageError("no configuration of [plugins.records.notify] says where messages go")
    outbox = _outbox(database)
    courier = courier_of(told, outbox)
    logging.getLogger("policyengine.notify").addHandler(logging.NullHandler())  # what it would say is printed below
    attempted: list[Message] = []
    due = outbox.due()
    if due:
        with courier.connected() as attempt:
            attempted.extend(_with_progress(courier.deliver(attempt), due))
    for message in attempted:
        if form == "text" and message.state != "delivered":
            show(_line(message))
    counts = outbox.counts()
    delivered = sum(message.state == "delivered" for message in attempted)
    if form == "json":
        result = {"delivered": delivered, "pending": counts["pending"], "failed": counts["failed"]}
        write(json.dumps({**result, "attempted": [_described(message) for message in attempted]}, ensure_ascii=False))
    else:
        show(f"{delivered} delivered, {counts['pending']} pending, {counts['failed']} failed")
    sys.stdout.buffer.flush()
    sys.exit(DENIED if counts["pending"] or counts["failed"] else 0)


@command.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--all-failed", is_flag=True, help="All that have failed.")
@database_option
@format_option
def retry(ids: Sequence[str], all_failed: bool, database: str | None, form: str) -> None:
    """Make failed messages pending again; they are due at once. Exit code 2 where an ID has not failed.

    \b
    Example:
      policyengine outbox retry msg_0f6c…
      policyengine outbox retry --all-failed
    """
    if bool(ids) == all_failed:
        raise click.UsageError("name the messages, or say --all-failed")
    renewed = _outbox(database).retry(None if all_failed else ids)
    if form == "json":
        write(json.dumps(renewed))
    else:
        for identifier in renewed:
            show(identifier)
    sys.stdout.buffer.flush()
    if others := [identifier for identifier in dict.fromkeys(ids) if identifier not in renewed]:
        raise click.ClickException(f"no failed message has the id {', '.join(others)}")


def _outbox(database: str | None) -> Outbox:
    """Return the outbox of the database that the call or the configuration names."""
    from policyengine_records.outbox.notify import outbox_of  # noqa: PLC0415  imports SQLAlchemy

    action = session().plugins.actions.get("notify")
    if action is not None and hasattr(action, "stop"):
        action.stop()  # what is sent here is sent in the foreground, if at all
    return outbox_of(settings().get("notify", {}), opened(database))


def _with_progress(messages: Iterator[Message], due: int) -> Iterable[Message]:
    """Show on standard error how many of the due messages were attempted, where that is a terminal."""
    if not sys.stderr.isatty():
        yield from messages
        return
    with click.progressbar(messages, length=due, label="sending", file=sys.stderr) as shown:
        yield from shown


def _described(message: Message) -> dict[str, Any]:
    return {
        "id": message.id,
        "state": message.state,
        "event": _event(message),
        "created": _moment(message.created),
        "attempts": message.attempts,
        "next_attempt": _moment(message.next_attempt),
        "ended": _moment(message.ended),
        "last_error": message.last_error,
    }


def _line(message: Message) -> str:
    at = f"next {_moment(message.next_attempt)}" if message.state == "pending" else f"at {_moment(message.ended)}"
    attempts = f"{message.attempts} attempt{'' if message.attempts == 1 else 's'}"
    why = f"  {message.last_error}" if message.last_error else ""
    return f"{message.id}  {message.state:9}  {_event(message) or '-'}  {attempts}, {at}{why}"


def _event(message: Message) -> str | None:
    event = json.loads(message.body)["data"]["event"]
    assert event is None or isinstance(event, str)
    return event


def _moment(seconds: float | None) -> str | None:
    return None if seconds is None else written(round(seconds * 1_000_000), "seconds")
