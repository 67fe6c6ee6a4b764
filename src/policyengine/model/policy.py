"""The policy: its text's clauses, its words, and its rules, lowered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from policyengine.calendar import PLAIN_ZONE, version
from policyengine.errors import Source
from policyengine.model.acceptance import Acceptance
from policyengine.model.aside import Aside
from policyengine.model.condition import leaves
from policyengine.model.meets import zone_of
from policyengine.model.operation import OPERATIONS
from policyengine.model.rule import Rule, conditions_of
from policyengine.model.vocabulary import Vocabulary
from policyengine.text import LANGUAGES, Language, Text


class Clause(Struct, frozen=True):
    """One numbered clause of the policy's text.

    Args:
        number: as the text numbers it.
        summary: what it says, in the policy officer's own words.
        title: its heading, if it has one.
        organisational: why no flow can be decided by it.
        ground: it denies what no clause permits.
        case_of: the clause of which it is one case; a denial cites that clause.
        defines: terms of the vocabulary that carry it out, by dimension.
        open: what its text leaves open, a point each.
        told: what it tells people beside what is decided: each a name and what is said.
    """

    number: str
    summary: Text
    title: Text | None = None
    organisational: Text | None = None
    ground: bool = False
    case_of: str | None = None
    defines: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    open: tuple[Text, ...] = ()
    told: tuple[tuple[Text, Text], ...] = ()


class ObligationText(Struct, frozen=True):
    """A declared obligation: what the host must do, which clause asks it, and what else is done with it.

    Args:
        id: its name.
        clause: the clause that asks it.
        message: what it is, for people.
        parameters: scalars for the host, and lists and times.
        fulfils: the ids of obligations of other policies that whoever meets this one has met.
    """

    id: str
    clause: str
    message: Text
    parameters: Mapping[str, Any]
    fulfils: tuple[str, ...] = ()

    @property
    def due(self) -> tuple[tuple[str, str], ...]:
        """The parameters that are times, each with the duration in which it comes after the event."""
        return tuple([(name, of["within"]) for name, of in self.parameters.items() if isinstance(of, Mapping)])


class Reading(Struct, frozen=True):
    """A named ambiguity of the text, with the values that can be defended."""

    name: str
    question: Text
    default: str
    values: Mapping[str, Text]
    clause: str | None = None


class Policy(Aside, frozen=True, eq=False):
    """One policy under chosen readings: its words, its clauses, and its rules, lowered.

    Args:
        id: the policy's id.
        version: its version, as its authors name it.
        title: what people call it.
        digest: ``sha256:`` and the hash of its content; comments and layout do not count.
        governs: controllers that it governs; None for every one.
        start: from when it is in force, inclusive, in microseconds since 1970 (UTC).
        end: until when, exclusive.
        replaces: the version of the same policy that it follows.
        languages: in which its texts are written.
        contact: where people turn to.
        vocabulary: its words.
        clauses: by number, in the order of the text.
        obligations: by id.
        readings: by name.
        chosen: the value of each reading.
        rules: the lowered rules that stand under the chosen readings.
        layer: whether it lies above the policies of controllers, as a statute does, and governs nothing alone.
        decides: the operations for which one of its clauses must permit: all; of a layer those that any of its permits
            names, in force or not, under any reading. All others it leaves to the policies below.
        zone: by whose calendar and clock its durations, days and hours count.
        accepted: the findings of analyses that its authors accept.
        told: what its text tells people beside what is decided: each a name and what is said.
        source: where its table stands.
    """

    id: str
    version: str
    title: Text
    digest: str
    governs: frozenset[str] | None
    start: int
    end: int
    contact: str | None
    vocabulary: Vocabulary
    clauses: Mapping[str, Clause]
    obligations: Mapping[str, ObligationText]
    readings: Mapping[str, Reading]
    chosen: Mapping[str, str]
    rules: tuple[Rule, ...]
    replaces: str | None = None
    languages: tuple[Language, ...] = LANGUAGES
    layer: bool = False
    decides: frozenset[str] = frozenset(OPERATIONS)
    zone: str = PLAIN_ZONE
    told: tuple[tuple[Text, Text], ...] = ()
    accepted: tuple[Acceptance, ...] = ()
    source: Source | None = None

    def governs_controller(self, controller: str) -> bool:
        """Whether the policy binds `controller`."""
        return self.governs is None or controller in self.governs

    def in_force(self, instant: int) -> bool:
        """Whether the policy is in force at `instant` (microseconds since 1970, UTC)."""
        return self.start <= instant < self.end

    @property
    def other_languages(self) -> tuple[Language, ...]:
        """The languages in which it is written; none where these are Japanese and English, as of most."""
        return () if self.languages == LANGUAGES else self.languages

    @property
    def other_readings(self) -> dict[str, str]:
        """The readings whose chosen value is not their default."""
        return {name: value for name, value in self.chosen.items() if value != self.readings[name].default}

    @property
    def time_zones(self) -> str | None:
        """The version of the time zones, where it counts by a zone that has rules of its own."""
        if self.zone != PLAIN_ZONE and any(declared.due for declared in self.obligations.values()):
            return version()
        asked = (leaf for rule in self.rules for condition in conditions_of(rule) for leaf in leaves(condition))
        return version() if any(zone_of(leaf) != PLAIN_ZONE for leaf in asked) else None
