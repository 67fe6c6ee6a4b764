"""What follows for an item, for an event, and where several policies govern it (section 3 of the contract)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from reference_open.kinds import (
    Alternative,
    Duty,
    Permit,
    Replacement,
    Restriction,
    Statement,
    permitted_anywhere,
    statements,
)
from reference_open.leaves import MAY, SURELY, All, Condition, OneOf, View, met
from reference_open.packs import ALWAYS, Data, Policy, Words, moment


class Reason(NamedTuple):
    """What stands in the way of some items.

    Args:
        code: what it is.
        clause: the clause that it cites, bare.
        rule: the one rule behind it; None where there are several, or none.
        items: the items that it holds for.
        policy: the policy that says so; None where none governs.
    """

    code: str
    clause: str | None
    rule: str | None
    items: frozenset[str]
    policy: str | None


@dataclass
class Answer:
    """What the reference says of an event.

    Args:
        outcome: `permit` or `deny`.
        permitted: the items that may flow.
        excess: the others.
        clauses: what the outcome rests on; prefixed with the policy where several govern.
        rules: ids of the rules that it rests on, prefixed likewise.
        obligations: ids, on a permit.
        for_items: of those that are for some items alone, the ids with these items.
        reasons: what stands in the way, on a denial.
    """

    outcome: str
    permitted: set[str] = field(default_factory=set)
    excess: set[str] = field(default_factory=set)
    clauses: set[str] = field(default_factory=set)
    rules: set[str] = field(default_factory=set)
    obligations: set[str] = field(default_factory=set)
    reasons: set[Reason] = field(default_factory=set)
    for_items: set[tuple[str, frozenset[str]]] = field(default_factory=set)


@dataclass
class ItemAnswer:
    """What one policy says of one item: what a permit rests on, or the (code, clause, rule) of a denial's reasons."""

    permitted: bool
    clauses: set[str] = field(default_factory=set)
    rules: set[str] = field(default_factory=set)
    obligations: set[str] = field(default_factory=set)
    reasons: set[tuple[str, str | None, str | None]] = field(default_factory=set)
    for_this_item: set[str] = field(default_factory=set)
    leaning: bool = False


# ------------------------------------------------------------------------------------------------ several policies


def evaluate(policies: Sequence[Policy], event: Data) -> Answer:
    """Decide a well-formed event, whose facts are of declared types and well-formed too."""
    if event.get("controller") is None:  # then there is only one
        named = {name for policy in policies for name in policy.governs or ()}
        event = {**event, "controller": named.pop()} if named else event
    governing = governing_policies(policies, event)
    items = event["items"]
    if not governing:
        reason = Reason("no-governing-policy", None, None, frozenset(items), None)
        return Answer("deny", excess=set(items), reasons={reason})
    said = {policy.id: judge(policy, governing, event) for policy in governing}
    ids = {policy.id: policy for policy in governing}
    permitted = {item for item in items if all(answers[item].permitted for answers in said.values())}
    answer = Answer("deny" if len(permitted) < len(items) else "permit", permitted, set(items) - permitted)
    for name, answers in said.items():

        def prefixed(numbers: Iterable[str], name: str = name) -> set[str]:
            return {f"{name}:{number}" if len(governing) > 1 else number for number in numbers}

        if answer.outcome == "permit":
            for found in answers.values():
                answer.clauses |= prefixed(found.clauses)
                answer.rules |= prefixed(found.rules)
                answer.obligations |= found.obligations | found.for_this_item
            for item in (item for item, found in answers.items() if found.leaning):
                for other, licences in licences_elsewhere(ids[name], governing, event, item).items():
                    answer.clauses |= {f"{other}:{licence.clause}" for licence in licences}
                    answer.rules |= {f"{other}:{licence.table.id}" for licence in licences if licence.table}
            whole = {duty for found in answers.values() for duty in found.obligations}
            for duty in {duty for found in answers.values() for duty in found.for_this_item} - whole:
                items = frozenset(item for item, found in answers.items() if duty in found.for_this_item)
                answer.for_items.add((duty, items))
        else:
            for code, clause, rule in {reason for found in answers.values() for reason in found.reasons}:
                held = frozenset(item for item, found in answers.items() if (code, clause, rule) in found.reasons)
                answer.reasons.add(Reason(code, clause, rule, held, name))
                answer.clauses |= prefixed([clause] if clause is not None else [])
                answer.rules |= prefixed([rule] if rule is not None else [])
    return answer


def governing_policies(policies: Sequence[Policy], event: Data) -> list[Policy]:
    """Return the policies that govern an event; a layer governs none that no other policy governs."""
    controller, now = event.get("controller"), moment(event["time"], ALWAYS[0])
    found = [
        policy
        for policy in policies
        if (policy.governs is None or controller in policy.governs) and policy.span[0] <= now < policy.span[1]
    ]
    return found if any(not policy.layer for policy in found) else []


def judge(policy: Policy, governing: Sequence[Policy], event: Data) -> dict[str, ItemAnswer]:
    """Return what one of the governing policies says of each item."""
    words = shared_words(policy, governing)
    return {
        item: judge_item(policy, words, event, item, bool(licences_elsewhere(policy, governing, event, item)))
        for item in event["items"]
    }


def shared_words(policy: Policy, governing: Sequence[Policy]) -> Words:
    """Return the words of one of the governing policies, with those that it shares with the others."""
    words = policy.words
    for other in governing:
        if other is not policy:
            # A layer shares the words of what it lies above. What a fact states narrows it in every policy.
            shared = other.words if policy.layer and not other.layer else Words(facts=other.words.facts)
            words = words.with_those_of(shared)
    return words


def licences_elsewhere(policy: Policy, governing: Sequence[Policy], event: Data, item: str) -> dict[str, list[Permit]]:
    """Return by policy the licences of the others, layers aside, on which `policy` can lean for an item."""
    found: dict[str, list[Permit]] = {}
    for other in governing:
        words = shared_words(other, governing)
        if other is policy or other.layer or not all(words.knows(*word) for word in words_of(words, event, item)):
            continue
        case = Case(other, statements(other), View(words, event, item, (event["operation"],)))
        if licences := case.unstruck(case.licences):
            found[other.id] = licences
    return found


# ------------------------------------------------------------------------------------------------ one item


def judge_item(policy: Policy, words: Words, event: Data, item: str, elsewhere: bool) -> ItemAnswer:
    """Return what a policy says of one item of an event, which others license, or do not."""
    stated = words_of(words, event, item)
    unknown = [(dimension, word) for dimension, word in stated if not words.knows(dimension, word)]
    if unknown:
        return ItemAnswer(False, reasons=unknown_terms(policy, words, event, item, unknown))
    case = Case(policy, statements(policy), View(words, event, item, (event["operation"],)), elsewhere)
    if surviving := case.surviving():
        return permit(case, surviving)
    return ItemAnswer(False, reasons=struck(case) if case.granted else unpermitted(case))


def words_of(words: Words, event: Data, item: str) -> list[tuple[str, str]]:
    """Return (dimension, word) for each word of the event that the policy must know, whatever the operation."""
    found = [
        ("items", item),
        ("subjects", event["subject"]["category"]),
        ("purposes", event.get("purpose")),
        ("forms", event.get("form", "identifiable")),
        ("origins", event.get("origin")),
        ("services", event.get("recipient", {}).get("service")),
    ]
    if "roles" in words.terms:
        found.append(("roles", event.get("actor", {}).get("role")))
    return [(dimension, word) for dimension, word in found if word is not None]


class Case:
    """One item of one event before one policy: which of its rules are met, and what they permit.

    Args:
        policy: the policy.
        rules: everything that its rules say.
        view: the event and the item, as stated.
        elsewhere: whether another policy licenses it.
    """

    def __init__(self, policy: Policy, rules: list[Statement], view: View, elsewhere: bool = False) -> None:
        self.policy, self.rules, self.stated, self.elsewhere = policy, rules, view, elsewhere
        operation, now = view.event["operation"], moment(view.event["time"], ALWAYS[0])
        # A licence is a permit to use: its facts are held against that.
        self.as_use = replace(view, operations=("use",))
        # What is laid over a licence is held against the event as stated, `use` counting as named beside its operation.
        self.beside_use = replace(view, operations=(operation, "use"))
        in_force = [rule for rule in rules if rule.table and rule.table.span[0] <= now < rule.table.span[1]]
        self.permits = [rule for rule in in_force if isinstance(rule, Permit)]
        self.restrictions = [rule for rule in in_force if isinstance(rule, Restriction)]
        self.alternatives = [rule for rule in in_force if isinstance(rule, Alternative)]
        self.duties = [rule for rule in in_force if isinstance(rule, Duty)]
        self.replacements = [rule for rule in in_force if isinstance(rule, Replacement) and takes_place(rule, view)]
        silent = {clause for rule in self.replacements if rule.wholly for clause in rule.clauses}
        self.restrictions = [rule for rule in self.restrictions if rule.table.clause not in silent]
        self.alternatives = [rule for rule in self.alternatives if rule.table.clause not in silent]
        self.duties = [rule for rule in self.duties if rule.table.clause not in silent]
        self.here = [permit for permit in self.permits if operation in permit.operations]
        self.licences = [permit for permit in self.permits if permit.licence and self.on_its_terms(permit, self.as_use)]
        self.granted = [
            (permit, self.leaned_on(permit))
            for permit in self.here
            if self.on_its_terms(permit, view)
            and (permit.licensed_by is None or self.leaned_on(permit))
            and (elsewhere or not permit.elsewhere)
        ]
        if policy.layer and operation not in permitted_anywhere(policy):
            self.granted = [(Permit(None), [])]  # it leaves the operation to the policies below

    def speaks(self, permit: Permit, view: View) -> bool:
        """Whether the clause of a permit speaks of the flow."""
        return permit.table is not None and met(view, permit.about, SURELY, permit.table.passing)

    def on_its_terms(self, permit: Permit, view: View) -> bool:
        """Whether a permit permits the flow, licences and restrictions aside."""
        assert permit.table is not None
        replaced = any(permit.clause in rule.clauses for rule in self.replacements)
        return not replaced and self.speaks(permit, view) and met(view, permit.terms, SURELY, permit.table.passing)

    def leaned_on(self, permit: Permit) -> list[Permit]:
        """Return the licences that hold of the clauses on which a permit leans."""
        return [licence for licence in self.licences if licence.clause in (permit.licensed_by or ())]

    def surviving(self, *, exempt_too: bool = False) -> list[tuple[Permit, list[Permit]]]:
        """Return the granted permits that no restriction strikes, each with the licences that none strikes.

        Args:
            exempt_too: whether to strike for those as well whom a restriction does not bind.
        """

        found = []
        for permit, licences in self.granted:
            left = self.unstruck(licences, exempt_too=exempt_too)
            struck = self.is_struck(permit, self.stated, self.restrictions, exempt_too)
            if not struck and (left or permit.licensed_by is None):
                found.append((permit, left))
        return found

    def unstruck(self, licences: list[Permit], *, exempt_too: bool = False) -> list[Permit]:
        """Return those of some licences that no restriction laid over their clauses strikes."""
        over_clauses = [rule for rule in self.restrictions if rule.over is not None]
        return [one for one in licences if not self.is_struck(one, self.beside_use, over_clauses, exempt_too)]

    def is_struck(self, permit: Permit, view: View, rules: list[Restriction], exempt_too: bool) -> bool:
        """Whether one of some restrictions strikes a permit."""
        return any(rule.reaches(permit) and strikes(self, rule, view, exempt_too=exempt_too) for rule in rules)

    def asked(self, rule: Restriction, permits: list[tuple[Permit, list[Permit]]]) -> list[View]:
        """Return how a restriction is asked of what it reaches: as stated of permits, beside `use` of licences."""
        reaches_permits = any(rule.reaches(permit) for permit, _ in permits)
        reaches_licences = rule.over is not None and any(rule.reaches(one) for _, all_ in permits for one in all_)
        return [self.stated] * reaches_permits + [self.beside_use] * reaches_licences


def takes_place(rule: Replacement, view: View) -> bool:
    """Whether a clause takes the place of others: one that does so wholly lifts, and that must be sure."""
    return met(view, rule.when, SURELY if rule.wholly else MAY, rule.table.passing)


def stands(rule: Restriction, view: View) -> bool:
    """Whether a restriction stands over the flow."""
    return met(view, rule.when, MAY, rule.table.passing)


def met_itself(rule: Restriction, view: View) -> bool:
    """Whether what lifts it, or what it requires, is met."""
    return met(view, rule.unless, SURELY, rule.table.passing)


def ways(case: Case, rule: Restriction, view: View) -> list[Alternative]:
    """Return the clauses that meet in its place what it asks."""
    concerned = [way for way in case.alternatives if rule.table.clause in way.clauses]
    return [way for way in concerned if met(view, way.when, SURELY, way.table.passing)]


def lifted(case: Case, rule: Restriction, view: View) -> bool:
    """Whether what it asks is met, in any way."""
    return met_itself(rule, view) or bool(ways(case, rule, view))


def exempt(rule: Restriction, view: View) -> bool:
    """Whether it does not bind whose flow it is."""
    return met(view, rule.exempt, SURELY, rule.table.passing)


def strikes(case: Case, rule: Restriction, view: View, *, exempt_too: bool = False) -> bool:
    """Whether a restriction strikes what it reaches."""
    return stands(rule, view) and not lifted(case, rule, view) and (exempt_too or not exempt(rule, view))


def permit(case: Case, surviving: list[tuple[Permit, list[Permit]]]) -> ItemAnswer:
    """Say what a permit rests on, and what it obliges to."""
    permits = [permit for permit, _ in surviving] + [licence for _, licences in surviving for licence in licences]
    tables = [permit.table for permit in permits if permit.table is not None]
    satisfied = [
        rule
        for rule in case.restrictions
        if any(stands(rule, view) and lifted(case, rule, view) for view in case.asked(rule, surviving))
    ]
    itself = [
        rule
        for rule in satisfied
        if any(stands(rule, view) and met_itself(rule, view) for view in case.asked(rule, surviving))
    ]
    met_by = [
        way
        for rule in satisfied
        for view in case.asked(rule, surviving)
        if stands(rule, view)
        for way in ways(case, rule, view)
    ]
    duties = [rule for rule in case.duties if met(case.stated, rule.when, MAY, rule.table.passing)]
    cited = tables + [rule.table for rule in itself if rule.cited] + [way.table for way in met_by]
    obliging = tables + [rule.table for rule in (*satisfied, *met_by, *duties)]
    asked = [(table, one) for table in obliging for one in table.values.get("oblige", ())]
    obligations = {one for _, one in asked if isinstance(one, str)}
    for_this_item = {
        one["obligation"]
        for table, one in asked
        if not isinstance(one, str) and met(case.stated, OneOf("items", tuple(one["for_items"])), MAY, table.passing)
    }
    if not case.surviving(exempt_too=True):  # denied, were it not for those whose requests do not bind
        for rule in case.restrictions:
            if any(strikes(case, rule, view, exempt_too=True) for view in case.asked(rule, surviving)):
                obligations |= set(rule.instead)
    clauses, rules = {table.clause for table in cited}, {table.id for table in cited}
    leaning = any(permit.elsewhere for permit, _ in surviving)
    return ItemAnswer(True, clauses, rules, obligations, set(), for_this_item, leaning)


# ------------------------------------------------------------------------------------------------ what is in the way

ThreeOf = tuple[str, str | None, str | None]


def struck(case: Case) -> set[ThreeOf]:
    """Name the restrictions that strike something that was granted."""
    without = without_strangers(case)
    found = [named(case, rule, case.asked(rule, case.granted), without) for rule in case.restrictions]
    return {reason for reason in found if reason is not None}


def without_strangers(case: Case) -> Case:
    """Return the case as it were if no fact had a word that nobody knows."""
    return Case(case.policy, case.rules, replace(case.stated, strangers_count=False), case.elsewhere)


def named(case: Case, rule: Restriction, views: list[View], without: Case) -> ThreeOf | None:
    """Name a restriction if it strikes; where it does so only for a word in a fact that nobody knows, as that."""
    if not any(strikes(case, rule, view) for view in views):
        return None
    views = [replace(view, strangers_count=False) for view in views]
    still = rule in without.restrictions and any(strikes(without, rule, view) for view in views)
    return (rule.code if still else "unknown-term", rule.table.clause, rule.table.id)


def unpermitted(case: Case) -> set[ThreeOf]:
    """Name what stands in the way where nothing was granted.

    The restrictions over everything; and each clause that speaks of the flow and does not permit it: for a case the
    clause of which it is one, where a licence is missing also those that could have given it, and where another clause
    took its place that one. It is named as an unknown word where it would permit, or not take a place, without one.
    """
    without = without_strangers(case)
    found = [named(case, rule, [case.stated], without) for rule in case.restrictions if rule.over is None]
    reasons = {reason for reason in found if reason is not None}
    speaking = nearest([permit for permit in case.here if case.speaks(permit, case.stated)], case)
    missing = {clause for permit in speaking if not case.leaned_on(permit) for clause in permit.licensed_by or ()}
    could_license = [
        permit
        for permit in case.permits
        if permit.licence and permit.clause in missing and case.speaks(permit, case.as_use)
    ]
    granted_without = [permit for permit, _ in without.granted]
    behind: dict[str, list[tuple[str, bool, bool]]] = {}
    """For each clause the rules behind it: id, whether it is in the way without unknown words, whether it permits."""
    asked = [(permit, granted_without) for permit in speaking]
    asked += [(permit, without.licences) for permit in could_license]
    for permit, met_without in asked:
        instead = [rule for rule in case.replacements if permit.clause in rule.clauses]
        for rule in instead:
            behind.setdefault(rule.table.clause, []).append((rule.table.id, rule in without.replacements, False))
        if not instead:
            shown = case.policy.shown[permit.table.clause]
            behind.setdefault(shown, []).append((permit.table.id, permit not in met_without, permit in met_without))
    for clause, rules in behind.items():
        only_by_a_word = any(permits for _, _, permits in rules) or not any(stays for _, stays, _ in rules)
        code = "unknown-term" if only_by_a_word else "not-permitted"
        ids = {name for name, _, _ in rules}
        reasons.add((code, clause, min(ids) if len(ids) == 1 else None))
    return reasons or {("no-rule", case.policy.ground, None)}


def nearest(speaking: list[Permit], case: Case) -> list[Permit]:
    """Leave out those that name other recipients, where one of them names this one."""

    def recipients(permit: Permit) -> list[OneOf]:
        return [part for part in parts_of(permit.terms) if isinstance(part, OneOf) and part.key == "recipients"]

    def names_it(permit: Permit) -> bool:
        lists = recipients(permit)
        return bool(lists) and all(met(case.stated, one, SURELY, set()) for one in lists)

    if not any(names_it(permit) for permit in speaking):
        return speaking
    return [permit for permit in speaking if names_it(permit) or not recipients(permit)]


def parts_of(condition: Condition) -> list[Condition]:
    """Return what must all be met for a condition to be met."""
    if isinstance(condition, All):
        return [inner for part in condition.parts for inner in parts_of(part)]
    return [condition]


def unknown_terms(policy: Policy, words: Words, event: Data, item: str, unknown: list[tuple[str, str]]) -> set[ThreeOf]:
    """Name the words of the event that the policy does not know.

    An unknown purpose cites the clauses that speak of such flows, any other word the ground clause. No fact and no
    attribute counts towards what a clause speaks of: the policy cannot read the event.
    """
    bare = {key: value for key, value in event.items() if key not in ("facts", "attributes")}
    case = Case(policy, statements(policy), View(words, bare, item, (event["operation"],)))
    reasons: set[ThreeOf] = set()
    for dimension, _ in unknown:
        spoken: set[str | None] = set()
        if dimension == "purposes" and words.knows("items", item):
            speaking = [permit for permit in case.here if case.speaks(permit, case.stated)]
            spoken = {policy.shown[permit.table.clause] for permit in nearest(speaking, case)}
        reasons |= {("unknown-term", clause, None) for clause in spoken or {policy.ground}}
    return reasons
