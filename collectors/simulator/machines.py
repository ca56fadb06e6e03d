"""Servers, computers and printers of the register of assets, as agents on them would report."""

from collectors.simulator.chance import DAY, HOUR, busy, busy_hours
from collectors.simulator.subject import Subject, Values
from ioc.assets import Asset, AssetKind
from ioc.catalogue import Text
from ioc.domain import MINUTE, SECOND
from ioc.registry import Device, Stand

# By kind: the class of the topic, what a message brings, and how often one comes.
SPOKEN = {
    AssetKind.SERVER: ("host", ("up", "cpu", "load", "mem", "temp", "uptime"), 30 * SECOND),
    AssetKind.WORKSTATION: ("pc", ("up",), 10 * MINUTE),
    AssetKind.PRINTER: ("printer", ("up", "toner", "paper", "pages"), 10 * MINUTE),
}
NOWHERE = "khac"  # the area of an asset whose place the register does not say


def as_device(asset: Asset) -> Device | None:
    """The asset as something that publishes; None where it does not, or nobody watches it."""
    if asset.kind not in SPOKEN or not asset.watched or asset.device:
        return None
    device_class, keys, interval_ns = SPOKEN[asset.kind]
    title = Text(asset.title, asset.title)
    stands = (Stand(asset.place or asset.department or NOWHERE, 0),)
    return Device(asset.code, asset.facility, title, device_class, keys, interval_ns, stands)


class Server:
    """Busier by day; it never says that it is down: one that is broken falls silent."""

    def __init__(self, subject: Subject) -> None:
        dice = subject.dice
        self._noise, self._started = dice.branch("noise"), dice.branch("start")
        self._idle, self._full = dice.between(4, 18), dice.between(15, 55, 1)
        self._mem = dice.between(35, 86, 2)

    def at(self, t: float) -> Values:
        """Processor and memory in percent, the load of a core, degrees, seconds since the start."""
        cpu = min(99.0, max(1.0, self._idle + self._full * busy(t) + 8 * self._noise.wave(t, 300)))
        week = 7 * DAY
        return {
            "up": 1,
            "cpu": cpu,
            "load": cpu / 90,
            "mem": min(97.0, self._mem + 4 * self._noise.wave(t, 6 * HOUR)),
            "temp": 38 + 0.25 * cpu,
            "uptime": (t + self._started.between(0, 5 * week)) % (6 * week),
        }


class Computer:
    """Switched on while people work; a few stay on by night, a few are off for days."""

    def __init__(self, subject: Subject) -> None:
        self._habit, self._days = subject.dice.branch("habit"), subject.dice.branch("days")
        self._keen = subject.dice.unit(1)

    def at(self, t: float) -> Values:
        """Whether it is on."""
        away = self._days.unit(int(t // DAY)) < 0.06
        return {"up": not away and self._keen < 0.12 + 0.8 * busy(t - 600 * self._habit.unit())}


class Printer:
    """Prints as much as people work; toner and paper run out and are filled up again."""

    def __init__(self, subject: Subject) -> None:
        dice = subject.dice
        self._faults, self._paper = dice.branch("fault"), dice.branch("paper")
        self._daily, self._phase, self._before = dice.between(20, 400), dice.unit(1), dice.between(900, 90_000, 2)

    def at(self, t: float) -> Values:
        """Toner in percent, pages ever printed, whether there is paper."""
        down = self._faults.spell(t, every=5 * DAY, chance=0.05, shortest=HOUR, longest=10 * HOUR) is not None
        empty = self._paper.spell(t, every=2 * DAY, chance=0.05, shortest=600, longest=2 * HOUR) is not None
        pages = self._before + self._daily * busy_hours(t) / 10
        toner = 100 - 98 * ((pages / 6_000 + self._phase) % 1.0)
        return {"up": not down, "toner": toner, "pages": pages, "paper": not empty}
