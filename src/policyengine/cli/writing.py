"""How decisions are written: for people, or in a report format."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from policyengine.cli.common import encoded, styled
from policyengine.text import Language

if TYPE_CHECKING:
    from pathlib import Path

    from policyengine.engine.engine import Engine
    from policyengine.model.decision import Decision


class Writing(NamedTuple):
    """How decisions are written.

    Args:
        form: ``text``, or a report format of the engine.
        lang: the language of ``text``.
        colour: whether ``text`` is coloured.
    """

    form: str
    lang: Language
    colour: bool

    @property
    def by_decision(self) -> bool:
        """Whether each decision is written by itself, whatever is written before or after it."""
        return self.form in ("text", "jsonl")

    def lines(self, engine: Engine, decisions: Iterable[Decision]) -> Iterable[str | bytes]:
        """Return the lines of a report, without line ends, as the decisions come in."""
        if self.form == "text":
            return self._for_people(decisions)
        return engine.formats[self.form].render(decisions)

    def block(self, engine: Engine, decisions: Iterable[Decision]) -> bytes:
        """Return the lines of some decisions as they are written."""
        return b"".join(map(encoded, self.lines(engine, decisions)))

    def _for_people(self, decisions: Iterable[Decision]) -> Iterator[str]:
        for decision in decisions:
            for line in decision.lines(self.lang):
                yield styled(line, self.colour)


class Call(NamedTuple):
    """What each process is told: all that its decisions and what is written of them depend on.

    Args:
        file: the configuration file; None where there is none.
        disable: the plugins, or packages, that are left out.
        policy: the packs that are named.
        readings: the readings that are named.
        writing: how decisions are written.
        reasons: whether reasons are counted.
    """

    file: str | Path | None
    disable: tuple[str, ...]
    policy: Sequence[str]
    readings: Sequence[str]
    writing: Writing
    reasons: bool
