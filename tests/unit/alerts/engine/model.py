"""What the engine should say, worked out anew from the whole past each time: slow, small, nothing kept but facts.

One ``Model`` is one rule on one set of labels; its value is the greatest of its members'.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from alerts.level import Level


@dataclass(frozen=True)
class Steps:
    """One level: from where it is entered and left, and how long each has to hold."""

    enter: float
    leave: float
    for_ns: int = 0
    hold_ns: int = 0


@dataclass
class Model:
    levels: dict[Level, Steps]
    after: int  # silence
    raises: Level
    stale_after: int  # a value is judged up to this age
    members: dict[str, tuple[int, float | None]] = field(default_factory=dict)  # when it was heard, and what
    judged: list[tuple[int, float]] = field(default_factory=list)
    level: Level = Level.NONE
    open: bool = False
    silent: int = 0  # since when
    closed: int = -1  # silences up to then are let go
    leaving_from: int = 0  # what was judged before counts no more for the way out
    told: list[tuple[str, Level, int]] = field(default_factory=list)

    def look(self, now: int) -> list[tuple[str, Level, int]]:
        """What is said now: kind, level and event time."""
        self.told = []
        part = {name: it for name, it in self.members.items() if it[0] + self.after > self.closed}
        if len(part) == len(self.members):
            self.closed = -1
        counted = [(t, v) for t, v in part.values() if v is not None and now - t <= self.stale_after]
        quiet = [t + self.after for t, _ in part.values() if t + self.after <= now]
        self._judge(counted)
        newest = max(counted)[0] if counted else now
        at = max(newest, self.silent)
        if quiet:
            self.leaving_from = len(self.judged)
        if self.silent and not quiet:
            self.silent = 0
            if counted:  # what it says now is judged, even if it was before
                self.leaving_from = min(self.leaving_from, len(self.judged) - 1)
            if self.level or (self.open and self._waits()):
                self._tell("back", self.level or self.raises, at)
        if counted:
            self._rise(now, newest, quiet, speaking=len(part) > len(quiet))
            if len(counted) == len(part) and not quiet:
                self._fall(newest)
        if self.open and not self.level and not quiet and not self._waits():
            self._end(self.raises, at)
        if quiet and not self.silent and (self.open or self.raises) and min(quiet) > self.closed:
            self.open, self.silent = True, max(min(quiet), self.judged[-1][0] if self.judged else 0)
            self._tell("missing", self.level or self.raises, self.silent)
        return self.told

    def close(self, now: int) -> None:
        """A person closes it."""
        self.level, self.open, self.silent, self.closed = Level.NONE, False, 0, now
        self.judged, self.leaving_from = [], 0

    def _judge(self, counted: list[tuple[int, float]]) -> None:
        if counted:
            value = max(t for t, _ in counted), max(v for _, v in counted)
            if not self.judged or (value[0] >= self.judged[-1][0] and value != self.judged[-1]):
                self.judged.append(value)

    def _since(self, holds: Callable[[float], bool], start: int) -> int | None:
        """Since when it has held without a gap, up to the last value."""
        since = None
        for t, v in reversed(self.judged[start:]):
            if not holds(v) or (since is not None and since - t > self.after):
                break
            since = t
        return since

    def _entered(self, level: Level) -> int | None:
        since = self._since(lambda v: v >= self.levels[level].enter, 0)
        return None if since is None else since + self.levels[level].for_ns

    def _waits(self) -> bool:
        return any(level > self.level and self._entered(level) is not None for level in self.levels)

    def _left(self, level: Level, at: int) -> bool:
        since = self._since(lambda v: v < self.levels[level].leave, self.leaving_from)
        return since is not None and at >= since + self.levels[level].hold_ns

    def _rise(self, now: int, newest: int, quiet: list[int], *, speaking: bool) -> None:
        for level in sorted(self.levels, reverse=True):
            at = self._entered(level)
            if level > self.level and at is not None and at <= now and at < newest + self.after:
                if not self.open and not self.raises and speaking and quiet:
                    self.closed = now
                self._tell("level" if self.open else "firing", level, at)
                self.level, self.open, self.leaving_from = level, True, len(self.judged)
                return

    def _fall(self, at: int) -> None:
        if self.level and self._left(self.level, at):
            before = self.level
            self.level = max((it for it in self.levels if it < before and not self._left(it, at)), default=Level.NONE)
            if self.level:
                self._tell("level", self.level, at)
            else:
                self._end(before, at)

    def _end(self, level: Level, at: int) -> None:
        self.level, self.open, self.silent = Level.NONE, False, 0
        self._tell("resolved", level, at)

    def _tell(self, kind: str, level: Level, at: int) -> None:
        self.told.append((kind, level, at))
