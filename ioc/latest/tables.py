"""The table of the present, and the counter that its change numbers come from."""

from sqlalchemy import BigInteger, Column, Double, Integer, String, Table

from ioc.database import metadata

latest = Table(
    "latest",
    metadata,
    Column("key", String(512), primary_key=True),
    Column("value", Double, nullable=False),
    Column("quality", String(8), nullable=False),
    Column("as_of_ns", BigInteger, nullable=False),
    Column("received_ns", BigInteger, nullable=False),
    Column("max_age_ns", BigInteger, nullable=False),
    Column("change", BigInteger, nullable=False),  # no index: it would cost more at each write than it saves
    sqlite_with_rowid=False,
)

latest_counter = Table(
    "latest_counter",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # always 1
    Column("change", BigInteger, nullable=False),
)
