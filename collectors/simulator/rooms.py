"""Rooms that are watched: server rooms, operating theatres, isolation rooms."""

from dataclasses import dataclass

from collectors.simulator.chance import DAY, HOUR, busy
from collectors.simulator.subject import Subject, Values


@dataclass(frozen=True, slots=True)
class Climate:
    """What a room of one use is held at: degrees, percent, pascals against the corridor."""

    temp: float
    humidity: float
    press: float


CLIMATES = {
    "server": Climate(22.5, 48, 5),
    "theatre": Climate(21.0, 52, 15),
    "isolation": Climate(24.0, 55, -8),
}
OTHER = Climate(25.0, 58, 0)
WINDOW = 600.0


class Room:
    """Warmer by day, out of range when its cooling fails; its pressure gives way while the door is open."""

    def __init__(self, subject: Subject) -> None:
        dice = subject.dice
        self._dice, self._doors = dice.branch("noise"), dice.branch("door")
        self._cooling, self._wet, self._fire = dice.branch("cooling"), dice.branch("leak"), dice.branch("smoke")
        self._climate = CLIMATES.get(subject.device.use, OTHER)
        self._offset = dice.between(-0.8, 0.8)

    def at(self, t: float) -> Values:
        """Leak and smoke are what they should be: hardly ever there."""
        warm = 0.0
        for spell in self._cooling.spells(t, every=2 * DAY, chance=0.04, shortest=HOUR, longest=4 * HOUR, memory=HOUR):
            risen = min(1.0, (min(t, spell.end) - spell.start) / (2 * HOUR)) * (4 + 5 * spell.size)
            warm = max(warm, risen * (1 - max(0.0, t - spell.end) / HOUR))
        door = self._door(t)
        climate = self._climate
        return {
            "temp": climate.temp + self._offset + 0.8 * busy(t) + 0.4 * self._dice.wave(t, 1_800) + warm,
            "humidity": climate.humidity + 4 * self._dice.wave(t, 3 * HOUR) + 3 * self._offset + 0.5 * warm,
            "leak": self._wet.spell(t, every=7 * DAY, chance=0.03, shortest=600, longest=HOUR) is not None,
            "smoke": self._fire.spell(t, every=30 * DAY, chance=0.02, shortest=120, longest=600) is not None,
            "door": door,
            "press": climate.press * ((0.15 if door else 1.0) + 0.06 * self._dice.wave(t, 120)),
        }

    def _door(self, t: float) -> bool:
        n, offset = divmod(t, WINDOW)
        start = self._doors.unit(2 * int(n)) * (WINDOW - 60)
        return self._doors.unit(2 * int(n) + 1) < 0.6 * busy(t - offset) and start <= offset < start + 40
