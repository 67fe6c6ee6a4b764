"""A slow, obvious evaluator: a direct reading of the lowered rules and of the event's JSON, and nothing else.

It shares no code with the engine's own evaluation: no index, no memory, no prepared events; it reads times with
`datetime`, finds kinds by walking up the hierarchy, and looks at every rule for every item.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from policyengine.model.condition import And, Compare, Condition, Field, Holds, In, Not, NotIn, Or, Same
from policyengine.model.policy import Policy
from policyengine.model.rule import Duty, Permit, Replacement, Restriction

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class Answer:
    """What the reference says of an event, or of one of its items.

    Args:
        outcome: ``permit`` or ``deny``.
        permitted: the items that may flow.
        excess: the other items.
        clauses: what the outcome rests on.
        rules: the rules that it rests on.
        obligations: ids.
        reasons: of a denial, each its code, clause and rule.
    """

    outcome: str
    permitted: set[str] = field(default_factory=set)
    excess: set[str] = field(default_factory=set)
    clauses: set[str] = field(default_factory=set)
    rules: set[str] = field(default_factory=set)
    obligations: set[str] = field(default_factory=set)
    reasons: set[tuple[str, str | None, str | None]] = field(default_factory=set)


def _permit(item: str, clauses: set[str], rules: set[str], obligations: set[str]) -> Answer:
    return Answer("permit", {item}, clauses=clauses, rules=rules, obligations=obligations)


def _deny(items: Iterable[str], reasons: set[tuple[str, str | None, str | None]]) -> Answer:
    clauses = {clause for _, clause, _ in reasons if clause is not None}
    rules = {rule for _, _, rule in reasons if rule is not None}
    return Answer("deny", excess=set(items), clauses=clauses, rules=rules, reasons=reasons)


def microseconds(text: str) -> int:
    return (datetime.fromisoformat(text) - EPOCH) // timedelta(microseconds=1)


def is_kind_of(policy: Policy, dimension: str, word: str, ancestor: str) -> bool:
    if word == ancestor:
        return True
    declared = policy.vocabulary.terms[dimension].get(word)
    return declared is not None and any(is_kind_of(policy, dimension, parent, ancestor) for parent in declared.is_a)


def evaluate(policy: Policy, event: dict[str, Any]) -> Answer:
    """Decide a well-formed event of one policy that governs its controller."""
    now = microseconds(event["time"])
    if not policy.start <= now < policy.end:
        return _deny(event["items"], {("no-governing-policy", None, None)})
    words = [
        ("subjects", event["subject"]["category"]),
        ("purposes", event.get("purpose")),
        ("forms", event.get("form", "identifiable")),
        ("origins", event.get("origin")),
        ("services", event.get("recipient", {}).get("service")),
    ]
    for fact in event.get("facts", ()):
        declared = policy.vocabulary.facts.get(fact["type"])
        for name, f in declared.fields.items() if declared else ():
            dimension = {"purpose": "purposes", "item": "items"}.get(f.held)
            if dimension and name in fact:
                value = fact[name]
                words += [(dimension, word) for word in ([value] if isinstance(value, str) else value)]
    unknown = [(dim, word) for dim, word in words if word is not None and word not in policy.vocabulary.terms[dim]]
    answers = []
    for item in event["items"]:
        strange = [] if item in policy.vocabulary.terms["items"] else [("items", item)]
        if unknown or strange:
            answers.append(_deny([item], _unknown(policy, event, item, now, unknown + strange)))
        else:
            answers.append(_item(policy, event, item, now))
    whole = Answer("permit" if all(answer.outcome == "permit" for answer in answers) else "deny")
    for answer in answers:
        whole.permitted |= answer.permitted
        whole.excess |= answer.excess
        if answer.outcome == whole.outcome:
            whole.clauses |= answer.clauses
            whole.rules |= answer.rules
            whole.obligations |= answer.obligations
            whole.reasons |= answer.reasons
    return whole


def _ground(policy: Policy) -> str | None:
    grounds = [clause.number for clause in policy.clauses.values() if clause.ground]
    return grounds[0] if grounds else None


def _unknown(
    policy: Policy, event: dict[str, Any], item: str, now: int, terms: list[tuple[str, str]]
) -> set[tuple[str, str | None, str | None]]:
    """An unknown purpose cites the clauses that speak of such flows; any other unknown term, the ground clause.

    No fact and no attribute counts towards what a clause speaks of here: the policy cannot read the event.
    """
    cited: set[str | None] = set()
    for dimension, _ in terms:
        spoken: set[str | None] = set()
        if dimension == "purposes" and item in policy.vocabulary.terms["items"]:
            bare = {key: value for key, value in event.items() if key not in ("facts", "attributes")}
            for rule in policy.rules:
                if (
                    isinstance(rule, Permit)
                    and rule.head.start <= now < rule.head.end
                    and event["operation"] in rule.operations
                    and _met(policy, bare, item, now, rule.about)
                ):
                    clause = policy.clauses[rule.head.clause]
                    spoken.add(clause.case_of or clause.number)
        cited |= spoken or {_ground(policy)}
    return {("unknown-term", clause, None) for clause in cited}


def _item(policy: Policy, event: dict[str, Any], item: str, now: int) -> Answer:
    rules = [rule for rule in policy.rules if rule.head.start <= now < rule.head.end]

    def met(condition: Condition) -> bool:
        return _met(policy, event, item, now, condition)

    replacements = [rule for rule in rules if isinstance(rule, Replacement) and met(rule.when)]

    def replaced(permit: Permit) -> bool:
        return any(permit.head.clause in rule.clauses for rule in replacements)

    def on_terms(permit: Permit) -> bool:
        return met(permit.about) and met(permit.terms) and not replaced(permit)

    permits = [rule for rule in rules if isinstance(rule, Permit)]
    licences = [permit for permit in permits if permit.licence and on_terms(permit)]
    here = [permit for permit in permits if event["operation"] in permit.operations]
    granted = [
        permit
        for permit in here
        if on_terms(permit)
        and (permit.licensed_by is None or any(licence.head.clause in permit.licensed_by for licence in licences))
    ]
    standing = [rule for rule in rules if isinstance(rule, Restriction) and met(rule.when)]
    active = [rule for rule in standing if not met(rule.unless)]
    binding = [rule for rule in active if not met(rule.exempt)]

    def reaches(rule: Restriction, permit: Permit) -> bool:
        clause = permit.head.clause
        return clause not in rule.spares and (rule.only is None or clause in rule.only)

    surviving = [permit for permit in granted if not any(reaches(rule, permit) for rule in binding)]
    if surviving:
        leaned_on = {clause for permit in surviving for clause in permit.licensed_by or ()}
        resting = [rule.head for rule in surviving]
        resting += [licence.head for licence in licences if licence.head.clause in leaned_on]
        obligations = {name for permit in surviving for name in permit.head.obligations}
        for rule in standing:
            if rule not in active and any(reaches(rule, permit) for permit in surviving):
                obligations |= set(rule.head.obligations)
                if rule.cited:
                    resting.append(rule.head)
        for duty in rules:
            if isinstance(duty, Duty) and met(duty.when):
                obligations |= set(duty.head.obligations)
        exempt = [rule for rule in active if rule not in binding]
        otherwise = [permit for permit in surviving if not any(reaches(rule, permit) for rule in exempt)]
        if exempt and not otherwise:
            would_deny = [rule for rule in exempt if any(reaches(rule, permit) for permit in surviving)]
            obligations |= {name for rule in would_deny for name in rule.instead}
        return _permit(item, {head.clause for head in resting}, {head.id for head in resting}, obligations)

    reasons: set[tuple[str, str | None, str | None]] = set()
    for rule in binding:
        if any(reaches(rule, permit) for permit in granted) or (not granted and rule.only is None):
            reasons.add((rule.code, rule.head.clause, rule.head.id))
    if not granted:
        speaking = [permit for permit in here if met(permit.about)]
        recipient = _value(event, item, Field.RECIPIENT, for_rules=True)
        if any(_names(permit, recipient) for permit in speaking):  # the nearest speak alone
            speaking = [permit for permit in speaking if not _recipients(permit) or _names(permit, recipient)]
        for permit in list(speaking):
            leaned = permit.licensed_by or frozenset()
            if leaned and not any(licence.head.clause in leaned for licence in licences):
                speaking += [li for li in permits if li.licence and li.head.clause in leaned and met(li.about)]
        behind: dict[str, set[str]] = {}
        for permit in speaking:
            clause = policy.clauses[permit.head.clause]
            instead = [rule.head for rule in replacements if clause.number in rule.clauses]
            for head in instead:
                behind.setdefault(head.clause, set()).add(head.id)
            if not instead:
                behind.setdefault(clause.case_of or clause.number, set()).add(permit.head.id)
        reasons |= {("not-permitted", clause, min(ids) if len(ids) == 1 else None) for clause, ids in behind.items()}
    return _deny([item], reasons or {("no-rule", _ground(policy), None)})


def _recipients(permit: Permit) -> list[frozenset[str]]:
    """The lists of recipients that a permit names."""
    parts = permit.terms.parts if isinstance(permit.terms, And) else (permit.terms,)
    return [part.values for part in parts if isinstance(part, In) and part.field is Field.RECIPIENT]


def _names(permit: Permit, recipient: str | None) -> bool:
    lists = _recipients(permit)
    return bool(lists) and all(recipient in names for names in lists)


def _value(event: dict[str, Any], item: str, looked_at: Field, *, for_rules: bool) -> str | None:
    recipient = event.get("recipient", {})
    if for_rules and event["operation"] in ("acquire", "use"):
        recipient = {}
    return {
        Field.OPERATION: event["operation"],
        Field.SUBJECT: event["subject"]["category"],
        Field.ITEM: item,
        Field.PURPOSE: event.get("purpose"),
        Field.FORM: event.get("form", "identifiable"),
        Field.ORIGIN: event.get("origin"),
        Field.RECIPIENT: recipient.get("id"),
        Field.SERVICE: recipient.get("service"),
        Field.COUNTRY: recipient.get("country"),
        Field.SUBJECT_ID: event["subject"].get("id"),
    }[looked_at]


def _met(policy: Policy, event: dict[str, Any], item: str, now: int, condition: Condition) -> bool:
    match condition:
        case And(parts):
            return all(_met(policy, event, item, now, part) for part in parts)
        case Or(parts):
            return any(_met(policy, event, item, now, part) for part in parts)
        case Not(part):
            return not _met(policy, event, item, now, part)
        case In(looked_at, values):
            return _value(event, item, looked_at, for_rules=True) in values
        case NotIn(looked_at, values):
            value = _value(event, item, looked_at, for_rules=True)
            return value is not None and value not in values
        case Same(left, right):
            one, other = (_value(event, item, looked_at, for_rules=True) for looked_at in (left, right))
            return one is not None and one == other
        case Compare(name, op, wanted):
            if name not in event.get("attributes", {}):
                return False
            value = event["attributes"][name]
            return {
                "is": lambda: value == wanted,
                "is_not": lambda: value != wanted,
                "below": lambda: value < wanted,
                "at_most": lambda: value <= wanted,
                "at_least": lambda: value >= wanted,
                "above": lambda: value > wanted,
            }[op]()
        case Holds():
            return any(_counts(policy, event, item, now, condition, fact) for fact in event.get("facts", ()))
    raise AssertionError(condition)


def _counts(policy: Policy, event: dict[str, Any], item: str, now: int, asked: Holds, fact: dict[str, Any]) -> bool:
    if fact["type"] != asked.type:
        return False
    if "from" in fact and now < microseconds(fact["from"]):
        return False
    if "until" in fact and now >= microseconds(fact["until"]):
        return False
    person = event["subject"].get("id")
    if "subject" in fact and fact["subject"] != person and (person is not None or not asked.restricts):
        return False
    for name, accepted in asked.where:
        if name not in fact:
            return False
        stated = [fact[name]] if isinstance(fact[name], str) else fact[name]
        if not set(stated) & accepted:
            return False
    for name, declared in policy.vocabulary.facts[asked.type].fields.items():
        if declared.held == "value" or name not in fact or name in asked.unheld:
            continue
        stated = [fact[name]] if isinstance(fact[name], str) else fact[name]
        looked_at, dimension = {
            "recipient": (Field.RECIPIENT, "parties"),
            "purpose": (Field.PURPOSE, "purposes"),
            "item": (Field.ITEM, "items"),
            "operation": (Field.OPERATION, None),
            "subject": (Field.SUBJECT_ID, None),
        }[declared.held]
        value = _value(event, item, looked_at, for_rules=False)
        if value is None:
            if declared.held == "subject" and asked.restricts:
                continue
            return False
        if dimension is None:
            if value not in stated:
                return False
        elif not any(is_kind_of(policy, dimension, value, word) for word in stated):
            return False
    return True
