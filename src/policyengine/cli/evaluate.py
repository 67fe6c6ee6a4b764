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
    tell,
    wants_colour,
    write,
)
from policyengine.cli.stream import events_from
from policyengine.cli.summary import NO_EVENTS, Tally
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
@click.option(
    "--summary/--no-summary",
    default=None,
    help="End with counts by outcome, reason and what was not stated, on standard error.  [default: on a terminal]",
)
@click.option("--expect-events", is_flag=True, help="Exit with 2 where there is no event at all.")
@reading_option
@language_option
def command(
    policy: Sequence[str],
    events: str | None,
    source: str | None,
    form: str | None,
    summary: bool | None,
    expect_events: bool,
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
      policyengine evaluate rules/alc-smart-learning --events examples/alc-month.jsonl --summary > decisions.jsonl
    """
    engine = load_engine(policy, readings, lang)
    form = form or ("text" if sys.stdout.isatty() else "jsonl")
    if form != "text" and form not in engine.formats:
        hint = did_you_mean(form, ("text", *engine.formats))
        raise click.BadParameter(f'no report format "{form}"' + (f"; {hint.en}" if hint else ""), param_hint="--format")
    code = count = 0
    tally = Tally() if summary or (summary is None and sys.stderr.isatty()) else None

    def decided(found: Iterable[Mapping[str, Any] | bytes | InvalidEvent]) -> Iterator[Decision]:
        nonlocal code, count
        # Whoever writes events to a pipe may wait for the decision on one before the next.
        for decision in engine.evaluate_all(found, batch=1 if events == "-" else 500):
            if decision.outcome != "permit":
                code = max(code, BAD if decision.outcome == "invalid" else DENIED)
            count += 1
            if tally is not None:
                tally.add(decision)
            yield decision

    with events_from(engine, events, source) as found:
        decisions = decided(found)
        lines = _for_people(decisions, lang) if form == "text" else engine.formats[form].render(decisions)
        for line in lines:
            write(line)
            if events == "-":
                sys.stdout.buffer.flush()
    sys.stdout.buffer.flush()
    if not count:
        tell(NO_EVENTS.say(lang))
        code = BAD if expect_events else 0
    elif tally is not None:
        for line in tally.lines(lang):
            tell(line)
    sys.exit(code)


def _for_people(decisions: Iterable[Decision], lang: Language) -> Iterator[str]:
    colour = wants_colour()
    for decision in decisions:
        for line in decision.lines(lang):
            yield styled(line, colour)
