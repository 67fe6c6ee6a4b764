"""What a run of `evaluate` comes to, on standard error: how many flows, why denied, and what silence cost."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

from policyengine.text import Language, Text

if TYPE_CHECKING:
    from policyengine.model.decision import Decision

NO_EVENTS: Final = Text(ja="イベントがありません。何も判断していません", en="no events: nothing was decided")

_NUMBER: Final = re.compile(r"\[\d+\]")
_OUTCOMES: Final[Mapping[str, Text]] = {
    "permit": Text(ja="許可", en="permitted"),
    "deny": Text(ja="拒否", en="denied"),
    "invalid": Text(ja="不正", en="invalid"),
}
_REASONS: Final = Text(ja="拒否の理由（フロー数）:", en="denied for (flows):")
_OPEN: Final = Text(
    ja="示されず、拒否の理由に関わったもの（フロー数）:", en="not stated, where that stood in the way (flows):"
)


class Tally:
    """Counts decisions as they come by. It grows with the reasons and the fields that there are, not with the flows.

    Args:
        reasons: whether reasons and open fields are counted, and not outcomes alone.
    """

    def __init__(self, reasons: bool = True) -> None:
        self._with_reasons = reasons
        self._outcomes: Counter[str] = Counter()
        self._reasons: Counter[str] = Counter()
        self._open: Counter[str] = Counter()

    @property
    def code(self) -> int:
        """The exit code that the outcomes come to: 2 where an event was invalid, 1 where one was denied."""
        return 2 if self._outcomes["invalid"] else 1 if self._outcomes["deny"] else 0

    @property
    def total(self) -> int:
        """How many decisions were counted."""
        return self._outcomes.total()

    def add(self, decision: Decision) -> None:
        """Count one decision: each of its reason codes once, and each field that it left open once."""
        self._outcomes[decision.outcome] += 1
        if self._with_reasons and decision.reasons:
            self._reasons.update({reason.code for reason in decision.reasons})
            self._open.update({_NUMBER.sub("[*]", path) for reason in decision.reasons for path in reason.open})

    def counting(self, decisions: Iterable[Decision]) -> Iterator[Decision]:
        """Yield decisions as they come by, each once it is counted."""
        for decision in decisions:
            self.add(decision)
            yield decision

    def join(self, other: Tally) -> None:
        """Count everything that `other` has counted."""
        self._outcomes.update(other._outcomes)
        self._reasons.update(other._reasons)
        self._open.update(other._open)

    def lines(self, lang: Language) -> Iterator[str]:
        """Yield the counts for people, the most frequent first."""
        total = self.total
        if lang == "ja":
            counts = "、".join(f"{word.ja} {self._outcomes[outcome]}" for outcome, word in _OUTCOMES.items())
            yield f"イベント {total} 件: {counts}"
        else:
            counts = ", ".join(f"{self._outcomes[outcome]} {word.en}" for outcome, word in _OUTCOMES.items())
            yield f"{total} {'event' if total == 1 else 'events'}: {counts}"
        for heading, found in ((_REASONS, self._reasons), (_OPEN, self._open)):
            if found:
                yield f"  {heading.say(lang)}"
            for name, count in sorted(found.items(), key=lambda one: (-one[1], one[0])):
                yield f"  {count:>8}  {name}"
