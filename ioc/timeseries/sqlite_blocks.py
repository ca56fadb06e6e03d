"""Sums of long ranges out of the SQLite file: the hours of a week of a series in one row.

A year of 60 facilities is a million rows of hours, and SQLite takes 0.3 s only to walk over them. So what sums are made
of, the hours' sums, counts and qualities, lies there once more in blocks: arrays that are added up as a whole. A block
is made when its week is complete, and again in the transaction that makes one of its hours again.
"""

import sqlite3
from array import array
from collections.abc import Iterable
from itertools import pairwise, repeat
from operator import add

from ioc.domain import Quality
from ioc.timeseries import sql
from ioc.timeseries.contract import HOUR, How
from ioc.timeseries.lines import QUALITIES
from ioc.timeseries.question import Point, Question, worst

HOURS = 7 * 24
BLOCK = HOURS * HOUR
NUMBERS = 1 << 24  # a block is named by its series and the number of its week since 1970
WORTH = 2  # of fewer blocks rows are as fast
QUALITY = [worst({quality for place, quality in enumerate(QUALITIES) if bits >> place & 1}) for bits in range(16)]
GOOD = 1 << QUALITIES.index(Quality.GOOD)
COUNTED = (How.MEAN, How.COUNT)  # which need to know how many values there were
ADDED = (How.SUM, How.RATIO, *COUNTED)

_Row = tuple[int, float, int, int]  # number of the hour, sum, bits of the qualities, count


def block_of(time_ns: int) -> int:
    """When the block begins in which a moment lies."""
    return time_ns - time_ns % BLOCK


def make(connection: sqlite3.Connection, wanted: Iterable[tuple[int, int]]) -> None:
    """Make the blocks anew that these (series, time) lie in."""
    for series, start in sorted({(series, block_of(time_ns)) for series, time_ns in wanted}):
        sums, counts, flags = array("d", bytes(8 * HOURS)), array("q", bytes(8 * HOURS)), bytearray(HOURS)
        for time_ns, total, count, bits in connection.execute(sql.HOURS_OF_SERIES, (series, start, start + BLOCK)):
            hour = (time_ns - start) // HOUR
            sums[hour], counts[hour], flags[hour] = total, count, bits
        number = series * NUMBERS + start // BLOCK
        if any(flags):
            connection.execute(sql.PUT_BLOCK, (number, sums.tobytes(), bytes(flags), counts.tobytes()))
        else:
            connection.execute(sql.DROP_BLOCK, (number,))


class Hours:
    """The hours of a range, of a series or of several added up. An hour without a value has no bit in its flags."""

    def __init__(self, start: int, stop: int) -> None:
        self._first, self._last = start // BLOCK, -(-stop // BLOCK)  # numbers of blocks
        here = (start - self._first * BLOCK) // HOUR
        self._here = slice(here, here + (stop - start) // HOUR)
        size = (stop - start) // HOUR
        self.sums, self.counts, self.flags = array("d", bytes(8 * size)), array("q", bytes(8 * size)), bytes(size)

    def add_blocks(self, connection: sqlite3.Connection, series: int, span: tuple[int, int], *, counts: bool) -> None:
        """Add the blocks of a series from one number to before another; counts only where they are wanted."""
        room, base = (self._last - self._first) * HOURS, series * NUMBERS
        sums, flags, numbers = bytearray(8 * room), bytearray(room), bytearray(8 * room)
        statement = sql.BLOCKS_WITH_COUNTS if counts else sql.BLOCKS
        for number, its_sums, its_flags, its_counts in connection.execute(statement, (base + span[0], base + span[1])):
            at = (number - base - self._first) * HOURS
            sums[8 * at : 8 * (at + HOURS)] = its_sums
            flags[at : at + HOURS] = its_flags
            if counts:
                numbers[8 * at : 8 * (at + HOURS)] = its_counts
        its = memoryview(sums).cast("d")[self._here]
        self.sums = array("d", map(add, self.sums, its) if any(self.flags) else its)
        if counts:
            self.counts = array("q", map(add, self.counts, memoryview(numbers).cast("q")[self._here]))
        together = int.from_bytes(self.flags, "big") | int.from_bytes(flags[self._here], "big")
        self.flags = together.to_bytes(len(self.flags), "big")

    def add_rows(self, rows: Iterable[_Row]) -> None:
        """Add single hours."""
        flags = bytearray(self.flags)
        for hour, total, bits, count in rows:
            self.sums[hour] += total
            self.counts[hour] += count
            flags[hour] |= bits
        self.flags = bytes(flags)

    def points(self, question: Question) -> dict[int, Point]:
        """What comes out in the windows of the question."""
        rows = enumerate(self._windows(question))
        if question.how is How.COUNT:
            return {number: (float(count), QUALITY[bits]) for number, (_, bits, count) in rows if bits}
        if question.how is How.MEAN:
            return {number: (total / count, QUALITY[bits]) for number, (total, bits, count) in rows if bits}
        return {number: (total, QUALITY[bits]) for number, (total, bits, _) in rows if bits}

    def _windows(self, question: Question) -> Iterable[tuple[float, int, int]]:
        edges = question.grid.edges
        if len(edges) - 1 == len(self.sums):
            return zip(self.sums, self.flags, self.counts, strict=True)
        hours = list(pairwise((edge - edges[0]) // HOUR for edge in edges))
        kinds = set(self.flags)
        flags = repeat(kinds.pop(), len(hours)) if len(kinds) == 1 else (_together(self.flags[a:b]) for a, b in hours)
        counts = (sum(self.counts[a:b]) if question.how in COUNTED else 0 for a, b in hours)
        return zip((sum(self.sums[a:b]) for a, b in hours), flags, counts, strict=True)


def _together(flags: bytes) -> int:
    bits = 0
    for flag in set(flags):
        bits |= flag
    return bits
