"""How deciding grows with the number of rules: generated TOML, through the real loader, against 40 rules."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from timing import Pass, Row, Spread, Start, over, progress, turn_about

from policyengine import Engine

FEW = 40
MANY = 10_000
ASKED = 20
"""So many of the rules, evenly spaced, are asked for by the events that are decided: as many of few as of many."""

HEAD = """\
[policy]
id = "generated"
version = "1"
title = {ja = "生成", en = "generated"}
governs = "anyone"

"""


@dataclass(frozen=True)
class Shape:
    """One way in which a policy can be large.

    Args:
        name: what it is called.
        policy: returns the TOML of a policy of so many rules.
        permitted: returns an event that the rule of that number permits, as a mapping.
        denied: returns one that the policy denies, near that rule.
        aimed: whether the aim (10,000 rules within 1.3 times 40) is meant for it.
    """

    name: str
    policy: Callable[[int], str]
    permitted: Callable[[int], dict[str, Any]]
    denied: Callable[[int], dict[str, Any]]
    aimed: bool = True


# ---------------------------------------------------------------- the policies

PURPOSES = 100
BLOCK = 10


def spread(rules: int) -> str:
    """Blocks of ten rules: a clause for each category of people, with purposes, a prohibition and an obligation."""
    clauses = []
    for block in range(rules // BLOCK):
        listed = [f"purpose-{(block * 7 + offset) % PURPOSES}" for offset in range(BLOCK - 2)]
        clauses.append(
            _clause(f"c-{block}")
            + "".join(_rule("purpose-limitation", subjects=[f"people-{block}"], purposes=[each]) for each in listed)
            + _rule("prohibition", operations=["use"], subjects=[f"people-{block}"], items=["secret"])
            + 'lifted_by = {type = "legal_basis", kind = "statute"}\n'
            + _rule("obligation", operations=["use"], subjects=[f"people-{block}"], oblige=["inform"])
        )
    return (
        HEAD
        + _words("subjects", [f"people-{block}" for block in range(rules // BLOCK)])
        + _words("purposes", [f"purpose-{number}" for number in range(PURPOSES)])
        + _words("items", ["name", "secret"])
        + '[obligations.inform]\nclause = "c-0"\nja = "知らせる"\nen = "inform"\n'
        + "".join(clauses)
    )


def _spread_event(number: int, shift: int) -> dict[str, Any]:
    block = number // BLOCK
    return _event(f"people-{block}", f"purpose-{(block * 7 + number % (BLOCK - 2) + shift) % PURPOSES}")


def _recipients(rules: int) -> str:
    """One clause of provision, each rule with a recipient of its own."""
    tables = (_rule("provision", recipients=[f"party-{number}"], purposes=["sharing"]) for number in range(rules))
    return (
        HEAD
        + _words("subjects", ["people"])
        + _words("purposes", ["sharing", "unlisted"])
        + _words("items", ["name", "secret"])
        + _words("parties", [f"party-{number}" for number in range(rules)])
        + _clause("1")
        + "".join(tables)
        + _rule("purpose-limitation", subjects=["people"], purposes=["unlisted"])
    )


def _purposes(rules: int) -> str:
    """One category of people, each rule with a purpose of its own."""
    tables = (_rule("purpose-limitation", subjects=["people"], purposes=[f"purpose-{n}"]) for n in range(rules))
    return (
        HEAD
        + _words("subjects", ["people", "others"])
        + _words("purposes", [*(f"purpose-{number}" for number in range(rules)), "unlisted"])
        + _words("items", ["name", "secret"])
        + _clause("1")
        + "".join(tables)
        + _clause("2")
        + _rule("purpose-limitation", subjects=["others"], purposes=["unlisted"])
    )


def _prohibitions(rules: int) -> str:
    """One clause that permits, and prohibitions each of one recipient."""
    tables = (_rule("prohibition", operations=["provide"], recipients=[f"party-{n}"]) for n in range(rules))
    return (
        HEAD
        + _words("subjects", ["people"])
        + _words("purposes", ["sharing"])
        + _words("items", ["name", "secret"])
        + _words("parties", [f"party-{number}" for number in range(rules)])
        + _clause("1")
        + _rule("provision", purposes=["sharing"])
        + _clause("2")
        + "".join(tables)
    )


def _all_matter(rules: int) -> str:
    """Every rule speaks of the same flows, each on the word of a court order of its own: no index can help."""
    tables = (
        _rule("provision", purposes=["sharing"]) + f'facts = {{type = "legal_basis", reference = "order-{number}"}}\n'
        for number in range(rules)
    )
    return (
        HEAD
        + _words("subjects", ["people"])
        + _words("purposes", ["sharing"])
        + _words("items", ["name", "secret"])
        + _clause("1")
        + "".join(tables)
    )


def _ordered(number: int) -> dict[str, Any]:
    fact = {"type": "legal_basis", "kind": "court", "reference": f"order-{number}"}
    return _event("people", "sharing", "provide", recipient=f"party-{number}", facts=[fact])


SHAPES = (
    Shape(
        "spread over people, purposes and clauses",
        spread,
        lambda number: _spread_event(number, 0),
        lambda number: _spread_event(number, BLOCK + 20),
    ),
    Shape(
        "one clause, each rule its recipient",
        _recipients,
        lambda number: _event("people", "sharing", "provide", recipient=f"party-{number}"),
        lambda number: _event("people", "unlisted", "provide", recipient=f"party-{number}"),
    ),
    Shape(
        "one category of people, each rule its purpose",
        _purposes,
        lambda number: _event("people", f"purpose-{number}"),
        lambda number: _event("others", f"purpose-{number}"),
    ),
    Shape(
        "prohibitions, each of its recipient",
        _prohibitions,
        lambda number: _event("people", "sharing", "provide", recipient=f"other-{number}"),
        lambda number: _event("people", "sharing", "provide", recipient=f"party-{number}"),
    ),
    Shape(
        "every rule speaks of every event",
        _all_matter,
        _ordered,
        lambda number: _event("people", "sharing", "provide", recipient=f"party-{number}"),
        aimed=False,
    ),
)


def _event(
    category: str,
    purpose: str,
    operation: str = "use",
    *,
    recipient: str | None = None,
    facts: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    made: dict[str, Any] = {
        "id": f"{operation}-{category}-{purpose}",
        "time": "2026-11-24T09:00:00+09:00",
        "controller": "shop-kk",
        "operation": operation,
        "subject": {"category": category, "id": "p-1"},
        "items": ["name"],
        "purpose": purpose,
    }
    if recipient:
        made["recipient"] = {"id": recipient}
    if facts:
        made["facts"] = facts
    return made


def _words(dimension: str, words: list[str]) -> str:
    return (
        f"[vocabulary.{dimension}]\n" + "".join(f'{word} = {{ja = "{word}", en = "{word}"}}\n' for word in words) + "\n"
    )


def _clause(number: str) -> str:
    return f'\n[[clause]]\nnumber = "{number}"\nsummary = {{ja = "条項", en = "clause {number}"}}\n'


def _rule(kind: str, **lists: list[str]) -> str:
    return f"\n[[clause.{kind}]]\n" + "".join(f"{key} = {json.dumps(words)}\n" for key, words in lists.items())


# ---------------------------------------------------------------- measuring


def rows(*, quick: bool) -> Iterator[Row]:
    """Yield the rows of this section."""
    for shape in SHAPES:
        yield from _of_shape(shape, (2_000 if quick else MANY) // (1 if shape.aimed else 10), 7 if quick else 31)


def _of_shape(shape: Shape, size: int, repeats: int) -> Iterator[Row]:
    note = "" if shape.aimed else "no index can help: linear in the rules that can matter"
    progress(f"growth: {shape.name}: loading {size:,} rules")
    (few, *few_load), (large, *large_load) = _loaded(shape, FEW, 5), _loaded(shape, size, 1)
    yield Row(
        "load time, generated rules to 40 of them",
        f"{shape.name}: {size:,}",
        Spread.of(few_load),
        Spread.of(large_load),
        Spread.of([large_load[0] / seconds for seconds in few_load]),
        f"{large_load[0] / size * 1e3:.2f} ms a rule",
    )
    for outcome, made in (("permit", shape.permitted), ("deny", shape.denied)):
        progress(f"growth: {shape.name}: {outcome}, {size:,} rules to {FEW}")
        pair = [
            _events(engine, outcome, [made(number * rules // ASKED) for number in range(ASKED)])
            for engine, rules in ((few, FEW), (large, size))
        ]
        warm = turn_about(over(few.evaluate, pair[0]), over(large.evaluate, pair[1]), ASKED, repeats)
        yield Row("growth, warm, to 40 rules", f"{shape.name}: {outcome}, {size:,}", *warm, note)
        starts = [_fresh(engine, pair[n], shape.denied(1)) for n, engine in enumerate((few, large))]
        first = turn_about(starts[0], starts[1], ASKED, max(5, repeats // 4), again=False)
        yield Row("growth, first sight, to 40 rules", f"{shape.name}: {outcome}, {size:,}", *first, note)
    nothing = [_fresh(engine, [shape.denied(1)], None) for engine in (few, large)]
    very_first = turn_about(nothing[0], nothing[1], 1, max(5, repeats // 4), again=False)
    yield Row("growth, the very first decision of an engine, to 40 rules", f"{shape.name}: deny, {size:,}", *very_first)
    if shape.aimed:
        progress(f"growth: {shape.name}: every rule in turn")
        tour = [_events(few, "permit", [shape.permitted(number % FEW) for number in range(size)])]
        tour.append(_events(large, "permit", [shape.permitted(number) for number in range(size)]))
        both = turn_about(over(few.evaluate, tour[0]), over(large.evaluate, tour[1]), size, max(5, repeats // 3))
        note = f"{size:,} different events, of {FEW} kinds or each of its own"
        yield Row("growth, warm, every rule in turn, to 40 rules", f"{shape.name}: {size:,}", *both, note)


def _loaded(shape: Shape, rules: int, times: int) -> tuple[Any, ...]:
    """Return the engine of a policy of `shape`, read from its file, and the seconds that each load took."""
    seconds = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "policy.toml"
        path.write_text(shape.policy(rules), encoding="utf-8")
        for _ in range(times):
            began = time.process_time()
            engine = Engine.load(path)
            seconds.append(time.process_time() - began)
    return engine, *seconds


def _events(engine: Engine, outcome: str, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return events, each of which `engine` decides as it should."""
    for event in events:
        if (found := engine.evaluate(event)).outcome != outcome:
            raise SystemExit(f"expected {outcome}: {event!r}\n{found.as_dict()}")
    return events


def _fresh(engine: Engine, events: list[dict[str, Any]], other: dict[str, Any] | None) -> Start:
    """Return the pass that decides each event for the first time, by an engine that has decided `other` at most."""

    def start() -> Pass:
        fresh = Engine(engine.policies)
        if other is not None:
            fresh.evaluate(other)
        return over(fresh.evaluate, events)()

    return start
