"""The tables of assets."""

from sqlalchemy import BigInteger, Boolean, Column, Date, Index, Integer, LargeBinary, String, Table

from ioc.database import metadata

assets = Table(
    "registry_asset",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("facility", String(64), nullable=False),
    Column("site", String(64), nullable=False),
    Column("code", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("name", String(120), nullable=False),
    Column("department", String(64), nullable=False),
    Column("place", String(64), nullable=False),
    Column("owner", String(120), nullable=False),
    Column("address", String(120), nullable=False),
    Column("model", String(120), nullable=False),
    Column("serial", String(120), nullable=False),
    Column("supplier", String(120), nullable=False),
    Column("contract", String(120), nullable=False),
    Column("contract_end", Date),
    Column("device", String(64), nullable=False),
    Column("watched", Boolean, nullable=False),
    Column("position", Integer, nullable=False),  # in the list, as people wrote it
    Column("from_ns", BigInteger, nullable=False),
    Column("until_ns", BigInteger),
    Index("registry_asset_facility", "facility", "until_ns"),
    Index("registry_asset_code", "facility", "code"),
    sqlite_autoincrement=True,
)

# A number that rises with every change, by facility: readers keep what they read until it does.
versions = Table(
    "registry_asset_version",
    metadata,
    Column("facility", String(64), primary_key=True),
    Column("version", BigInteger, nullable=False),
)

# A list that a person has sent and not confirmed yet: one a person and facility, so that any web process can go on.
drafts = Table(
    "registry_asset_draft",
    metadata,
    Column("facility", String(64), primary_key=True),
    Column("who", String(128), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("made_ns", BigInteger, nullable=False),
    Column("packed", LargeBinary, nullable=False),
)
