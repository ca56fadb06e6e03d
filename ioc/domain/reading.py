"""Readings: a value of a metric, of one series, at one time."""

from dataclasses import dataclass
from enum import StrEnum


class Quality(StrEnum):
    """What the source says of a value; it travels with the value and is no tag."""

    GOOD = "good"
    BAD = "bad"
    SIM = "sim"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Series:
    """One metric of one thing: ``fridge.temp`` with its tags, ``source`` among them.

    ``tags`` is sorted by name and holds no empty value; codes are ``[A-Za-z0-9][A-Za-z0-9._-]*``, so that no
    escaping is ever needed.
    """

    metric: str
    tags: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, metric: str, **tags: str) -> "Series":
        """The series of ``metric`` with these tags."""
        return cls(metric, tuple(sorted(tags.items())))

    @classmethod
    def parse(cls, key: str) -> "Series":
        """The series whose ``key`` this is."""
        metric, *pairs = key.split(",")
        return cls(metric, tuple((name, value) for name, _, value in (pair.partition("=") for pair in pairs)))

    @property
    def key(self) -> str:
        """``fridge.temp,device=tl-01,facility=bv01,site=cs1,source=mqtt``: the same for the same series."""
        return ",".join([self.metric, *(f"{name}={value}" for name, value in self.tags)])

    def tag(self, name: str) -> str:
        """The value of a tag, empty where the series has none of that name."""
        return dict(self.tags).get(name, "")


@dataclass(frozen=True, slots=True)
class Reading:
    """One value of one series. ``time_ns`` is the time of the event; the unit is the catalogue's."""

    series: Series
    time_ns: int
    value: float
    quality: Quality = Quality.GOOD


@dataclass(slots=True)
class Frame:
    """The values that one message gives for one thing at one time: one line of line protocol.

    ``prefix`` is the measurement with its sorted tags (``fridge,device=tl-01,facility=bv01,…``); ``fields``
    maps the metric's part after the dot to its value. ``hist`` marks what is sent later than it happened: it is
    stored, and never enters the present.
    """

    prefix: str
    fields: dict[str, float]
    time_ns: int
    quality: str
    received_ns: int
    hist: bool = False

    def line(self) -> str:
        """InfluxDB line protocol, nanoseconds; the quality travels as a string field beside the values."""
        values = ",".join([f"{name}={value!r}" for name, value in self.fields.items()])
        return f'{self.prefix} {values},quality="{self.quality}" {self.time_ns}'

    def series(self, field: str) -> Series:
        """The series of one field."""
        measurement, _, tags = self.prefix.partition(",")
        return Series.parse(f"{measurement}.{field},{tags}")
