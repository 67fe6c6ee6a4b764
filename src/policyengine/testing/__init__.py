"""Tests of applications and of policies.

For an application: facts in memory, a record of flows, a clock that stands still, assertions. For policies: events to
search with, invariants, and histories of one person's consents and requests. What searches needs hypothesis, which the
extra ``testing`` brings: `dataflow-policyengine[testing]`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policyengine.testing.asserts import assert_denies, assert_permits
from policyengine.testing.hosts import FrozenClock, MemoryFacts, RecordedFlow, RecordedFlows, host_engine

if TYPE_CHECKING:
    from policyengine.testing.broken import malformed
    from policyengine.testing.cases import suites
    from policyengine.testing.flows import NearMiss, events, facts, near_misses, permitted
    from policyengine.testing.histories import History, history
    from policyengine.testing.laws import invariant, never
    from policyengine.testing.packs import Generated, policies
else:
    _HOMES = {
        "cases": ("suites",),
        "flows": ("NearMiss", "events", "facts", "near_misses", "permitted"),
        "histories": ("History", "history"),
        "laws": ("invariant", "never"),
        "broken": ("malformed",),
        "packs": ("Generated", "policies"),
    }

    def __getattr__(name):
        """Return what needs hypothesis, when it is first asked for."""
        from importlib import import_module  # noqa: PLC0415

        for home, names in _HOMES.items():
            if name in names:
                try:
                    import_module("hypothesis")
                except ImportError as error:
                    raise ImportError(
                        f"policyengine.testing.{name} needs hypothesis; install dataflow-policyengine[testing]"
                    ) from error
                globals()[name] = getattr(import_module(f"{__name__}.{home}"), name)
                return globals()[name]
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__():
        return sorted({*globals(), *__all__})


__all__ = [
    "FrozenClock",
    "Generated",
    "History",
    "MemoryFacts",
    "NearMiss",
    "RecordedFlow",
    "RecordedFlows",
    "assert_denies",
    "assert_permits",
    "events",
    "facts",
    "history",
    "host_engine",
    "invariant",
    "malformed",
    "near_misses",
    "never",
    "permitted",
    "policies",
    "suites",
]
