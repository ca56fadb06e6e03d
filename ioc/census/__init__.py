"""The census: facts of hospital information systems become stays and beds, and any minute can be asked for."""

from ioc.census.model import (
    UNPLACED,
    Balance,
    BedNow,
    Census,
    Effective,
    Finding,
    FindingKind,
    WardNow,
)

__all__ = [
    "UNPLACED",
    "Balance",
    "BedNow",
    "Census",
    "Effective",
    "Finding",
    "FindingKind",
    "WardNow",
]
