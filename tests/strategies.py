"""Hypothesis strategies: small policies in the rule language, and events that they can nearly tell apart."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from policyengine.build import policy_of
from policyengine.errors import PolicyError
from policyengine.load import STANDARD, Pack
from policyengine.plugins import Plugins
from policyengine.rule import Policy
from policyengine.source import Document, read

OPERATIONS = ["acquire", "use", "joint_use", "entrust", "provide", "disclose"]
TIMES = [f"2026-0{month}-01T00:00:00Z" for month in range(1, 8)]

_T = {"ja": "語", "en": "word"}


def _terms(**parents: str | None) -> dict[str, Any]:
    return {name: ({**_T, "is_a": parent} if parent else dict(_T)) for name, parent in parents.items()}


VOCABULARY: dict[str, Any] = {
    "subjects": _terms(adult=None, member="adult", guest=None),
    "items": _terms(contact=None, mail="contact", phone="contact", health=None),
    "purposes": _terms(care=None, followup="care", ads=None),
    "parties": _terms(group=None, sister="group", partner=None),
    "services": _terms(hosting=None, mailing=None),
    "origins": _terms(direct=None, public=None),
    "forms": _terms(statistical=None),
    "attributes": {"age": {**_T, "type": "integer"}, "vip": {**_T, "type": "boolean"}},
    "facts": {
        "declaration": {
            **_T,
            "fields": {
                "partner": {"held": "recipient", "required": True},
                "purposes": {"held": "purpose", "list": True, "required": True},
                "basis": {"held": "value", "required": True, "values": {"consent": _T, "interest": _T}},
                "person": {"held": "subject"},
            },
        }
    },
}
READINGS: dict[str, Any] = {
    "wide": {**_T, "default": "no", "values": {"no": _T, "yes": _T}},
}
CLAUSES = ["1", "2", "3", "4", "4(1)", "5"]


@cache
def kinds() -> Any:
    return Plugins(installed=False).kinds


def policy_from(data: dict[str, Any], readings: dict[str, str] | None = None) -> Policy:
    """Build a policy from the data of one rule file, through the real lowering."""
    pack = Pack(Path("generated.toml"), (Document("generated.toml", "", data),), (read(STANDARD),))
    return policy_of(pack, kinds(), readings or {}, trusted=True)


def some(words: list[str], most: int = 2) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(words), min_size=1, max_size=most, unique=True)


def term_lists(dimension: str) -> st.SearchStrategy[list[Any]]:
    words = some(sorted(VOCABULARY[dimension]))
    gated = words.map(lambda found: [*found[:-1], {"term": found[-1], "under": {"wide": "yes"}}])
    return st.one_of(words, words, words, gated)


FACTS = st.sampled_from(
    [
        {"type": "consent"},
        {"type": "vetting"},
        {"type": "contract", "kind": "confidentiality"},
        {"type": "contract"},
        {"type": "legal_basis", "kind": ["statute", "court"]},
        {"type": "legal_basis"},
        {"type": "request", "kind": "stop_use"},
        {"type": "notice"},
        {"type": "notice", "unheld": ["purposes"]},
        {"type": "declaration", "basis": "consent"},
        {"type": "declaration", "unheld": ["partner"]},
    ]
)


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


@st.composite
def conditions(draw: st.DrawFn, *, recipients: bool = True) -> dict[str, Any]:
    """Some of the keys that say which flows a rule means."""
    lists = {key: key for key in ("subjects", "items", "purposes", "origins", "forms")}
    if recipients:
        lists |= {"services": "services", "recipients": "parties"}
    found: dict[str, Any] = {}
    for key in draw(st.lists(st.sampled_from(sorted(lists)), max_size=2, unique=True)):
        found[key] = draw(term_lists(lists[key]))
    if draw(st.integers(0, 4)) == 0:
        key = draw(st.sampled_from(sorted(lists)))
        found["except"] = {key: draw(some(sorted(VOCABULARY[lists[key]]), 1))}
    if recipients and draw(st.integers(0, 9)) == 0:
        found["countries"] = draw(some(["JP", "US"]))
    if draw(st.integers(0, 5)) == 0:
        found["attributes"] = draw(
            st.sampled_from(
                [{"age": {"below": 16}}, {"age": {"at_least": 16}}, {"vip": {"is": True}}, {"age": {"is_not": 3}}]
            )
        )
    if draw(st.integers(0, 3)) == 0:
        found["facts"] = draw(fact_expressions())
    return found


_CLAUSE_LISTS = some(CLAUSES)


@st.composite
def rules(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """One rule: its kind and its table."""
    kind = draw(st.sampled_from(sorted(kinds())))
    if kind in ("provision", "entrustment"):
        # Lean on the clauses that can license something; whether one does there, the rules decide.
        table = draw(conditions())
        if draw(st.booleans()):
            table["licensed_by"] = draw(_CLAUSE_LISTS)
    elif kind == "purpose-limitation":
        table = {
            **draw(conditions(recipients=False)),
            "subjects": draw(term_lists("subjects")),
            "purposes": draw(term_lists("purposes")),
        }
    elif kind == "joint-use":
        table = {
            **draw(conditions(recipients=False)),
            "parties": draw(term_lists("parties")),
            "subjects": draw(term_lists("subjects")),
            "items": draw(term_lists("items")),
            "purposes": draw(term_lists("purposes")),
        }
        if draw(st.booleans()):
            table["own_use"] = draw(st.booleans())
    elif kind == "individual-notice":
        table = {"replaces": draw(_CLAUSE_LISTS)}
    elif kind == "requirement":
        table = {**draw(conditions()), "require": draw(conditions().filter(bool))}
        if draw(st.booleans()):
            table["operations"] = draw(some(OPERATIONS))
        if draw(st.integers(0, 2)) == 0:
            table["over"] = draw(_CLAUSE_LISTS)
        if draw(st.integers(0, 3)) == 0:
            table["silent"] = True
    elif kind == "prohibition":
        table = draw(conditions())
        table["operations"] = draw(some(OPERATIONS))
        if draw(st.booleans()):
            table["lifted_by"] = draw(fact_expressions())
        if draw(st.booleans()):
            table["spares"] = draw(_CLAUSE_LISTS)
    elif kind == "data-subject-request":
        table = {
            "request": draw(st.sampled_from(["stop_use", "erase"])),
            "stops": draw(some(OPERATIONS, 3)),
        }
        if draw(st.booleans()):
            table["spares"] = draw(_CLAUSE_LISTS)
        if draw(st.booleans()):
            table["lifted_by"] = draw(FACTS)
        if draw(st.booleans()):
            table["not_binding"] = {"subjects": draw(some(sorted(VOCABULARY["subjects"]), 1)), "oblige": ["forward"]}
    elif kind == "disclosure":
        table = {}
    else:
        table = {**draw(conditions()), "operations": draw(some(OPERATIONS)), "oblige": ["tell"]}
    if draw(st.integers(0, 5)) == 0:
        table["oblige"] = draw(some(["tell", "watch"]))
    if draw(st.integers(0, 7)) == 0:
        table["from" if draw(st.booleans()) else "until"] = draw(st.sampled_from(TIMES))
    if draw(st.integers(0, 7)) == 0:
        table["under"] = {"wide": draw(st.sampled_from(["yes", "no"]))}
    return kind, table


@st.composite
def policy_data(draw: st.DrawFn, most: int = 8) -> dict[str, Any]:
    """The data of one rule file with up to `most` rules."""
    tables = [{"number": number, "summary": dict(_T)} for number in CLAUSES]
    tables[4]["case_of"] = "4"  # type: ignore[assignment]
    tables[0]["ground"] = True  # type: ignore[assignment]
    clauses: dict[str, dict[str, Any]] = {table["number"]: table for table in tables}  # type: ignore[misc]
    for number, (kind, table) in enumerate(draw(st.lists(rules(), min_size=1, max_size=most))):
        clause = clauses[draw(st.sampled_from(CLAUSES))]
        clause.setdefault(kind, []).append({"id": f"rule-{number}", **table})
    about: dict[str, Any] = {"id": "generated", "version": "1", "title": _T, "governs": ["shop"]}
    if draw(st.integers(0, 4)) == 0:
        about["from"] = TIMES[1]
    if draw(st.integers(0, 4)) == 0:
        about["until"] = TIMES[5]
    return {
        "policy": about,
        "vocabulary": VOCABULARY,
        "readings": READINGS,
        "obligations": {name: {**_T, "clause": "1"} for name in ("tell", "watch", "forward")},
        "clause": list(clauses.values()),
    }


@st.composite
def policies(draw: st.DrawFn, most: int = 8) -> Policy:
    """A policy that the loader accepts, under one of its readings."""
    while True:
        try:
            return policy_from(draw(policy_data(most)), {"wide": draw(st.sampled_from(["no", "yes"]))})
        except PolicyError as error:
            # Contradictory draws (a list of terms that no event can meet) are refused by the loader: draw again.
            assert error.problems
            return policy_from(draw(policy_data(1).filter(loads)), {})


def loads(data: dict[str, Any]) -> bool:
    try:
        policy_from(data)
    except PolicyError:
        return False
    return True


def _maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), strategy, strategy)


def _word(words: list[str]) -> st.SearchStrategy[str]:
    return st.sampled_from([*words, *words, *words, "unknown"] if len(words) < 6 else words)


@st.composite
def facts(draw: st.DrawFn, words: dict[str, list[str]]) -> dict[str, Any]:
    """A well-formed fact over the given words, in or out of its time, about this person or another."""
    kind = draw(st.sampled_from(sorted(words["types"])))
    fact: dict[str, Any] = {"type": kind}
    purposes, items, parties = some(words["purposes"]), some(words["items"]), some(words["parties"])
    operations = some(OPERATIONS, 3)
    if kind == "consent":
        fact["operations"] = draw(operations)
        optional = {"recipients": parties, "purposes": purposes, "items": items}
    elif kind == "contract":
        fact |= {"kind": draw(st.sampled_from(["confidentiality", "service"])), "party": draw(parties)[0]}
        optional = {}
    elif kind == "vetting":
        fact["party"] = draw(parties)[0]
        optional = {}
    elif kind == "legal_basis":
        fact |= {"kind": draw(st.sampled_from(["statute", "court", "government"])), "reference": "act"}
        optional = {"operations": operations, "items": items, "purposes": purposes, "recipients": parties}
    elif kind == "notice":
        fact["purposes"] = draw(purposes)
        optional = {"items": items}
    elif kind == "request":
        fact["kind"] = draw(st.sampled_from(["stop_use", "erase", "disclose", "stop_provision", "correct"]))
        optional = {"purposes": purposes, "items": items, "recipients": parties}
    else:
        fact |= {
            "partner": draw(parties)[0],
            "purposes": draw(purposes),
            "basis": draw(st.sampled_from(["consent", "interest"])),
        }
        optional = {"person": st.sampled_from(["p-1", "p-2"])}
    for name, strategy in sorted(optional.items()):
        if draw(st.integers(0, 2)) == 0:
            fact[name] = draw(strategy)
    for name in ("from", "until"):
        if draw(st.integers(0, 3)) == 0:
            fact[name] = draw(st.sampled_from(words["times"]))
    if draw(st.integers(0, 2)) == 0:
        fact["subject"] = draw(st.sampled_from(["p-1", "p-2"]))
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
        "controllers": sorted(policy.governs or ()),
    }


@st.composite
def events(draw: st.DrawFn, words: dict[str, list[str]], *, unknown: bool = True) -> dict[str, Any]:
    """A well-formed event over the given words, with one word in a while that the policy does not know."""

    def word(dimension: str) -> st.SearchStrategy[str]:
        known = words[dimension]
        return st.sampled_from([*known, "unknown"] if unknown and draw(st.integers(0, 19)) == 0 else known)

    operation = draw(st.sampled_from(OPERATIONS))
    items = draw(st.lists(word("items"), min_size=1, max_size=3, unique=True))
    event: dict[str, Any] = {
        "id": "e",
        "time": draw(st.sampled_from(words["times"])),
        "controller": words["controllers"][0],
        "operation": operation,
        "subject": {"category": draw(word("subjects"))},
        "items": items,
    }
    person = draw(st.sampled_from([None, "p-1", "p-1", "p-2"]))
    if person:
        event["subject"]["id"] = person
    if operation != "disclose" or draw(st.booleans()):
        event["purpose"] = draw(word("purposes"))
    if draw(st.integers(0, 2)) == 0:
        event["form"] = draw(word("forms"))
    if draw(st.integers(0, 2)) > 0:
        event["origin"] = draw(word("origins"))
    if operation not in ("acquire", "use") or draw(st.integers(0, 2)) == 0:
        ids = [*words["parties"], *(["p-1", "p-2"] if operation == "disclose" else [])]
        event["recipient"] = {"id": draw(st.sampled_from(ids))}
        if words["services"] and draw(st.booleans()):
            event["recipient"]["service"] = draw(word("services"))
        if draw(st.integers(0, 3)) == 0:
            event["recipient"]["country"] = draw(st.sampled_from(["JP", "US"]))
    found = draw(st.lists(facts(words), max_size=4))
    if found:
        event["facts"] = found
    if words["attributes"] and draw(st.booleans()):
        event["attributes"] = draw(
            st.fixed_dictionaries(
                {}, optional={"age": st.sampled_from([3, 15, 16, 40]), "vip": st.booleans(), "campaign": st.just("x")}
            )
        )
    return event


GENERATED_WORDS_PARTIES = ["stranger", "p-1"]


@st.composite
def cases(draw: st.DrawFn, most: int = 8) -> tuple[Policy, dict[str, Any]]:
    """A generated policy and an event over its words."""
    policy = draw(policies(most))
    return policy, draw(events(words_of(policy, TIMES, GENERATED_WORDS_PARTIES)))
