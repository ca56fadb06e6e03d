"""The census's tables: what was said, and what follows from it.

``census_fact`` is the truth and only grows; everything else here can be made anew from it.
"""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, Text, text

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
    Index("census_fact_visit", "visit"),
    sqlite_with_rowid=False,
)

# The first message of each control id: some senders give all of theirs the same.
controls = Table(
    "census_control",
    metadata,
    Column("control", String(32), primary_key=True),
    Column("message", String(32), nullable=False),
    sqlite_with_rowid=False,
)

# Merges are few, and each fact that comes asks for those of its patient: only they are in these.
MERGES = text("kind = 'merged'")
Index("census_fact_gone", facts.c.other_patient, sqlite_where=MERGES, postgresql_where=MERGES)
Index("census_fact_kept", facts.c.patient, sqlite_where=MERGES, postgresql_where=MERGES)

# One row a visit, as it is now. ``ended`` is empty while it lasts, else home, died, elsewhere, cancelled or outpatient;
# the spot is the last one known, or the one where it is expected.
stays = Table(
    "census_stay",
    metadata,
    Column("visit", String(32), primary_key=True),
    Column("facility", String(64), primary_key=True),
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
    Index("census_stay_patient", "patient"),
    sqlite_with_rowid=False,
)

OPEN = text("closed_ns is null")
Index(
    "census_stay_open",
    stays.c.facility,
    stays.c.visit_class,
    stays.c.opened_ns,
    sqlite_where=OPEN,
    postgresql_where=OPEN,
)

# Where a patient lay from one moment to another: half open, [from_ns, to_ns), to_ns far away while it lasts.
# ``visit_class`` is inpatient, emergency or expected (a bed is kept for somebody): outpatients lie nowhere.
# ``vacated``: an inpatient who lay there has gone and the bed has to be cleaned; not where a move was taken back.
spells = Table(
    "census_spell",
    metadata,
    Column("visit", String(32), primary_key=True),
    Column("facility", String(64), primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("visit_class", String(16), nullable=False),
    Column("ward", String(SPOT), nullable=False),
    Column("room", String(SPOT), nullable=False),
    Column("bed", String(SPOT), nullable=False),
    Column("from_ns", BigInteger, nullable=False),
    Column("to_ns", BigInteger, nullable=False),
    Column("vacated", Boolean, nullable=False),
    Index("census_spell_to", "facility", "to_ns", "from_ns"),
    Index("census_spell_bed", "facility", "ward", "room", "bed", "vacated", "to_ns"),
    sqlite_with_rowid=False,
)

# What counts in the day balance. ``cancelled_ns`` is when it was taken back, null while it stands.
moves = Table(
    "census_move",
    metadata,
    Column("visit", String(32), primary_key=True),
    Column("facility", String(64), primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("at_ns", BigInteger, nullable=False),
    Column("kind", String(16), nullable=False),  # admitted, transferred, discharged, died, arrived (an emergency)
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
    Index("census_bed_status_at", "facility", "at_ns"),
    sqlite_with_rowid=False,
)

# Every ward and bed that was ever named, with the newest message that did: what the registry lacks is found here.
places = Table(
    "census_place",
    metadata,
    Column("facility", String(64), primary_key=True),
    Column("ward", String(SPOT), primary_key=True),
    Column("room", String(SPOT), primary_key=True),
    Column("bed", String(SPOT), primary_key=True),
    Column("source", String(64), nullable=False),
    Column("first_ns", BigInteger, nullable=False),
    Column("last_ns", BigInteger, nullable=False),
    Column("message", String(32), nullable=False),
    sqlite_with_rowid=False,
)

# The newest good message of each source: the age of every number of the census. ``first_ns`` is when the oldest thing
# that it told of happened.
feeds = Table(
    "census_feed",
    metadata,
    Column("facility", String(64), primary_key=True),
    Column("source", String(64), primary_key=True),
    Column("first_ns", BigInteger, nullable=False),
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
    Column("claimed_from_ns", BigInteger),  # of samples that are being written; a crash leaves it, for the next run
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
    Index("census_finding_visit", "visit"),
)
