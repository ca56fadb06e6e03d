"""The store that the settings ask for."""

from pathlib import Path
from typing import TYPE_CHECKING

from ioc.config import Settings
from ioc.timeseries.contract import DAY, Retention, Store
from ioc.timeseries.sqlite import SqliteStore

if TYPE_CHECKING:
    from ioc.timeseries.influx import Access
    from ioc.timeseries.influx_store import InfluxStore

FILE = "timeseries.sqlite"


def store_file(settings: Settings) -> Path:
    """Where the store keeps its values."""
    return settings.data_dir / FILE


def retention_of(settings: Settings) -> Retention:
    """How long the tiers are kept."""
    keep = settings.retention
    return Retention(keep.raw_days * DAY, keep.five_minutes_days * DAY, keep.one_hour_days * DAY)


def open_store(settings: Settings, *, read_only: bool = False) -> Store:
    """The store in the data folder, or the InfluxDB of the settings.

    A file is made, or refuses to start where it is damaged or newer than this program. With ``read_only`` a file that
    is not there yet is no error here: each question raises RetryError until the worker has made it. InfluxDB is not
    asked here: each call says by itself what is wrong with it.
    """
    if settings.influxdb.url:
        return open_influx(settings, keep_alive=not read_only)
    return open_sqlite(settings, read_only=read_only)


def open_sqlite(settings: Settings, *, read_only: bool = False) -> SqliteStore:
    """The store in the data folder, whatever else is set."""
    return SqliteStore(store_file(settings), retention=retention_of(settings), read_only=read_only)


def access_of(settings: Settings) -> "Access":
    """Where InfluxDB is, by the settings."""
    from ioc.timeseries.influx import Access  # noqa: PLC0415 (half a second, and 20 MB, where there is no InfluxDB)

    influxdb = settings.influxdb
    return Access(influxdb.url, influxdb.org, influxdb.bucket, influxdb.token, influxdb.ca_file)


def open_influx(settings: Settings, *, keep_alive: bool = True) -> "InfluxStore":
    """The InfluxDB of the settings."""
    from ioc.timeseries.influx_store import InfluxStore  # noqa: PLC0415 (as above)

    return InfluxStore(access_of(settings), retention=retention_of(settings), keep_alive=keep_alive)
