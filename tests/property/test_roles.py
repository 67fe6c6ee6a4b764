"""Laws of roles: a policy that declares some denies any other; one that declares none ignores them."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

import strategies
from policyengine import Engine
from policyengine.model.policy import Policy
from strategies import policy_data, policy_from

ROLES = ("clerk", "doctor")


ASKING = {"roles", "actors", "actor", "training"}
"""What stands in a rule that looks at the actor, who would then be no stranger to it."""


def words(written: Any) -> set[str]:
    """Every key and every text of what was written."""
    if isinstance(written, dict):
        return {*written}.union(*map(words, written.values()))
    if isinstance(written, list):
        return set[str]().union(*map(words, written))
    return {written} if isinstance(written, str) else set()


def with_actor(event: dict[str, Any], role: str | None) -> dict[str, Any]:
    return {**event, "actor": {"id": "a-1", **({"role": role} if role else {})}}


def said(policy: Policy, event: dict[str, Any]) -> tuple[Any, ...]:
    decision = Engine([policy]).evaluate(event)
    return decision.outcome, decision.clauses, decision.rules, decision.reasons, decision.obligations


@given(st.data(), st.sampled_from([*ROLES, "guard", None]))
def test_law_roles(data: st.DataObject, role: str | None) -> None:
    drawn = data.draw(policy_data(3).filter(lambda written: not (ASKING & words(written["clause"]))))
    ignoring = policy_from({**drawn, "vocabulary": {**drawn["vocabulary"], "roles": {}}})
    event = data.draw(strategies.events(strategies.words_of(ignoring, strategies.TIMES, ["p-1"])))
    assert said(ignoring, with_actor(event, role)) == said(ignoring, event)
    roles = {name: {"ja": "役", "en": name} for name in ROLES}
    drawn["vocabulary"] = {**drawn["vocabulary"], "roles": roles}
    knowing = policy_from(drawn)
    decision = Engine([knowing]).evaluate(with_actor(event, role))
    if role != "guard":
        assert said(knowing, with_actor(event, role)) == said(knowing, event)
    elif not decision.policies:
        assert {reason.code for reason in decision.reasons} == {"no-governing-policy"}
    else:
        assert decision.excess_items == tuple(event["items"])
        told = [reason.message.en for reason in decision.reasons if reason.code == "unknown-term"]
        assert any('"guard" among its roles' in message for message in told)
