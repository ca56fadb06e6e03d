"""The collector: one round after the other, and whatever fails, the rest goes on."""

import logging
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from collectors.hosts.collector import HostsCollector, build
from ioc.catalogue import Catalogue
from ioc.config import load_settings
from ioc.domain import SECOND, VirtualClock
from ioc.errors import RefuseToStartError, RejectError, RetryError
from ioc.intake import Batch, Health
from ioc.registry import Registry
from tests.unit.collectors.hosts.samples import sample

NOW = 1_800_000_000 * SECOND


class Parts:
    """In the place of ``Centre``."""

    def __init__(self) -> None:
        self.fails = False
        self.closed = threading.Event()

    def parts(self, now_ns: int):
        return iter(())

    backup = parts

    def feeds(self, now_ns: int):
        if self.fails:
            raise RuntimeError("no such thing")
        return iter(())

    def close(self) -> None:
        self.closed.set()


class Taking:
    """An intake that refuses as often as it is told, then takes."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.offered: list[Batch] = []
        self.taken: list[Batch] = []
        self.enough = threading.Event()

    def commit(self, batch: Batch) -> None:
        self.offered.append(batch)
        if self.errors:
            raise self.errors.pop(0)
        self.taken.append(batch)
        if len(self.taken) >= 2:
            self.enough.set()


@pytest.fixture
def parts() -> Parts:
    return Parts()


@pytest.fixture
def collector(parts, monkeypatch) -> HostsCollector:
    monkeypatch.setattr("collectors.hosts.collector.RETRY_S", 0.001)
    made = HostsCollector(sample, parts, "ioc-01", 0.001, VirtualClock(NOW))
    yield made
    made.stop()


def test_it_looks_again_and_again_and_commits_what_it_sees(collector, parts) -> None:
    intake = Taking()
    collector.start(intake)
    assert intake.enough.wait(10)
    assert collector.ready()
    assert collector.health() == Health(connected=True)
    collector.stop()
    assert not collector.ready()
    assert parts.closed.wait(10)
    batch = intake.taken[0]
    assert (batch.source, batch.counts.received) == ("hosts", len(batch.frames))
    assert batch.frames[0].time_ns == batch.frames[0].received_ns == NOW


def test_what_the_intake_refuses_is_offered_until_it_takes_it(collector, caplog) -> None:
    caplog.set_level(logging.CRITICAL)
    intake = Taking(RetryError("The journal is full.", "Look at the store."), ValueError("a fault of the program"))
    collector.start(intake)
    assert intake.enough.wait(10)
    assert intake.offered[0] is intake.offered[1] is intake.offered[2] is intake.taken[0]
    assert len(intake.taken) + 2 <= len(intake.offered)


def test_a_full_journal_is_said_and_does_not_hold_up_the_end(collector) -> None:
    refused = threading.Event()

    class Full:
        def commit(self, batch: Batch) -> None:
            refused.set() if collector.health().error else None
            raise RetryError("The journal is full.", "Look at the store.")

    collector.start(Full())
    assert refused.wait(10)
    assert collector.health().error == "Nothing is taken: The journal is full. Look at the store."
    collector.stop()
    assert not collector._thread.is_alive()


def test_what_cannot_be_looked_at_is_said_once_and_the_rest_is_there(collector, parts, caplog) -> None:
    parts.fails = True
    assert [len(collector.frames()) for _ in range(2)] == [2, 2]
    assert collector.health().error == "The feeds cannot be looked at: RuntimeError: no such thing."
    assert len(caplog.records) == 1
    parts.fails = False
    collector.frames()
    assert collector.health().error == ""


def test_a_machine_that_cannot_be_looked_at_leaves_the_centre(parts, caplog) -> None:
    def broken():
        raise PermissionError("/proc/stat")

    made = HostsCollector(broken, parts, "h", 1.0, VirtualClock(NOW))
    assert made.frames() == []
    assert made.health().error.startswith("The machine cannot be looked at: PermissionError")
    assert not caplog.records[0].exc_info


def test_nothing_of_it_can_be_read_again(collector) -> None:
    with pytest.raises(RejectError, match="nothing of it is ever quarantined"):
        collector.replay("a", b"b")


@pytest.mark.parametrize(
    ("given", "host_name", "host"),
    [("", "Máy chủ.bệnh-viện", "M-y-ch-.b-nh-vi-n"), ("", "***", "host"), ("ioc-01", "other", "ioc-01")],
)
def test_the_machine_has_the_name_of_the_settings_or_its_own_as_a_code(
    tmp_path, monkeypatch, given, host_name, host
) -> None:
    monkeypatch.setattr("collectors.hosts.collector.socket", SimpleNamespace(gethostname=lambda: host_name))
    settings = load_settings({"IOC_DATA_DIR": str(tmp_path), "IOC_CONFIG_DIR": str(tmp_path), "IOC_HOSTS__NAME": given})
    assert build(settings, Catalogue({}), Registry({}, {}, {}))._host == host


@pytest.mark.parametrize(("name", "text"), [("NAME", "máy 1"), ("EVERY_SECONDS", "61"), ("EVERY_SECONDS", "0")])
def test_a_name_that_is_no_code_and_samples_that_would_be_late_are_refused(tmp_path: Path, name, text) -> None:
    with pytest.raises(RefuseToStartError, match=f"hosts.{name.lower()}"):
        load_settings({"IOC_CONFIG_DIR": str(tmp_path), f"IOC_HOSTS__{name}": text})
