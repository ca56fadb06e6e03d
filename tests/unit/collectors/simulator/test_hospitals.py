import logging
import threading
from pathlib import Path

import pytest

from collectors.simulator import his, run
from collectors.simulator.hospitals import EMPTIEST, FULLEST, his_address, hospitals
from collectors.simulator.run import Options, read_hospitals, simulated_his
from ioc.beds import Bed, BedKind, Beds
from ioc.catalogue import load_catalogue
from ioc.commands.prepare import first_beds
from ioc.config import Address, load_settings
from ioc.database import make_engine, metadata
from ioc.domain import Spot
from ioc.errors import IocError
from ioc.registry import load_registry

CONFIGS = Path(__file__).parents[4] / "configs"


def listed(facility: str, many: int, kind: BedKind = BedKind.GENERAL, **more: int) -> Beds:
    return Beds([Bed(facility, "cs1", "noi", Spot("noi", "P1", f"G{n}"), kind, **more) for n in range(many)])


def test_hospitals_are_told_in_plain_data_the_largest_as_the_most_crowded():
    beds = {"a": listed("a", 2), "b": listed("b", 9), "c": listed("c", 5), "none": Beds()}
    found = hospitals(beds, beds.__getitem__, 1)
    assert [(hospital.code, len(hospital.beds)) for hospital in found] == [("b", 9), ("c", 5), ("a", 2)]
    assert [hospital.full for hospital in found] == pytest.approx([FULLEST, (FULLEST + EMPTIEST) / 2, EMPTIEST])
    assert found[2].beds[1] == his.Bed("noi", "P1", "G1", "general")


def test_beds_that_are_gone_are_left_out():
    gone = listed("a", 3, until_ns=10)
    assert hospitals(["a"], lambda _: gone, 10) == []
    assert len(hospitals(["a"], lambda _: gone, 9)[0].beds) == 3


def test_emergencies_come_to_the_wards_with_emergency_beds():
    (found,) = hospitals(["a"], lambda _: listed("a", 2, BedKind.EMERGENCY), 1)
    assert found.emergency == ("noi",)


@pytest.mark.parametrize(
    ("url", "bind", "address"),
    [
        ("", "127.0.0.1:2575", "127.0.0.1:2575"),
        ("", "0.0.0.0:2575", "127.0.0.1:2575"),
        ("mllp://ioc.lan:4000", "127.0.0.1:2575", "ioc.lan:4000"),
    ],
)
def test_the_door_is_the_one_named_else_the_one_of_the_settings(url, bind, address):
    assert str(his_address(url, Address.parse(bind))) == address


@pytest.mark.parametrize("url", ["http://x:1", "mllp://", "x:1", "mllp://x:port"])
def test_a_wrong_address_for_hl7_is_one_sentence(url):
    with pytest.raises(IocError, match="address for HL7 is wrong"):
        his_address(url, Address.parse("127.0.0.1:2575"))


@pytest.fixture(scope="module")
def registry():
    return load_registry(CONFIGS, load_catalogue(CONFIGS))


@pytest.fixture
def settings(tmp_path):
    return load_settings({"IOC_DATA_DIR": str(tmp_path), "IOC_CONFIG_DIR": str(CONFIGS)})


def test_every_demo_hospital_has_a_his_and_nothing_else_has(settings, registry):
    engine = make_engine(settings.database.url)
    metadata.create_all(engine)
    first_beds(settings, engine)
    engine.dispose()
    found = read_hospitals(settings, registry, Options())
    assert {hospital.code for hospital in found} == set(registry.hospitals)
    for hospital in found:
        assert hospital.emergency
        lines = (CONFIGS / "beds" / f"{hospital.code}.csv").read_text().splitlines()
        assert len(hospital.beds) == len(lines) - 1
    assert [hospital.code for hospital in read_hospitals(settings, registry, Options(facility="bv05"))] == ["bv05"]


def test_a_database_without_beds_is_said_and_devices_go_on(settings, registry, caplog):
    assert read_hospitals(settings, registry, Options()) == []
    assert "no HIS is simulated, as the beds cannot be read: no such table" in caplog.text
    with simulated_his(settings, registry, Options(his=False)):
        assert not [thread for thread in threading.enumerate() if thread.name == "his"]


def test_the_his_speaks_meanwhile_and_has_ended_afterwards(settings, registry, monkeypatch, caplog):
    caplog.set_level(logging.INFO)
    hospital = his.Hospital("bv05", (his.Bed("noi", "P1", "G1"),))
    monkeypatch.setattr(run, "read_hospitals", lambda *_: [hospital])
    running = threading.Event()

    class Simulator:
        def __init__(self, listed: list[his.Hospital], options: his.Options) -> None:
            assert listed == [hospital]
            assert (options.host, options.port, options.late, options.speed) == ("127.0.0.1", 4000, 0.5, 3.0)
            assert options.folder == settings.data_dir / "simulator"
            self.stop = threading.Event()

        def run(self) -> None:
            running.set()
            self.stop.wait(10)
            running.clear()

    monkeypatch.setattr(his, "HisSimulator", Simulator)
    with simulated_his(settings, registry, Options(his_url="mllp://127.0.0.1:4000", his_late=0.5, speed=3.0)):
        assert running.wait(10)
    assert not running.is_set()
    assert "simulating the HIS of bv05 at mllp://127.0.0.1:4000" in caplog.text
