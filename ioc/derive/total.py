"""Many values become one: what is counted, how old it is, and what may be said of it."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from ioc.derive.devices import is_outside
from ioc.domain import STALE_AFTER, Quality, State, state_at


class Counted(Protocol):
    """What a total needs of a value; ``ioc.latest.Value`` is one."""

    @property
    def value(self) -> float | None:
        """None where there never was one."""
        ...

    @property
    def as_of_ns(self) -> int | None:
        """When it was true."""
        ...

    @property
    def max_age_ns(self) -> int:
        """The age past which it is late."""
        ...

    @property
    def quality(self) -> Quality:
        """What its source says of it."""
        ...


class TotalHow(StrEnum):
    """How values become one. Those that begin with ``count`` count values and never add them."""

    SUM = "sum"
    MEAN = "mean"
    MIN = "min"
    MAX = "max"
    LAST = "last"
    COUNT = "count"
    COUNT_EQUAL = "count_equal"
    COUNT_ABOVE = "count_above"
    COUNT_BELOW = "count_below"
    COUNT_OUTSIDE = "count_outside"


@dataclass(frozen=True, slots=True)
class Total:
    """One number out of ``n`` of ``m`` values.

    ``as_of_ns`` is the time of the oldest value counted, ``state`` the worst of those counted. Where none is,
    there is no number: it is stale, as of the newest that there was, or missing where there never was one.
    ``next_change_ns`` is the first nanosecond at which the clock alone changes any of this.
    """

    value: float | None
    n: int
    m: int
    as_of_ns: int | None
    state: State
    quality: Quality
    next_change_ns: int | None


def total(
    values: Iterable[Counted],
    how: TotalHow | str,
    now_ns: int,
    *,
    number: float | None = None,
    low: float | None = None,
    high: float | None = None,
) -> Total:
    """Put values together; stale, missing and bad ones are not counted.

    ``count_equal``, ``count_above`` and ``count_below`` compare with ``number``; ``count_outside`` counts what
    is under ``low`` or over ``high``. Raises ValueError for a how that is not on the list or lacks its limit.
    """
    how = TotalHow(how)
    _check(how, number, low, high)
    given = list(values)
    seen = [one for one in given if one.value is not None and one.as_of_ns is not None]
    usable = [(one, _age_of(one, now_ns)) for one in seen if one.quality != Quality.BAD]
    counted = [(one, state) for one, state in usable if state in (State.FRESH, State.LATE)]
    if not counted:
        newest = max((one.as_of_ns for one in seen if one.as_of_ns is not None), default=None)
        state = State.MISSING if newest is None else State.STALE
        return Total(None, 0, len(given), newest, state, quality_of([one.quality for one in seen]), None)
    numbers = [(one.as_of_ns or 0, one.value or 0.0) for one, _ in counted]
    return Total(
        value=_put_together(how, numbers, number, low, high),
        n=len(counted),
        m=len(given),
        as_of_ns=min(at for at, _ in numbers),
        state=State.LATE if any(state is State.LATE for _, state in counted) else State.FRESH,
        quality=quality_of([one.quality for one, _ in counted]),
        next_change_ns=min(_next_change(one, state) for one, state in counted),
    )


def _check(how: TotalHow, number: float | None, low: float | None, high: float | None) -> None:
    if how in (TotalHow.COUNT_EQUAL, TotalHow.COUNT_ABOVE, TotalHow.COUNT_BELOW) and number is None:
        raise ValueError(f"{how} needs a number to compare with")
    if how is TotalHow.COUNT_OUTSIDE and low is None and high is None:
        raise ValueError(f"{how} needs low or high")


def _age_of(one: Counted, now_ns: int) -> State:
    return state_at(one.as_of_ns, one.max_age_ns, now_ns)


def _next_change(one: Counted, state: State) -> int:
    times = STALE_AFTER if state is State.LATE else 1
    return (one.as_of_ns or 0) + times * one.max_age_ns + 1


def quality_of(qualities: Collection[Quality]) -> Quality:
    """What a number is that was made of values of these qualities."""
    for worst in (Quality.SIM, Quality.TEST, Quality.GOOD, Quality.BAD):  # bad only where there is nothing else
        if worst in qualities:
            return worst
    return Quality.GOOD


def _put_together(
    how: TotalHow, numbers: list[tuple[int, float]], number: float | None, low: float | None, high: float | None
) -> float:
    values = [value for _, value in numbers]
    limit = 0.0 if number is None else number
    results: dict[TotalHow, Callable[[], float]] = {
        TotalHow.SUM: lambda: sum(values),
        TotalHow.MEAN: lambda: sum(values) / len(values),
        TotalHow.MIN: lambda: min(values),
        TotalHow.MAX: lambda: max(values),
        TotalHow.LAST: lambda: max(numbers)[1],
        TotalHow.COUNT: lambda: len(values),
        TotalHow.COUNT_EQUAL: lambda: sum(value == limit for value in values),
        TotalHow.COUNT_ABOVE: lambda: sum(value > limit for value in values),
        TotalHow.COUNT_BELOW: lambda: sum(value < limit for value in values),
        TotalHow.COUNT_OUTSIDE: lambda: sum(is_outside(value, low, high) for value in values),
    }
    return float(results[how]())
