"""``policyengine explain``: decisions with everything that led to them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import chain

import click
import msgspec

from policyengine.cli.common import (
    BAD,
    DENIED,
    events_option,
    language_option,
    load_engine,
    policy_argument,
    reading_option,
    show,
    source_option,
    tell,
    write,
)
from policyengine.cli.stream import events_from
from policyengine.cli.summary import NO_EVENTS
from policyengine.text import Language


@click.command("explain")
@policy_argument
@events_option
@source_option
@click.option("--format", "form", type=click.Choice(["text", "jsonl"]), default="text", show_default=True, help="Form.")
@click.option("--why-not", is_flag=True, help="Of denials: the rules nearest to permitting, and what they lack.")
@reading_option
@language_option
def command(
    policy: Sequence[str],
    events: str | None,
    source: str | None,
    form: str,
    why_not: bool,
    readings: Sequence[str],
    lang: Language,
) -> None:
    """Decide events and show every rule considered: what held, what did not, what the clauses say.

    \b
    Example:
      policyengine explain rules/alc-smart-learning --events examples/alc-month.jsonl --lang ja
    """
    from policyengine.decision.decider import invalid, read_event  # noqa: PLC0415  imports the engine only where it is needed
    from policyengine.decision.text import explanation_lines, nearest_lines  # noqa: PLC0415
    from policyengine.errors import InvalidEvent  # noqa: PLC0415

    engine = load_engine(policy, readings, lang)
    code, number = 0, -1
    with events_from(engine, events, source) as found:
        for number, one in enumerate(chain.from_iterable(found)):
            try:
                event = read_event(one)
                if isinstance(event, InvalidEvent):
                    raise event
                explained = engine.explanation(event)
                decision = explained.decision
                lines, data = explanation_lines(explained, lang), explained.as_dict()
                if why_not:
                    near = engine.why_not(explained.event)
                    lines = nearest_lines(explained, near, lang)
                    data["nearest"] = [rule.as_dict() for rule in near]
            except InvalidEvent as error:
                decision = invalid(error)
                lines = decision.lines(lang)
                data = {"decision": decision.as_dict(), "considered": [], "clauses": []}
            if decision.outcome != "permit":
                code = max(code, BAD if decision.outcome == "invalid" else DENIED)
            if form == "jsonl":
                write(msgspec.json.encode(data).decode())
            else:
                if number:
                    write("")
                for line in lines:
                    show(line)
            if events == "-":  # whoever writes events may wait for the decision on one before the next
                sys.stdout.buffer.flush()
    sys.stdout.buffer.flush()
    if number < 0:
        tell(NO_EVENTS.say(lang))
    sys.exit(code)
