"""Ledger, quarantine and outbox on one database."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from policyengine_records.store.guard import Rule, append_only, statements

revision: Final = "0001"
down_revision: Final = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")

_ENTRY = "EXISTS (SELECT 1 FROM quarantine_entries WHERE flow = NEW.flow AND what"
_RULES: Final = (
    *append_only(
        "ledger_entries",
        ["entry = NEW.entry", "(fact = NEW.fact AND revision = NEW.revision)"],
        "a ledger is append-only",
    ),
    *append_only("ledger_parties", ["(entry = NEW.entry AND party = NEW.party)"], "a ledger is append-only"),
    *append_only("quarantine_flows", ["id = NEW.id", "number = NEW.number"], "a quarantine is append-only"),
    *append_only(
        "quarantine_entries",
        ["number = NEW.number", "(flow = NEW.flow AND what = NEW.what AND what <> 'released')"],
        "a quarantine is append-only",
    ),
    Rule(
        "quarantine_entries",
        "INSERT",
        "the entry does not follow from those before it",
        f"NOT CASE NEW.what WHEN 'taken' THEN {_ENTRY} = 'released') AND NOT {_ENTRY} = 'rejected')"
        f" WHEN 'purged' THEN {_ENTRY} IN ('rejected', 'taken'))"
        f" ELSE NOT {_ENTRY} IN ('rejected', 'taken')) END",
    ),
    Rule("quarantine_payloads", "UPDATE", "a payload stays as it was kept"),
    Rule(
        "quarantine_payloads",
        "DELETE",
        "the payload of a flow that is not settled stays",
        "NOT EXISTS (SELECT 1 FROM quarantine_entries WHERE flow = OLD.flow AND what IN ('rejected', 'taken'))",
    ),
    Rule(
        "quarantine_payloads",
        "INSERT",
        "a payload stays as it was kept",
        "EXISTS (SELECT 1 FROM quarantine_payloads WHERE flow = NEW.flow)"
        " OR EXISTS (SELECT 1 FROM quarantine_entries WHERE flow = NEW.flow)",
    ),
    Rule("outbox_messages", "DELETE", "a message stays until it was delivered", "OLD.state <> 'delivered'"),
)


def upgrade() -> None:
    """Make the tables, and have the database guard them."""
    op.create_table(
        "ledger_shapes",
        sa.Column("shape", sa.Text, primary_key=True),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("personal", sa.Integer, nullable=False),
        sa.Column("named", sa.Integer, nullable=False),
        sa.Index("ledger_shapes_type", "type", "personal"),
    )
    op.create_table(
        "ledger_entries",
        sa.Column("entry", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("fact", sa.Text, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("change", sa.Text, nullable=False),
        sa.Column("recorded", sa.BigInteger, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("subject", sa.Text),
        sa.Column("start", sa.BigInteger, nullable=False),
        sa.Column("end", sa.BigInteger, nullable=False),
        sa.Column("effective_end", sa.BigInteger, nullable=False),
        sa.Column("shape", sa.Text, sa.ForeignKey("ledger_shapes.shape"), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("withdrawn", sa.BigInteger),
        sa.Column("due", sa.BigInteger),
        sa.Column("answered", sa.BigInteger),
        sa.UniqueConstraint("fact", "revision", name="ledger_entries_revision"),
        sa.Index("ledger_entries_recorded", "recorded"),
        sa.Index("ledger_entries_subject", "subject", "type"),
        sa.Index("ledger_entries_due", "due"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "ledger_parties",
        sa.Column("entry", _NUMBER, sa.ForeignKey("ledger_entries.entry"), primary_key=True),
        sa.Column("party", sa.Text, primary_key=True),
    )
    op.create_table(
        "ledger_standing",
        sa.Column("fact", sa.Text, primary_key=True),
        sa.Column("party", sa.Text, primary_key=True),
        sa.Column("entry", _NUMBER, nullable=False),
        sa.Column("shape", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("subject", sa.Text),
        sa.Column("start", sa.BigInteger, nullable=False),
        sa.Column("end", sa.BigInteger, nullable=False),
        sa.Index("ledger_standing_subject", "subject", "type"),
        sa.Index("ledger_standing_party", "shape", "party", "start", "entry"),
        sa.Index("ledger_standing_start", "shape", "start", "entry"),
    )
    op.create_table(
        "quarantine_flows",
        sa.Column("number", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        sa.Column("kept_at", sa.BigInteger, nullable=False),
        sa.Column("event_id", sa.Text, index=True),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("decision", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "quarantine_payloads",
        sa.Column("flow", sa.Text, sa.ForeignKey("quarantine_flows.id"), primary_key=True),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_table(
        "quarantine_entries",
        sa.Column("number", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("flow", sa.Text, sa.ForeignKey("quarantine_flows.id"), nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("who", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("despite", sa.Text),
        sa.Column("decision", sa.Text),
        sa.Index("quarantine_entries_flow", "flow", "what"),
        sa.CheckConstraint("what IN ('released', 'rejected', 'taken', 'purged')"),
        sa.CheckConstraint("(who IS NOT NULL AND reason IS NOT NULL) OR what IN ('taken', 'purged')"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "outbox_messages",
        sa.Column("number", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("created", sa.Double, nullable=False),
        sa.Column("since", sa.Double, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("next_attempt", sa.Double),
        sa.Column("ended", sa.Double),
        sa.Column("last_error", sa.Text),
        sa.Column("holder", sa.Text),
        sa.CheckConstraint("state IN ('pending', 'delivered', 'failed')"),
        sa.Index("outbox_due", "state", "next_attempt", "number"),
        sa.Index("outbox_ended", "state", "ended"),
        sqlite_autoincrement=True,
    )
    for statement in statements(op.get_bind().dialect.name, _RULES):
        op.execute(sa.text(statement.replace(":", r"\:")))
