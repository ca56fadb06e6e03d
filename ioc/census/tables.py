"""The census's tables: what was said, and what follows from it.

``census_fact`` is the truth and only grows; everything else here can be made anew from it.
"""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, Text

from ioc.database import metadata

SPOT = 64  # letters of a ward, room or bed code that are kept

facts = Table(
    "census_fact",
    metadata,
    Column("message", String(32), primary_key=True),
    Column("part", Integer, primary_key=True, autoincrement=False),
    Column("facility", String(64), nullable=False),
    Column("source", String(64), nullable=False),
    Column("kind", String(24), nullable=False),
    Column("occurred_ns", BigInteger, nullable=False),
    Column("sent_ns", BigInteger, nullable=False),
    Column("received_ns", BigInteger, nullable=False),
    Column("control", String(32), nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("visit", String(32), nullable=False),
    Column("patient", String(32), nullable=False),
    Column("other_patient", String(32), nullable=False),
    Column("visit_class", String(16), nullable=False),
    Column("ward", String(SPOT), nullable=False),
    Column("room", String(SPOT), nullable=False),
    Column("bed", String(SPOT), nullable=False),
    Column("prior_ward", String(SPOT), nullable=False),
    Column("prior_room", String(SPOT), nullable=False),
    Column("prior_bed", String(SPOT), nullable=False),
    Column("disposition", String(16), nullable=False),
    Column("bed_status", String(1), nullable=False),  # empty where it says none
    Column("quality", String(8), nullable=False),
    Column("skewed", Boolean, nullable=False),
    Index("census_fact_visit", "facility", "visit"),
    Index("census_fact_control", "control"),
    sqlite_with_rowid=False,
)

# One row a visit. ``ended`` is empty while it lasts, else home, died, elsewhere, cancelled or outpatient.
stays = Table(
    "census_stay",
    metadata,
    Column("facility", String(64), primary_key=True),
    Column("visit", String(32), primary_key=True),
    Column("patient", String(32), nullable=False),
    Column("visit_class", String(16), nullable=False),
    Column("opened_ns", BigInteger),
    Column("closed_ns", BigInteger),
    Column("expected_ns", BigInteger),  # of a pre-admission that has not come yet
    Column("ended", String(16), nullable=False),
    Column("provisional", Boolean, nullable=False),  # its beginning was never told
    Column("ward", String(SPOT), nullable=False),
    Column("room", String(SPOT), nullable=False),
    Column("bed", String(SPOT), nullable=False),
    Index("census_stay_patient", "facility", "patient"),
    sqlite_with_rowid=False,
)

# Where a patient lay from one moment to another: half open, [from_ns, to_ns), to_ns far away while it lasts.
spells = Table(
    "census_spell",
    metadata,
    Column("facility", String(64), primary_key=True),
    Column("visit", String(32), primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("visit_class", String(16), nullable=False),
    Column("ward", String(SPOT), nullable=False),
    Column("room", String(SPOT), nullable=False),
    Column("bed", String(SPOT), nullable=False),
    Column("from_ns", BigInteger, nullable=False),
    Column("to_ns", BigInteger, nullable=False),
    Index("census_spell_to", "facility", "to_ns"),
    sqlite_with_rowid=False,
)

# What counts in the day balance. ``cancelled_ns`` is when it was taken back, null while it stands.
moves = Table(
    "census_move",
    metadata,
    Column("facility", String(64), primary_key=True),
    Column("visit", String(32), primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("at_ns", BigInteger, nullable=False),
    Column("kind", String(16), nullable=False),  # admitted, transferred, discharged, died
    Column("from_ward", String(SPOT), nullable=False),
    Column("to_ward", String(SPOT), nullable=False),
    Column("cancelled_ns", BigInteger),
    Index("census_move_at", "facility", "at_ns"),
    Index("census_move_cancelled", "facility", "cancelled_ns"),
    sqlite_with_rowid=False,
)

bed_statuses = Table(
    "census_bed_status",
    metadata,
    Column("facility", String(64), primary_key=True),
    Column("ward", String(SPOT), primary_key=True),
    Column("room", String(SPOT), primary_key=True),
    Column("bed", String(SPOT), primary_key=True),
    Column("at_ns", BigInteger, primary_key=True, autoincrement=False),
    Column("message", String(32), primary_key=True),
    Column("sent_ns", BigInteger, nullable=False),
    Column("status", String(1), nullable=False),
    sqlite_with_rowid=False,
)

# The newest good message of each source: the age of every number of the census.
feeds = Table(
    "census_feed",
    metadata,
    Column("facility", String(64), primary_key=True),
    Column("source", String(64), primary_key=True),
    Column("as_of_ns", BigInteger, nullable=False),
    Column("received_ns", BigInteger, nullable=False),
    Column("quality", String(8), nullable=False),
    Column("changed", BigInteger, nullable=False),  # rises with each change of the facility's beds or stays
    sqlite_with_rowid=False,
)

# Minutes of which nothing is known: a feed was silent, and what it said afterwards does not fill them.
gaps = Table(
    "census_gap",
    metadata,
    Column("facility", String(64), primary_key=True),
    Column("from_ns", BigInteger, primary_key=True, autoincrement=False),
    Column("to_ns", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# How far the minute samples are written, and from when on facts that came late ask for them again.
sampled = Table(
    "census_sampled",
    metadata,
    Column("facility", String(64), primary_key=True),
    Column("to_ns", BigInteger, nullable=False),
    Column("again_from_ns", BigInteger),
)

# What is wrong with what a facility sends. ``subject`` is a visit, a place or a message: never a name.
findings = Table(
    "census_finding",
    metadata,
    Column("facility", String(64), primary_key=True),
    Column("kind", String(24), primary_key=True),
    Column("subject", String(200), primary_key=True),
    Column("source", String(64), nullable=False),
    Column("first_ns", BigInteger, nullable=False),
    Column("last_ns", BigInteger, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("visit", String(32), nullable=False),
    Column("message", String(32), nullable=False),
    Column("ward", String(SPOT), nullable=False),
    Column("room", String(SPOT), nullable=False),
    Column("bed", String(SPOT), nullable=False),
    Column("detail", Text, nullable=False),  # JSON: figures for its sentence, such as how late
    Column("cleared_ns", BigInteger),  # null while it stands
    Index("census_finding_open", "facility", "cleared_ns"),
)
