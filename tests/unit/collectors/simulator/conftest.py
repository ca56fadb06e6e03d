"""A small hospital with one or more devices of every class, and a broker that is a list."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from collectors.simulator.chance import Dice
from collectors.simulator.messages import Sender
from collectors.simulator.power import SitePower
from collectors.simulator.subject import Subject
from ioc.catalogue import Adds, Catalogue, Kind, Metric, StateName, Text
from ioc.domain import MINUTE, SECOND
from ioc.registry import Device, Facility, Place, Registry, Site, Stand

STATES = {"status": 5, "ats": 3}  # the rest have two
KEYS = {
    "fridge": "temp:Cel temp_min:Cel temp_max:Cel door: power: battery:% compressor: humidity:%",
    "o2": "level:% stock:m3 press:kPa flow:m3/h purity:% reserve: dew_point:Cel",
    "gas": "press:kPa flow:L/min alarm:",
    "ups": "status: load:% charge:% runtime:min input:V temp:Cel",
    "gen": "running: ats: fuel:% start_battery:V fail_to_start:",
    "mains": "present: voltage:V freq:Hz power:kW energy:kWh",
    "room": "temp:Cel humidity:% leak: smoke: door: press:Pa",
    "vent": "in_use: on: fault: battery:% hours:h",
    "monitor": "in_use: on: fault: hours:h",
    "pump": "in_use: on: fault: hours:h",
    "dialysis": "in_use: on: fault: hours:h",
    "imaging": "in_use: on: fault: hours:h",
}


def _text(word: str) -> Text:
    return Text(word, word)


def _metric(code: str, unit: str) -> Metric:
    key = code.partition(".")[2]
    states = tuple(StateName(str(n), _text(str(n))) for n in range(STATES.get(key, 2))) if not unit else ()
    kind = Kind.STATE if states else Kind.GAUGE
    return Metric(
        code, _text(code), _text(code), unit or "1", kind, ("device",), Adds.LAST, Adds.NEVER, 10 * MINUTE,
        decimals=1, states=states, producers=("mqtt",),
    )  # fmt: skip


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    pairs = [(f"{name}.{key}", unit) for name, text in KEYS.items() for key, _, unit in
             (word.partition(":") for word in text.split())]  # fmt: skip
    return Catalogue({code: _metric(code, unit) for code, unit in pairs})


@pytest.fixture(scope="session")
def make_device(catalogue: Catalogue) -> Callable[..., Device]:
    def make(device_class: str, code: str = "", interval_s: int = 10, **more: object) -> Device:
        keys = tuple(catalogue.fields_of(device_class))
        ages = dict.fromkeys(keys, 3 * interval_s * SECOND)
        return Device(
            code or f"{device_class}-01", "bv01", _text(device_class), device_class, keys, interval_s * SECOND,
            (Stand("kho", 0),), max_age_ns=ages, **more,
        )  # fmt: skip

    return make


@pytest.fixture(scope="session")
def make_registry() -> Callable[..., Registry]:
    def make(*devices: Device, demo: bool = True) -> Registry:
        site = Site("cs1", _text("cs1"))
        places = {"kho": Place("kho", _text("kho"), "room", "cs1")}
        facility = Facility("bv01", _text("bv01"), _text("bv01"), "p", "3", {"cs1": site}, places, demo=demo)
        return Registry({"p": _text("p")}, {"bv01": facility}, {(d.facility, d.code): d for d in devices})

    return make


@pytest.fixture(scope="session")
def subject(make_device: Callable[..., Device]) -> Callable[..., Subject]:
    def make(device_class: str, seed: int = 1, site: str = "cs1", code: str = "", **more: object) -> Subject:
        device = make_device(device_class, code, **more)
        dice = Dice(seed, device.facility, device.code)
        return Subject(device, dice, SitePower(Dice(seed, "mains", device.facility, site)))

    return make


@pytest.fixture
def make_sender(catalogue: Catalogue, make_device: Callable[..., Device]) -> Callable[..., Sender]:
    def make(device_class: str, seed: int = 1, speed: float = 1.0, **more: object) -> Sender:
        return Sender(make_device(device_class, **more), "cs1", catalogue, seed, speed)

    return make


@dataclass
class Broker:
    """Keeps what is published; can be taken away, and can leave messages unacknowledged."""

    connected: bool = True
    sent: int = 0
    acknowledged: int = 0
    acknowledges: bool = True
    messages: list[tuple[str, bytes]] = field(default_factory=list)

    def publish(self, topic: str, payload: bytes, *, timeout: float) -> None:
        self.messages.append((topic, payload))
        self.sent += 1
        self.acknowledged += self.acknowledges

    def flush(self, timeout: float) -> int:
        return self.sent - self.acknowledged


@pytest.fixture
def broker() -> Broker:
    return Broker()
