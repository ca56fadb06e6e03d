"""The centre's own parts: which run, what its feeds do, and how old its backup is."""

import os
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from collectors.hosts.centre import Centre
from ioc.backup import back_up
from ioc.config import Settings, ensure_secrets, load_settings, read_secret
from ioc.database import make_engine, metadata
from ioc.domain import MINUTE, SECOND, VirtualClock
from ioc.errors import Reason
from ioc.intake import Quarantine, Reject, Sealer, SourceStatus, SourceStatuses
from ioc.pidfile import write_pid

NOW = 1_800_000_000 * SECOND
HOUR = 60 * MINUTE
GONE = 2**22 + 1  # no process has such a number


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "configs").mkdir()
    return {"IOC_DATA_DIR": str(tmp_path / "data"), "IOC_CONFIG_DIR": str(tmp_path / "configs")}


@pytest.fixture
def settings(environ) -> Settings:
    return load_settings(environ)


@pytest.fixture
def engine(settings):
    settings.data_dir.mkdir()
    engine = make_engine(settings.database.url)
    metadata.create_all(engine)
    yield engine
    engine.dispose()


def up(centre: Centre) -> dict[str, float]:
    return {one.series("up").tag("service"): one.fields["up"] for one in centre.parts(NOW)}


def test_a_part_whose_process_lives_is_up(settings) -> None:
    write_pid(settings.data_dir, "worker", os.getpid())
    write_pid(settings.data_dir, "web", os.getppid())
    assert up(Centre(settings, "hosts")) == {"worker": 1.0, "web": 1.0}


def test_beside_a_supervisor_every_part_has_to_run(settings) -> None:
    write_pid(settings.data_dir, "supervisor", os.getpid())
    write_pid(settings.data_dir, "worker", os.getpid())
    write_pid(settings.data_dir, "scheduler", GONE)
    assert up(Centre(settings, "hosts")) == {"broker": 0.0, "worker": 1.0, "scheduler": 0.0, "web": 0.0}


def test_a_part_that_was_seen_and_is_gone_is_down(settings) -> None:
    centre = Centre(settings, "hosts")
    write_pid(settings.data_dir, "scheduler", os.getpid())
    assert up(centre) == {"scheduler": 1.0}
    (settings.data_dir / "run" / "scheduler.pid").unlink()
    assert up(centre) == {"scheduler": 0.0}


def test_a_broker_elsewhere_is_none_of_our_parts(environ, settings) -> None:
    write_pid(settings.data_dir, "supervisor", os.getpid())
    elsewhere = load_settings(environ | {"IOC_MQTT__URL": "mqtt://broker.example:1883"})
    assert set(up(Centre(elsewhere, "hosts"))) == {"worker", "scheduler", "web"}


def age(settings: Settings, now_ns: int) -> list[float]:
    return [one.fields["backup_age"] for one in Centre(settings, "hosts").backup(now_ns)]


def test_the_age_of_the_backup_is_that_of_the_newest(settings, engine) -> None:
    back_up(settings, NOW - 30 * HOUR)
    back_up(settings, NOW - 6 * HOUR)
    assert age(settings, NOW) == [6.0]


def test_before_the_first_backup_it_is_the_age_of_the_installation(settings) -> None:
    assert age(settings, NOW) == []  # nobody has started it yet
    ensure_secrets(settings)
    os.utime(settings.data_dir / "secrets" / "web.key", ns=(NOW, NOW))
    assert age(settings, NOW + 3 * HOUR) == [3.0]


def test_where_the_centre_makes_no_backup_it_says_nothing_of_one(environ, settings) -> None:
    ensure_secrets(settings)
    assert age(load_settings(environ | {"IOC_BACKUP__EVERY_HOURS": "0"}), NOW) == []


def feeds(settings: Settings) -> dict[str, dict[str, float]]:
    centre = Centre(settings, "hosts")
    found = {one.series("backlog").tag("source"): one.fields for one in centre.feeds(NOW)}
    centre.close()
    return found


def test_every_source_says_how_long_it_is_silent_and_what_was_lost_or_refused(settings, engine) -> None:
    mqtt = SourceStatus("mqtt", "mqtt", last_message_ns=NOW - 90 * SECOND, gaps=4, backlog=17)
    mqtt.quarantined = Counter({"json": 5, "unit": 2})
    journal = SourceStatus("journal", "journal", last_message_ns=NOW - HOUR, backlog=812)
    SourceStatuses(engine).save([mqtt, SourceStatus("lab", "mqtt"), journal], NOW - SECOND)
    ensure_secrets(settings)
    sealer = Sealer(read_secret(settings, "quarantine").reveal())
    for raw in (b"a", b"b", b"b"):
        Quarantine(engine, sealer, VirtualClock(NOW)).put("mqtt", Reject(Reason.JSON, "not JSON", "t", raw, NOW))
    quiet = {"gap": 0.0, "rejected": 0.0, "quarantined": 0.0, "backlog": 0.0}
    assert feeds(settings) == {
        "mqtt": {"feed_age": 90.0, "gap": 4.0, "rejected": 7.0, "quarantined": 3.0, "backlog": 17.0},
        "lab": quiet,  # it never sent: no age, rather than a wrong one
        "journal": {"backlog": 812.0},
    }


def test_a_source_that_the_worker_writes_no_more_is_left_out(settings, engine) -> None:
    SourceStatuses(engine).save([SourceStatus("former", "mqtt", last_message_ns=1)], NOW - 2 * MINUTE)
    assert feeds(settings) == {}


def test_a_message_from_a_clock_ahead_of_ours_is_0_old(settings, engine) -> None:
    SourceStatuses(engine).save([SourceStatus("mqtt", "mqtt", last_message_ns=NOW + SECOND)], NOW)
    assert feeds(settings)["mqtt"]["feed_age"] == 0.0


def test_a_database_that_cannot_be_read_is_said(settings) -> None:
    settings.data_dir.mkdir()
    with pytest.raises(OperationalError):
        list(Centre(settings, "hosts").feeds(NOW))
