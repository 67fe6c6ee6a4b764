"""One generated policy, at any number of rules, and events on it: as the engine reads it, and as one writes it by hand.

Ten rules are a block: eight purposes for its category of people, a prohibition on what is secret, which a statute
lifts, and an obligation.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

import handwritten
from growth import BLOCK, PURPOSES, spread

Answer = tuple[str, tuple[str, ...]]
"""The outcome, and the permitted items."""


@dataclass(frozen=True)
class Book:
    """The generated policy.

    Args:
        rules: how many rules it has, a multiple of ten.
    """

    rules: int

    def toml(self) -> str:
        """Return it in the language of this engine."""
        return spread(self.rules)

    def listed(self, block: int) -> frozenset[str]:
        """Return the purposes of a block."""
        return frozenset(f"purpose-{(block * 7 + offset) % PURPOSES}" for offset in range(BLOCK - 2))

    def by_hand(self) -> Callable[[handwritten.Ready], Answer]:
        """Return it as one person would write it: a dict of what is permitted, and the prohibition."""
        permitted = {f"people-{block}": self.listed(block) for block in range(self.rules // BLOCK)}

        def decide(event: handwritten.Ready) -> Answer:
            if event.operation != "use" or event.purpose not in permitted[event.category]:
                return "deny", ()
            if "secret" in event.item_set:
                time, person = event.time, event.person
                for start, end, subject, kind, operations, named, purposes, _ in event.bases:
                    if (
                        kind == "statute"
                        and start <= time < end
                        and (subject is None or subject == person)
                        and (operations is None or "use" in operations)
                        and (named is None or "secret" in named)
                        and (purposes is None or event.purpose in purposes)
                    ):
                        return "permit", event.items
                return "deny", tuple([item for item in event.items if item != "secret"])
            return "permit", event.items

        return decide

    def events(self, count: int, seed: int = 1) -> list[dict[str, Any]]:
        """Return so many events, nearly each of its own class; facts have instants of their own."""
        draw = Random(seed)
        return [self._event(draw, number) for number in range(count)]

    def _event(self, draw: Random, number: int) -> dict[str, Any]:
        block = draw.randrange(self.rules // BLOCK)
        purposes = sorted(self.listed(block)) if draw.random() < 0.75 else [f"purpose-{n}" for n in range(PURPOSES)]
        items = draw.sample(["name", "secret"], draw.choice([1, 2]))
        event: dict[str, Any] = {
            "id": f"flow-{number:06}",
            "time": f"2026-11-{draw.randint(1, 28):02}T09:{draw.randrange(60):02}:{draw.randrange(60):02}+09:00",
            "controller": "shop-kk",
            "operation": "use",
            "subject": {"category": f"people-{block}", "id": f"person-{draw.randrange(10**6)}"},
            "items": items,
            "purpose": draw.choice(purposes),
        }
        if "secret" in items and draw.random() < 0.7:
            start = f"20{draw.randint(20, 25)}-{draw.randint(1, 12):02}-01T00:{draw.randrange(60):02}:00+09:00"
            kind = "statute" if draw.random() < 0.8 else "court"
            event["facts"] = [{"type": "legal_basis", "kind": kind, "reference": f"act-{number}", "from": start}]
        return event


def lines(events: list[dict[str, Any]]) -> list[bytes]:
    """Return events as JSON lines."""
    return [json.dumps(event).encode() for event in events]
