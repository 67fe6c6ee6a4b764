"""What an event leaves open never helps: whoever says more exactly what was permitted is permitted it too.

Section 1 of the contract, "What an event leaves open never helps", sentence by sentence. Read the other way round, the
first law says that to be vaguer turns no denial into a permit.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from hypothesis import assume, given, settings
from hypothesis import event as seen
from hypothesis import strategies as st
from msgspec.structs import replace

from policyengine import Engine
from policyengine.decision.facts import OPEN_ON
from policyengine.engine.plugins import Plugins
from policyengine.language.build import build_policy
from policyengine.model.condition import Field
from policyengine.model.fact import HELD_DIMENSION
from policyengine.model.fields import ROWS, put, stated
from policyengine.model.operation import WITHIN
from policyengine.model.policy import Policy
from policyengine.model.rule import placed
from policyengine.model.vocabulary import CLOSED, DIMENSIONS
from policyengine.testing.flows import events
from property.decided import decided
from strategies import cases

Data: TypeAlias = dict[str, Any]
Exact: TypeAlias = tuple[str, list[Data], dict[str, str]]
"""What was said more exactly, the events that say it, and for items which were replaced by which."""

RULES = Path(__file__).parents[2] / "rules"
KINDS = Plugins(installed=False).kinds
PACKS = [build_policy(RULES / name, KINDS, {}) for name in ("alc-smart-learning", "online-shop")]
COUNTRIES = ("JP", "FR", "US", "SG")
VALUES: dict[str, list[Any]] = {
    "boolean": [True, False],
    "integer": [-1, 0, 12, 15, 16, 17, 18, 64, 65, 10**6],
    "number": [-1.5, 0, 12.5, 16, 18, 1e9],
    "string": ["", "a", "gold", "unheard-of"],
    "date": ["1990-02-28", "2024-12-01", "2025-04-01", "2026-01-01", "2030-01-01"],
    "datetime": ["1990-02-28T00:00:00Z", "2025-12-31T23:00:00Z", "2026-05-22T00:00:00+09:00", "2030-01-01T00:00:00Z"],
}


def more_exact(policy: Policy, event: Data) -> Iterator[Exact]:
    """Yield the events that say what `event` says, and one thing more exactly."""
    vocabulary = policy.vocabulary
    passing = {name for rule in policy.rules for name in rule.head.passing}

    def with_(name: str, values: Any) -> list[Data]:
        found = []
        for value in values:
            more = {**event, **{key: dict(event[key]) for key in ("subject", "recipient", "actor") if key in event}}
            put(more, name, value)
            found.append(more)
        return found

    for dimension, field in DIMENSIONS.items():
        row, terms = ROWS[field], vocabulary.terms[dimension]
        said = event.get("form", "identifiable") if field is Field.FORM else stated(event, row.name)
        if field is Field.ITEM:
            for number, item in enumerate(event["items"]):
                for kind in sorted(vocabulary.meanings(dimension, item) - {*event["items"]}):
                    items = [*event["items"][:number], kind, *event["items"][number + 1 :]]
                    yield "a kind of an item", [{**event, "items": items}], {kind: item}
        elif isinstance(said, str):
            if said in terms:
                kinds = sorted(vocabulary.meanings(dimension, said) - {said})
                yield f"a kind of a term of {dimension}", with_(row.name, kinds), {}
        elif event["operation"] in OPEN_ON.get(field, ()) and field.value not in passing and terms:
            holder = event if field is Field.ORIGIN else event.get(row.key)
            if holder is not None:
                yield f"the {field.value}", with_(row.name, sorted(terms)), {}
    country = Field.COUNTRY
    if (
        event["operation"] in OPEN_ON[country]
        and not stated(event, ROWS[country].name)
        and country.value not in passing
    ):
        yield "the country", with_(ROWS[country].name, COUNTRIES), {}
    if stated(event, "subject.id") is None and Field.SUBJECT_ID.value not in passing:
        people = {fact["subject"] for fact in event.get("facts", ()) if "subject" in fact}
        people |= {stated(event, "recipient.id")} - {None}
        yield "the person", with_("subject.id", [*sorted(people), "somebody-else"]), {}
    for name, declared in vocabulary.attributes.items():
        if name not in event.get("attributes", {}) and f"attributes.{name}" not in passing:
            for value in VALUES[declared.type]:
                more = {**event, "attributes": {**event.get("attributes", {}), name: value}}
                yield "an attribute", [more], {}
    yield from _facts_more_exact(policy, event)


def _facts_more_exact(policy: Policy, event: Data) -> Iterator[Exact]:
    """Yield the events in which one unknown word of a fact is a known one."""
    for number, fact in enumerate(event.get("facts", ())):
        for name, declared in policy.vocabulary.facts[fact["type"]].fields.items():
            dimension = HELD_DIMENSION.get(declared.held)
            if dimension not in CLOSED or name not in fact:
                continue
            terms = policy.vocabulary.terms[dimension]
            words = fact[name] if declared.list else [fact[name]]
            for index, word in enumerate(words):
                if word not in terms:
                    for known in sorted(terms):
                        changed = [*words[:index], known, *words[index + 1 :]]
                        one = {**fact, name: changed if declared.list else known}
                        facts = [*event["facts"][:number], one, *event["facts"][number + 1 :]]
                        yield "a word of a fact", [{**event, "facts": facts}], {}


def check(policy: Policy, event: Data, data: st.DataObject) -> None:
    engine = Engine([policy])
    first = engine.evaluate(event)
    assume(not first.errors)
    ways = [way for way in more_exact(policy, event) if way[1]]
    assume(ways)
    what, exact, kinds = data.draw(st.sampled_from(ways))
    said = data.draw(st.sampled_from(exact))
    second = engine.evaluate(said)
    assert not second.errors, (what, second.errors)
    if first.permitted_items:
        seen(f"permitted, and says more exactly {what}")
    permitted = set(first.permitted_items)
    expected = {item for item in said["items"] if kinds.get(item, item) in permitted}
    assert expected <= {*second.permitted_items}, (what, said)


@settings(max_examples=3 * settings().max_examples)
@given(cases(), st.data())
def test_who_says_more_exactly_what_is_permitted_is_permitted_it(
    case: tuple[Policy, Data], data: st.DataObject
) -> None:
    check(*case, data)


@pytest.mark.parametrize("policy", PACKS, ids=lambda policy: policy.id)
def test_it_is_so_under_the_packs(policy: Policy) -> None:
    @settings(max_examples=2 * settings().max_examples)
    @given(events(policy), st.data())
    def search(event: Data, data: st.DataObject) -> None:
        check(policy, event, data)

    search()


@settings(max_examples=2 * settings().max_examples)
@given(cases(), st.sampled_from(COUNTRIES), st.data())
def test_what_is_not_there_is_not_open(case: tuple[Policy, Data], country: str, data: st.DataObject) -> None:
    """To whom data would go is nothing to rules where it goes to nobody: no condition on it is met, negated or not."""
    policy, event = case
    assume(event["operation"] in WITHIN)
    bare = {key: value for key, value in event.items() if key not in ("recipient", "facts")}
    services = [*policy.vocabulary.terms["services"]]
    recipient = {"id": data.draw(st.sampled_from(["shop", "mailer-kk", *policy.vocabulary.terms["parties"]]))}
    recipient |= data.draw(st.sampled_from([{}, {"country": country}, *({"service": service} for service in services)]))
    engine = Engine([policy])
    assert decided(engine.evaluate({**bare, "recipient": recipient})) == decided(engine.evaluate(bare))


@given(cases(), st.sampled_from([1, "x", True, 2.5]))
def test_an_attribute_that_no_policy_declares_is_ignored(case: tuple[Policy, Data], value: Any) -> None:
    policy, event = case
    engine = Engine([policy])
    more = {**event, "attributes": {**event.get("attributes", {}), "unheard-of": value}}
    assert decided(engine.evaluate(more)) == decided(engine.evaluate(event))


@settings(max_examples=2 * settings().max_examples)
@given(cases(), st.sampled_from([Field.ORIGIN, Field.COUNTRY, Field.ROLE, Field.SERVICE]), st.data())
def test_what_every_rule_lets_pass_unstated_is_as_whatever_lets_the_flow_through(
    case: tuple[Policy, Data], field: Field, data: st.DataObject
) -> None:
    policy, event = case
    row = ROWS[field]
    assume(event["operation"] in OPEN_ON[field] and (field is Field.ORIGIN or row.key in event))
    event = {key: dict(value) if isinstance(value, dict) else value for key, value in event.items() if key != "facts"}
    if row.part:
        event[row.key].pop(row.part, None)
    else:
        event.pop(row.key, None)
    heads = [replace(rule, head=replace(rule.head, passing=frozenset({field.value}))) for rule in policy.rules]
    passing = replace(policy, rules=tuple(placed(rule, policy.vocabulary) for rule in heads))
    values = COUNTRIES if field is Field.COUNTRY else [*policy.vocabulary.terms[str(row.dimension)]]
    assume(values)
    said = {key: dict(value) if isinstance(value, dict) else value for key, value in event.items()}
    put(said, row.name, data.draw(st.sampled_from(values)))
    engine = Engine([passing])
    assert {*engine.evaluate(said).permitted_items} <= {*engine.evaluate(event).permitted_items}


def test_every_way_to_say_more_is_tried() -> None:
    """The laws above would hold of nothing if no event left anything open."""
    found: set[str] = set()

    @settings(max_examples=200, database=None)
    @given(st.sampled_from(PACKS).flatmap(lambda policy: st.tuples(st.just(policy), events(policy))))
    def collect(case: tuple[Policy, Data]) -> None:
        policy, event = case
        found.update(what for what, exact, _ in more_exact(policy, event) if exact)
        if Engine([policy]).evaluate(event).permitted_items:
            found.add("what is permitted")

    collect()
    assert found >= {
        "a kind of an item",
        "the origin",
        "the country",
        "the person",
        "an attribute",
        "what is permitted",
    }
