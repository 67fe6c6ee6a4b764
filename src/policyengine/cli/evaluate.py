"""``policyengine evaluate``: events in, decisions out."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING

import click

from policyengine.cli.common import (
    BAD,
    encoded,
    events_option,
    language_option,
    load_engine,
    policy_argument,
    reading_option,
    source_option,
    tell,
    wants_colour,
)
from policyengine.cli.session import Session
from policyengine.cli.stream import events_from
from policyengine.cli.summary import NO_EVENTS, Tally
from policyengine.cli.writing import Call, Writing
from policyengine.errors import did_you_mean
from policyengine.text import Language

if TYPE_CHECKING:
    from policyengine.builtin.files import Read
    from policyengine.engine.engine import Engine
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
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(0),
    default=1,
    show_default=True,
    help="Processes that share the work, each with the policies; 0 for one a processor. The output is the same.",
)
@reading_option
@language_option
@click.pass_context
def command(
    context: click.Context,
    policy: Sequence[str],
    events: str | None,
    source: str | None,
    form: str | None,
    summary: bool | None,
    expect_events: bool,
    jobs: int,
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
    writing = Writing(form, lang, wants_colour())
    jobs = jobs or _processors()
    if jobs > 1 and not writing.by_decision:
        raise click.BadParameter(f"goes with --format text or jsonl, and not with {form}", param_hint="--jobs")
    if summary is None:
        summary = sys.stderr.isatty()
    tally = Tally(reasons=summary)
    with events_from(engine, events, source, shared=jobs > 1) as blocks:
        if jobs > 1:
            session = context.find_object(Session)
            file, disable = (None, ()) if session is None else (session.file, session.disable)
            call = Call(file, disable, policy, readings, writing, summary)
            _share_out(engine, blocks, call, jobs, tally)
        else:
            _decide(engine, blocks, writing, tally, at_once=source is not None or sys.stdout.isatty())
    sys.stdout.buffer.flush()
    if not tally.total:
        tell(NO_EVENTS.say(lang))
        sys.exit(BAD if expect_events else 0)
    if summary:
        for line in tally.lines(lang):
            tell(line)
    sys.exit(tally.code)


def _processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _decide(engine: Engine, blocks: Iterable[Iterable[Read]], writing: Writing, tally: Tally, *, at_once: bool) -> None:
    """Decide events, and write the decisions; `at_once`: each before the next event is asked for."""
    out = sys.stdout.buffer

    def decisions() -> Iterator[Decision]:
        for block in blocks:
            yield from tally.counting(engine.evaluate_all(block))
            out.flush()  # more is waited for: whoever writes events to a pipe may wait for the decisions first

    for line in writing.lines(engine, decisions()):
        out.write(encoded(line))
        if at_once:
            out.flush()


def _share_out(engine: Engine, blocks: Iterable[Iterable[Read]], call: Call, jobs: int, tally: Tally) -> None:
    """Decide events in several processes, and write the decisions in the order of the events."""
    from policyengine.cli.parallel import decided  # noqa: PLC0415  most calls have one process

    out = sys.stdout.buffer
    with closing(decided(call, jobs, engine, blocks)) as found:
        for text, counts in found:
            tally.join(counts)
            out.write(text)
            out.flush()
