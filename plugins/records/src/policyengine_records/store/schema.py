"""The tables, as queries know them; the migrations make them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

VERSION: Final = "0001"
"""The migration that makes these tables what they are."""

VERSION_TABLE: Final = "records_version"

metadata = MetaData()

_NUMBER = BigInteger().with_variant(Integer, "sqlite")


def _number() -> Column[int]:
    return Column("number", _NUMBER, primary_key=True, autoincrement=True)


shapes = Table(
    "ledger_shapes",
    metadata,
    Column("shape", Text, primary_key=True),
    Column("type", Text, nullable=False),
    Column("personal", Integer, nullable=False),
    Column("named", Integer, nullable=False),
    Index("ledger_shapes_type", "type", "personal"),
)
"""What facts say but for whose they are, of which recipients and when: few, however many facts there are."""

entries = Table(
    "ledger_entries",
    metadata,
    Column("entry", _NUMBER, primary_key=True, autoincrement=True),
    Column("fact", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("change", Text, nullable=False),
    Column("recorded", BigInteger, nullable=False),
    Column("type", Text, nullable=False),
    Column("subject", Text),
    Column("start", BigInteger, nullable=False),
    Column("end", BigInteger, nullable=False),
    Column("effective_end", BigInteger, nullable=False),
    Column("shape", Text, ForeignKey("ledger_shapes.shape"), nullable=False),
    Column("body", Text, nullable=False),
    Column("withdrawn", BigInteger),
    Column("due", BigInteger),
    Column("answered", BigInteger),
    UniqueConstraint("fact", "revision", name="ledger_entries_revision"),
    Index("ledger_entries_recorded", "recorded"),
    Index("ledger_entries_subject", "subject", "type"),
    Index("ledger_entries_due", "due"),
)
"""What became known of a fact, and when: a row for each change, none of which is ever changed itself."""

parties = Table(
    "ledger_parties",
    metadata,
    Column("entry", _NUMBER, ForeignKey("ledger_entries.entry"), primary_key=True),
    Column("party", Text, primary_key=True),
)
"""The recipients that an entry's fact names."""

standing = Table(
    "ledger_standing",
    metadata,
    Column("fact", Text, primary_key=True),
    Column("party", Text, primary_key=True),
    Column("entry", _NUMBER, nullable=False),
    Column("shape", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("subject", Text),
    Column("start", BigInteger, nullable=False),
    Column("end", BigInteger, nullable=False),
    Index("ledger_standing_subject", "subject", "type"),
    Index("ledger_standing_party", "shape", "party", "start", "entry"),
    Index("ledger_standing_start", "shape", "start", "entry"),
)
"""The newest entry of each fact, a row for each recipient that it names, or one with an empty one. It follows from the
entries, is written with them, and is what decisions ask."""

flows = Table(
    "quarantine_flows",
    metadata,
    _number(),
    Column("id", Text, nullable=False, unique=True),
    Column("kept_at", BigInteger, nullable=False),
    Column("event_id", Text, index=True),
    Column("event", Text, nullable=False),
    Column("decision", Text, nullable=False),
)

payloads = Table(
    "quarantine_payloads",
    metadata,
    Column("flow", Text, ForeignKey("quarantine_flows.id"), primary_key=True),
    Column("body", Text, nullable=False),
)

deeds = Table(
    "quarantine_entries",
    metadata,
    _number(),
    Column("flow", Text, ForeignKey("quarantine_flows.id"), nullable=False),
    Column("what", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("who", Text),
    Column("reason", Text),
    Column("despite", Text),
    Column("decision", Text),
    Index("quarantine_entries_flow", "flow", "what"),
)

messages = Table(
    "outbox_messages",
    metadata,
    _number(),
    Column("id", Text, nullable=False, unique=True),
    Column("body", LargeBinary, nullable=False),
    Column("state", Text, nullable=False),
    Column("created", Double, nullable=False),
    Column("since", Double, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("next_attempt", Double),
    Column("ended", Double),
    Column("last_error", Text),
    Column("holder", Text),
    Index("outbox_due", "state", "next_attempt", "number"),
    Index("outbox_ended", "state", "ended"),
)

TABLES: Final = (shapes, entries, parties, standing, flows, payloads, deeds, messages)
"""All of them, in an order in which they can be filled: payloads before what is decided about their flows."""
