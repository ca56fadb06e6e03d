"""Chance that can be asked about any moment: the same seed and the same time always give the same answer.

Nothing here keeps a state. That is why the history made at the first start and the live values that follow it
join without a jump, and why a message that is made a second time is the same message.
"""

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass

HOUR = 3_600.0
DAY = 24 * HOUR
LOCAL = 7 * HOUR  # Vietnam has no summer time; the invented hospitals all lie there
EPOCH = 1_767_200_400.0  # 2026-01-01T00:00 there: what counters count from

_MASK = (1 << 64) - 1
_STEP = 0x9E3779B97F4A7C15
_ROUND = 2 * math.pi / 24


@dataclass(frozen=True, slots=True)
class Spell:
    """Something that lasts from ``start`` to ``end`` (seconds); ``size`` in [0, 1) says how bad it is."""

    start: float
    end: float
    size: float

    def holds(self, t: float) -> bool:
        """Whether ``t`` lies in it."""
        return self.start <= t < self.end


class Dice:
    """A stream of chance for one thing. ``n`` picks the throw: the same n always falls the same way."""

    __slots__ = ("_seed",)

    def __init__(self, *words: object) -> None:
        digest = hashlib.blake2b("\0".join(map(str, words)).encode(), digest_size=8).digest()
        self._seed = int.from_bytes(digest)

    def branch(self, name: str) -> "Dice":
        """An independent stream of the same thing."""
        return Dice(self._seed, name)

    def unit(self, n: int = 0) -> float:
        """In [0, 1): splitmix64, which takes a microsecond where a hash would take three."""
        z = (self._seed + (n + 1) * _STEP) & _MASK
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
        return ((z ^ (z >> 31)) >> 11) / 2**53

    def between(self, low: float, high: float, n: int = 0) -> float:
        """In [low, high)."""
        return low + (high - low) * self.unit(n)

    def wave(self, t: float, period: float) -> float:
        """A smooth wander in [-1, 1] that turns about once in each ``period``."""
        n, part = divmod(t / period, 1.0)
        a, b = self.unit(int(n)), self.unit(int(n) + 1)
        return 2 * (a + (b - a) * part * part * (3 - 2 * part)) - 1

    def spells(
        self, t: float, *, every: float, chance: float, shortest: float, longest: float, memory: float = 0.0
    ) -> Iterator[Spell]:
        """The spells that lie around ``t`` or ended up to ``memory`` before it, the oldest first.

        Each stretch of ``every`` seconds begins at most one spell, with this chance; ``longest`` is at most ``every``.
        """
        slot = int(t // every)
        for n in range(int((t - memory - longest) // every), slot + 1):
            if self.unit(4 * n) >= chance:
                continue
            start = n * every + self.unit(4 * n + 1) * every
            if start <= t:
                length = shortest + (longest - shortest) * self.unit(4 * n + 2) ** 2
                if t < start + length + memory:
                    yield Spell(start, start + length, self.unit(4 * n + 3))

    def spell(self, t: float, *, every: float, chance: float, shortest: float, longest: float) -> Spell | None:
        """The spell that holds at ``t``, if one does."""
        found = self.spells(t, every=every, chance=chance, shortest=shortest, longest=longest)
        return next((spell for spell in found if spell.holds(t)), None)


def hour_of_day(t: float) -> float:
    """The local hour, 0 to 24."""
    return (t + LOCAL) % DAY / HOUR


def weekday(t: float) -> int:
    """The local day of the week: 0 Monday … 6 Sunday."""
    return int((t + LOCAL) // DAY + 3) % 7


def busy(t: float) -> float:
    """How busy a hospital is: 0.06 in the small hours, 0.9 before noon, less at siesta, falling in the evening."""
    h = (t + LOCAL) / HOUR
    return 0.5 + 0.4 * math.cos(_ROUND * (h - 13)) + 0.1 * math.cos(2 * _ROUND * (h - 10))


def busy_hours(t: float) -> float:
    """The integral of ``busy`` since ``EPOCH``, in hours: what anything that is used up follows."""

    def integral(h: float) -> float:
        waves = 0.4 * math.sin(_ROUND * (h - 13)) + 0.05 * math.sin(2 * _ROUND * (h - 10))
        return 0.5 * h + waves / _ROUND

    return integral((t + LOCAL) / HOUR) - integral((EPOCH + LOCAL) / HOUR)
