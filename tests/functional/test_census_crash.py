"""The promise for beds: what was answered AA is in the census, once, however often the worker dies; and neither a
store that takes nothing nor a crash moves a bed that did not move."""

import json
import re
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from ioc.beds import BedRegister
from ioc.catalogue import load_catalogue
from ioc.census import CensusReader
from ioc.commands.prepare import first_beds
from ioc.database import make_engine
from ioc.domain import SECOND, Quality
from ioc.intake import SourceStatuses
from ioc.latest import LatestReader
from ioc.registry import load_registry
from tests.functional.harness import Stack, stack, wait_for

pytestmark = pytest.mark.sockets

CRASHED = 137
PLACES = ("after-journal:40", "after-census:15")
KILLS_AFTER = (150,)  # answers: then kill -9


class Sender:
    """A HIS: one message at a time, sent again on a new connection until it is answered AA."""

    def __init__(self, port: int, messages: list[bytes]) -> None:
        self.answered = 0
        self.ended = threading.Event()
        self._port = port
        self._messages = messages
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        connection: socket.socket | None = None
        for message in self._messages:
            while True:
                try:
                    if connection is None:
                        connection = socket.create_connection(("127.0.0.1", self._port), timeout=10)
                    if _ask(connection, message) == b"AA":
                        break
                except OSError:
                    if connection is not None:
                        connection.close()
                    connection = None
                time.sleep(0.05)
            self.answered += 1
        if connection is not None:
            connection.close()
        self.ended.set()


def _ask(connection: socket.socket, message: bytes) -> bytes:
    """The code of the answer to this message."""
    connection.sendall(b"\x0b" + message + b"\x1c\x0d")
    answer = b""
    while not answer.endswith(b"\x1c\x0d"):
        read = connection.recv(4096)
        if not read:
            raise ConnectionResetError
        answer += read
    msa = next(line.split(b"|") for line in answer.split(b"\r") if line.startswith(b"MSA"))
    assert msa[2] == message.split(b"|", 10)[9]
    return msa[1]


def messages_of(path: Path) -> list[bytes]:
    return [part.strip() for part in re.split(rb"(?<=[\r\n])(?=MSH\|)", path.read_bytes()) if part.strip()]


class Ward:
    """The census as another process reads it, beside the worker."""

    def __init__(self, running: Stack) -> None:
        settings = running.settings
        self.engine = make_engine(settings.database.url)
        first_beds(settings, self.engine)
        catalogue = load_catalogue(settings.config_dir)
        registry = load_registry(settings.config_dir, catalogue)
        self.reader = CensusReader(self.engine, registry, BedRegister(self.engine), settings, catalogue)

    def counts(self, at: str) -> dict[str, dict[str, int]]:
        at_ns = int(datetime.fromisoformat(at).timestamp()) * SECOND
        wards = self.reader.at("bv-mau", at_ns, time.time_ns()).wards
        return {it.code: {"patients": it.patients, "beds_occupied": it.occupied} for it in wards}

    def occupants(self, at: str) -> dict[str, int]:
        at_ns = int(datetime.fromisoformat(at).timestamp()) * SECOND
        beds = [bed for ward in self.reader.at("bv-mau", at_ns, time.time_ns()).wards for bed in ward.beds]
        return {f"{it.spot.ward}^{it.spot.room}^{it.spot.bed}": it.patients for it in beds if it.patients}

    def present(self, ward: str) -> tuple[float, Quality] | None:
        rows, _ = LatestReader(self.engine).since(0)
        of_ward = [row for row in rows if row.series.metric == "pt.inpatient" and row.series.tag("ward") == ward]
        return (of_ward[0].value, of_ward[0].quality) if of_ward else None

    def journal(self, name: str) -> tuple[int, str]:
        """What waits in it, and what is wrong with it."""
        found = next(it for it in SourceStatuses(self.engine).all() if it.name == name)
        return found.backlog, found.error


@pytest.fixture
def running(tmp_path: Path, mosquitto: str) -> Iterator[Stack]:
    with stack(tmp_path, mosquitto, IOC_HOSTS__EVERY_SECONDS="1") as made:
        yield made


@pytest.fixture
def ward(running: Stack) -> Iterator[Ward]:
    made = Ward(running)
    yield made
    made.engine.dispose()


def waiting(running: Stack, journal: str) -> int:
    with sqlite3.connect(f"file:{running.settings.data_dir / journal}?mode=ro", uri=True) as connection:
        return connection.execute("select count(*) from entry").fetchone()[0]


def test_a_day_ends_in_its_truth_though_the_worker_dies_again_and_again(
    running: Stack, ward: Ward, shared: Path
) -> None:
    day = shared / "samples" / "hl7" / "day"
    truth: dict[str, Any] = json.loads((day / "day.truth.json").read_text(encoding="utf-8"))
    files = ("day.hl7", "day-late-and-doubled.hl7")
    senders = [Sender(running.mllp_port, messages_of(day / name)) for name in files]
    for place in PLACES:
        running.start_worker(place)
        assert running.processes["worker"].wait(60) == CRASHED, running.log("worker")[-2000:]
    for answers in KILLS_AFTER:
        running.start_worker()
        enough = senders[0].answered + answers
        wait_for("some more is answered", lambda enough=enough: senders[0].answered >= enough, 60.0)
        running.kill("worker")
    running.start_worker()
    for sender in senders:
        assert sender.ended.wait(60)
    wait_for("the census has all that was answered", lambda: waiting(running, "journal-his.sqlite") == 0)
    for hour in truth["hourly"]:
        assert ward.counts(hour["at"]) == hour["wards"], hour["at"]
    assert ward.occupants(truth["hourly"][-1]["at"]) == truth["final_bed_occupants"]
    at_last = sum(it["patients"] for it in truth["hourly"][-1]["wards"].values())
    wait_for("the present has it too", lambda: _total(ward, truth["beds"]) == at_last, 5.0)
    assert running.end("worker") == 0


def _total(ward: Ward, codes: dict[str, Any]) -> float:
    return sum(found[0] for code in codes if (found := ward.present(code)))


def test_a_store_that_is_locked_does_not_stop_the_beds(running: Stack, ward: Ward) -> None:
    running.start_worker()
    running.wait_for_worker()
    file = running.settings.data_dir / "timeseries.sqlite"
    lock = sqlite3.connect(file, isolation_level=None, timeout=10)
    try:
        lock.execute("begin exclusive")
        wait_for("readings wait for the store", lambda: waiting(running, "journal.sqlite") > 0, 15.0)
        with socket.create_connection(("127.0.0.1", running.mllp_port), timeout=10) as his:
            for number in (1, 2):
                assert _ask(his, admission(number)) == b"AA"
                sent = time.monotonic()
                wait_for("the bed moves", lambda n=number: ward.present("NOI") == (float(n), Quality.GOOD), 5.0)
                print(f"on the map's side {time.monotonic() - sent:.3f} s after the answer")
        wait_for("the worker says what is wrong", lambda: "locked" in ward.journal("journal")[1], 15.0)
        assert ward.journal("journal-his") == (0, "")
    finally:
        lock.close()
    wait_for("the store has what waited", lambda: waiting(running, "journal.sqlite") == 0, 20.0)
    assert running.end("worker") == 0


def admission(number: int) -> bytes:
    now = datetime.now().astimezone().strftime("%Y%m%d%H%M%S%z")
    return "\r".join(
        [
            f"MSH|^~\\&|HIS|BV-MAU|IOC|SO-Y-TE|{now}||ADT^A01^ADT_A01|{number}|P|2.5",
            f"EVN|A01|{now}",
            f"PID|1||{number}^^^BV-MAU^PI",
            f"PV1|1|I|NOI^P01^G{number}^BV-MAU||||||||||||||||{number}^^^BV-MAU^VN",
            "",
        ]
    ).encode()
