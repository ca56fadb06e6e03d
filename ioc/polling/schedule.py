"""When each target is due: a heap over monotonic seconds. Pure; whoever calls it has the clock and the lock."""

import heapq
import random
from collections.abc import Sequence

SPREAD_S = 5.0  # the first round of all targets, so that a start asks nobody a thousand things at once
JITTER = 0.05  # of the interval: targets that once were due together drift apart


class Schedule:
    """Due times of targets by their place. One that was taken is not due again until it is ``done``: no overlap."""

    def __init__(self, every_s: Sequence[float], now_s: float, chance: random.Random) -> None:
        self._every_s = every_s
        self._chance = chance
        self._heap = [(now_s + chance.uniform(0.0, min(every, SPREAD_S)), n) for n, every in enumerate(every_s)]
        heapq.heapify(self._heap)
        self._taken: dict[int, float] = {}

    def wait_s(self, now_s: float) -> float | None:
        """Seconds until the next is due, 0 where one is; None where all are taken."""
        return max(0.0, self._heap[0][0] - now_s) if self._heap else None

    def take(self, now_s: float) -> int | None:
        """The place of one that is due, None where none is."""
        if not self._heap or self._heap[0][0] > now_s:
            return None
        due, place = heapq.heappop(self._heap)
        self._taken[place] = due
        return place

    def done(self, place: int, now_s: float) -> None:
        """Have it due again an interval after it last was. Turns that were missed meanwhile are left out."""
        every = self._every_s[place]
        due = self._taken.pop(place) + every * (1 + self._chance.uniform(-JITTER, JITTER))
        heapq.heappush(self._heap, (due if due > now_s else now_s + every, place))
