"""The store that the settings ask for."""

from pathlib import Path

from ioc.config import Settings
from ioc.timeseries.contract import DAY, Retention, Store
from ioc.timeseries.sqlite import SqliteStore

FILE = "timeseries.sqlite"


def store_file(settings: Settings) -> Path:
    """Where the store keeps its values."""
    return settings.data_dir / FILE


def open_store(settings: Settings, *, read_only: bool = False) -> Store:
    """The store in the data folder.

    It is made, or refuses to start where its file is damaged or newer than this program. With ``read_only`` a
    file that is not there yet is no error here: each question raises RetryError until the worker has made it.
    """
    keep = settings.retention
    retention = Retention(keep.raw_days * DAY, keep.five_minutes_days * DAY)
    return SqliteStore(store_file(settings), retention=retention, read_only=read_only)
