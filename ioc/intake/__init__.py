"""Intake: the journal, what is acknowledged and when, the writer, and the quarantine (DESIGN 6)."""

from ioc.intake.batch import Batch, Counts, Entry, Kind, Reject, Sighting
from ioc.intake.intake import Intake, Listener
from ioc.intake.journal import Backlog, Journal, JournalDamagedError, JournalFullError
from ioc.intake.keep import FactKeeper, LineKeeper, Owned
from ioc.intake.lane import Lane
from ioc.intake.quarantine import Item, Quarantine, quarantined_by_source
from ioc.intake.records import frames_of
from ioc.intake.redact import HIDDEN, readable
from ioc.intake.resend import Replay, Resender
from ioc.intake.seal import Sealer, SealError
from ioc.intake.status import Health, SourceStatus, SourceStatuses
from ioc.intake.unconfirmed import Unconfirmed, UnconfirmedThing
from ioc.intake.writer import FACTS, LINES, Keep, Pace, Writer

__all__ = [
    "FACTS",
    "HIDDEN",
    "LINES",
    "Backlog",
    "Batch",
    "Counts",
    "Entry",
    "FactKeeper",
    "Health",
    "Intake",
    "Item",
    "Journal",
    "JournalDamagedError",
    "JournalFullError",
    "Keep",
    "Kind",
    "Lane",
    "LineKeeper",
    "Listener",
    "Owned",
    "Pace",
    "Quarantine",
    "Reject",
    "Replay",
    "Resender",
    "SealError",
    "Sealer",
    "Sighting",
    "SourceStatus",
    "SourceStatuses",
    "Unconfirmed",
    "UnconfirmedThing",
    "Writer",
    "frames_of",
    "quarantined_by_source",
    "readable",
]
