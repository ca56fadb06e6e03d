"""Refrigerators, freezers and incubators: cycles of the compressor, doors, drifts, and warming without power."""

import math
from collections.abc import Iterator

from collectors.simulator.chance import DAY, HOUR, Spell, busy
from collectors.simulator.subject import Subject, Values

DOOR_TAU = 420.0  # how fast the warm air of an opened door is cooled again
AMBIENT = 28.0
WARM_TAU = 8 * HOUR  # how slowly a shut one warms up without power …
COOL_TAU = 0.5 * HOUR  # … and how fast it is cold again with it
QUARTER = 900.0
AJAR = 660.0


class Fridge:
    """One refrigerator, which keeps near the middle of its own allowed range."""

    def __init__(self, subject: Subject) -> None:
        dice = subject.dice
        low, high = _range(subject.device.low, subject.device.high)
        self._span = high - low
        self._middle = low + self._span * dice.between(0.42, 0.58)
        self._swing = min(0.9, 0.14 * self._span) * dice.between(0.7, 1.0, 1)
        self._cycle = dice.between(1_500, 2_700, 2)
        self._duty = dice.between(0.35, 0.5, 3)
        self._dice, self._doors = dice.branch("noise"), dice.branch("door")
        self._drifts, self._plug = dice.branch("drift"), dice.branch("plug")
        self._power = subject.power
        self._every = subject.device.interval_ns / 1e9

    def at(self, t: float) -> Values:
        """The extremes are those of the interval since the last message."""
        temp = self._temp(t)
        around = (temp, self._temp(t - self._every / 2), self._temp(t - self._every))
        unplugged = list(self._unplugged(t, 6 * HOUR))
        powered = not (self._power.dark_at(t) or any(spell.holds(t) for spell in unplugged))
        drained = max((min(t, s.end) - s.start - max(0.0, t - s.end) for s in unplugged), default=0.0)
        door = any(start <= t < end for start, end in self._openings(t, 0.0))
        return {
            "temp": temp,
            "temp_min": min(around),
            "temp_max": max(around),
            "door": door,
            "power": powered,
            "battery": 100 - min(70.0, max(0.0, drained) / 120),
            "compressor": powered and t % self._cycle < self._duty * self._cycle,
            "humidity": 48 + 8 * self._dice.wave(t, 3 * HOUR) + 10 * door,
        }

    def _temp(self, t: float) -> float:
        temp = self._middle + self._saw(t) + 0.12 * self._swing * self._dice.wave(t, 400)
        for start, end in self._openings(t, 5 * DOOR_TAU):
            warmed = min(0.22 * self._span, 0.01 * self._span + (min(t, end) - start) / 600 * 0.9 * self._span)
            temp += warmed * math.exp(-max(0.0, t - end) / DOOR_TAU)
        for drift in self._drifts.spells(t, every=DAY, chance=0.012, shortest=HOUR, longest=4 * HOUR):
            if drift.holds(t):
                part = (t - drift.start) / (drift.end - drift.start)
                temp += (0.35 + 0.5 * drift.size) * self._span * math.sin(math.pi * part)
        return temp + self._warmed(t)

    def _saw(self, t: float) -> float:
        """Falls while the compressor runs, rises while it rests."""
        part = t % self._cycle / self._cycle
        down = part < self._duty
        height = 1 - part / self._duty if down else (part - self._duty) / (1 - self._duty)
        return self._swing * (2 * height - 1)

    def _warmed(self, t: float) -> float:
        warmed = 0.0
        for spell in self._unplugged(t, 8 * COOL_TAU):
            reached = (AMBIENT - self._middle) * (1 - math.exp((spell.start - min(t, spell.end)) / WARM_TAU))
            warmed += reached * math.exp(-max(0.0, t - spell.end) / COOL_TAU)
        return warmed

    def _unplugged(self, t: float, memory: float) -> Iterator[Spell]:
        """Somebody pulled its plug, or its fuse went."""
        return self._plug.spells(t, every=DAY, chance=0.008, shortest=900, longest=2 * HOUR, memory=memory)

    def _openings(self, t: float, memory: float) -> Iterator[tuple[float, float]]:
        """A short opening in some quarters of an hour, in more of them by day; once in a long while left ajar."""
        for n in range(int((t - memory - AJAR) // QUARTER), int(t // QUARTER) + 1):
            start = (n + self._doors.unit(4 * n + 1)) * QUARTER
            if start <= t and self._doors.unit(4 * n) < 0.5 * busy(start):
                ajar = self._doors.unit(4 * n + 3) > 0.9995
                yield start, start + (AJAR if ajar else 8 + 40 * self._doors.unit(4 * n + 2))


def _range(low: float | None, high: float | None) -> tuple[float, float]:
    """The allowed range; where only one end is written, twelve degrees from it; else a vaccine refrigerator's."""
    if low is None and high is None:
        return 2.0, 8.0
    if low is None:
        assert high is not None
        return high - 12, high
    return low, low + 12 if high is None else high
