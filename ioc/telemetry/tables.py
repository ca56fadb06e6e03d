"""The table of pulses: one row a process that is at work. Times are nanoseconds."""

from sqlalchemy import BigInteger, Column, Integer, String, Table, Text

from ioc.database import metadata

pulses = Table(
    "pulse",
    metadata,
    Column("part", String(32), primary_key=True),
    Column("host", String(120), primary_key=True),
    Column("pid", Integer, primary_key=True, autoincrement=False),
    Column("at_ns", BigInteger, nullable=False),
    Column("figures", Text, nullable=False),  # JSON: [[name, [[label, text], …], value, [count, …]], …]
)
