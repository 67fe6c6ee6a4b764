"""``policyengine evaluate``: events in, decisions out."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from policyengine.cli.common import (
    BAD,
    DENIED,
    events_option,
    language_option,
    load_engine,
    policy_argument,
    reading_option,
    source_option,
    styled,
    wants_colour,
    write,
)
from policyengine.cli.stream import events_from
from policyengine.errors import did_you_mean
from policyengine.text import Language

if TYPE_CHECKING:
    from policyengine.errors import InvalidEvent
    from policyengine.model.decision import Decision


@click.command("evaluate")
@policy_argument
@events_option
@source_option
@click.option(
    "--format",
    "form",
    metavar="[text|jsonl|json|...]",
    help="Form of the decisions; plugins bring more.  [default: text on a terminal, else jsonl]",
)
@reading_option
@language_option
def command(
    policy: Sequence[str],
    events: str | None,
    source: str | None,
    form: str | None,
    readings: Sequence[str],
    lang: Language,
) -> None:
    """Decide events under one or several POLICY packs (all that govern must permit).

    Decisions come in the order of the events, one a line (jsonl), as one list (json), or for people (text).

    \b
    Example:
      policyengine evaluate rules/alc-smart-learning --events examples/alc-month.jsonl
      head -3 examples/alc-month.jsonl | policyengine evaluate rules/alc-smart-learning --events - --format text
      policyengine evaluate rules/alc-smart-learning --events examples/alc-month.jsonl --reading stages-of-2-2=excluded
    """
    engine = load_engine(policy, readings, lang)
    form = form or ("text" if sys.stdout.isatty() else "jsonl")
    if form != "text" and form not in engine.formats:
        hint = did_you_mean(form, ("text", *engine.formats))
        raise click.BadParameter(f'no report format "{form}"' + (f"; {hint.en}" if hint else ""), param_hint="--format")
    code = 0

    def decided(found: Iterable[Mapping[str, Any] | bytes | InvalidEvent]) -> Iterator[Decision]:
        nonlocal code
        # Whoever writes events to a pipe may wait for the decision on one before the next.
        for decision in engine.evaluate_all(found, batch=1 if events == "-" else 500):
            if decision.outcome != "permit":
                code = max(code, BAD if decision.outcome == "invalid" else DENIED)
            yield decision

    with events_from(engine, events, source) as found:
        decisions = decided(found)
        lines = _for_people(decisions, lang) if form == "text" else engine.formats[form].render(decisions)
        for line in lines:
            write(line)
            if events == "-":
                sys.stdout.buffer.flush()
    sys.stdout.buffer.flush()
    sys.exit(code)


def _for_people(decisions: Iterable[Decision], lang: Language) -> Iterator[str]:
    colour = wants_colour()
    for decision in decisions:
        for line in decision.lines(lang):
            yield styled(line, colour)
