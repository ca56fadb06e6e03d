"""Gases and electricity: oxygen supplies, pipelines, UPS, generators and mains meters."""

from dataclasses import dataclass

from collectors.simulator.chance import DAY, EPOCH, HOUR, busy, busy_hours, hour_of_day, weekday
from collectors.simulator.subject import Subject, Values

OUTAGE_MEMORY = 6 * HOUR
PIPELINE_KPA = {"vacuum": -60.0, "air": 410.0}  # oxygen and the rest: 415
TEST_RUN_HOUR = 7.0  # generators are run on Sunday mornings


@dataclass(frozen=True, slots=True)
class Supply:
    """How large a supply of one use is (m3 of gas), how many days it lasts, and its pressure (kPa)."""

    stock: tuple[float, float]
    days: tuple[int, int]
    press: tuple[float, float]


SUPPLIES = {
    "manifold": Supply((180, 420), (3, 5), (780, 900)),
    "psa": Supply((2_000, 5_000), (4, 8), (480, 560)),
}
TANK = Supply((4_000, 9_000), (4, 8), (820, 960))


class OxygenSupply:
    """A supply that empties with the day and is filled from a lorry within an hour, every few days."""

    def __init__(self, subject: Subject) -> None:
        dice = subject.dice
        self._dice, self._purity = dice.branch("noise"), dice.branch("purity")
        self._reserve, self._leak = dice.branch("reserve"), dice.branch("pressure")
        supply = SUPPLIES.get(subject.device.use, TANK)
        self._capacity = dice.between(*supply.stock)
        self._full, self._low = dice.between(92, 97, 1), dice.between(28, 40, 2)
        self._days = int(dice.between(*supply.days, 3))  # whole days, so that each filling uses up the same
        self._filled_at = EPOCH + (int(dice.between(0, self._days, 4)) + dice.between(0.33, 0.62, 5)) * DAY
        self._press = dice.between(*supply.press, 6)
        self._pure = dice.between(92.5, 95.0, 7)

    def at(self, t: float) -> Values:
        """Level, stock and flow agree: what the flow takes is what the stock loses."""
        period = self._days * DAY
        since = (t - self._filled_at) % period
        filled = t - since
        used = (busy_hours(t) - busy_hours(filled)) / (12 * self._days)  # a day holds twelve busy hours
        span = self._full - self._low
        level = self._full - span * used
        if since > period - HOUR:  # the lorry is here
            level += span * used * (since - (period - HOUR)) / HOUR
        low_press = self._leak.spell(t, every=4 * DAY, chance=0.1, shortest=600, longest=2 * HOUR)
        impure = self._purity.spell(t, every=3 * DAY, chance=0.08, shortest=300, longest=HOUR)
        reserve = self._reserve.spell(t, every=7 * DAY, chance=0.2, shortest=900, longest=2 * HOUR)
        return {
            "level": level,
            "stock": self._capacity * level / 100,
            "press": self._press * (1 + 0.015 * self._dice.wave(t, 2 * HOUR)) - (0.2 * self._press if low_press else 0),
            "flow": self._capacity * span / 100 * busy(t) / (12 * self._days) * (1 + 0.03 * self._dice.wave(t, 600)),
            "purity": self._pure + 0.4 * self._dice.wave(t, 1_800) - (4 + 2 * impure.size if impure else 0),
            "reserve": reserve is not None,
            "dew_point": -58 + 3 * self._dice.wave(t, 4 * HOUR),
        }


class Pipeline:
    """One zone of a pipeline; vacuum is below zero. Its alarm is its own: a fifth off for longer than a moment."""

    def __init__(self, subject: Subject) -> None:
        dice = subject.dice
        self._dice, self._faults = dice.branch("noise"), dice.branch("fault")
        self._nominal = PIPELINE_KPA.get(subject.device.use, 415.0) * dice.between(0.98, 1.02)
        self._flow = dice.between(60, 260, 1)

    def at(self, t: float) -> Values:
        """Pressure gives a little where much is drawn."""
        load = busy(t)
        fault = self._faults.spell(t, every=DAY, chance=0.02, shortest=120, longest=1_500)
        press = self._nominal * (1.01 - 0.03 * load + 0.008 * self._dice.wave(t, 300))
        if fault:
            press *= 0.74 - 0.12 * fault.size
        return {
            "press": press,
            "flow": self._flow * (0.25 + load) * (1 + 0.1 * self._dice.wave(t, 240)),
            "alarm": fault is not None,
        }


class Ups:
    """Online almost always; carries its load when the mains fail, to the end where no generator starts."""

    def __init__(self, subject: Subject) -> None:
        dice = subject.dice
        self._dice, self._faults, self._power = dice.branch("noise"), dice.branch("fault"), subject.power
        self._load = dice.between(22, 52)
        self._minutes = dice.between(35, 80, 1)  # how long a full battery lasts at half load

    def at(self, t: float) -> Values:
        """Charge and runtime fall on battery and come back over the next hours."""
        load = self._load + 12 * busy(t) + 2 * self._dice.wave(t, 900)
        minutes = self._minutes * 50 / load
        charge = max(4.0, 100 - 100 * self._power.drained(t, refill=8) / 60 / minutes)
        dark = self._power.dark_at(t)
        trouble = self._faults.spell(t, every=5 * DAY, chance=0.04, shortest=600, longest=2 * HOUR)
        status = 0
        if dark:
            status = 2 if charge < 25 else 1
        elif trouble:
            status = 4 if trouble.size > 0.75 else 3
        return {
            "status": status,
            "load": load,
            "charge": charge,
            "runtime": minutes * charge / 100,
            "input": 0.0 if dark else 224 + 5 * self._dice.wave(t, 1_200) - 4 * busy(t),
            "temp": 25 + 0.06 * load + 1.5 * self._dice.wave(t, 2 * HOUR) + (5 if dark else 0),
        }


class Generator:
    """Starts when the mains fail, and is run for a quarter of an hour every Sunday morning."""

    def __init__(self, subject: Subject) -> None:
        dice = subject.dice
        self._dice, self._power = dice.branch("noise"), subject.power
        self._battery = dice.between(26.2, 27.4)
        self._full, self._days = dice.between(88, 98, 1), dice.between(40, 75, 2)

    def at(self, t: float) -> Values:
        """The transfer switch stands at mains 0, generator 1 or off 2."""
        outage = self._power.outage(t)
        carries = self._power.generator_at(t)
        failed = outage is not None and self._power.fails_to_start(outage) and t >= outage.start + 30
        test_run = weekday(t) == 6 and 0 <= hour_of_day(t) - TEST_RUN_HOUR < 0.25 and outage is None
        running = carries or test_run
        burnt = sum(min(t, o.end) - o.start for o in self._power.outages(t, OUTAGE_MEMORY) if t < o.end) / HOUR
        part = (t / DAY / self._days + self._dice.unit()) % 1.0
        ats = 0 if outage is None else 1 if carries else 2
        return {
            "running": running,
            "ats": ats,
            "fuel": self._full - 38 * min(part, 200 * (1 - part)) - 7 * burnt,
            "start_battery": self._battery + 0.15 * self._dice.wave(t, 5 * HOUR) + (0.8 if running else 0),
            "fail_to_start": failed,
        }


class Mains:
    """The meter of a site; an outage takes voltage, frequency and power to nothing."""

    def __init__(self, subject: Subject) -> None:
        dice = subject.dice
        self._dice, self._power = dice.branch("noise"), subject.power
        self._base = dice.between(90, 420)  # kW
        self._read = dice.between(1e5, 9e5, 1)

    def at(self, t: float) -> Values:
        """Energy is what the power adds up to, outages aside, so it never falls."""
        present = self._power.outage(t) is None
        hours = (t - EPOCH) / HOUR
        return {
            "present": present,
            "voltage": (226 + 5 * self._dice.wave(t, 1_500) - 5 * busy(t)) if present else 0.0,
            "freq": (50 + 0.04 * self._dice.wave(t, 90)) if present else 0.0,
            "power": self._base * (0.45 + 0.75 * busy(t)) * (1 + 0.02 * self._dice.wave(t, 300)) if present else 0.0,
            "energy": self._read + self._base * (0.45 * hours + 0.75 * busy_hours(t)),
        }
