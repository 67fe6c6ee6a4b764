"""Whether requests do stop flows: the rules read directly, with none of what makes an engine quick."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from policyengine.decision.facts import Answers
from policyengine.decision.verdict import those
from policyengine.engine.engine import Engine
from policyengine.model.condition import Holds, leaves
from policyengine.model.decision import Decision
from policyengine.model.policy import Policy
from policyengine.model.rule import Permit, Restriction


def plain_requests(engine: Engine, types: Sequence[str]) -> list[dict[str, Any]]:
    """Return the requests on which rules stop flows, each with what a rule names of it, and no more."""
    found: list[dict[str, Any]] = []
    for asked in (asked for policy in engine.policies for _, holds in _stops(policy, types) for asked in holds):
        request = {"type": asked.type, **{name: min(values) for name, values in asked.where if values}}
        required = {name for name, field in engine.fact_types[asked.type].fields.items() if field.required}
        if required <= request.keys() and request not in found:
            found.append(request)
    return found


def passed_by(engine: Engine, event: Mapping[str, Any], decision: Decision, types: Sequence[str]) -> str | None:
    """Return a rule that a permitted item passed by though a request is in effect on which it stops; None if none.

    What goes on under a request must be lifted by a fact, be exempt, or rest on a clause that the rule spares.

    Args:
        engine: decided the event.
        event: the event.
        decision: what was decided.
        types: the types of fact that are requests.
    """
    if not decision.permitted_items:
        return None
    ready = engine.explanation(event).event  # with what the fact sources know
    governing = {(ref.id, ref.version) for ref in decision.policies}
    for policy in (policy for policy in engine.policies if (policy.id, policy.version) in governing):
        answers = Answers(policy.vocabulary, ready)
        prefix = f"{policy.id}:" if len(governing) > 1 else ""
        for stop, _ in _stops(policy, types):
            spared = {
                prefix + permit.head.clause
                for permit in policy.rules
                if isinstance(permit, Permit) and not stop.reaches(permit)
            }
            if not stop.head.start <= ready.instant < stop.head.end:
                continue
            binding = answers.met(stop.when) & ~answers.met(stop.unless) & ~answers.met(stop.exempt)
            for item in those(ready.items, binding):
                if item in decision.permitted_items and spared.isdisjoint(
                    engine.evaluate({**event, "items": [item]}).clauses
                ):
                    return stop.head.id
    return None


def _stops(policy: Policy, types: Sequence[str]) -> Iterator[tuple[Restriction, list[Holds]]]:
    """Yield the restrictions that stand on requests, each with the requests that it asks for."""
    for rule in policy.rules:
        if isinstance(rule, Restriction):
            asked = [leaf for leaf in leaves(rule.when) if isinstance(leaf, Holds) and leaf.type in types]
            if asked:
                yield rule, asked
