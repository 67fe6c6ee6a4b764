"""From text to a policy: rule files read, checked, lowered, formatted.

The names below are one of the two doors for plugin authors (``docs/plugins.md``): what a kind of rule is, what it reads
a table with, and what it says in its JSON Schema that its keys mean.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from policyengine.errors import Code, did_you_mean
    from policyengine.language.addressee import to_the_person
    from policyengine.language.definitions import condition_properties
    from policyengine.language.keys import (
        about_table,
        clause_list,
        condition_table,
        duration,
        fact_expression,
        fact_form,
        fact_value,
        flag,
        licence_list,
        name_of,
        obligation_list,
        operation_list,
        reason_table,
        spared_list,
        term_list,
        time,
        told,
        under_readings,
    )
    from policyengine.language.kind import RuleKind
    from policyengine.language.table import RuleTable
    from policyengine.schema.pieces import Schema
else:
    from policyengine.doors import door

    __getattr__, __dir__ = door(
        __name__,
        {
            "language.kind": ("RuleKind",),
            "language.table": ("RuleTable",),
            "language.addressee": ("to_the_person",),
            "language.definitions": ("condition_properties",),
            "language.keys": (
                "about_table",
                "clause_list",
                "condition_table",
                "duration",
                "fact_expression",
                "fact_form",
                "fact_value",
                "flag",
                "licence_list",
                "name_of",
                "obligation_list",
                "operation_list",
                "reason_table",
                "spared_list",
                "term_list",
                "time",
                "told",
                "under_readings",
            ),
            "schema.pieces": ("Schema",),
            "errors": (
                "Code",
                "did_you_mean",
            ),
        },
    )

__all__ = [
    "Code",
    "RuleKind",
    "RuleTable",
    "Schema",
    "about_table",
    "clause_list",
    "condition_properties",
    "condition_table",
    "did_you_mean",
    "duration",
    "fact_expression",
    "fact_form",
    "fact_value",
    "flag",
    "licence_list",
    "name_of",
    "obligation_list",
    "operation_list",
    "reason_table",
    "spared_list",
    "term_list",
    "time",
    "to_the_person",
    "told",
    "under_readings",
]
