"""A kind of rule: what the language asks of whoever brings one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol, runtime_checkable

from policyengine.language.table import RuleTable
from policyengine.model.rule import Rule
from policyengine.text import Text


@runtime_checkable
class RuleKind(Protocol):
    """A kind of rule: the TOML table in which it is written, its words, and how it is lowered to the algebra.

    Attributes:
        name: the key of its tables in a clause, such as ``purpose-limitation``.
        title: what people call it.
        summary: what it says, in one sentence.
        properties: JSON Schemas of its own keys; those that all rules share (`policyengine.schema`) are added.
        required: the keys, its own or shared ones, without which a table makes no sense.
    """

    name: str
    title: Text
    summary: Text
    properties: Mapping[str, Mapping[str, Any]]
    required: frozenset[str]

    def lower(self, table: RuleTable) -> Iterable[Rule]:
        """Return what `table` says as `Permit`, `Restriction`, `Alternative`, `Replacement` and `Duty`.

        Args:
            table: one table of this kind, already valid against the schema. What is wrong with it beyond that is
                reported with `table.problem`, and what could be understood is returned all the same.
        """
        ...
