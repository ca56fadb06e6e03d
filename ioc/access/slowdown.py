"""Slows down guessing at one account: after a few failures each further try has to wait, twice as long each time."""

from collections import OrderedDict

from ioc.domain import SECOND, Clock

FREE = 3  # failures that cost nothing: people mistype
LONGEST_NS = 60 * SECOND  # not longer, or anybody could lock out the administrator
KEPT = 10_000  # accounts remembered; the longest quiet one is forgotten first


class SlowDown:
    """Failures by account name, in memory: a restart forgives."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures: OrderedDict[str, tuple[int, int]] = OrderedDict()  # name: (how many, wait until)

    def wait_ns(self, name: str) -> int:
        """How long this account has to wait before the next try; 0 when it may."""
        _, until = self._failures.get(name, (0, 0))
        return max(0, until - self._clock.now_ns())

    def failed(self, name: str) -> None:
        """Note a wrong password."""
        count = self._failures.pop(name, (0, 0))[0] + 1
        wait = min(LONGEST_NS, SECOND << min(count - FREE, 6)) if count >= FREE else 0
        self._failures[name] = (count, self._clock.now_ns() + wait)
        while len(self._failures) > KEPT:
            self._failures.popitem(last=False)

    def succeeded(self, name: str) -> None:
        """Note a right one: the account starts anew."""
        self._failures.pop(name, None)
