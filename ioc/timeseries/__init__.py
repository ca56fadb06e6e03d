"""Values over time: the contract, and the stores behind it."""

from ioc.timeseries.contract import (
    ABSENT,
    DAY,
    FIVE_MINUTES,
    HOUR,
    SKETCH_ERROR,
    How,
    Rejected,
    Retention,
    Store,
    Where,
    Window,
)
from ioc.timeseries.memory import Bucket, MemoryStore
from ioc.timeseries.opening import open_store, store_file
from ioc.timeseries.sqlite import SqliteStore

__all__ = [
    "ABSENT",
    "DAY",
    "FIVE_MINUTES",
    "HOUR",
    "SKETCH_ERROR",
    "Bucket",
    "How",
    "MemoryStore",
    "Rejected",
    "Retention",
    "SqliteStore",
    "Store",
    "Where",
    "Window",
    "open_store",
    "store_file",
]
