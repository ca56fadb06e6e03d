"""The summary of some days, such as two weeks: patients, beds, lengths of stay, alerts, feeds and devices.

Ratios are sums over sums, never means of ratios. A day's balance is what the walls had at its end; the whole is the sum
of its days, so that what was cancelled on a later day stands under ``corrected`` there too.
"""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import NamedTuple

from ioc.catalogue import Metric
from ioc.census import Balance, Lengths, Period, WardNow
from ioc.domain import MINUTE, Quality
from ioc.reports.handover import Handover, added, handover_of, total_of
from ioc.reports.spans import Span
from ioc.timeseries import ABSENT, DAY, How, Store

HOUR = 60 * MINUTE
Place = tuple[str, str]  # a facility, and a site of it, empty for all


class Beds(NamedTuple):
    """Occupied and staffed beds, each added up over all samples of a time; whether any sample was simulated."""

    occupied: float
    staffed: float
    simulated: bool = False


def share_of(beds: Iterable[Beds]) -> float | None:
    """Sum over sum, per cent; None where there is nothing to divide by."""
    every = list(beds)
    staffed = sum(one.staffed for one in every)
    return 100 * sum(one.occupied for one in every) / staffed if staffed else None


@dataclass(frozen=True, slots=True)
class Stays:
    """Stays that ended and whose beginning is known; a stay lasts from its admission to its end."""

    ended: int = 0
    together_ns: int = 0

    @property
    def mean_days(self) -> float | None:
        """The average length of stay, in days of 24 hours; None where none ended."""
        return self.together_ns / DAY / self.ended if self.ended else None


@dataclass(frozen=True, slots=True)
class Day:
    """One day: its handover, and the occupancy of staffed beds over it and in its fullest hour, per cent.

    Occupancy is None where no minute of it was sampled.
    """

    span: Span
    handover: Handover
    occupancy: float | None = None
    peak: float | None = None

    @property
    def known(self) -> bool:
        """Whether its feed spoke at all: of other days only what was told later is known, which is not all."""
        return self.handover.known > 0


@dataclass(frozen=True, slots=True)
class WardSum:
    """One ward, or all, over all days."""

    ward: WardNow
    elsewhere: int
    stays: Stays

    @property
    def balance(self) -> Balance:
        """What all days come to."""
        return self.ward.balance


@dataclass(frozen=True, slots=True)
class Summary:
    """All days, and each ward and all wards together over those days of which anything is known."""

    days: tuple[Day, ...]
    wards: tuple[WardSum, ...]
    total: WardSum
    beds: Beds
    known: float

    @property
    def occupancy(self) -> float | None:
        """Of staffed beds, over all days, per cent."""
        return share_of([self.beds])

    @property
    def arrived(self) -> int:
        """Emergency visits that began."""
        return sum(day.handover.arrived for day in self.days if day.known)


def summary_of(found: Sequence[Period], site: str, hours: Mapping[int, Beds]) -> Summary:
    """The summary of consecutive days; ``hours`` are the beds by the beginning of each hour that has samples.

    An hour belongs to the day in which it begins.
    """
    days = tuple(_day(period, site, hours) for period in found)
    both = [(period, day) for period, day in zip(found, days, strict=True) if day.known]
    known = [day for _, day in both]
    wards = tuple(_wards([period for period, _ in both], known))
    total = total_of(chain.from_iterable(day.handover.lines for day in known[-1:]))
    balance = _one_after_the_other([day.handover.total.balance for day in known])
    stays = Stays(sum(one.stays.ended for one in wards), sum(one.stays.together_ns for one in wards))
    length_ns = sum(day.span.length_ns for day in days)
    return Summary(
        days=days,
        wards=wards,
        total=WardSum(replace(total.ward, balance=balance), sum(one.elsewhere for one in wards), stays),
        beds=_together(hours.values()),
        known=sum(period.known_ns for period in found) / length_ns if length_ns else 0.0,
    )


def _together(hours: Collection[Beds]) -> Beds:
    return Beds(
        sum(one.occupied for one in hours),
        sum(one.staffed for one in hours),
        simulated=any(one.simulated for one in hours),
    )


def _day(period: Period, site: str, hours: Mapping[int, Beds]) -> Day:
    span = Span(period.from_ns, period.to_ns)
    own = [beds for at, beds in hours.items() if span.from_ns <= at < span.to_ns]
    peaks = [share for beds in own if (share := share_of([beds])) is not None]
    return Day(span, handover_of(period, site), share_of(own), max(peaks, default=None))


def _wards(found: Sequence[Period], days: Sequence[Day]) -> Iterable[WardSum]:
    """Every ward that any day has, in the order in which they come."""
    by_ward: dict[str, list[WardNow]] = {}
    elsewhere: Counter[str] = Counter()
    for day in days:
        for line in day.handover.lines:
            by_ward.setdefault(line.ward.code, []).append(line.ward)
            elsewhere[line.ward.code] += line.elsewhere
    for code, wards in by_ward.items():
        lengths = [period.lengths.get(code, Lengths()) for period in found]
        stays = Stays(sum(one.stays for one in lengths), sum(one.together_ns for one in lengths))
        balance = _one_after_the_other([ward.balance for ward in wards])
        yield WardSum(replace(wards[-1], balance=balance), elsewhere[code], stays)


def _one_after_the_other(balances: Sequence[Balance]) -> Balance:
    """Balances of one place on consecutive days: the first beginning, the last end, and all that came between."""
    if not balances:
        return Balance()
    whole = Balance()
    for one in balances:
        whole = added(whole, one)
    return replace(whole, start=balances[0].start, end=balances[-1].end)


def beds_by_hour(store: Store, metric: Metric, place: Place, span: Span) -> dict[int, Beds]:
    """The sums over its samples of a ratio's two parts, such as those of ``bed.occ_staffed``, by hour.

    Hours without samples are left out. May block on the store.
    """
    facility, site = place
    where = {"facility": facility, "site": site} if site else {"facility": facility, "site": ABSENT, "ward": ABSENT}
    above, below = (
        {at: (value, quality) for window in found for at, value, quality in window.points if value is not None}
        for found in (
            store.window(part, where, span.from_ns, span.to_ns, every=HOUR, how=How.SUM, by=[]) for part in metric.parts
        )
    )
    return {
        at: Beds(value, below[at][0], Quality.SIM in (quality, below[at][1]))
        for at, (value, quality) in above.items()
        if at in below
    }


@dataclass(frozen=True, slots=True)
class Asked:
    """One alert: when it was opened, first taken by a person and over, by our clock; None where not (yet)."""

    level: str
    opened_ns: int
    taken_ns: int | None = None
    over_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Answers:
    """The alerts of one level that were opened within a span. ``median_ns`` and ``p90_ns``, by the nearest rank, are
    of the times from opening to the first person who took it; None where nobody took any."""

    opened: int = 0
    taken: int = 0
    over: int = 0
    median_ns: int | None = None
    p90_ns: int | None = None


def answers_of(alerts: Iterable[Asked], level: str, span: Span) -> Answers:
    """How the alerts of this level were answered up to the end of the span."""
    own = [one for one in alerts if one.level == level and span.from_ns < one.opened_ns <= span.to_ns]
    waits = sorted(
        one.taken_ns - one.opened_ns for one in own if one.taken_ns is not None and one.taken_ns <= span.to_ns
    )
    over = sum(one.over_ns is not None and one.over_ns <= span.to_ns for one in own)
    return Answers(len(own), len(waits), over, _ranked(waits, 0.5), _ranked(waits, 0.9))


def _ranked(values: Sequence[int], share: float) -> int | None:
    return values[max(0, math.ceil(share * len(values)) - 1)] if values else None


@dataclass(frozen=True, slots=True)
class Heard:
    """The devices of one class over a span: how many hours of each had a value, of ``hours``.

    ``simulated`` where any of these values was.
    """

    device_class: str
    hours: int
    by_device: Mapping[str, int] = field(default_factory=dict)
    simulated: bool = False

    @property
    def share(self) -> float:
        """Of all hours of all devices, those with a value: 0 to 1."""
        whole = self.hours * len(self.by_device)
        return sum(self.by_device.values()) / whole if whole else 0.0

    @property
    def silent(self) -> list[str]:
        """Those that gave nothing at all."""
        return [device for device, hours in self.by_device.items() if not hours]


def heard_of(store: Store, facility: str, metrics: Mapping[str, str], span: Span) -> list[Heard]:
    """What was heard of devices: ``metrics`` names, by device, the metric that it should always give.

    Hours that lie only in part within the span count as whole ones. May block on the store.
    """
    first, last = span.from_ns // HOUR, -(-span.to_ns // HOUR)
    found: dict[str, dict[str, int]] = {}
    simulated: set[str] = set()
    for metric in dict.fromkeys(metrics.values()):
        own = [device for device, its in metrics.items() if its == metric]
        code, hours = metric.partition(".")[0], dict[str, int]()
        for window in store.window(
            metric, {"facility": facility}, first * HOUR, last * HOUR, every=HOUR, how=How.COUNT, by=["device"]
        ):
            device = window.tags.get("device", "")
            hours[device] = sum(bool(value) for _, value, _ in window.points)
            if device in own and any(value and quality is Quality.SIM for _, value, quality in window.points):
                simulated.add(code)
        found.setdefault(code, {}).update({device: hours.get(device, 0) for device in own})
    return [Heard(code, last - first, by_device, code in simulated) for code, by_device in found.items()]
