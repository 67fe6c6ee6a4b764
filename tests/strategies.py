"""Hypothesis strategies: small policies in the rule language, and events that they can nearly tell apart.

Most flows are permitted by nobody, so an event may be drawn with an aim: around the conditions of a rule that permits
and of one that stands over it, with facts of which rules ask. What an aim suggests is followed most of the time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import strategies as st

from policyengine.engine.plugins import Plugins
from policyengine.language.build import policy_of
from policyengine.language.find import STANDARD
from policyengine.language.pack import Pack
from policyengine.language.source import Document, read
from policyengine.model.condition import Compare, Condition, Field, Holds, In, leaves
from policyengine.model.policy import Policy
from policyengine.model.rule import Duty, Permit, Replacement, Restriction, Rule, conditions_of
from policyengine.moment import FOREVER, instant

_PERSONS = ["p-1", "p-2"]
_COUNTRIES = ["JP", "US"]
OPERATIONS = ["acquire", "use", "retain", "joint_use", "entrust", "provide", "disclose"]
TIMES = [f"2026-0{month}-01T00:00:00Z" for month in range(1, 8)]

REMAINDERS = {"adult", "phone", "care"}
"""General words of which an event that states one means none of its kinds."""

_T = {"ja": "語", "en": "word"}


def _terms(**parents: str | list[str] | None) -> dict[str, Any]:
    found = {name: ({**_T, "is_a": parent} if parent else dict(_T)) for name, parent in parents.items()}
    for name in REMAINDERS & found.keys():
        found[name]["remainder"] = True
    return found


VOCABULARY: dict[str, Any] = {
    "subjects": _terms(adult=None, member="adult", guest=None),
    "items": _terms(contact=None, mail="contact", phone="contact", health=None, voice=["phone", "health"]),
    "purposes": _terms(care=None, followup="care", ads=None),
    "parties": _terms(group=None, sister="group", partner=None),
    "services": _terms(hosting=None, mailing=None),
    "origins": _terms(direct=None, public=None),
    "forms": _terms(statistical=None),
    "roles": _terms(staff=None, clerk="staff", auditor=None),
    "attributes": {
        "age": {**_T, "type": "integer"},
        "vip": {**_T, "type": "boolean"},
        "tier": {**_T, "type": "string"},
        "born": {**_T, "type": "date"},
        "seen": {**_T, "type": "datetime"},
    },
    "facts": {
        "declaration": {
            **_T,
            "fields": {
                "partner": {"held": "recipient", "required": True},
                "purposes": {"held": "purpose", "list": True, "required": True},
                "basis": {"held": "value", "required": True, "values": {"consent": _T, "interest": _T}},
                "person": {"held": "subject"},
            },
        },
        "grant": {
            **_T,
            "represents": True,
            "fields": {
                "item": {"held": "item", "required": True},
                "operation": {"held": "operation"},
                "holders": {"held": "subject", "list": True},
                "to": {"held": "recipient", "list": True},
                "via": {"held": "recipient"},
            },
        },
        "register": {
            **_T,
            "fields": {"country": {"held": "country"}, "services": {"held": "service", "list": True}},
        },
        "ledger": {
            **_T,
            "fields": {
                "controllers": {"held": "controller", "list": True},
                "category": {"held": "category"},
                "form": {"held": "form"},
            },
        },
        "training": {
            **_T,
            "fields": {
                "actor": {"held": "actor"},
                "roles": {"held": "role", "list": True},
                "origins": {"held": "origin", "list": True},
            },
        },
        "assessment": {
            **_T,
            "fields": {
                "about": {"held": "value", "of": "items", "required": True},
                "party": {"held": "value", "of": "parties"},
                "level": {"held": "value", "open": True, "values": {"high": _T, "low": _T}},
            },
        },
        "contract": {"fields": {"kind": {"values": {"dpa": _T}}}},
        "receipt": {
            **_T,
            "fields": {"sources": {"held": "source", "list": True}, "source_country": {"held": "source_country"}},
        },
    },
}
READINGS: dict[str, Any] = {
    "wide": {**_T, "default": "no", "values": {"no": _T, "yes": _T}},
}
CONDITIONS: dict[str, Any] = {
    "grown": {**_T, "attributes": {"age": {"at_least": 16}}, "except": {"origins": ["public"]}},
    "asked": {**_T, "any": [{"type": "consent"}, {"condition": "grown"}]},
    "cared": {**_T, "purposes": [{"term": "care", "under": {"wide": "yes"}}], "not": {"countries": ["JP"]}},
}
CLAUSES = ["1", "2", "3", "4", "4(1)", "5"]
LEANED_ON = ["1", "1", "2", "2", "4(1)", "5"]
"""Clauses on which others lean, which replace one another, and are spared: few, so that they meet."""


@cache
def kinds() -> Any:
    return Plugins(installed=False).kinds


@cache
def standard() -> Document:
    return read(STANDARD)


def policy_from(data: dict[str, Any], readings: dict[str, str] | None = None) -> Policy:
    """Build a policy from the data of one rule file, through the real lowering."""
    pack = Pack(Path("generated.toml"), (Document("generated.toml", "", data),), (standard(),))
    return policy_of(pack, kinds(), readings or {}, trusted=True)


def rarely(draw: st.DrawFn, one_in: int) -> bool:
    """Whether to do what is left out as soon as an example shrinks."""
    return draw(_dice(one_in)) == one_in


@cache
def _dice(sides: int) -> st.SearchStrategy[int]:
    return st.integers(1, sides)


def some(words: Sequence[str], most: int = 2) -> st.SearchStrategy[list[str]]:
    return _some(tuple(words), most)


@cache
def _some(words: tuple[str, ...], most: int) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(words), min_size=1, max_size=most, unique=True)


@cache
def term_lists(dimension: str) -> st.SearchStrategy[list[Any]]:
    words = some(sorted(VOCABULARY[dimension]))
    gated = words.map(lambda found: [*found[:-1], {"term": found[-1], "under": {"wide": "yes"}}])
    return st.one_of(words, words, words, gated)


FORMS = st.sampled_from(
    [
        {"type": "consent"},
        {"type": "vetting"},
        {"type": "contract", "kind": "confidentiality"},
        {"type": "contract"},
        {"type": "legal_basis", "kind": ["statute", "court"]},
        {"type": "legal_basis"},
        {"type": "legal_basis", "stated": ["purposes"]},
        {"type": "consent", "stated": ["items", "purposes"]},
        {"type": "request", "kind": "stop_use"},
        {"type": "notice"},
        {"type": "notice", "unheld": ["purposes"]},
        {"type": "declaration", "basis": "consent"},
        {"type": "declaration", "unheld": ["partner"]},
        {"type": "grant"},
        {"type": "grant", "unheld": ["holders", "via"]},
        {"type": "register"},
        {"type": "ledger"},
        {"type": "ledger", "stated": ["category"], "unheld": ["form"]},
        {"type": "training"},
        {"type": "training", "stated": ["roles"]},
        {"type": "receipt"},
        {"type": "assessment", "about": "contact"},
        {"type": "assessment", "about": ["phone", "health"], "level": "high"},
        {"type": "assessment", "level": ["low"]},
        {"type": "assessment", "party": ["group"], "stated": ["level"]},
        {"type": "contract", "kind": ["dpa", "service"]},
    ]
)
"""Forms of facts that say nothing of when they began."""
FACTS = FORMS | st.sampled_from(
    [
        {"type": "consent", "within": "P2M"},
        {"type": "consent", "within": "P10D", "stated": ["items"]},
        {"type": "grant", "within": "P1Y1M"},
        {"type": "notice", "before": TIMES[3]},
    ]
)
LATER_FACTS = st.sampled_from(
    [
        {"type": "consent", "after": {"type": "request", "kind": "stop_use"}},
        {"type": "consent", "after": {"type": "consent", "stated": ["purposes"]}, "within": "P2M"},
        {"type": "grant", "after": {"type": "grant", "unheld": ["holders", "via"]}},
    ]
)
"""Facts that must have begun after others."""


@cache
def fact_expressions() -> st.SearchStrategy[dict[str, Any]]:
    return st.recursive(
        FACTS,
        lambda inner: st.one_of(
            st.fixed_dictionaries({"all": st.lists(inner, min_size=1, max_size=2)}),
            st.fixed_dictionaries({"any": st.lists(inner, min_size=1, max_size=2)}),
            st.fixed_dictionaries({"not": inner}),
        ),
        max_leaves=3,
    )


@cache
@st.composite
def conditions(draw: st.DrawFn, *, recipients: bool = True) -> dict[str, Any]:
    """Some of the keys that say which flows a rule means."""
    lists = {key: key for key in ("subjects", "items", "purposes", "origins", "forms", "roles")}
    if recipients:
        lists |= {"services": "services", "recipients": "parties", "sources": "parties"}
    found: dict[str, Any] = {}
    for key in draw(st.lists(st.sampled_from(sorted(lists)), max_size=2, unique=True)):
        found[key] = draw(term_lists(lists[key]))
    if rarely(draw, 5):
        key = draw(st.sampled_from(sorted(lists)))
        found["except"] = {key: draw(some(sorted(VOCABULARY[lists[key]]), 1))}
    if recipients and rarely(draw, 10):
        found[draw(st.sampled_from(["countries", "source_countries"]))] = draw(some(["JP", "US"]))
    if rarely(draw, 10):
        found["actors"] = draw(some(_PERSONS))
    if rarely(draw, 8):
        found["same"] = draw(st.permutations(["recipient", "subject", "actor", "source"]).map(lambda ids: ids[:2]))
    if rarely(draw, 6):
        found["attributes"] = draw(
            st.sampled_from(
                [
                    {"age": {"below": 18}},
                    {"age": {"at_least": 16}},
                    {"age": {"above": 3, "at_most": 16}},
                    {"age": {"is_not": 3}},
                    {"vip": {"is": True}},
                    {"tier": {"is_not": "gold"}},
                    {"born": {"older_than": "P1Y1M"}},
                    {"born": {"younger_than": "P2M", "at_least": "2025-03-31"}},
                    {"born": {"below": "2026-01-01"}},
                    {"seen": {"younger_than": "P10D"}},
                    {"seen": {"older_than": "P2M"}},
                    {"seen": {"is_not": "2026-01-01T00:00:00Z"}},
                    {"tier": {"one_of": ["gold", "1"]}},
                    {"age": {"is": [3, 16]}},
                    {"age": {"is_not": [3, 40], "above": 3}},
                ]
            )
        )
    if rarely(draw, 4):
        found["facts"] = draw(fact_expressions())
    if rarely(draw, 10):
        found["during"] = draw(st.lists(_PERIODS, min_size=1, max_size=2))
    if rarely(draw, 12):
        found["on"] = draw(st.lists(st.sampled_from(["mon", "wed", "thu", "fri", "sun"]), min_size=1, max_size=3))
    if rarely(draw, 12):
        found["between"] = draw(st.sampled_from([["00:00", "01:30"], ["01:00", "24:00"], ["02:00", "02:01"]]))
    if rarely(draw, 8):
        found["acquired_within"] = draw(st.sampled_from(DURATIONS))
    if rarely(draw, 6):
        found |= draw(combined(recipients=recipients))
    return found


@cache
def combined(*, recipients: bool = True) -> st.SearchStrategy[dict[str, Any]]:
    """Some of the keys that combine tables of conditions."""
    few = st.lists(tables(recipients=recipients), min_size=1, max_size=2)
    return st.one_of(
        st.fixed_dictionaries({"any": few}),
        st.fixed_dictionaries({"not": tables(recipients=recipients)}),
        st.fixed_dictionaries({"all": few}),
        st.fixed_dictionaries({"any": few, "not": tables(recipients=recipients)}),
        st.fixed_dictionaries({"condition": st.one_of(st.sampled_from(sorted(CONDITIONS)), some(sorted(CONDITIONS)))}),
    )


@cache
def tables(*, recipients: bool = True) -> st.SearchStrategy[dict[str, Any]]:
    """A table of a condition within another: a fact, some of the keys that say which flows are meant, or others."""
    return st.deferred(
        lambda: st.one_of(
            FACTS,
            conditions(recipients=recipients).filter(bool),
            conditions(recipients=recipients).filter(bool),
            st.tuples(conditions(recipients=recipients), some(OPERATIONS)).map(
                lambda drawn: {**drawn[0], "operations": drawn[1]}
            ),
            combined(recipients=recipients),
        )
    )


ZONE = "Europe/Berlin"
DURATIONS = ["PT36H", "P10D", "P2M", "P1Y1M"]
"""Durations of which, on the calendar of `ZONE`, one is always longer than the one before."""

AGO = ["2026-01-01T00:00:00Z", "2025-12-31T23:59:59.999999Z", "2026-05-22T00:00:00Z", "2025-03-31T23:00:00Z"]
"""Times before those of events."""


_CLAUSE_LISTS = some(CLAUSES)
_SPARES = st.one_of(_CLAUSE_LISTS, _CLAUSE_LISTS, st.just("above"))
_LEANED_ON = st.lists(st.sampled_from(LEANED_ON), min_size=1, max_size=3).map(lambda found: sorted(set(found)))
_PASSING = st.lists(
    st.sampled_from(
        [
            *("origins", "services", "countries", "attributes.age", "attributes.vip"),
            *("roles", "actors", "sources", "source_countries"),
            {"term": "origins", "under": {"wide": "yes"}},
        ]
    ),
    min_size=1,
    max_size=2,
    unique_by=str,
)
_PERIODS = st.sampled_from(
    [
        {"from": TIMES[1]},
        {"from": TIMES[3]},
        {"until": TIMES[3]},
        {"until": TIMES[5]},
        {"from": TIMES[1], "until": TIMES[4]},
    ]
)


LICENSING = ("individual-notice", "joint-use", "purpose-limitation")
PERMITTING = (*LICENSING, "disclosure", "entrustment", "permission", "provision")


@cache
@st.composite
def rules(draw: st.DrawFn, of: Sequence[str] = ()) -> tuple[str, dict[str, Any]]:
    """One rule, of any kind or one `of` some: its kind and its table."""
    kind = draw(st.sampled_from(of or sorted(kinds())))
    if kind in ("provision", "entrustment", "permission"):
        # Whether a clause on which it leans licenses anything, the rules decide.
        table = draw(conditions())
        if draw(st.booleans()):
            table["licensed_by"] = draw(_LEANED_ON)
        if kind == "permission":
            *named, last = draw(some(OPERATIONS))
            table["operations"] = [*named, {"term": last, "under": {"wide": "yes"}} if rarely(draw, 4) else last]
    elif kind == "purpose-limitation":
        table = {
            **draw(conditions(recipients=False)),
            "subjects": draw(term_lists("subjects")),
            "purposes": draw(term_lists("purposes")),
        }
        if rarely(draw, 4):
            *named, last = draw(some(["acquire", "use", "retain"]))
            table["operations"] = [*named, {"term": last, "under": {"wide": "yes"}}]
    elif kind == "joint-use":
        table = {
            **draw(conditions(recipients=draw(st.booleans()))),
            "parties": draw(term_lists("parties")),
            "subjects": draw(term_lists("subjects")),
            "items": draw(term_lists("items")),
            "purposes": draw(term_lists("purposes")),
        }
        if draw(st.booleans()):
            table["own_use"] = draw(st.booleans())
        if rarely(draw, 4):
            table["licensed_by"] = draw(_LEANED_ON)
    elif kind == "individual-notice":
        table = {**(draw(conditions(recipients=False)) if draw(st.booleans()) else {}), "replaces": draw(_LEANED_ON)}
        if draw(st.booleans()):  # of types that state operations as well
            table["notice"] = draw(st.sampled_from(["consent", "legal_basis"]))
    elif kind == "replacement":
        table = draw(conditions())
        if draw(st.booleans()):
            table["operations"] = draw(some(OPERATIONS))
        if not rarely(draw, 4):
            table["replaces"] = draw(_CLAUSE_LISTS)
        if draw(st.booleans()):
            table["wholly"] = True
    elif kind == "requirement":
        table = {**draw(conditions()), "require": draw(tables())}
        if draw(st.booleans()):
            table["operations"] = draw(some(OPERATIONS))
        if rarely(draw, 3):
            table["over"] = draw(_CLAUSE_LISTS)
        if rarely(draw, 4):
            table["spares"] = draw(_CLAUSE_LISTS)
        if rarely(draw, 4):
            table["silent"] = True
    elif kind == "prohibition":
        table = draw(conditions())
        if draw(st.booleans()):
            table["operations"] = draw(some(OPERATIONS))
        if draw(st.booleans()):
            table["lifted_by"] = draw(st.one_of(fact_expressions(), tables()))
        if draw(st.booleans()):
            table["spares"] = draw(_SPARES)
        if rarely(draw, 3):
            table["over"] = draw(_CLAUSE_LISTS)
    elif kind == "data-subject-request":
        table = {
            **(draw(conditions()) if draw(st.booleans()) else {}),
            "request": draw(st.sampled_from(["stop_use", "erase"])),
            "stops": draw(st.one_of(st.just(OPERATIONS), some(OPERATIONS, 3))),
        }
        if draw(st.booleans()):
            table["spares"] = draw(_SPARES)
        if draw(st.booleans()):
            table["lifted_by"] = draw(st.one_of(FACTS, tables()))
        if draw(st.booleans()):
            table["not_binding"] = {
                "subjects": draw(some(sorted(VOCABULARY["subjects"]), 1)),
                "oblige": draw(st.sampled_from([["forward"], ["watch"]])),
            }
    elif kind == "retention":
        table = draw(conditions()) if draw(st.booleans()) else {}
        way = draw(st.sampled_from(["acquired", "fact", "end", "both"]))
        if way != "end":
            table["at_most"] = draw(st.sampled_from(DURATIONS))
        if way == "fact":
            table["since"] = draw(FORMS)
        if way in ("end", "both"):
            table["ends_with"] = draw(fact_expressions())
        if rarely(draw, 3):
            table["operations"] = draw(some(OPERATIONS))
        if rarely(draw, 3):
            table["lifted_by"] = draw(fact_expressions())
    elif kind == "alternative":
        table = {**draw(conditions()), "meets": draw(_CLAUSE_LISTS)}
    elif kind == "disclosure":
        table = draw(conditions()) if draw(st.booleans()) else {}
    else:
        table = {**draw(conditions()), "operations": draw(some(OPERATIONS)), "oblige": ["tell"]}
    if kind in ("prohibition", "requirement") and rarely(draw, 5):
        table["reason"] = {**_T, "code": "look-at-it", "parameters": {"to": ["desk"]}}
    if kind in PERMITTING and rarely(draw, 4):
        table["about"] = draw(tables(recipients=kind not in LICENSING))
    if rarely(draw, 6):
        table["oblige"] = draw(some(["tell", "watch"]))
    if rarely(draw, 4):
        mine = {
            "obligation": draw(st.sampled_from(["tell", "watch"])),
            "for_items": draw(some(["contact", "mail", "phone", "health"])),
        }
        table["oblige"] = [*table.get("oblige", ()), mine]
    if rarely(draw, 5):
        table["pass_unstated"] = draw(_PASSING)
    if rarely(draw, 4):
        table |= draw(_PERIODS)
    if rarely(draw, 12):
        table["under"] = {"wide": draw(st.sampled_from(["yes", "no"]))}
    return kind, table


@st.composite
def policy_data(draw: st.DrawFn, most: int = 8, of: Sequence[str] = ()) -> dict[str, Any]:
    """The data of one rule file with up to `most` rules, of any kind or each one `of` some, which all permit."""
    tables = [{"number": number, "summary": dict(_T)} for number in CLAUSES]
    tables[4]["case_of"] = "4"  # type: ignore[assignment]
    tables[0]["ground"] = True  # type: ignore[assignment]
    clauses: dict[str, dict[str, Any]] = {table["number"]: table for table in tables}  # type: ignore[misc]
    more = draw(st.integers(0, most - 1))
    found = [draw(rules(of or PERMITTING)), *draw(st.lists(rules(of), min_size=more, max_size=more))]
    places = [draw(st.sampled_from(LEANED_ON if kind in LICENSING else CLAUSES)) for kind, _ in found]
    licensing = [place for place, (kind, _) in zip(places, found, strict=True) if kind in LICENSING]
    for number, (place, (kind, table)) in enumerate(zip(places, found, strict=True)):
        leaning = "licensed_by" in table and licensing and not rarely(draw, 4)
        leaned_on = {"licensed_by": [draw(st.sampled_from(licensing))]} if leaning else {}
        clauses[place].setdefault(kind, []).append({"id": f"rule-{number}", **table, **leaned_on})
    about: dict[str, Any] = {"id": "generated", "version": "1", "title": _T, "governs": ["shop"], "time_zone": ZONE}
    if rarely(draw, 8):
        about["from"] = TIMES[1]
    if rarely(draw, 8):
        about["until"] = TIMES[5]
    return {
        "policy": about,
        "vocabulary": VOCABULARY,
        "readings": READINGS,
        "conditions": CONDITIONS,
        "obligations": {name: {**_T, "clause": "1"} for name in ("tell", "watch", "forward")},
        "clause": list(clauses.values()),
    }


@st.composite
def written(draw: st.DrawFn, most: int = 8, of: Sequence[str] = ()) -> tuple[dict[str, Any], dict[str, str]]:
    """The data of one rule file, and one of its readings."""
    return draw(policy_data(most, of)), {"wide": draw(st.sampled_from(["no", "yes"]))}


@st.composite
def policies(draw: st.DrawFn, most: int = 8) -> Policy:
    """A policy under one of its readings."""
    return policy_from(*draw(written(most)))


class Aim(NamedTuple):
    """What an event is drawn around.

    Args:
        values: for some fields of an event, the values that meet the conditions of the rules aimed at.
        facts: what these rules ask of facts.
        others: what other rules ask of facts.
        attributes: whether they test attributes.
        span: from when (inclusive) until when (exclusive) they are in force.
    """

    values: Mapping[Field, Sequence[str]] = {}
    facts: Sequence[Holds] = ()
    others: Sequence[Holds] = ()
    attributes: bool = False
    span: tuple[int, int] = (-FOREVER, FOREVER)


@st.composite
def aims(draw: st.DrawFn, policy: Policy) -> Aim:
    """A rule that permits something, a licence on which it leans, and a rule that may stand over it; or no rule."""
    others = [leaf for rule in policy.rules for c in conditions_of(rule) for leaf in leaves(c) if type(leaf) is Holds]
    permits = [rule for rule in policy.rules if isinstance(rule, Permit)]
    if not permits or rarely(draw, 10):
        return Aim(others=others)
    permit = draw(st.sampled_from(permits))
    rules: list[Rule] = [permit]
    licences = [rule for rule in permits if rule.licence and rule.head.clause in (permit.licensed_by or ())]
    if licences:
        rules.append(draw(st.sampled_from(licences)))
    values: dict[Field, frozenset[str]] = {Field.OPERATION: permit.operations}
    asked: list[Condition] = []

    def meet(condition: Condition) -> None:
        for leaf in leaves(condition):
            asked.append(leaf)
            if isinstance(leaf, In):
                found = values.get(leaf.field, leaf.values)
                values[leaf.field] = found & leaf.values or found

    def may_stand(rule: Restriction | Replacement | Duty) -> bool:
        return all(
            not isinstance(leaf, In) or leaf.values & values.get(leaf.field, leaf.values) for leaf in leaves(rule.when)
        )

    for rule in rules:
        meet(rule.about)
        meet(rule.terms)
    over = [rule for rule in policy.rules if not isinstance(rule, Permit) and may_stand(rule)]
    if over and draw(st.booleans()):
        rule = draw(st.sampled_from(over))
        rules.append(rule)
        meet(rule.when)
        for condition in (rule.unless, rule.exempt) if isinstance(rule, Restriction) else ():
            if draw(st.booleans()):
                meet(condition)
    return Aim(
        {looked_at: sorted(found) for looked_at, found in values.items() if found},
        [leaf for leaf in asked if isinstance(leaf, Holds)],
        others,
        any(isinstance(leaf, Compare) for leaf in asked),
        (max(policy.start, *(rule.head.start for rule in rules)), min(policy.end, *(rule.head.end for rule in rules))),
    )


_HELD = {
    "recipients": Field.RECIPIENT,
    "party": Field.RECIPIENT,
    "partner": Field.RECIPIENT,
    "to": Field.RECIPIENT,
    "via": Field.RECIPIENT,
    "purposes": Field.PURPOSE,
    "items": Field.ITEM,
    "item": Field.ITEM,
    "operations": Field.OPERATION,
    "operation": Field.OPERATION,
    "holders": Field.SUBJECT_ID,
    "person": Field.SUBJECT_ID,
    "country": Field.COUNTRY,
    "services": Field.SERVICE,
    "controllers": Field.CONTROLLER,
    "category": Field.SUBJECT,
    "origins": Field.ORIGIN,
    "form": Field.FORM,
    "actor": Field.ACTOR,
    "roles": Field.ROLE,
    "sources": Field.SOURCE,
    "source_country": Field.SOURCE_COUNTRY,
}
_FIELDS: dict[str, tuple[list[str], list[str]]] = {
    "consent": (["operations"], ["recipients", "purposes", "items"]),
    "contract": (["kind", "party"], []),
    "vetting": (["party"], []),
    "legal_basis": (["kind", "reference"], ["operations", "items", "purposes", "recipients"]),
    "notice": (["purposes"], ["items"]),
    "request": (["kind"], ["purposes", "items", "recipients"]),
    "declaration": (["partner", "purposes", "basis"], ["person"]),
    "grant": (["item"], ["operation", "holders", "to", "via"]),
    "register": ([], ["country", "services"]),
    "ledger": ([], ["controllers", "category", "form"]),
    "training": ([], ["actor", "roles", "origins"]),
    "receipt": ([], ["sources", "source_country"]),
    "assessment": (["about"], ["party", "level"]),
    "representative": (["party", "basis"], []),
}
"""For each type of fact its required and its optional fields."""
_VALUES = {
    ("contract", "kind"): ["confidentiality", "service"],
    ("legal_basis", "kind"): ["statute", "court", "government"],
    ("legal_basis", "reference"): ["act"],
    ("request", "kind"): ["stop_use", "erase", "disclose", "stop_provision", "correct"],
    ("declaration", "basis"): ["consent", "interest"],
    ("assessment", "about"): [*sorted(VOCABULARY["items"]), "unknown"],
    ("assessment", "party"): [*sorted(VOCABULARY["parties"]), "stranger"],
    ("assessment", "level"): ["high", "low", "unlisted"],
    ("representative", "basis"): ["statutory", "mandate"],
}
_LISTS = {
    *("recipients", "purposes", "items", "operations", "holders", "to"),
    *("services", "controllers", "origins", "roles", "sources"),
}


@st.composite
def facts(
    draw: st.DrawFn, words: dict[str, list[str]], near: Mapping[str, Any] | None = None, asked: Holds | None = None
) -> dict[str, Any]:
    """A well-formed fact over the given words, in or out of its time, about this person or another.

    Args:
        draw: hypothesis's.
        words: as `words_of` has them.
        near: an event with which the fact agrees more often than not.
        asked: what the fact is for.
    """
    event = near or {"subject": {}, "items": []}
    pools = {
        Field.RECIPIENT: (words["parties"], [event.get("recipient", {}).get("id")]),
        Field.PURPOSE: (words["purposes"], [event.get("purpose")]),
        Field.ITEM: (words["items"], event["items"]),
        Field.OPERATION: (OPERATIONS, [event.get("operation")]),
        Field.SUBJECT_ID: (_PERSONS, [event["subject"].get("id")]),
        Field.COUNTRY: (_COUNTRIES, [event.get("recipient", {}).get("country")]),
        Field.SERVICE: (words["services"], [event.get("recipient", {}).get("service")]),
        Field.CONTROLLER: ([*words["controllers"], "elsewhere"], [event.get("controller")]),
        Field.SUBJECT: (words["subjects"], [event["subject"].get("category")]),
        Field.ORIGIN: (words["origins"], [event.get("origin")]),
        Field.FORM: (words["forms"], [event.get("form", "identifiable")]),
        Field.ACTOR: (_PERSONS, [event.get("actor", {}).get("id")]),
        Field.ROLE: (words["roles"] or ["clerk"], [event.get("actor", {}).get("role")]),
        Field.SOURCE: (words["parties"], [event.get("source", {}).get("id")]),
        Field.SOURCE_COUNTRY: (_COUNTRIES, [event.get("source", {}).get("country")]),
    }
    drawn = sorted(_FIELDS.keys() & set(words["types"]))  # of the law, a policy knows more types than its rules ask for
    name = asked.type if asked is not None else draw(st.sampled_from(drawn))
    named = dict(asked.where) if asked is not None else {}
    required, optional = _FIELDS[name]
    fact: dict[str, Any] = {"type": name}
    wanted = asked.stated if asked is not None else ()
    for key in [*required, *(key for key in optional if key in wanted or rarely(draw, 2 if not required else 4))]:
        if key in _HELD:
            pool, stated = pools[_HELD[key]]
            stated = [value for value in stated if value in pool]
            one = st.sampled_from(stated) if stated and not rarely(draw, 4) else st.sampled_from(pool)
            fact[key] = draw(st.lists(one, min_size=1, max_size=2, unique=True) if key in _LISTS else one)
        else:
            values = _VALUES[name, key]
            fact[key] = draw(st.sampled_from(sorted(named[key]) if key in named and not rarely(draw, 4) else values))
    if rarely(draw, 4):
        fact |= draw(
            st.fixed_dictionaries(
                {}, optional={"from": st.sampled_from(words["times"]), "until": st.sampled_from(words["times"])}
            )
        )
    if rarely(draw, 4):
        fact["subject"] = draw(st.sampled_from([event["subject"].get("id") or "p-1", *_PERSONS]))
    return fact


def words_of(policy: Policy, times: list[str], parties: list[str]) -> dict[str, list[str]]:
    """The words from which events of a policy are drawn."""
    terms = policy.vocabulary.terms
    return {
        **{dimension: sorted(terms[dimension]) for dimension in terms},
        "parties": [*sorted(terms["parties"]), *parties],
        "types": sorted(policy.vocabulary.facts),
        "times": times,
        "attributes": sorted(policy.vocabulary.attributes),
        "controllers": sorted(policy.governs or {"shop"}),
    }


_STRANGE = {"item", "items", "purposes", "services", "category", "origins", "form", "roles"}
"""Fields of facts in which there can be a word that the policy does not know."""

_ATTRIBUTES = {
    "age": st.sampled_from([3, 15, 16, 16.0, 40]),
    "vip": st.booleans(),
    "tier": st.sampled_from(["gold", "", "1"]),
    "campaign": st.just("x"),
    "born": st.sampled_from(["2025-03-31", "2025-04-01", "2025-12-31", "2026-01-01", "2026-05-01", "2030-01-01"]),
    "seen": st.sampled_from([*TIMES, "2026-01-01T01:00:00+01:00", "2026-05-22T00:00:00Z", "2025-12-31T23:00:00Z"]),
}


@st.composite
def events(
    draw: st.DrawFn, words: dict[str, list[str]], *, unknown: bool = True, aim: Aim | None = None
) -> dict[str, Any]:
    """A well-formed event over the given words, with one word in a while that the policy does not know.

    Args:
        draw: hypothesis's.
        words: as `words_of` has them.
        unknown: whether there may be such a word.
        aim: what the event is drawn around.
    """
    aimed = aim or Aim()

    def pool(dimension: str, looked_at: Field) -> list[str]:
        """The words for a field: those aimed at, most of the time."""
        if unknown and rarely(draw, 40):
            return [*words[dimension], "unknown"]
        if looked_at in aimed.values and not rarely(draw, 25):
            found = [value for value in words[dimension] if value in aimed.values[looked_at]]
            return found or words[dimension]
        return words[dimension]

    def word(dimension: str, looked_at: Field) -> str:
        return draw(st.sampled_from(pool(dimension, looked_at)))

    operations = aimed.values.get(Field.OPERATION) if not rarely(draw, 25) else None
    operation = draw(st.sampled_from(operations or OPERATIONS))
    items = draw(st.lists(st.sampled_from(pool("items", Field.ITEM)), min_size=1, max_size=3, unique=True))
    if rarely(draw, 4):
        items = [*items, *({word("items", Field.ITEM), draw(st.sampled_from(words["items"]))} - set(items))]
    times = [time for time in words["times"] if aimed.span[0] <= instant(time) < aimed.span[1]]
    times = words["times"] if rarely(draw, 3) else times
    event: dict[str, Any] = {
        "id": "e",
        "time": draw(st.sampled_from(times or words["times"])),
        "controller": words["controllers"][0],
        "operation": operation,
        "subject": {"category": word("subjects", Field.SUBJECT)},
        "items": sorted(items),
    }
    if rarely(draw, 3):
        since = [time for time in (*words["times"], *AGO) if instant(time) <= instant(event["time"])]
        event["acquired"] = draw(st.sampled_from([event["time"], *since]))
    person = draw(st.sampled_from([None, "p-1", "p-1", "p-2"]))
    if person:
        event["subject"]["id"] = person
    if operation != "disclose" or Field.PURPOSE in aimed.values or draw(st.booleans()):
        event["purpose"] = word("purposes", Field.PURPOSE)
    if Field.FORM in aimed.values or rarely(draw, 3):
        event["form"] = word("forms", Field.FORM)
    if Field.ORIGIN in aimed.values or draw(st.booleans()):
        event["origin"] = word("origins", Field.ORIGIN)
    if operation not in ("acquire", "use", "retain") or rarely(draw, 3):
        himself = operation == "disclose" and person and not rarely(draw, 4)
        event["recipient"] = {"id": person if himself else word("parties", Field.RECIPIENT)}
        if words["services"] and (Field.SERVICE in aimed.values or draw(st.booleans())):
            event["recipient"]["service"] = word("services", Field.SERVICE)
        if Field.COUNTRY in aimed.values or rarely(draw, 4):
            event["recipient"]["country"] = draw(st.sampled_from(_COUNTRIES))
    if operation == "acquire" and ({Field.SOURCE, Field.SOURCE_COUNTRY} & aimed.values.keys() or rarely(draw, 2)):
        event["source"] = {"id": person if person and rarely(draw, 4) else word("parties", Field.SOURCE)}
        if Field.SOURCE_COUNTRY in aimed.values or rarely(draw, 2):
            event["source"]["country"] = draw(st.sampled_from(_COUNTRIES))
    if {Field.ACTOR, Field.ROLE} & aimed.values.keys() or rarely(draw, 3):
        known = [one.get("id") for one in (event["subject"], event.get("recipient", {}), event.get("source", {}))]
        event["actor"] = {"id": draw(st.sampled_from([*_PERSONS, *filter(None, known)]))}
        if words["roles"] and (Field.ROLE in aimed.values or rarely(draw, 2)):
            event["actor"]["role"] = word("roles", Field.ROLE)
    wanted = [asked for asked in aimed.facts if not rarely(draw, 4)]
    wanted += draw(st.lists(st.sampled_from([None, *aimed.others]), max_size=3)) if aim else []  # type: ignore[arg-type]
    found = [draw(facts(words, near=event, asked=asked)) for asked in wanted]
    found += [] if aim else draw(st.lists(facts(words), max_size=4))
    if unknown and aim and found and rarely(draw, 8):
        strange = draw(st.sampled_from(found))
        for key in sorted(_STRANGE & strange.keys()):
            known = [] if key not in _LISTS or draw(st.booleans()) else strange[key]
            strange[key] = [*known, "unknown"] if key in _LISTS else "unknown"
    if found:
        event["facts"] = found
    if (aimed.attributes and not rarely(draw, 4)) or (words["attributes"] and draw(st.booleans())):
        event["attributes"] = draw(st.fixed_dictionaries({}, optional=_ATTRIBUTES))
    return event


GENERATED_WORDS_PARTIES = ["stranger", "p-1"]


@st.composite
def events_of(
    draw: st.DrawFn, policy: Policy, times: Sequence[str] = TIMES, parties: Sequence[str] = GENERATED_WORDS_PARTIES
) -> dict[str, Any]:
    """An event aimed at one of the rules of a policy."""
    return draw(events(words_of(policy, [*times], [*parties]), aim=draw(aims(policy))))


@st.composite
def cases(draw: st.DrawFn, most: int = 8) -> tuple[Policy, dict[str, Any]]:
    """A generated policy and an event over its words."""
    policy = draw(policies(most))
    return policy, draw(events_of(policy))


@st.composite
def written_cases(
    draw: st.DrawFn, most: int = 8, of: Sequence[str] = ()
) -> tuple[dict[str, Any], dict[str, str], dict[str, Any]]:
    """The data of a rule file, one of its readings, and an event over its words."""
    data, readings = draw(written(most, of))
    if rarely(draw, 4):
        lists = [rules for clause in data["clause"] for rules in clause.values() if isinstance(rules, list)]
        table = draw(st.sampled_from([table for rules in lists for table in rules]))
        table["lifted_by" if "lifted_by" in table else "facts"] = draw(LATER_FACTS)
    return data, readings, draw(events_of(policy_from(data, readings)))
