"""The intake's tables in the relational database."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, String, Table, Text

from ioc.database import metadata

quarantine = Table(
    "quarantine",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("digest", String(32), nullable=False),  # of source, topic, reason and raw bytes, keyed
    Column("state", String(16), nullable=False),  # open, resent, discarded
    Column("source", String(64), nullable=False),
    Column("topic", String(512), nullable=False),
    Column("facility", String(64), nullable=False),
    Column("reason", String(32), nullable=False),
    Column("detail", Text, nullable=False),
    Column("received_ns", BigInteger, nullable=False),
    Column("last_ns", BigInteger, nullable=False),
    Column("count", Integer, nullable=False),
    Column("size", BigInteger, nullable=False),  # of the raw bytes as they came
    Column("truncated", Boolean, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("sealed_size", Integer, nullable=False),
    Column("resend_requested_ns", BigInteger),
    Column("closed_ns", BigInteger),
    Column("closed_by", String(128), nullable=False, server_default=""),
    Index("quarantine_open", "state", "id"),
    Index("quarantine_digest", "digest"),
    sqlite_autoincrement=True,
)

unconfirmed = Table(
    "unconfirmed",
    metadata,
    Column("kind", String(16), primary_key=True),
    Column("facility", String(64), primary_key=True),
    Column("code", String(128), primary_key=True),
    Column("first_ns", BigInteger, nullable=False),
    Column("last_ns", BigInteger, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("example", String(512), nullable=False),
)

source_status = Table(
    "source_status",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("connected", Boolean, nullable=False),
    Column("last_message_ns", BigInteger),
    Column("received", BigInteger, nullable=False),
    Column("accepted", BigInteger, nullable=False),
    Column("ignored", BigInteger, nullable=False),
    Column("gaps", BigInteger, nullable=False),
    Column("quarantined", Text, nullable=False),  # JSON: number by reason
    Column("backlog", BigInteger, nullable=False),
    Column("error", Text, nullable=False),
    Column("updated_ns", BigInteger, nullable=False),
)

# How far each journal's rejects have been taken over: a crash repeats entries, and none may be counted twice.
intake_cursor = Table(
    "intake_cursor",
    metadata,
    Column("journal", String(32), primary_key=True),
    Column("entry", BigInteger, nullable=False),
)
