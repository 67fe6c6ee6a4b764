"""What a rule of each of the built-in kinds says: it permits, restricts, replaces, or obliges."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from reference_open.leaves import (
    FALSE,
    TRUE,
    Aged,
    All,
    AnyOf,
    Compare,
    Condition,
    Had,
    Known,
    NoneOf,
    Not,
    OnClock,
    OneOf,
    OnOperation,
    SameIds,
    WithinSpans,
    turned,
    without,
)
from reference_open.packs import Data, Policy, Table, span_of

OWN = ("acquire", "use", "retain")


@dataclass(frozen=True, eq=False)
class Permit:
    """A clause permits these operations: `about` these flows, on these `terms`.

    Args:
        table: the rule; None for the permit of everything that a layer does not decide.
        operations: what it permits.
        about: the flows of which it speaks.
        terms: on which terms it permits them.
        licence: whether others may lean on it; it then is a permit to `use`.
        licensed_by: the clauses of which one must license the flow as well; None where none need.
        elsewhere: whether another policy must license it as well.
    """

    table: Table | None
    operations: tuple[str, ...] = ()
    about: Condition = TRUE
    terms: Condition = TRUE
    licence: bool = False
    licensed_by: frozenset[str] | None = None
    elsewhere: bool = False

    @property
    def clause(self) -> str | None:
        return self.table.clause if self.table else None


@dataclass(frozen=True, eq=False)
class Restriction:
    """A clause strikes permissions out, `when` this is met, `unless` that is, and for flows that are not `exempt`."""

    table: Table
    code: str
    when: Condition
    unless: Condition = FALSE
    over: frozenset[str] | None = None
    spares: frozenset[str] = frozenset()
    cited: bool = False
    exempt: Condition = FALSE
    instead: tuple[str, ...] = ()

    def reaches(self, permit: Permit) -> bool:
        return permit.clause not in self.spares and (self.over is None or permit.clause in self.over)


@dataclass(frozen=True, eq=False)
class Alternative:
    """A clause meets what others ask, `when` this is met."""

    table: Table
    clauses: frozenset[str]
    when: Condition


@dataclass(frozen=True, eq=False)
class Replacement:
    """A clause takes the place of others, `when` this is met; `wholly`: they restrict and oblige no more, either."""

    table: Table
    clauses: frozenset[str]
    when: Condition
    wholly: bool = False


@dataclass(frozen=True, eq=False)
class Duty:
    """Whoever is permitted a flow for which this is met carries the obligations."""

    table: Table
    when: Condition


Statement = Permit | Restriction | Alternative | Replacement | Duty


def statements(policy: Policy) -> list[Statement]:
    """Return what the rules of a policy say."""
    found = [said for table in policy.tables for said in _said(policy, table)]
    return found if policy.layer else [said for one in found for said in _addressed(policy, one)]


def _to_the_person(policy: Policy) -> Condition:
    """The recipient is the person, or a fact names it as who stands in for them."""
    facts = policy.words.facts
    named = [
        Known(name, stated=(key,))
        for name in policy.words.represents
        for key in facts[name]
        if facts[name][key] == "recipient"
    ]
    return AnyOf((SameIds("recipient", "subject"), *named))


def _addressed(policy: Policy, said: Statement) -> Iterator[Statement]:
    """A permit of `disclose` permits it to the person, and everything else to whomever it says."""
    if isinstance(said, Permit) and "disclose" in said.operations:
        others = tuple(operation for operation in said.operations if operation != "disclose")
        if others:
            yield replace(said, operations=others)
        yield replace(said, operations=("disclose",), terms=All((_to_the_person(policy), said.terms)))
    else:
        yield said


def permitted_anywhere(policy: Policy) -> set[str]:
    """Return the operations that any permit of a policy names, in force or not and whatever the readings."""
    return {operation for kind, table in policy.written for operation in _operations_named(kind, table)}


def _operations_named(kind: str, table: Data) -> Iterator[str]:
    match kind:
        case "purpose-limitation":
            for entry in table.get("operations", OWN):
                yield from [entry] if isinstance(entry, str) else [*entry.get("terms", []), entry.get("term")]
        case "individual-notice":
            yield from OWN
        case "joint-use":
            yield from ("joint_use", *(OWN if table.get("own_use", True) else ()))
        case "entrustment":
            yield "entrust"
        case "provision":
            yield "provide"
        case "permission":
            for entry in table["operations"]:
                yield from [entry] if isinstance(entry, str) else [*entry.get("terms", []), entry.get("term")]
        case "disclosure":
            yield "disclose"


def _said(policy: Policy, table: Table) -> Iterator[Statement]:
    values = table.values

    def clauses(key: str) -> frozenset[str]:
        return frozenset(case for number in values.get(key, ()) for case in policy.cases[number])

    above = values.get("spares") == "above"
    spares = frozenset(policy.above[table.clause]) if above else clauses("spares")
    own_code = values.get("reason", {}).get("code")
    on = OnOperation(tuple(values["operations"])) if "operations" in values else TRUE
    lifted_by = _table(values["lifted_by"]) if "lifted_by" in values else FALSE
    elsewhere = values.get("licensed_by") == "other-policies"
    leaning = "licensed_by" in values and not elsewhere
    leans = {"licensed_by": clauses("licensed_by") if leaning else None, "elsewhere": elsewhere}
    over = clauses("over") if "over" in values else None
    spoken = _table(values["about"]) if "about" in values else None
    match table.kind:
        case "purpose-limitation":
            operations = tuple(values.get("operations", OWN))
            # Of whomever it names no people, it speaks by its purposes.
            key = "subjects" if "subjects" in values else "purposes"
            about = spoken or OneOf(key, tuple(values[key]))
            yield Permit(table, operations, about, narrowing(values), licence="use" in operations)
        case "individual-notice":
            notice = values.get("notice", "notice")
            flows, on_these_items = narrowing(values), Known(notice, unheld=("purposes",))
            about = spoken or All((flows, on_these_items))
            yield Permit(table, OWN, about, All((flows, Known(notice))), licence=True)
            yield Replacement(table, clauses("replaces"), All((flows, on_these_items)))
        case "joint-use":
            parties = OneOf("recipients", tuple(values["parties"]))
            terms = All((parties, narrowing(values)))
            yield Permit(table, ("joint_use",), spoken or TRUE, terms, **leans)
            if values.get("own_use", True):
                about = All(tuple(OneOf(key, tuple(values[key])) for key in ("subjects", "purposes")))
                # The controller's own use has no recipient: what is asked of one is left out.
                terms = without(
                    narrowing(values, but=("subjects", "purposes")), ("recipients", "services", "countries")
                )
                yield Permit(table, OWN, about, terms, licence=True)
        case "entrustment":
            yield Permit(table, ("entrust",), spoken or TRUE, narrowing(values), **leans)
        case "provision":
            yield Permit(table, ("provide",), spoken or TRUE, narrowing(values), **leans)
        case "permission":
            permitted = tuple(values["operations"])
            yield Permit(table, permitted, spoken or TRUE, narrowing(values), **leans)
        case "disclosure":
            asked = Known("request", (("kind", (values.get("request", "disclose"),)),))
            yield Permit(table, ("disclose",), spoken or TRUE, All((_to_the_person(policy), asked, narrowing(values))))
        case "replacement":
            others = frozenset(policy.cases) - {table.clause}
            replaced = clauses("replaces") if "replaces" in values else others
            wholly = values.get("wholly", False)
            yield Replacement(table, replaced, All((on, narrowing(values))), wholly)
        case "requirement":
            cited = not values.get("silent", False)
            when = All((on, narrowing(values)))
            yield Restriction(
                table,
                own_code or "requirement-unmet",
                when,
                _table(values["require"]),
                over=over,
                spares=clauses("spares"),
                cited=cited,
            )
        case "prohibition":
            when = All((on, narrowing(values)))
            yield Restriction(table, own_code or "prohibited", when, lifted_by, over=over, spares=spares)
        case "data-subject-request":
            stops = OnOperation(tuple(values["stops"]))
            asked = Known("request", (("kind", (values["request"],)),))
            others = values.get("not_binding", {})
            yield Restriction(
                table,
                "request-in-effect",
                All((stops, asked, narrowing(values))),
                lifted_by,
                spares=spares,
                exempt=OneOf("subjects", tuple(others["subjects"])) if others else FALSE,
                instead=tuple(others.get("oblige", ())),
            )
        case "retention":
            ends = on if "operations" in values else OnOperation(("use", "retain"))
            over: list[Condition] = []
            if "since" in values:
                # The latest of them began so long ago: there is one, and none that began later.
                since = _facts(values["since"])
                assert isinstance(since, Known)
                over.append(All((since, Not(replace(since, within=values["at_most"])))))
            elif "at_most" in values:
                over.append(Had(values["at_most"], over=True))
            if "ends_with" in values:
                over.append(_facts(values["ends_with"]))
            when = All((ends, narrowing(values), AnyOf(tuple(over))))
            yield Restriction(table, "retention-over", when, lifted_by)
        case "alternative":
            above = frozenset(number for number, cases in policy.cases.items() if table.clause in cases)
            meets = clauses("meets") if "meets" in values else above - {table.clause}
            yield Alternative(table, meets, narrowing(values))
        case "obligation":
            yield Duty(table, All((on, narrowing(values))))
        case _:
            raise AssertionError(table.kind)


LISTS = (
    *("subjects", "items", "purposes", "forms", "origins", "recipients", "services", "countries"),
    *("roles", "actors", "sources", "source_countries"),
)


def narrowing(values: Mapping[str, Any], but: Iterable[str] = ()) -> Condition:
    """Return everything that the keys that narrow flows ask, all of it together.

    Args:
        values: the table.
        but: keys that are left out, but not below `except` and the like.
    """
    parts: list[Condition] = []
    for key in LISTS:
        if key in values and key not in but and values[key] != "any":
            parts.append(OneOf(key, tuple(values[key])))
        if key in values.get("except", {}):
            parts.append(NoneOf(key, tuple(values["except"][key])))
    for attribute, tests in values.get("attributes", {}).items():
        for how, wanted in tests.items():
            if how in ("older_than", "younger_than"):
                parts.append(Aged(attribute, wanted, how == "older_than"))
                continue
            each = [Compare(attribute, "is" if how == "one_of" else how, one) for one in _listed(wanted)]
            parts.append(All(tuple(each)) if how == "is_not" else AnyOf(tuple(each)))
    if "same" in values:
        parts.append(SameIds(*values["same"]))
    if "facts" in values:
        parts.append(_facts(values["facts"]))
    if "during" in values:
        parts.append(WithinSpans(tuple(span_of(span) for span in values["during"])))
    if "on" in values or "between" in values:
        days = values.get("on", ["mon", "tue", "wed", "thu", "fri", "sat", "sun"])
        parts.append(OnClock(tuple(days), *values.get("between", ("00:00", "24:00"))))
    if "acquired_within" in values:
        parts.append(Had(values["acquired_within"]))
    parts += [_table(table) for table in values.get("all", ())]
    if "any" in values:
        parts.append(AnyOf(tuple(_table(table) for table in values["any"])))
    if "not" in values:
        parts.append(turned(_table(values["not"])))
    return All(tuple(parts))


def _listed(wanted: Any) -> list[Any]:
    return wanted if isinstance(wanted, list) else [wanted]


def _table(values: Data) -> Condition:
    """Return what a table within another asks: a fact, or all that its keys ask together."""
    if "type" in values:
        return _facts(values)
    on = OnOperation(tuple(values["operations"])) if "operations" in values else TRUE
    return All((on, narrowing(values)))


def _facts(form: Data) -> Condition:
    """Return what a form of facts asks: one fact, or all, any or none of others."""
    if "all" in form:
        return All(tuple(_facts(part) for part in form["all"]))
    if "any" in form:
        return AnyOf(tuple(_facts(part) for part in form["any"]))
    if "not" in form:
        return Not(_facts(form["not"]))
    own = ("type", "stated", "unheld", "within", "after", "before")
    named = {key: value for key, value in form.items() if key not in own}
    accepted = tuple((key, (value,) if isinstance(value, str) else tuple(value)) for key, value in named.items())
    before = _facts(form["after"]) if "after" in form else None
    assert before is None or isinstance(before, Known)
    stated, unheld = tuple(form.get("stated", ())), tuple(form.get("unheld", ()))
    return Known(form["type"], accepted, stated, unheld, form.get("within"), before, form.get("before"))
