"""Median and p90: exact from the values themselves, and from mergeable sketches where these are gone.

A sketch counts values in bins that grow by a constant factor (DDSketch, Masson, Rim and Lee, VLDB 2019, from the
library of that name), so that a quantile is off by at most ``SKETCH_ERROR`` of itself; two are merged by adding their
counts, and the answer is that of one sketch of all values. The bins are never collapsed. The library's own way to
write a sketch down needs protobuf; ours is bytes: a version, how many values are zero, then bins as pairs of the
distance to the bin before and its count.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from math import ceil
from typing import Self

from ddsketch.mapping import LogarithmicMapping
from ddsketch.store import DenseStore

from ioc.timeseries.contract import QUANTILES, SKETCH_ERROR, How

_VERSION = 1
_MAPPING = LogarithmicMapping(SKETCH_ERROR)


def nearest_rank(how: How, count: int) -> int:
    """Which of so many values in their order is the median or p90, counted from 0."""
    return ceil(QUANTILES[how] * count) - 1


class Sketch:
    """How many values lie in each bin, by their sign."""

    __slots__ = ("_above", "_below", "_zeros")

    def __init__(self) -> None:
        self._above, self._below = DenseStore(), DenseStore()
        self._zeros = 0

    @classmethod
    def of(cls, values: Iterable[float]) -> Self:
        """A sketch of these values."""
        sketch = cls()
        sketch.count_in(values)
        return sketch

    @property
    def count(self) -> int:
        """How many values it has seen."""
        return int(self._below.count + self._above.count) + self._zeros

    def count_in(self, values: Iterable[float]) -> None:
        """Add values."""
        for value, times in Counter(values).items():
            if value > _MAPPING.min_possible:
                self._above.add(_MAPPING.key(value), times)
            elif value < -_MAPPING.min_possible:
                self._below.add(_MAPPING.key(-value), times)
            else:
                self._zeros += times

    def merge(self, encoded: bytes) -> None:
        """Add the values of another sketch, given as its bytes. Raises ValueError for bytes of another kind."""
        if not encoded or encoded[0] != _VERSION:
            raise ValueError("these bytes are no sketch of this program")
        numbers = _numbers(encoded)
        self._zeros += next(numbers)
        for store in (self._below, self._above):
            key = 0
            for _ in range(next(numbers)):
                key += _signed(next(numbers))
                store.add(key, next(numbers))

    def at(self, rank: int) -> float:
        """The value of this rank, counted from 0, within ``SKETCH_ERROR``."""
        below = int(self._below.count)
        if rank < below:
            return -float(_MAPPING.value(self._below.key_at_rank(below - 1 - rank)))
        if rank < below + self._zeros:
            return 0.0
        return float(_MAPPING.value(self._above.key_at_rank(rank - below - self._zeros)))

    def encode(self) -> bytes:
        """The same as bytes, for ``merge``."""
        data = bytearray([_VERSION])
        _put(data, self._zeros)
        for store in (self._below, self._above):
            bins = [(place + store.offset, int(count)) for place, count in enumerate(store.bins) if count]
            _put(data, len(bins))
            before = 0
            for key, count in bins:
                _put(data, _unsigned(key - before))
                _put(data, count)
                before = key
        return bytes(data)


class Spread:
    """The values of a window, for its median or p90: themselves, and the sketches of those that are gone."""

    __slots__ = ("_high", "_low", "_missing", "_sketch", "_values")

    def __init__(self) -> None:
        self._values: list[float] = []
        self._sketch: Sketch | None = None
        self._low, self._high = float("inf"), float("-inf")
        self._missing = False

    def add(self, values: Sequence[float]) -> None:
        """Count values."""
        self._values.extend(values)

    def add_hour(self, sketch: bytes | None, low: float, high: float) -> None:
        """Count an hour whose values are gone: its sketch, its smallest and its largest value."""
        if sketch is None:
            self._missing = True
            return
        self._sketch = self._sketch or Sketch()
        self._sketch.merge(sketch)
        self._low, self._high = min(self._low, low), max(self._high, high)

    @property
    def exact(self) -> bool:
        """Whether it has all values themselves."""
        return self._sketch is None

    def result(self, how: How) -> float | None:
        """The median or p90; None where there is no value, or an hour without a sketch."""
        if self._missing:
            return None
        if self._sketch is None:
            return sorted(self._values)[nearest_rank(how, len(self._values))] if self._values else None
        self._sketch.count_in(self._values)
        low, high = min([self._low, *self._values]), max([self._high, *self._values])
        self._values.clear()
        self._low, self._high = low, high
        return min(max(self._sketch.at(nearest_rank(how, self._sketch.count)), low), high)


def _numbers(encoded: bytes) -> Iterator[int]:
    number = shift = 0
    for byte in encoded[1:]:
        number |= (byte & 127) << shift
        if byte < 128:
            yield number
            number = shift = 0
        else:
            shift += 7


def _put(data: bytearray, number: int) -> None:
    while number > 127:
        data.append(number & 127 | 128)
        number >>= 7
    data.append(number)


def _unsigned(number: int) -> int:
    return number * 2 if number >= 0 else -number * 2 - 1


def _signed(number: int) -> int:
    return number // 2 if number % 2 == 0 else -(number + 1) // 2
