"""The census: facts of hospital information systems become stays and beds, and any minute can be asked for."""

from ioc.census.history import History
from ioc.census.ledger import Kept, Ledger
from ioc.census.live import Publisher
from ioc.census.model import (
    UNPLACED,
    Balance,
    BedNow,
    Census,
    Effective,
    Feed,
    Finding,
    FindingKind,
    Findings,
    WardNow,
)
from ioc.census.numbers import ward_tag
from ioc.census.period import Lengths, Period
from ioc.census.reader import CensusReader
from ioc.census.sample import Sampler

__all__ = [
    "UNPLACED",
    "Balance",
    "BedNow",
    "Census",
    "CensusReader",
    "Effective",
    "Feed",
    "Finding",
    "FindingKind",
    "Findings",
    "History",
    "Kept",
    "Ledger",
    "Lengths",
    "Period",
    "Publisher",
    "Sampler",
    "WardNow",
    "ward_tag",
]
