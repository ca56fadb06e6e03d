"""History of the census: its numbers at each whole minute, of wards, facilities and provinces.

Live numbers do not come from here. A minute is written once it lies behind, as long as the feed is not stale then, and
again where facts came late; minutes of which nothing is known stay empty.
"""

import time
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import Engine, select, update

from ioc.catalogue import Catalogue
from ioc.census.model import Census, Feed
from ioc.census.names import LANE, max_age_ns
from ioc.census.numbers import FIELDS, SOURCE, Numbers, line_of, numbers_of, prefix_of, sums_of
from ioc.census.tables import sampled
from ioc.database import writing
from ioc.domain import MINUTE, STALE_AFTER, Quality
from ioc.registry import Registry
from ioc.timeseries import ABSENT, DAY, How, Rejected, Store
from ioc.upsert import upsert

BACK_NS = 2 * DAY  # older minutes are not written any more, however late a fact comes
AT_ONCE = 2_000  # minutes of facilities in one run, shared out among them; what is left is for the next
AT_LEAST = 60  # of each that needs so many
HOLE_NS = 15 * MINUTE  # between minutes of a province that are asked for together
REPORTING = ("pt", "inpatient")  # a facility that has a value of it at a minute reported then
LINES_AT_ONCE = 1_000  # in one transaction, and a pause after it: the worker and others write to the store too
PAUSE_S = 0.1  # at least, and as long as the write took


class History(Protocol):
    """Minutes of a facility whose rows were read once."""

    @property
    def gaps(self) -> Sequence[tuple[int, int]]:
        """From when to when nothing is known of it."""
        ...

    def changes(self) -> Sequence[int]:
        """When anything may have changed, in their order."""
        ...

    def at(self, at_ns: int) -> Census:
        """The facility at one moment."""
        ...


class Reader(Protocol):
    """What is needed of ``CensusReader``."""

    def feeds(self) -> Mapping[str, Feed]:
        """Every facility that was ever heard of."""
        ...

    def history(self, facility: str, from_ns: int, to_ns: int, now_ns: int) -> History:
        """A facility from one moment to another."""
        ...


@dataclass(frozen=True, slots=True)
class _Due:
    """The minutes of a facility that are to be written, from the first to the last: those before ``new_ns`` again."""

    facility: str
    quality: Quality
    first_ns: int
    new_ns: int
    last_ns: int

    @property
    def minutes(self) -> int:
        """How many; none or fewer where nothing is due."""
        return (self.last_ns - self.first_ns) // MINUTE + 1

    def cut(self, share: int) -> "_Claim":
        """So many of them: the newest of the new ones first, then the oldest of all."""
        if self.minutes <= share:
            return _Claim(self, ((self.first_ns, self.last_ns),), None)
        newest = min(max(self.new_ns, self.last_ns - (share - 1) * MINUTE), self.last_ns + MINUTE)
        rest = self.first_ns + (share - 1) * MINUTE - (self.last_ns - newest)
        spans = ((self.first_ns, rest - MINUTE), (newest, self.last_ns))
        return _Claim(self, tuple(span for span in spans if span[0] <= span[1]), rest)


@dataclass(frozen=True, slots=True)
class _Claim:
    """What is written of it now, as spans with both ends included, and from when on the rest is to be written."""

    due: _Due
    spans: tuple[tuple[int, int], ...]
    rest_ns: int | None


class Sampler:
    """Writes minutes to the store; one process at a time calls ``run``, about each minute.

    What is being written is noted first, and the note is taken away when the store has it: minutes that a crash left
    out are written by the next run, and facts that come meanwhile ask for theirs again.
    """

    def __init__(
        self,
        engine: Engine,
        reader: Reader,
        registry: Registry,
        store: Store,
        catalogue: Catalogue,
        *,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._engine = engine
        self._reader = reader
        self._registry = registry
        self._store = store
        self._stale_ns = STALE_AFTER * max_age_ns(catalogue)
        self._pause = pause
        self._until_ns = 0  # the last minute of provinces

    def run(self, now_ns: int) -> int:
        """Write what is due, and the roll-ups of it; gives how many minutes of facilities. Raises RetryError."""
        feeds = {code: feed for code, feed in self._reader.feeds().items() if code in self._registry.facilities}
        claims = self._claim(feeds, now_ns)
        written: dict[str, set[int]] = defaultdict(set)
        lines: list[str] = []
        for claim in claims:
            province = self._registry.facilities[claim.due.facility].province
            for first, last in claim.spans:
                written[province].update(self._sample(claim.due, first, last, now_ns, lines))
        self._write(lines)
        self._roll_up(feeds, written, now_ns)
        self._release(claims)
        return sum((last - first) // MINUTE + 1 for claim in claims for first, last in claim.spans)

    def _claim(self, feeds: Mapping[str, Feed], now_ns: int) -> list[_Claim]:
        """Note what is written now; facts that are kept from here on ask for their minutes again."""
        with writing(self._engine, LANE) as connection:
            marks = {row.facility: row for row in connection.execute(select(sampled))}
            due = [_due(feed, marks.get(facility), now_ns, self._stale_ns) for facility, feed in feeds.items()]
            claims = list(_shared_out([it for it in due if it.minutes > 0]))
            rows = [
                {
                    "facility": claim.due.facility,
                    "to_ns": max(claim.due.last_ns, claim.due.new_ns - MINUTE),
                    "again_from_ns": claim.rest_ns,
                    "claimed_from_ns": claim.spans[0][0],
                }
                for claim in claims
            ]
            upsert(connection, sampled, rows)
        return claims

    def _release(self, claims: Sequence[_Claim]) -> None:
        with writing(self._engine, LANE) as connection:
            for claim in claims:
                row = (sampled.c.facility == claim.due.facility) & (sampled.c.claimed_from_ns == claim.spans[0][0])
                connection.execute(update(sampled).where(row).values(claimed_from_ns=None))

    def _sample(self, due: _Due, first: int, last: int, now_ns: int, lines: list[str]) -> Iterator[int]:
        """Add the lines of a facility and its wards, and give their minutes. Between two changes all are the same."""
        history = self._reader.history(due.facility, first, last, now_ns)
        changes, gaps = history.changes(), history.gaps
        since = -1
        heads: list[str] = []
        for minute in range(first, last + 1, MINUTE):
            if any(begin < minute < end for begin, end in gaps):
                continue
            if (passed := bisect_right(changes, minute)) != since:
                since = passed
                numbers = numbers_of(history.at(minute))
                numbers |= sums_of(numbers, facility=due.facility)
                heads = [line_of(prefix, fields, due.quality) for prefix, fields in numbers.items()]
            if len(lines) + len(heads) > LINES_AT_ONCE:
                self._write(lines)
            lines += [f"{head} {minute}" for head in heads]
            yield minute

    def _write(self, lines: list[str]) -> None:
        """Have the store take the lines, and forget them here."""
        for first in range(0, len(lines), LINES_AT_ONCE):
            started, part = time.monotonic(), lines[first : first + LINES_AT_ONCE]
            with suppress(Rejected):  # older than what the store keeps
                self._store.write_lines(part)
            if len(part) > LINES_AT_ONCE // 2:
                self._pause(max(PAUSE_S, time.monotonic() - started))
        lines.clear()

    def _roll_up(self, feeds: Mapping[str, Feed], written: Mapping[str, set[int]], now_ns: int) -> None:
        """Add up the facilities of each province, at the minutes that were written and at those that have passed."""
        until = now_ns // MINUTE * MINUTE
        passed = range(max(self._until_ns + MINUTE, until - BACK_NS), until + 1, MINUTE) if self._until_ns else [until]
        self._until_ns = until
        lines: list[str] = []
        for province in self._registry.provinces:
            codes = [code for code, it in self._registry.hospitals.items() if it.province == province]
            connected = len(feeds.keys() & set(codes))
            if connected:
                for first, last in _spans(sorted(written.get(province, set()).union(passed))):
                    lines += self._province(province, codes, connected, first, last)
        self._write(lines)

    def _province(self, province: str, codes: Sequence[str], connected: int, first: int, last: int) -> Iterator[str]:
        """The lines of a province, from one minute to another, out of what the store has of its facilities."""
        where = {"facility": frozenset(codes), "source": SOURCE, "site": ABSENT}
        qualities: dict[int, Quality] = {}
        numbers: dict[int, Numbers] = {minute: {} for minute in range(first, last + 1, MINUTE)}
        asked = [(m, name, m, name, How.SUM) for m, names in FIELDS.items() for name in names]
        for measurement, name, of, what, how in [*asked, ("it", "reporting", *REPORTING, How.COUNT)]:
            prefix = prefix_of(measurement, province=province)
            for window in self._store.window(f"{of}.{what}", where, first, last + 1, every=MINUTE, how=how, by=[]):
                for minute, value, quality in window.points:
                    if value is not None:
                        numbers[minute].setdefault(prefix, {})[name] = value
                        qualities[minute] = quality
        prefix = prefix_of("it", province=province)
        for minute, found in numbers.items():
            found[prefix] = {"reporting": 0.0, **found.get(prefix, {}), "connected": float(connected)}
            quality = qualities.get(minute, Quality.GOOD)
            for its, fields in found.items():
                yield f"{line_of(its, fields, quality)} {minute}"


def _due(feed: Feed, mark: Any, now_ns: int, stale_ns: int) -> _Due:
    """What there is to write: new minutes, and those that facts or a crash ask for again."""
    since_ns = new_ns = feed.first_ns  # of what was before, nothing is known
    if mark is not None:
        new_ns = mark.to_ns + 1
        again = (new_ns, mark.claimed_from_ns, mark.again_from_ns)
        since_ns = min(time_ns for time_ns in again if time_ns is not None)
    oldest_ns = now_ns - BACK_NS
    first, new = (_minute_from(max(time_ns, oldest_ns)) for time_ns in (since_ns, new_ns))
    last = min(now_ns, feed.as_of_ns + stale_ns) // MINUTE * MINUTE
    return _Due(feed.facility, feed.quality, first, new, last)


def _minute_from(time_ns: int) -> int:
    """The first whole minute from a moment on."""
    return -(-time_ns // MINUTE) * MINUTE


def _shared_out(due: Sequence[_Due]) -> Iterator[_Claim]:
    """What one run writes: what needs little gets all of it, the others share what is left."""
    left = AT_ONCE
    for number, its in enumerate(sorted(due, key=lambda its: its.minutes)):
        share = max(AT_LEAST, left // (len(due) - number))
        left -= min(its.minutes, share)
        yield its.cut(share)


def _spans(minutes: Sequence[int]) -> Iterator[tuple[int, int]]:
    """The same minutes as few spans, each with its first and its last; small holes are filled."""
    first = last = None
    for minute in minutes:
        if first is None or last is None:
            first = minute
        elif minute - last > HOLE_NS:
            yield first, last
            first = minute
        last = minute
    if first is not None and last is not None:
        yield first, last
