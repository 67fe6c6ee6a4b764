"""What the layers that lie above a policy ask of its text: the lints that plugins bring, run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from policyengine.calendar import midnight
from policyengine.engine.problems import LINT_FAILED
from policyengine.errors import Problem, in_order, place_of
from policyengine.model.condition import During, leaves
from policyengine.model.rule import conditions_of
from policyengine.moment import FOREVER

if TYPE_CHECKING:
    from policyengine.hooks import Lint, LintQuery
    from policyengine.model.policy import Policy


def lint_problems(lints: Iterable[Lint], query: LintQuery) -> list[Problem]:
    """Return what the lints of a layer find in the text of a policy, in the order of their places.

    A lint that fails, or returns anything but problems, is a problem itself.
    """
    found: list[Problem] = []
    for lint in lints:
        if lint.layer != query.layer.id:
            continue
        try:
            some = list(lint.find(query))
            odd = next((one for one in some if not isinstance(one, Problem)), None)
            if odd is not None:
                raise TypeError(f"a Problem is expected, got {type(odd).__name__}")
        except Exception as error:  # whatever somebody's lint does
            place = place_of(query.policy.source)
            some = [LINT_FAILED.at(place, name=lint.name, error=f"{type(error).__name__}: {error}")]
        found += some
    return in_order(found)


def new_problems(lints: Iterable[Lint], query: LintQuery) -> list[Problem]:
    """Return what lints find in a version of a policy, or in the change that made it, and not in the version before it.

    Args:
        lints: the lints.
        query: what is asked about the later version; it names the earlier one.
    """
    lints = list(lints)
    known = set() if query.before is None else {_what(problem) for problem in lint_problems(lints, query.before)}
    return [problem for problem in lint_problems(lints, query) if _what(problem) not in known]


def moment_of(layer: Policy, day: str | None = None) -> int:
    """Return the instant at which a layer is asked: a day's beginning, on its own clock.

    By default that is the last instant at which anything in the layer changes.
    """
    if day is not None:
        return midnight(day, layer.zone)
    asked = (leaf for rule in layer.rules for condition in conditions_of(rule) for leaf in leaves(condition))
    spans = (span for leaf in asked if isinstance(leaf, During) for span in leaf.spans)
    in_force = ((layer.start, layer.end), *((rule.head.start, rule.head.end) for rule in layer.rules))
    dates = {date for span in (*in_force, *spans) for date in span} - {-FOREVER, FOREVER}
    return max(dates, default=FOREVER)


def _what(problem: Problem) -> tuple[str, str | None, str]:
    return problem.code, problem.clause, problem.message.en
