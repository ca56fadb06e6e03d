"""The simulated HIS against the census that has to understand it: both tell the same, bed by bed."""

import json
import random
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from collectors.hl7.decode import decode
from collectors.hl7.identity import Identity
from collectors.hl7.sources import load_sources
from collectors.simulator.his import HisSimulator, Options
from collectors.simulator.his.hospital import DAY, HOUR, midnight_before
from collectors.simulator.his.message import Writer
from collectors.simulator.his.model import Model
from collectors.simulator.his.world import Pace
from collectors.simulator.hospitals import hospitals
from ioc.beds import BedRegister
from ioc.catalogue import load_catalogue
from ioc.census import Census, CensusReader, Ledger
from ioc.commands.prepare import first_beds
from ioc.config import Settings, load_settings
from ioc.database import make_engine, metadata
from ioc.domain import MILLISECOND, SECOND, parse_rfc3339
from ioc.intake import SourceStatus, SourceStatuses
from ioc.registry import load_registry
from tests.functional.conftest import MISSING
from tests.functional.harness import ROOT, Stack, stack, wait_for

CONFIGS = ROOT / "configs"
BALANCE = ("start", "admitted", "transferred_in", "transferred_out", "discharged", "died", "corrected", "end")


class Books:
    """The beds and the census of a data folder."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.engine = make_engine(settings.database.url)
        metadata.create_all(self.engine)
        first_beds(settings, self.engine)
        self.catalogue = load_catalogue(CONFIGS)
        self.registry = load_registry(CONFIGS, self.catalogue)
        self.register = BedRegister(self.engine)
        self.reader = CensusReader(self.engine, self.registry, self.register, settings, self.catalogue)

    def hospitals(self, *codes: str) -> list:
        return hospitals(codes or self.registry.hospitals, self.register.beds, time.time_ns())

    def census(self, facility: str, at_ns: int) -> Census:
        return self.reader.at(facility, at_ns, max(at_ns, time.time_ns()))


def as_truth(census: Census, truth: dict) -> dict:
    """The census in the words of the truth, for the wards that this knows."""
    wards = {ward.code: ward for ward in census.wards if ward.code in truth["patients"] or ward.patients}
    beds = {
        code: {f"{bed.spot.room}^{bed.spot.bed}": bed.patients for bed in ward.beds if bed.patients}
        for code, ward in wards.items()
    }
    reported = {
        code: {
            f"{bed.spot.room}^{bed.spot.bed}": bed.reported
            for bed in ward.beds
            if not bed.patients and bed.reported not in {"", "U"}
        }
        for code, ward in wards.items()
    }
    return {
        "patients": {code: ward.patients for code, ward in wards.items()},
        "occupied": {code: ward.occupied for code, ward in wards.items()},
        "without_bed": {code: ward.without_bed for code, ward in wards.items()},
        "beds": beds,
        "reported": reported,
        "emergency": census.emergency,
        "expected": census.expected,
        "balance": {code: {name: getattr(ward.balance, name) for name in BALANCE} for code, ward in wards.items()},
    }


@pytest.mark.parametrize("delivered", ["in order", "in any order and partly twice"])
def test_a_day_s_census_is_the_truth_of_every_hour(tmp_path, delivered):
    books = Books(load_settings({"IOC_DATA_DIR": str(tmp_path), "IOC_CONFIG_DIR": str(CONFIGS)}))
    midnight = midnight_before(1_795_000_000_000)
    (hospital,) = books.hospitals("bv04")
    model = Model(hospital, 7, Pace(midnight, midnight))
    told, truths = list(model.begin()), []
    for hour in range(1, 31):
        while (events := model.step(midnight + hour * HOUR)) is not None:
            told += events
        truths.append((midnight + hour * HOUR, model.truth()))
    if delivered != "in order":
        random.Random(7).shuffle(told)
        told += told[:100]
    source, identity = load_sources(CONFIGS, books.registry).by_name["his-bv04"], Identity("x" * 32)
    writer, ledger = Writer("bv04", midnight), Ledger(books.engine, books.settings, books.catalogue)
    decoded = [decode(writer.message(event), source, identity, event.at * MILLISECOND + SECOND) for event in told]
    assert not [it.fault for it in decoded if it.fault]
    facts = [fact for it in decoded for fact in it.facts]
    for start in range(0, len(facts), 200):
        ledger.keep(facts[start : start + 200])
    for at, truth in truths:
        assert as_truth(books.reader.at("bv04", at * MILLISECOND, (midnight + 2 * DAY) * MILLISECOND), truth) == truth
    books.engine.dispose()


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stack, Books]]:
    """A worker whose database knows the beds."""
    if MISSING["mosquitto"]:
        pytest.skip(MISSING["mosquitto"])
    with stack(tmp_path_factory.mktemp("his"), "mosquitto") as made:
        books = Books(made.settings)
        made.start_worker()
        made.wait_for_worker()
        yield made, books
        books.engine.dispose()


def settle(books: Books, folder: Path) -> None:
    """Return once the census is what the simulator says that it is; asked for the moment of the truth, as the clock
    alone may have ended something since."""
    told = json.loads((folder / "his-truth.json").read_text())
    assert told["waiting"] == 0
    at_ns, truths = parse_rfc3339(told["at"]), told["facilities"]

    def differences() -> list[tuple]:
        found = {code: as_truth(books.census(code, at_ns), truth) for code, truth in truths.items()}
        return [
            (code, what, found[code][what], truth[what])
            for code, truth in truths.items()
            for what in truth
            if found[code][what] != truth[what]
        ]

    with suppress(AssertionError):
        wait_for("the census is the truth", lambda: not differences(), 10)
    assert differences() == []


@pytest.mark.sockets
def test_the_command_simulates_the_his_beside_the_devices_and_ends_at_once(centre):
    made, books = centre
    folder = made.settings.data_dir / "simulator"
    command = (sys.executable, "-m", "ioc.cli", "simulator", "--facility", "bv05", "--no-history")
    made.spawn("simulator", command)

    def told() -> bool:
        return (folder / "his-truth.json").exists() and books.reader.feed("bv05") is not None

    wait_for("the HIS speaks", told, 60)
    begun = time.monotonic()
    assert made.end("simulator") == 0
    assert time.monotonic() - begun < 6
    settle(books, folder)

    def read() -> SourceStatus:
        (status,) = (it for it in SourceStatuses(books.engine).all() if it.name == "his-bv05")
        return status

    wait_for("the worker writes down what it has counted", lambda: read().accepted > 50, 20)
    status = read()
    assert status.quarantined.total() == 0
    assert "Traceback" not in made.log("simulator")


@pytest.mark.sockets
def test_hours_of_three_hospitals_told_late_and_twice_in_seconds_end_in_the_truth(centre, tmp_path):
    made, books = centre
    found = books.hospitals("bv02", "bv03", "bv06")
    options = Options("127.0.0.1", made.mllp_port, tmp_path, speed=2_000.0, late=0.1, doubled=0.1, history=False)
    simulator = HisSimulator(found, options)
    thread = threading.Thread(target=simulator.run)
    thread.start()
    time.sleep(6)
    simulator.stop.set()
    thread.join()
    for _ in range(10):  # what a slow machine left on its way goes out with the next start
        if json.loads((tmp_path / "his-truth.json").read_text())["waiting"]:
            another = HisSimulator(found, options)
            another.stop.set()
            another.run()
    settle(books, tmp_path)
