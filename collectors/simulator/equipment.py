"""Equipment as equipment, never as a monitor of patients: in use, switched on, out of order, hours run."""

from dataclasses import dataclass

from collectors.simulator.chance import DAY, EPOCH, HOUR, LOCAL, busy, hour_of_day, weekday
from collectors.simulator.subject import Subject, Values


@dataclass(frozen=True, slots=True)
class Pattern:
    """How a class is used: for how long at a time, and how often by night and by day."""

    length: float
    night: float
    day: float


PATTERNS = {
    "vent": Pattern(12 * HOUR, 0.55, 0.62),
    "monitor": Pattern(8 * HOUR, 0.6, 0.75),
    "pump": Pattern(4 * HOUR, 0.4, 0.7),
    "imaging": Pattern(0.25 * HOUR, 0.08, 0.85),
}
SHIFTS = ((6.0, 10.0), (10.5, 14.5), (15.0, 19.0))  # of a dialysis unit, Monday to Saturday


class Equipment:
    """One piece of equipment; dialysis works in shifts, the rest in stretches as long as its class is used."""

    def __init__(self, subject: Subject) -> None:
        dice = subject.dice
        self._class = subject.device.device_class
        self._use, self._faults, self._trips = dice.branch("use"), dice.branch("fault"), dice.branch("trip")
        self._phase = dice.unit()
        self._hours = dice.between(800, 24_000, 1)
        self._share = dice.between(0.3, 0.6, 2)

    def at(self, t: float) -> Values:
        """Nothing that is out of order is in use; the hours run on by the share of the time it is used."""
        fault = self._faults.spell(t, every=6 * DAY, chance=0.04, shortest=HOUR, longest=14 * HOUR) is not None
        in_use = not fault and self._in_use(t)
        trip = next(self._trips.spells(t, every=DAY, chance=0.3, shortest=900, longest=HOUR, memory=2 * HOUR), None)
        drained = 0.0 if trip is None else (min(t, trip.end) - trip.start) - 0.5 * max(0.0, t - trip.end)
        return {
            "in_use": in_use,
            "on": in_use or fault or self._use.unit(int(t // (6 * HOUR))) < 0.4,
            "fault": fault,
            "hours": self._hours + self._share * (t - EPOCH) / HOUR,
            "battery": 100 - min(60.0, max(0.0, drained) / 90),
        }

    def _in_use(self, t: float) -> bool:
        if self._class == "dialysis":
            day = int((t + LOCAL) // DAY)
            hour = hour_of_day(t)
            shift = next((n for n, (start, end) in enumerate(SHIFTS) if start <= hour < end), None)
            return shift is not None and weekday(t) != 6 and self._use.unit(3 * day + shift) < 0.85
        pattern = PATTERNS.get(self._class, PATTERNS["pump"])
        n = int(t / pattern.length + self._phase)
        start = (n - self._phase) * pattern.length
        return self._use.unit(n) < pattern.night + (pattern.day - pattern.night) * busy(start)
