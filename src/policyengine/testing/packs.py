"""A strategy of small policies, written in the rule language and built by the real loader."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeAlias

import tomli_w
from hypothesis import reject
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from policyengine.engine.plugins import Plugins
from policyengine.errors import PolicyError
from policyengine.language.build import policy_of
from policyengine.language.find import STANDARD
from policyengine.language.kind import RuleKind
from policyengine.language.pack import Pack
from policyengine.language.problems import IMPOSSIBLE_RULE
from policyengine.language.source import Document, parse, read
from policyengine.model.operation import OPERATIONS
from policyengine.model.policy import Policy

Table: TypeAlias = dict[str, Any]

_FILE: Final = "policy.toml"


def _words(*terms: str, **kinds: str) -> Table:
    """Return a table of terms, of which `kinds` are kinds of others."""
    found = {term: {"ja": term, "en": term} for term in terms}
    return found | {term: {"ja": term, "en": term, "is_a": parent} for term, parent in kinds.items()}


_VOCABULARY: Final[Table] = {
    "subjects": _words("customer", "employee", member="customer"),
    "items": _words("name", "address", "health", allergy="health"),
    "purposes": _words("delivery", "marketing", newsletter="marketing"),
    "origins": _words("direct", "public"),
    "parties": _words("carrier-kk", "mailer-kk"),
    "services": _words("shipping", "mailing"),
    "roles": _words("staff", "auditor", clerk="staff"),
    "attributes": {
        "age": {"type": "integer", "ja": "age", "en": "age"},
        "born": {"type": "date", "ja": "born", "en": "born"},
    },
    "facts": {
        "assessment": {
            "ja": "assessment",
            "en": "assessment",
            "fields": {
                "about": {"held": "value", "of": "items", "required": True},
                "level": {"held": "value", "open": True, "values": _words("low", "high")},
            },
        }
    },
}
_NAMED: Final[Table] = {
    "grown": {"ja": "grown", "en": "grown", "attributes": {"age": {"at_least": 16}}},
    "agreed": {"ja": "agreed", "en": "agreed", "any": [{"type": "consent"}, {"purposes": ["delivery"]}]},
}
_TERMS: Final[Mapping[str, Sequence[str]]] = {
    **{dimension: tuple(terms) for dimension, terms in _VOCABULARY.items()},
    "recipients": tuple(_VOCABULARY["parties"]),
    "sources": tuple(_VOCABULARY["parties"]),
    "actors": ("clerk-1", "clerk-2"),
    "operations": tuple(OPERATIONS),
    "countries": ("JP", "US"),
}
_FACTS: Final[tuple[Table, ...]] = (
    {"type": "consent"},
    {"type": "vetting"},
    {"type": "legal_basis", "kind": "statute"},
    {"any": [{"type": "consent"}, {"type": "legal_basis"}]},
    {"all": [{"type": "vetting"}, {"type": "contract", "kind": "confidentiality"}]},
    {"not": {"type": "request", "kind": "stop_use"}},
)
_FURTHER_FACTS: Final[tuple[Table, ...]] = (
    {"type": "consent", "within": "P1Y"},
    {"type": "consent", "after": {"type": "request", "kind": "stop_use"}},
    {"type": "assessment", "about": "health"},
    {"type": "assessment", "level": ["high"]},
    {"type": "notice", "before": "2027-01-01T00:00:00Z", "unheld": ["purposes"]},
    {"type": "consent", "stated": ["purposes"]},
)
_ENDS: Final[tuple[Table, ...]] = (
    {"at_most": "P1Y"},
    {"at_most": "P30D"},
    {"ends_with": {"type": "assessment", "about": "health"}},
    {"ends_with": {"type": "request", "kind": "erase"}},
)
_PASSING: Final = (["origins"], ["attributes.age"], ["acquired", "services"])
_TIMES: Final[tuple[Table, ...]] = (
    {"acquired_within": "P2Y"},
    {"during": [{"until": "2026-07-01T00:00:00Z"}]},
    {"during": [{"from": "2026-04-01T00:00:00Z", "until": "2027-04-01T00:00:00Z"}]},
    {"on": ["mon", "thu"]},
    {"between": ["00:00", "09:00"]},
    {"between": ["09:00", "17:30"]},
)
_TESTS: Final[tuple[Table, ...]] = (
    {"age": {"one_of": [16, 18]}},
    {"born": {"older_than": "P18Y"}},
    {"born": {"younger_than": "P18Y"}},
)
_IDS: Final = (["recipient", "subject"], ["actor", "subject"], ["source", "subject"])
_KINDS: Final = (
    "purpose-limitation",
    "provision",
    "entrustment",
    "permission",
    "joint-use",
    "prohibition",
    "requirement",
    "data-subject-request",
    *("individual-notice",) * 3,  # of which some have nothing to replace
    "disclosure",
    "replacement",
    "alternative",
    "retention",
    "obligation",
)
_PERMITTING: Final = ("provision", "entrustment", "permission", "joint-use", "individual-notice", "disclosure")
_PLAINEST: Final = ("purpose-limitation", {"subjects": ["customer"], "purposes": ["delivery"]})
_LEAVING: Final = ("joint_use", "entrust", "provide")
_CONTRADICTORY: Final = {IMPOSSIBLE_RULE.name}
"""What the loader may say of a policy that was drawn; anything else is a mistake of this module."""


@dataclass(frozen=True, slots=True)
class Generated:
    """A policy that was drawn.

    Args:
        data: its one rule file, as TOML has it.
        readings: the readings under which it was built.
        policy: the policy.
    """

    data: Table
    readings: Mapping[str, str]
    policy: Policy

    @property
    def toml(self) -> str:
        """The rule file."""
        return tomli_w.dumps(self.data)

    def __repr__(self) -> str:
        rules = (
            f"\n  {clause['number']} {kind} {json.dumps(tables[0])}"
            for clause in self.data["clause"]
            for kind, tables in clause.items()
            if isinstance(tables, list)
        )
        return f"Generated under {json.dumps(self.readings)}:{''.join(rules)}"


def policies(*, most: int = 4) -> SearchStrategy[Generated]:
    """Return a strategy of small policies that the loader accepts: some clauses, each with one rule of any kind.

    All have the same vocabulary. It shrinks to few clauses with first terms.

    Args:
        most: how many clauses they have at most.
    """
    return _policies(most)


@st.composite
def _policies(draw: DrawFn, most: int) -> Generated:
    clauses: list[Table] = [
        {"number": str(number), "summary": {"ja": str(number), "en": str(number)}, kind: [table]}
        for number, (kind, table) in enumerate(_leaning(draw(st.lists(_rules(), min_size=1, max_size=most))), start=1)
    ]
    data: Table = {
        "policy": {"id": "drawn", "version": "1", "title": {"ja": "drawn", "en": "drawn"}, "governs": ["shop"]},
        "vocabulary": _VOCABULARY,
        "conditions": _NAMED,
        "obligations": {
            "tell": {"clause": "1", "ja": "tell", "en": "Tell the person."},
            "watch": {"clause": "1", "ja": "watch", "en": "Watch it.", "parameters": {"until": {"within": "P1M"}}},
        },
        "readings": {
            "scope": {
                "ja": "scope",
                "en": "How far does it go?",
                "default": "wide",
                "values": {value: {"ja": value, "en": value} for value in ("wide", "narrow")},
            }
        },
        "clause": clauses,
    }
    readings = {"scope": draw(st.sampled_from(("wide", "narrow")))}
    pack = Pack(Path(_FILE), (parse(tomli_w.dumps(data), _FILE),), (_standard(),))
    try:
        return Generated(data, readings, policy_of(pack, _kinds(), readings))
    except PolicyError as error:
        if {problem.code for problem in error.problems} <= _CONTRADICTORY:
            reject()
        raise


@cache
def _standard() -> Document:
    return read(STANDARD)


@cache
def _kinds() -> Mapping[str, RuleKind]:
    return Plugins(installed=False).kinds


def _leaning(rules: Sequence[tuple[str, Table]]) -> list[tuple[str, Table]]:
    """Return `rules` with the clauses put in on which they lean, where there are such; one rule a clause."""
    if not any(kind == "purpose-limitation" for kind, _ in rules):  # then there is nothing that a notice could replace
        rules = [_PLAINEST if kind == "individual-notice" else (kind, table) for kind, table in rules]
    numbers = [str(number) for number in range(1, len(rules) + 1)]
    licensing = [number for number, (kind, _) in zip(numbers, rules, strict=True) if kind == "purpose-limitation"]
    found: list[tuple[str, Table]] = []
    for kind, table in rules:
        whole = dict(table)
        for key in ("licensed_by", "replaces"):
            if whole.pop(key, None) and licensing:
                whole[key] = licensing
        for key in ("spares", "meets"):
            if isinstance(whole.get(key), int):
                whole[key] = [numbers[whole[key] % len(numbers)]]
        found.append((kind, whole))
    return found


@st.composite
def _rules(draw: DrawFn) -> tuple[str, Table]:
    """Draw a rule: its kind and its table, with numbers and signs in place of the clauses on which it leans."""
    kind = draw(st.sampled_from(_KINDS))
    table: Table = {}
    match kind:
        case "purpose-limitation":
            table |= _terms(draw, "subjects", "purposes") | _narrower(draw, "items", "origins", grants=True)
        case "provision":
            table |= _narrower(draw, "purposes", "items", "facts", grants=True)
        case "entrustment":
            table |= _narrower(draw, "services", "recipients", "facts", grants=True)
            table["licensed_by"] = draw(st.booleans())
        case "permission":
            table |= _terms(draw, "operations")
            table |= _narrower(draw, "purposes", "recipients", "subjects", "items", "facts", grants=True)
        case "joint-use":
            table |= {"parties": draw(_some("parties")), **_terms(draw, "subjects", "items", "purposes")}
            table |= {"own_use": False} if draw(st.integers(0, 3)) == 3 else {}
        case "prohibition":
            table |= _terms(draw, "operations") | _narrower(draw, "items", "subjects", "purposes", grants=False)
            table |= {"lifted_by": _condition(draw, *_FACTS, *_FURTHER_FACTS)} if draw(st.booleans()) else {}
        case "requirement":
            table |= {"operations": [draw(st.sampled_from(_LEAVING))]} | _narrower(draw, "subjects", grants=False)
            table["require"] = _condition(draw, {"facts": _FACTS[1]}, {"facts": _FACTS[4]}, {"items": ["name"]})
        case "data-subject-request":
            table |= {"request": draw(st.sampled_from(("stop_use", "erase"))), "stops": draw(_some("operations"))}
            table |= {"not_binding": {"subjects": ["employee"]}} if draw(st.integers(0, 3)) == 3 else {}
        case "individual-notice":
            table["replaces"] = True
        case "replacement":
            table |= _terms(draw, "operations") | _narrower(draw, "purposes", "facts", "items", grants=None)
            table |= {"wholly": True} if draw(st.booleans()) else {}
        case "alternative":
            table |= _narrower(draw, "purposes", "facts", "items", "subjects", grants=True) | {
                "meets": draw(st.integers(0, 3))
            }
        case "obligation":
            table |= _terms(draw, "operations") | _narrower(draw, "subjects", grants=False) | {"oblige": ["tell"]}
        case "retention":
            table |= draw(st.sampled_from(_ENDS))
            table |= {"since": {"type": "consent"}} if "at_most" in table and draw(st.booleans()) else {}
            table |= _narrower(draw, "items", "subjects", grants=False)
            table |= {"lifted_by": _condition(draw, *_FACTS)} if draw(st.booleans()) else {}
    if kind in ("prohibition", "data-subject-request") and draw(st.booleans()):
        table["spares"] = draw(st.sampled_from((0, 1, 2, 3, "above")))
    if kind in ("prohibition", "requirement") and draw(st.integers(0, 3)) == 3:
        table["reason"] = {"code": "look-at-it", "ja": "look", "en": "Look at it.", "parameters": {"desks": ["a"]}}
    if kind in _PERMITTING and draw(st.integers(0, 3)) == 3:
        table["about"] = _terms(draw, "subjects")
    if draw(st.integers(0, 3)) == 3:
        mine = {"obligation": draw(st.sampled_from(("tell", "watch"))), "for_items": draw(_some("items"))}
        table["oblige"] = [*table.get("oblige", ()), mine]
    if draw(st.integers(0, 7)) == 7:
        table["pass_unstated"] = draw(st.sampled_from(_PASSING))
    if draw(st.integers(0, 7)) == 7:
        table["under"] = {"scope": draw(st.sampled_from(("wide", "narrow")))}
    if draw(st.integers(0, 7)) == 7:
        table[draw(st.sampled_from(("from", "until")))] = "2027-01-01T00:00:00Z"
    return kind, table


def _some(dimension: str) -> SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(_TERMS[dimension]), min_size=1, max_size=2, unique=True)


def _terms(draw: DrawFn, *keys: str) -> Table:
    return {key: draw(_some(key)) for key in keys}


def _narrower(draw: DrawFn, *keys: str, grants: bool | None) -> Table:
    """Draw one of some conditions, or none: a list of terms, terms left out, a test of the age, facts, or others.

    Args:
        draw: of hypothesis.
        keys: of lists of terms and of facts.
        grants: whether the rule lets flows pass that meet them, or stops them; None where it may do either.
    """
    way = draw(st.sampled_from(("", *keys, "except", "attributes", "further", "further", "tables")))
    match way:
        case "":
            return {}
        case "except":
            return {"except": {"items": draw(_some("items"))}}
        case "attributes":
            return {"attributes": {"age": {draw(st.sampled_from(("at_least", "below"))): 16}}}
        case "facts":
            return {"facts": draw(st.sampled_from(_FACTS))}
        case "further":
            return _further(draw, grants)
        case "tables":
            return _combined(draw)
        case _:
            return {way: draw(_some(way))}


_FURTHER: Final = (
    "roles",
    "actors",
    "sources",
    "countries",
    "same",
    *("times",) * 3,
    "attributes",
    "stated",
    "facts",
    "facts",
)


def _further(draw: DrawFn, grants: bool | None = None) -> Table:
    """Draw a condition on who does it, on times, on equal ids, on attributes, or on facts."""
    match draw(st.sampled_from(_FURTHER)):
        case "same":
            return {"same": draw(st.sampled_from(_IDS))}
        case "times":
            return draw(st.sampled_from(_TIMES))
        case "stated" if grants is not None:
            return {"attributes": {"age": {"stated": grants}}}
        case "attributes" | "stated":
            return {"attributes": draw(st.sampled_from(_TESTS))}
        case "facts":
            return {"facts": draw(st.sampled_from(_FURTHER_FACTS))}
        case key:
            return {key: draw(_some(key))}


def _combined(draw: DrawFn) -> Table:
    """Draw a condition that is made of others."""
    match draw(st.sampled_from(("condition", "not", "any", "all"))):
        case "condition":
            return {"condition": draw(st.sampled_from(tuple(_NAMED)))}
        case "not":
            return {"not": _part(draw)}
        case key:
            return {key: [_part(draw), _part(draw)]}


def _part(draw: DrawFn) -> Table:
    """Draw a table within another."""
    match draw(st.sampled_from(("terms", "fact", "further"))):
        case "terms":
            return _terms(draw, draw(st.sampled_from(("items", "subjects", "purposes", "operations"))))
        case "fact":
            return draw(st.sampled_from((*_FACTS, *_FURTHER_FACTS)).filter(lambda fact: "type" in fact))
        case _:
            return _further(draw)


def _condition(draw: DrawFn, *plain: Table) -> Table:
    """Draw one of some conditions, or one that is made of others."""
    return draw(st.sampled_from(plain)) if draw(st.integers(0, 2)) < 2 else _combined(draw)
