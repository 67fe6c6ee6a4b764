"""``policyengine evaluate``: events in, decisions out."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from policyengine.cli.common import (
    BAD,
    DENIED,
    events_option,
    language_option,
    load_engine,
    policy_argument,
    reading_option,
    styled,
    wants_colour,
    write,
)
from policyengine.cli.stream import event_texts, opened, progress
from policyengine.text import Language


@click.command("evaluate")
@policy_argument
@events_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "jsonl", "json"]),
    help="Form of the decisions.  [default: text on a terminal, else jsonl]",
)
@reading_option
@language_option
def command(policy: Sequence[str], events: str, form: str | None, readings: Sequence[str], lang: Language) -> None:
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
    colour = wants_colour()
    code = 0
    comma = "["
    with opened(events) as stream, progress(stream, events) as shown:
        for text in event_texts(shown, events):
            decision = engine.evaluate_json(text)
            if decision.outcome != "permit":
                code = max(code, BAD if decision.outcome == "invalid" else DENIED)
            if form == "text":
                from policyengine.report.text import decision_lines  # noqa: PLC0415

                for line in decision_lines(decision, lang):
                    write(styled(line, colour))
            elif form == "json":
                write(comma + decision.to_json().decode())
                comma = ","
            else:
                write(decision.to_json().decode())
            if events == "-":  # whoever writes events may wait for the decision on one before the next
                sys.stdout.buffer.flush()
    if form == "json":
        write("]" if comma == "," else "[]")
    sys.stdout.buffer.flush()
    sys.exit(code)
