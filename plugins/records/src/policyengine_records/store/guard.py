"""The guard: the database itself refuses what nobody may do, whoever asks. One rule, said for both databases.

A rule refuses a deed on a table where a condition holds of the old or the new row. The condition is SQL that both know;
SQLite has it in the trigger's WHEN, PostgreSQL in a function, since its WHEN can ask nothing of other rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

Deed: TypeAlias = Literal["INSERT", "UPDATE", "DELETE"]


@dataclass(frozen=True, slots=True)
class Rule:
    """What is refused.

    Args:
        table: on which table.
        deed: what is done.
        why: what the error says.
        where: SQL over ``OLD`` and ``NEW``; by default it is always refused.
    """

    table: str
    deed: Deed
    why: str
    where: str = "TRUE"


def append_only(table: str, keys: Sequence[str], why: str) -> Iterator[Rule]:
    """Yield the rules under which rows are added to a table, and never changed, deleted or written over.

    Args:
        table: its name.
        keys: what a row is known by, each a condition over ``NEW``. SQLite's ``INSERT OR REPLACE`` deletes without
            asking the rules on deleting, so nothing may be inserted over anything.
        why: what the errors say.
    """
    yield Rule(table, "UPDATE", why)
    yield Rule(table, "DELETE", why)
    yield Rule(table, "INSERT", why, f"EXISTS (SELECT 1 FROM {table} WHERE {' OR '.join(keys)})")


def statements(dialect: str, rules: Sequence[Rule]) -> Iterator[str]:
    """Yield the SQL that has a database keep the rules."""
    for number, rule in enumerate(rules):
        name = f"{rule.table}_{rule.deed.lower()}_{number}"
        if dialect == "sqlite":
            yield (
                f"CREATE TRIGGER {name} BEFORE {rule.deed} ON {rule.table} WHEN {rule.where}"
                f" BEGIN SELECT RAISE(ABORT, '{rule.why}'); END"
            )
        else:
            row = "OLD" if rule.deed == "DELETE" else "NEW"
            refuse = f"RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation', MESSAGE = '{rule.why}';"
            yield (
                f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                f" IF ({rule.where}) THEN {refuse} END IF; RETURN {row}; END $$"
            )
            yield f"CREATE TRIGGER {name} BEFORE {rule.deed} ON {rule.table} FOR EACH ROW EXECUTE FUNCTION {name}()"
    if dialect == "postgresql":
        tables = dict.fromkeys(rule.table for rule in rules)
        yield (
            "CREATE FUNCTION records_refuse_truncate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation', MESSAGE = 'records are kept'; END $$"
        )
        for table in tables:
            yield (
                f"CREATE TRIGGER {table}_truncate BEFORE TRUNCATE ON {table}"
                " FOR EACH STATEMENT EXECUTE FUNCTION records_refuse_truncate()"
            )
