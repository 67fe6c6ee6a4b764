"""``policyengine query``: what may ever be, and what must be in place."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import click
import msgspec

from policyengine.cli.common import (
    BAD,
    DENIED,
    language_option,
    load_engine,
    policy_argument,
    reading_option,
    show,
    tell,
    write,
)
from policyengine.text import Language, Text, Words

if TYPE_CHECKING:
    from policyengine.analysis.query import Answer

FIELDS: Final[Mapping[str, str]] = {
    "operation": "operation",
    "subject": "subject.category",
    "item": "items",
    "purpose": "purpose",
    "recipient": "recipient.id",
    "service": "recipient.service",
    "country": "recipient.country",
    "origin": "origin",
    "form": "form",
    "role": "actor.role",
    "source": "source.id",
    "source-country": "source.country",
}
"""What is known of events, and what can be asked for: as options have it, each with the name that events have."""

_BROKEN: Final = Text(ja="成り立たない。反例:", en="does not hold; an event that shows it:")
_HOLDS: Final = Text(ja="成り立つ", en="holds")
_UNDECIDED: Final = Text(ja="決められない: ", en="undecided: ")


def _known(command: Any) -> Any:
    """Give a command an option for each of `FIELDS`."""
    for name in reversed(list(FIELDS)):
        command = click.option(
            f"--{name}",
            f"known_{name.replace('-', '_')}",
            multiple=True,
            metavar="WORD",
            help=f"Events with this {name}.",
        )(command)
    return command


@click.command("query")
@policy_argument
@click.option("--who-can", metavar="OPERATION", help="Ask for the recipients of an operation: it, and --ask recipient.")
@click.option(
    "--ask",
    "ask",
    multiple=True,
    metavar="FIELD",
    help="What is asked for, a column each: operation, subject, item, purpose, recipient, service, country, origin, "
    "form, role, source, source-country.  [default: the first five, as far as they are not known]",
)
@_known
@click.option("--attribute", multiple=True, metavar="NAME=VALUE", help="Events with this attribute.")
@click.option("--with", "having", multiple=True, metavar="FACT[=KIND]", help="There is such a fact, and it agrees.")
@click.option("--without", multiple=True, metavar="FACT[=KIND]", help="There is no such fact.")
@click.option("--controller", metavar="ID", help="Whose policies are asked, where there are several.")
@click.option(
    "--at", metavar="TIME", help="A day or a time.  [default: the newest span of time in which no rule changes]"
)
@click.option(
    "--assert",
    "asserted",
    type=click.Choice(["never", "always"]),
    help="Check that such events are never permitted, or always; exit with 1 and an event where that does not hold.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "table", "html"]),
    default="text",
    show_default=True,
    help="Form: for people, JSON, a table in Markdown, or a page with a matrix.",
)
@reading_option
@language_option
def command(
    policy: Sequence[str],
    who_can: str | None,
    ask: Sequence[str],
    attribute: Sequence[str],
    having: Sequence[str],
    without: Sequence[str],
    controller: str | None,
    at: str | None,
    asserted: str | None,
    form: str,
    readings: Sequence[str],
    lang: Language,
    **known: Sequence[str],
) -> None:
    """Say what is ever permitted, and what must be in place: exactly, for all events, in few rows.

    What is known of the events is said by options, each of which can be given several times (any of the words). A word
    is the one that an event states. All POLICY packs that govern must permit.

    \b
    Example:
      # What may ever leave for a partner?
      policyengine query rules/alc-smart-learning --recipient ntt-learning-systems
      # For which purposes may an inquirer's e-mail address be used?
      policyengine query rules/alc-smart-learning --operation use --subject inquirer --item mobile_email --ask purpose
      # What must be in place before salaries can be entrusted?
      policyengine query rules/alc-smart-learning --operation entrust --item salary --ask purpose --ask subject
      # Who can be provided with what, where nobody has consented?
      policyengine query rules/alc-smart-learning --who-can provide --without consent
      # A check for CI: nothing is ever disclosed without a request of the person.
      policyengine query rules/alc-smart-learning --operation disclose --without request --assert never
    """
    from policyengine.model.space import Undecided  # noqa: PLC0415  imports the engine only where it is needed

    engine = load_engine(policy, readings, lang)
    partial = _partial(known, attribute)
    asked = list(ask)
    if who_can is not None:
        partial.setdefault("operation", []).append(who_can)
        asked.append("recipient")
    for name in asked:
        if name not in FIELDS:
            raise click.BadParameter(f'nothing is called "{name}"; there are {", ".join(FIELDS)}', param_hint="--ask")
    if controller is not None:
        partial["controller"] = controller
    if at is not None:
        partial["time"] = _time(at, engine.policies[0].zone)
    try:
        answer = engine.query(partial, dict.fromkeys(FIELDS[name] for name in asked), having=having, without=without)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    except Undecided as error:
        tell(f"{_UNDECIDED.say(lang)}{error}")
        sys.exit(BAD)
    if asserted is not None:
        sys.exit(_check(answer, asserted, form, lang))
    _print(answer, form, lang)
    sys.stdout.buffer.flush()


def _print(answer: Answer, form: str, lang: Language) -> None:
    from policyengine.report.answers import answer_lines, answer_page, answer_table  # noqa: PLC0415

    match form:
        case "json":
            write(msgspec.json.format(msgspec.json.encode(answer.to_json()), indent=2).decode())
        case "table":
            for line in answer_table(answer, lang):
                write(line)
        case "html":
            write(answer_page(answer, lang).rstrip("\n"))
        case _:
            for one in answer_lines(answer, lang):
                show(one)


def _check(answer: Answer, asserted: str, form: str, lang: Language) -> int:
    """Say whether what is asserted holds, and return the exit code."""
    if answer.no_event:
        raise click.UsageError("There is no event of which this says anything: the options contradict one another.")
    event = answer.witness(permitted=asserted == "never")
    if form == "json":
        write(msgspec.json.encode({"assert": asserted, "holds": event is None, "event": event}).decode())
    else:
        about = "  /  ".join(text.say(lang) for text in answer.about)
        verdict = _HOLDS if event is None else _BROKEN
        said = Words(f"  {verdict.say(lang)}", "good" if event is None else "bad")
        show((Words(f"{asserted}: ", "dim"), Words(about, "strong"), said))
        if event is not None:
            write(json.dumps(event, ensure_ascii=False))
    sys.stdout.buffer.flush()
    return 0 if event is None else DENIED


def _partial(known: Mapping[str, Sequence[str]], attributes: Sequence[str]) -> dict[str, Any]:
    """Return what the options say of events, in the form of an event."""
    from policyengine.model.fields import put  # noqa: PLC0415

    partial: dict[str, Any] = {}
    for name, field in FIELDS.items():
        words = list(known[f"known_{name.replace('-', '_')}"])
        if words:
            put(partial, field, words)
    for said in attributes:
        name, equals, value = said.partition("=")
        if not equals:
            raise click.BadParameter(f'expected NAME=VALUE, got "{said}"', param_hint="--attribute")
        try:
            partial.setdefault("attributes", {})[name] = json.loads(value)
        except ValueError:
            partial.setdefault("attributes", {})[name] = value
    return partial


def _time(at: str, zone: str) -> str:
    """Return a time as events have it; a day is its first moment by the calendar of a policy."""
    from policyengine.calendar import midnight  # noqa: PLC0415
    from policyengine.moment import is_day, is_time, written  # noqa: PLC0415

    if is_day(at):
        return written(midnight(at, zone))
    if not is_time(at):
        raise click.BadParameter(f'expected a day or a time with an offset, got "{at}"', param_hint="--at")
    return at
