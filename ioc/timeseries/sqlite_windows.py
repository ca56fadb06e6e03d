"""Windows out of the SQLite file: from the hours, the five minutes and the values, each as far as it serves."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Any

import orjson

from ioc.domain import Series
from ioc.timeseries import sql
from ioc.timeseries.contract import HOUR, How, Where
from ioc.timeseries.grid import Run
from ioc.timeseries.question import Found, Group, Point, Question, matches, worst
from ioc.timeseries.sketch import Spread
from ioc.timeseries.sqlite_blocks import ADDED, BLOCK, COUNTED, GOOD, QUALITY, WORTH, Hours, block_of
from ioc.timeseries.sqlite_roll import marks_of

SERIES_REMEMBERED = 20_000  # by their keys: to read these anew is half of what a short question costs

Members = list[tuple[int, Series]]  # numbers and series, by key
_Cell = tuple[int, int]  # group, window


@lru_cache(SERIES_REMEMBERED)
def series_of(key: str) -> Series:
    """The series of a key."""
    return Series.parse(key)


def members_of(connection: sqlite3.Connection, metric: str, where: Where | None) -> Members:
    """The series of a metric that have the tags asked for."""
    found = ((number, series_of(key)) for number, key in connection.execute(sql.SERIES_OF, (metric,)))
    return [(number, series) for number, series in found if matches(series, where)]


def as_json(value: object) -> str:
    """How sets of numbers are given to a statement."""
    return orjson.dumps(value).decode()


def found_of(connection: sqlite3.Connection, question: Question, members: Members) -> Found:
    """The groups' points."""
    if question.how is How.LAST:
        return _last_of(connection, question, members)
    groups, asked = _asked(question, members, apart=False)
    reach = _reach_of(connection, question, asked)
    if (blocks := reach.blocks(question)) is not None:
        return _by_blocks(connection, question, members, reach, blocks)
    points: list[dict[int, Point]] = [{} for _ in groups]
    rows = _window_rows(connection, question, asked, reach, apart=len(groups) == len(members))
    for group, window, value, bits, _ in rows:
        points[group][window] = (value, QUALITY[bits])
    return dict(zip(groups, points, strict=True))


def _by_blocks(
    connection: sqlite3.Connection, question: Question, members: Members, reach: "_Reach", blocks: tuple[int, int]
) -> Found:
    """Sums out of blocks, and what lies before and after them hour by hour; a group at a time, as they are long."""
    start, stop = question.grid.edges[0], question.grid.edges[-1]
    groups, asked = _asked(question, members, apart=False)
    beside: list[list[tuple[int, float, int, int]]] = [[] for _ in groups]
    for first, last in ((start, blocks[0] * BLOCK), (blocks[1] * BLOCK, stop)):
        if first < last:
            span = {"start": first, "stop": last, "step": HOUR, "members": asked} | reach.marks
            at = (first - start) // HOUR
            for group, hour, total, bits, count in connection.execute(sql.WINDOWS_OF_HOURS[How.SUM], span):
                beside[group].append((hour + at, total, bits or GOOD, count))
    series: dict[Group, list[int]] = {group: [] for group in groups}
    for number, one in members:
        series[question.group(one)].append(number)
    found: dict[Group, dict[int, Point]] = {}
    for place, (group, numbers) in enumerate(series.items()):
        hours = Hours(start, stop)
        for number in numbers:
            hours.add_blocks(connection, number, blocks, counts=question.how in COUNTED)
        hours.add_rows(beside[place])
        found[group] = hours.points(question)
    return found


def _last_of(connection: sqlite3.Connection, question: Question, members: Members) -> Found:
    """Each series is asked by itself: of equal times the last key's counts."""
    groups, asked = _asked(question, members, apart=True)
    found: dict[Group, dict[int, Point]] = {}
    rows = _window_rows(connection, question, asked, _reach_of(connection, question, asked), apart=True)
    for number, window, value, bits, _ in sorted(rows, key=itemgetter(4, 0)):
        points = found.setdefault(groups[number], {})
        quality = QUALITY[bits]
        points[window] = (value, worst((quality, points.get(window, (value, quality))[1])))
    return found


def quantiles_of(connection: sqlite3.Connection, question: Question, members: Members) -> tuple[Found, set[Group]]:
    """The groups' points for a median or p90, and the groups of which some come from sketches."""
    groups, asked = _asked(question, members, apart=False)
    marks = marks_of(connection)
    by_hours = question.grid.whole_hours and marks["hours_to"] >= marks["raw_from"]  # else an older file's are made
    from_raw = marks["raw_from"] if by_hours else question.grid.first_from(marks["raw_from"])
    values: defaultdict[_Cell, list[float]] = defaultdict(list)
    bits: defaultdict[_Cell, int] = defaultdict(int)
    spreads: defaultdict[_Cell, Spread] = defaultdict(Spread)
    for run in question.grid.runs():
        span = {"start": run.start, "stop": run.stop, "step": run.step, "members": asked, "raw_from": from_raw}
        for group, window, value, quality in connection.execute(sql.VALUES, span):
            cell = (group, window + run.first)
            values[cell].append(value)
            bits[cell] |= 1 << quality
        for group, window, sketch, low, high, qualities in connection.execute(sql.SKETCHES, span) if by_hours else ():
            cell = (group, window + run.first)
            spreads[cell].add_hour(sketch, low, high)
            bits[cell] |= qualities
    found: defaultdict[Group, dict[int, Point]] = defaultdict(dict)
    for cell, some in values.items():
        spreads[cell].add(some)
    for (number, window), spread in spreads.items():
        if (result := spread.result(question.how)) is not None:
            found[groups[number]][window] = (result, QUALITY[bits[number, window]])
    return found, {groups[number] for (number, _), spread in spreads.items() if not spread.exact}


def _asked(question: Question, members: Members, *, apart: bool) -> tuple[list[Group], str]:
    """The groups, and the members as JSON with the number of the group of each; ``apart``: each is one by itself."""
    groups: list[Group] = []
    place: dict[Group, int] = {}
    asked: dict[str, int] = {}
    for number, series in members:
        group = question.group(series)
        if apart or group not in place:
            place[group] = len(groups)
            groups.append(group)
        asked[str(number)] = place[group]
    return groups, as_json(asked)


@dataclass(frozen=True, slots=True)
class _Reach:
    """How far each tier serves a question: as a statement takes it, and whether late values are in the way."""

    marks: dict[str, int]
    dirty: bool

    def blocks(self, question: Question) -> tuple[int, int] | None:
        """From which block to before which they serve; None where they do not, or are not worth it."""
        edges = question.grid.edges
        first = max(block_of(edges[0]), self.marks["blocks_from"]) // BLOCK
        last = min(-(-edges[-1] // BLOCK), self.marks["blocks_to"] // BLOCK)
        serves = question.how in ADDED and question.grid.whole_hours and not self.dirty
        return (first, last) if serves and last - first >= WORTH else None


def _reach_of(connection: sqlite3.Connection, question: Question, asked: str) -> _Reach:
    marks, grid = marks_of(connection), question.grid
    span = {"start": grid.edges[0], "stop": grid.edges[-1], "members": asked}
    dirty = bool(connection.execute(sql.ANY_DIRTY, span).fetchone()[0])
    marks["five_from"] = marks["five_minutes_from"]
    if grid.whole_hours:
        marks["five_from"] = max(marks["five_from"], marks["hours_to"])
    elif not grid.whole_buckets:
        marks["rolled_to"] = marks["raw_from"]
    return _Reach(marks, dirty)


def _window_rows(
    connection: sqlite3.Connection, question: Question, asked: str, reach: _Reach, *, apart: bool
) -> Iterator[tuple[Any, ...]]:
    """Group, window, value, bits of simulated and test, and how many values; for ``last`` when that was instead."""
    grid, how = question.grid, question.how
    runs = grid.runs()
    if grid.whole_hours:
        statement = (sql.WINDOWS_OF_HOURS_BUT_DIRTY if reach.dirty else sql.WINDOWS_OF_HOURS)[how]
        if apart and not reach.dirty and runs and runs[0].step == HOUR:
            span = {"start": grid.edges[0], "stop": grid.edges[-1], "members": asked}
            yield from connection.execute(sql.HOURS_APART[how], span | reach.marks)
            runs = _from(runs[0], reach.marks["hours_to"])
    elif grid.whole_buckets:
        statement = (sql.WINDOWS_OF_FIVE_BUT_DIRTY if reach.dirty else sql.WINDOWS_OF_FIVE)[how]
    else:
        statement = sql.WINDOWS_OF_RAW[how]
    for run in runs:
        span = {"start": run.start, "stop": run.stop, "step": run.step, "members": asked}
        rows = connection.execute(statement, span | reach.marks)
        if run.first == 0:
            yield from rows
        else:
            yield from ((group, window + run.first, *rest) for group, window, *rest in rows)


def _from(run: Run, time_ns: int) -> list[Run]:
    """What is left of windows of an hour each from a moment on."""
    start = min(max(run.start, time_ns), run.stop)
    return [Run(run.first + (start - run.start) // HOUR, start, run.stop, HOUR)] if start < run.stop else []
