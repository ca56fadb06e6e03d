"""What is computed of one device from its own values: pure functions over points."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import isfinite

from ioc.domain import MINUTE, Quality

HOUR = 60 * MINUTE
BURN_OVER = 6 * HOUR
BURN_AT_LEAST = 15 * MINUTE  # of falling stock, or the noise of the gauge would decide
REFILL = 0.01  # of the highest stock: what rises by more was filled, what rises by less is noise

Points = Sequence[tuple[int, float, Quality]]  # time, value, quality; oldest first


@dataclass(frozen=True, slots=True)
class Derived:
    """A computed value: ``as_of_ns`` is the time of the newest value of its input, as fresh as that."""

    value: float
    as_of_ns: int
    quality: Quality


def burn(points: Points) -> Derived | None:
    """Consumption per hour, from the fall of a stock: one slope through all stretches between refills.

    None where they are too short together. A stock that does not fall burns 0.
    """
    usable = _usable(points)
    if not usable:
        return None
    stretches = _between_refills([(t, value) for t, value, _ in usable])
    if sum(stretch[-1][0] - stretch[0][0] for stretch in stretches) < BURN_AT_LEAST:
        return None
    fall = spread = 0.0
    for stretch in stretches:
        begin, top = stretch[0]
        hours = [(t - begin) / HOUR for t, _ in stretch]
        middle = sum(hours) / len(hours)
        fall += sum((hour - middle) * (top - value) for hour, (_, value) in zip(hours, stretch, strict=True))
        spread += sum((hour - middle) ** 2 for hour in hours)
    rate = max(0.0, fall / spread)
    return Derived(rate, usable[-1][0], _quality(usable)) if isfinite(rate) else None


def hours_left(stock: tuple[int, float, Quality], consumption: Derived) -> Derived | None:
    """How long a stock lasts at this consumption; None while nothing is consumed."""
    at, amount, quality = stock
    if consumption.value <= 0.0 or not isfinite(hours := max(0.0, amount) / consumption.value):
        return None
    return Derived(hours, min(at, consumption.as_of_ns), worst([quality, consumption.quality]))


def breach(points: Points, low: float | None, high: float | None, silence_ns: int) -> Derived | None:
    """Minutes that a value has been outside its range without a break up to its newest point; 0 while inside.

    It is reckoned from the first point outside. A point inside ends it, and so does a silence longer than
    ``silence_ns``: what happened in it, nobody knows.
    """
    usable = _usable(points)
    if not usable:
        return None
    newest = since = usable[-1][0]
    event = []
    for point in reversed(usable):
        at, value, _ = point
        if since - at > silence_ns or not is_outside(value, low, high):
            break
        since = at
        event.append(point)
    return Derived((newest - since) / MINUTE, newest, _quality(event or usable[-1:]))


def is_outside(value: float, low: float | None, high: float | None) -> bool:
    """Whether a value lies outside a range, whose ends belong to it."""
    return (low is not None and value < low) or (high is not None and value > high)


def worst(qualities: Collection[Quality]) -> Quality:
    """What a number is that was made of values of these qualities."""
    return next((quality for quality in (Quality.SIM, Quality.TEST) if quality in qualities), Quality.GOOD)


def _between_refills(points: list[tuple[int, float]]) -> list[list[tuple[int, float]]]:
    """The stretches of a falling stock. A rise from the lowest point by more than noise ends one; the next begins
    where the rise ends."""
    rise = REFILL * max(value for _, value in points)
    stretches: list[list[tuple[int, float]]] = [[]]
    lowest = 0
    filling = False
    for point in points:
        current = stretches[-1]
        if filling and point[1] > current[-1][1]:
            current[:] = [point]
            continue
        filling = False
        if current and point[1] > current[lowest][1] + rise:
            del current[lowest + 1 :]
            stretches.append([point])
            lowest, filling = 0, True
            continue
        current.append(point)
        if point[1] <= current[lowest][1]:
            lowest = len(current) - 1
    return [stretch for stretch in stretches if len(stretch) > 1]


def _usable(points: Points) -> list[tuple[int, float, Quality]]:
    return [point for point in points if point[2] is not Quality.BAD]


def _quality(points: Points) -> Quality:
    return worst({quality for _, _, quality in points})
