"""The store that the settings ask for."""

from pathlib import Path

import pytest

from ioc.config import load_settings
from ioc.domain import MINUTE
from ioc.errors import RetryError
from ioc.timeseries import DAY, Rejected, open_store


def test_the_store_lies_in_the_data_folder_and_keeps_values_as_long_as_the_settings_say(tmp_path: Path):
    environ = {"IOC_DATA_DIR": str(tmp_path), "IOC_RETENTION__RAW_DAYS": "2"}
    store = open_store(load_settings(environ))
    now = 100 * DAY
    store.write_lines([f"fridge,device=a temp=1.0 {now}"])
    store.retain(now)
    with pytest.raises(Rejected):
        store.write_lines([f"fridge,device=a temp=1.0 {now - 2 * DAY - 5 * MINUTE}"])
    store.close()
    assert (tmp_path / "timeseries.sqlite").exists()


def test_a_reader_opens_before_the_worker_has_made_the_store(tmp_path: Path):
    settings = load_settings({"IOC_DATA_DIR": str(tmp_path)})
    reader = open_store(settings, read_only=True)
    with pytest.raises(RetryError):
        reader.series("fridge.temp")
    open_store(settings).close()
    assert reader.series("fridge.temp") == []


def test_with_an_address_it_is_the_influxdb_of_the_settings_and_it_is_not_asked_before_it_is_used(tmp_path: Path):
    influxdb = {"URL": "http://influx.example:8086", "ORG": "o", "BUCKET": "b", "TOKEN": "t"}
    environ = {f"IOC_INFLUXDB__{name}": text for name, text in influxdb.items()}
    store = open_store(load_settings(environ | {"IOC_DATA_DIR": str(tmp_path)}), read_only=True)
    assert type(store).__name__ == "InfluxStore"
    assert list(tmp_path.iterdir()) == []
    store.close()
