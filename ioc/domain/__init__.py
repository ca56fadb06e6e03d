"""Plain types that every part of the centre speaks in. Standard library only."""

from ioc.domain.fact import NOWHERE, BedStatus, Disposition, Fact, FactKind, Spot, VisitClass
from ioc.domain.freshness import STALE_AFTER, State, max_age_from_interval, state_at
from ioc.domain.reading import Frame, Quality, Reading, Series
from ioc.domain.time import (
    MILLISECOND,
    MINUTE,
    SECOND,
    Clock,
    SystemClock,
    VirtualClock,
    parse_rfc3339,
    rfc3339,
)

__all__ = [
    "MILLISECOND",
    "MINUTE",
    "NOWHERE",
    "SECOND",
    "STALE_AFTER",
    "BedStatus",
    "Clock",
    "Disposition",
    "Fact",
    "FactKind",
    "Frame",
    "Quality",
    "Reading",
    "Series",
    "Spot",
    "State",
    "SystemClock",
    "VirtualClock",
    "VisitClass",
    "max_age_from_interval",
    "parse_rfc3339",
    "rfc3339",
    "state_at",
]
