"""The nouns of rule tests: a case, what is expected of it, and how it went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from policyengine.errors import Place
from policyengine.model.decision import Decision

EXPECTATIONS = ("outcome", "clauses", "rules", "reasons", "permitted_items", "excess_items", "obligations", "errors")
"""What a case can expect of a decision, in the order in which a failure shows it."""


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
    """

    name: str
    event: Mapping[str, Any]
    expected: Mapping[str, Any]
    place: Place
    policies: tuple[Path, ...]
    readings: Mapping[str, str] = field(default_factory=dict)

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
    """One expectation that was not met: what was expected, and what the decision says."""

    what: str
    expected: Any
    actual: Any


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
