"""A ratio as it is read: the sum of its numerators over the sum of its denominators. It is never stored."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from ioc.derive.total import Counted, TotalHow, quality_of, total
from ioc.domain import Quality, State, state_at


class Placed(Counted, Protocol):
    """What a ratio needs of a value: its place too. ``ioc.latest.Value`` is one."""

    @property
    def tags(self) -> Mapping[str, str]:
        """Facility, site, ward …, without the source."""
        ...


_Place = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Ratio:
    """One ratio over ``n`` of ``m`` places, such as the wards of a hospital.

    ``above`` and ``below`` are the two sums, None where no place counts. ``value`` is None there, and where the
    denominator is 0: the state is that of the values then, for that too is known. The rest is as in ``Total``.
    """

    value: float | None
    above: float | None
    below: float | None
    n: int
    m: int
    as_of_ns: int | None
    state: State
    quality: Quality
    next_change_ns: int | None


def ratio(numerators: Iterable[Placed], denominators: Iterable[Placed], now_ns: int, scale: float = 1.0) -> Ratio:
    """Sum over sum, times ``scale``. A place counts where both of its values are in date and not bad, so that the two
    sums are always over the same places.

    Values belong to one place where their tags are the same; of several of one place the newest is taken.
    """
    above, below = _newest(numerators), _newest(denominators)
    m = len({**above, **below})
    both = [(above[place], below[place]) for place in above if place in below]
    counted = [pair for pair in both if all(_counts(value, now_ns) for value in pair)]
    if not counted:
        return _nothing([pair for pair in both if all(value.as_of_ns is not None for value in pair)], m)
    top, bottom = (total(side, TotalHow.SUM, now_ns) for side in zip(*counted, strict=True))
    return Ratio(
        value=scale * (top.value or 0.0) / bottom.value if bottom.value else None,
        above=top.value,
        below=bottom.value,
        n=len(counted),
        m=m,
        as_of_ns=min(top.as_of_ns or 0, bottom.as_of_ns or 0),
        state=State.LATE if State.LATE in (top.state, bottom.state) else State.FRESH,
        quality=quality_of([top.quality, bottom.quality]),
        next_change_ns=min(top.next_change_ns or 0, bottom.next_change_ns or 0),
    )


def _newest(values: Iterable[Placed]) -> dict[_Place, Placed]:
    found: dict[_Place, Placed] = {}
    for value in values:
        place = tuple(sorted(value.tags.items()))
        if place not in found or (value.as_of_ns or -1) > (found[place].as_of_ns or -1):
            found[place] = value
    return found


def _counts(value: Placed, now_ns: int) -> bool:
    in_date = state_at(value.as_of_ns, value.max_age_ns, now_ns) in (State.FRESH, State.LATE)
    return in_date and value.value is not None and value.quality != Quality.BAD


def _nothing(known: list[tuple[Placed, Placed]], m: int) -> Ratio:
    """No place counts: as old as the newest that once did, or missing where none ever did."""
    newest = max((min(value.as_of_ns or 0 for value in pair) for pair in known), default=None)
    quality = quality_of([value.quality for pair in known for value in pair])
    return Ratio(None, None, None, 0, m, newest, State.MISSING if newest is None else State.STALE, quality, None)
