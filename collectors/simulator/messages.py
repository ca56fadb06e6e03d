"""What one simulated device sends, and when: payloads, times, sequence numbers, and the faults of sending."""

from collections.abc import Iterator

import orjson

from collectors.simulator.chance import HOUR, Dice
from collectors.simulator.models import MACHINES, MODELS
from collectors.simulator.power import SitePower
from collectors.simulator.subject import Subject
from ioc.catalogue import Catalogue, Kind
from ioc.domain import MILLISECOND, rfc3339
from ioc.registry import Device, Registry

LOST = 0.0004  # messages that never arrive: a gap in the sequence
DELAYED = 0.0004  # messages that arrive late, with the time at which they were measured


class Sender:
    """One device. Its nth message has one time and one content, whenever it is made."""

    def __init__(self, device: Device, site: str, catalogue: Catalogue, seed: int, speed: float = 1.0) -> None:
        dice = Dice(seed, device.facility, device.code)
        power = SitePower(Dice(seed, "mains", device.facility, site))
        self.device = device
        self.interval_ms = max(100, round(device.interval_ns / MILLISECOND / speed))
        self._phase_ms = int(dice.branch("phase").unit() * self.interval_ms)
        self._model = {**MODELS, **MACHINES}[device.device_class](Subject(device, dice, power))
        self._faults = dice.branch("sending")
        fields = catalogue.fields_of(device.device_class)
        self._keys = [
            (key, fields[key].unit, _digits(key, fields[key].kind, fields[key].decimals)) for key in device.keys
        ]

    def nth(self, time_ms: int) -> int:
        """The number of the first message at or after this time."""
        return -((self._phase_ms - time_ms) // self.interval_ms)

    def time_ms(self, n: int) -> int:
        """When the nth message is measured."""
        return n * self.interval_ms + self._phase_ms

    def topic(self, n: int) -> str:
        """``ioc/v1/bv01/icu/vent/mt-07/tele``: from where the device stood at that time."""
        area = self.device.area_at(self.time_ms(n) * MILLISECOND)
        return f"ioc/v1/{self.device.facility}/{area}/{self.device.device_class}/{self.device.code}/tele"

    def payload(self, n: int, *, hist: bool = False) -> bytes:
        """The nth message in the plain JSON profile."""
        time_ms = self.time_ms(n)
        values = self._model.at(time_ms / 1000)
        message: dict[str, object] = {
            "ts": rfc3339(time_ms * MILLISECOND),
            "seq": n,
            "q": "sim",
            "m": {key: {"v": _rounded(values[key], digits), "u": unit} for key, unit, digits in self._keys},
        }
        if hist:
            message["hist"] = True
        return orjson.dumps(message)

    def silent(self, n: int) -> bool:
        """Whether this message never leaves: the device is silent for a while, or the message is lost."""
        t = self.time_ms(n) / 1000
        spell = self._faults.spell(t, every=12 * HOUR, chance=0.05, shortest=600, longest=2 * HOUR)
        return spell is not None or self._faults.unit(-2 * n - 2) < LOST

    def delay_ms(self, n: int) -> int:
        """How late the message leaves; nearly always at once."""
        late = self._faults.unit(-2 * n - 3)
        return round(15_000 + late / DELAYED * 75_000) if late < DELAYED else 0


def senders(
    registry: Registry, catalogue: Catalogue, facilities: list[str], seed: int, speed: float
) -> Iterator[Sender]:
    """A sender for every device of these facilities whose class there is a model for."""
    for facility in facilities:
        for device in registry.devices_of(facility):
            if device.device_class in MODELS:
                yield Sender(device, registry.site_of(device), catalogue, seed, speed)


def _digits(key: str, kind: Kind, decimals: int) -> int:
    """A sensor shows a digit more than a board does; states have none."""
    return 0 if kind is Kind.STATE else max(1, decimals + (key == "freq"))


def _rounded(value: float, digits: int) -> float:
    return round(value, digits) if digits else int(value)
