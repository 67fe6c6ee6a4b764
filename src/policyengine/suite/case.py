"""The nouns of rule tests: a case, what is expected of it, and how it went."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from policyengine.errors import Place
from policyengine.model.decision import Decision
from policyengine.text import Text, listed

EXPECTATIONS = ("outcome", "clauses", "rules", "reasons", "permitted_items", "excess_items", "obligations", "errors")
"""What a case can expect of a decision, in the order in which a failure shows it."""

UNREAD: Final = frozenset({"unknown-term", "no-governing-policy", "source-invalid", "source-unavailable"})
"""The reason codes of denials for which no rule need say anything: a slip of the pen is denied for them as well."""

_WORDS: Final[Mapping[str, Text]] = {
    "outcome": Text(ja="結果", en="outcome"),
    "clauses": Text(ja="根拠条項", en="clauses"),
    "rules": Text(ja="ルール", en="rules"),
    "reasons": Text(ja="理由", en="reasons"),
    "permitted_items": Text(ja="認められる項目", en="permitted items"),
    "excess_items": Text(ja="認められない項目", en="excess items"),
    "obligations": Text(ja="義務", en="obligations"),
    "errors": Text(ja="誤り", en="errors"),
}


@dataclass(frozen=True, slots=True)
class Case:
    """One event with what is expected of the decision.

    Args:
        name: unique in its suite.
        event: the event as JSON has it; it may be malformed on purpose.
        expected: some of `EXPECTATIONS`; lists are compared without regard to order.
        place: where the suite has the case, or the row of its table.
        policies: the packs under which it is decided.
        readings: the readings under which they are loaded.
        reviewed: whether a person has said that what it expects is right; a program's own cases are marked.
    """

    name: str
    event: Mapping[str, Any]
    expected: Mapping[str, Any]
    place: Place
    policies: tuple[Path, ...]
    readings: Mapping[str, str] = field(default_factory=dict)
    reviewed: bool = True

    @property
    def id(self) -> str:
        """The case in the whole run: its file and its name."""
        return f"{self.place.file}::{self.name}"


@dataclass(frozen=True, slots=True)
class Suite:
    """The cases of one file.

    Args:
        path: the file.
        title: what it is about.
        cases: in the order of the file.
    """

    path: Path
    title: str
    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """One expectation that was not met.

    Args:
        what: one of `EXPECTATIONS`.
        expected: what was expected; None of reasons that a denial must not rest on unless they are expected.
        actual: what the decision says.
    """

    what: str
    expected: Any
    actual: Any

    def text(self, decision: Decision) -> Text:
        """Return what was expected beside what was decided; `decision` is the one that differs."""
        if self.expected is None:
            return _unread(decision)
        expected, actual = (_shown(value) for value in (self.expected, self.actual))
        name = _WORDS[self.what]
        return Text(
            ja=f"{name.ja}: 期待 {expected}、実際 {actual}", en=f"{name.en}: expected {expected}, actual {actual}"
        )


@dataclass(frozen=True, slots=True)
class Result:
    """How one case went.

    Args:
        case: the case.
        decision: what was decided.
        differences: what was expected otherwise; none where the case passed.
        seconds: how long deciding took.
    """

    case: Case
    decision: Decision
    differences: tuple[Difference, ...]
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether every expectation was met."""
        return not self.differences


def differences(expected: Mapping[str, Any], decision: Decision) -> tuple[Difference, ...]:
    """Return what is expected of a decision otherwise than it is, in the order of `EXPECTATIONS`.

    Where a denial is expected, and nothing is said of its reasons, it must rest on none of `UNREAD`.

    Args:
        expected: some of `EXPECTATIONS`, lists sorted.
        decision: what was decided.
    """
    found = []
    for what in EXPECTATIONS:
        said = actual(decision, what)
        if what in expected:
            if expected[what] != said:
                found.append(Difference(what, expected[what], said))
        elif what == "reasons" and expected["outcome"] == "deny" and not UNREAD.isdisjoint(said):
            found.append(Difference(what, None, said))
    return tuple(found)


def actual(decision: Decision, what: str) -> Any:
    """Return what a decision says of one of `EXPECTATIONS`, in the form in which a suite expects it: lists sorted."""
    match what:
        case "outcome":
            return decision.outcome
        case "reasons":
            return sorted({reason.code for reason in decision.reasons})
        case "obligations":
            return sorted(duty.id for duty in decision.obligations)
        case "errors":
            return sorted(error.path for error in decision.errors)
        case _:
            return sorted(getattr(decision, what))


def expected_text(expected: Mapping[str, Any]) -> Text:
    """Return what is expected beside the outcome, for people; empty where nothing is."""
    return listed(
        Text(ja=f"{_WORDS[what].ja}: {_shown(expected[what])}", en=f"{_WORDS[what].en}: {_shown(expected[what])}")
        for what in EXPECTATIONS[1:]
        if what in expected
    )


def _unread(decision: Decision) -> Text:
    """Return what a denial rests on beside rules, and what a case says that means it."""
    why = listed(
        dict.fromkeys(
            Text(ja=f"{reason.code}（{reason.message.ja}）", en=f"{reason.code} ({reason.message.en})")
            for reason in decision.reasons
            if reason.code in UNREAD
        )
    )
    codes = json.dumps(actual(decision, "reasons"), ensure_ascii=False)
    return Text(
        ja=f"拒否の理由は {why.ja}。イベントを直すか、それを確かめる事例なら reasons = {codes} と書きます",
        en=f"it rests on {why.en}: mend the event, or if this is what the case is about, write reasons = {codes}",
    )


def _shown(value: Any) -> str:
    return f"[{', '.join(map(str, value))}]" if isinstance(value, list | tuple) else str(value)
