"""The table of beds."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table

from ioc.database import metadata

beds = Table(
    "registry_bed",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("facility", String(64), nullable=False),
    Column("site", String(64), nullable=False),
    Column("department", String(64), nullable=False),
    Column("ward", String(64), nullable=False),
    Column("room", String(64), nullable=False),
    Column("bed", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("planned", Boolean, nullable=False),
    Column("actual", Boolean, nullable=False),
    Column("staffed", Boolean, nullable=False),
    Column("position", Integer, nullable=False),  # in the list, as people wrote it
    Column("from_ns", BigInteger, nullable=False),
    Column("until_ns", BigInteger),
    Index("registry_bed_facility", "facility", "until_ns"),
    sqlite_autoincrement=True,
)

# Wards that a person has taken into the registry from the page: what the files of configs/registry do not name.
wards = Table(
    "registry_ward",
    metadata,
    Column("facility", String(64), primary_key=True),
    Column("ward", String(64), primary_key=True),
    Column("site", String(64), nullable=False),
    Column("department", String(64), nullable=False),
    Column("title", String(120), nullable=False),
    Column("added_ns", BigInteger, nullable=False),
    Column("added_by", String(128), nullable=False),
)

# A number that rises with every change of the two, by facility: readers keep what they read until it does.
versions = Table(
    "registry_bed_version",
    metadata,
    Column("facility", String(64), primary_key=True),
    Column("version", BigInteger, nullable=False),
)
