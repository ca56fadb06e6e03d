"""What a rule says as a whole: levels that cannot be reached, ends inside their beginnings, silence too soon."""

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise

from alerts.rules.conditions import looser, overlap, same_direction, written
from alerts.rules.model import DEVICE_TABLE, Condition, Kind, LevelRule, Op, Rule, Table, Take
from alerts.rules.notes import Notes, World
from ioc.catalogue import Metric
from ioc.domain import SECOND

EVERY = 15 * SECOND  # how often rules with ``over`` are judged

Row = Mapping[str, float | None]
Rows = Callable[[str], Iterator[tuple[str, Row]]]  # of a table's name


def check_rule(rule: Rule, metric: Metric, notes: Notes, world: World) -> None:
    """Notes every contradiction in a rule whose names are all known."""
    if rule.kind is Kind.ABSENCE:
        _absence(rule, notes)
    elif not rule.levels:
        notes.fault(15, ("levels",), "a threshold needs levels: warning, critical or both")
    _take(rule, metric, notes)
    _missing(rule, metric, notes, world)
    rows = _rows_of(rule, world)
    states = () if rule.read.take is Take.COUNT else tuple(state.code for state in metric.states)
    for level in rule.levels:
        _leave(level, notes, rows, states)
    for milder, worse in pairwise(rule.levels):
        _order(milder, worse, notes, rows, states)


def _absence(rule: Rule, notes: Notes) -> None:
    if rule.levels:
        notes.fault(15, ("levels",), "an absence has no levels", "missing.raise says the level.")
    if rule.missing is None:
        notes.fault(19, ("kind",), "an absence needs missing: {after: …, raise: …}")
    elif not rule.missing.raise_level:
        notes.fault(19, ("missing",), "an absence needs missing.raise", "Known: warning, critical.")
    if rule.read.over_ns or rule.read.take is not Take.LAST:
        key = "over" if rule.read.over_ns else "take"
        notes.fault(14, ("read", key), f"an absence has no {key}")


def _take(rule: Rule, metric: Metric, notes: Notes) -> None:
    """How several values become one, where there are several."""
    read = rule.read
    together = [tag for tag in metric.tags if tag not in read.by]
    if read.take is not Take.LAST and not read.over_ns and metric.tags and not together:
        what = f"take: {read.take} goes with over, or with a by that leaves out a tag"
        notes.fault(14, ("read", "take"), what, "There is one value only: leave it out.")
    if metric.states and read.take in (Take.MEAN, Take.SUM):
        notes.fault(14, ("read", "take"), f"states have no {read.take}: {metric.code}", "Take min, max or count.")
    if read.over_ns and read.over_ns < EVERY:
        notes.fault(14, ("read", "over"), "a window is judged every 15 s and cannot be shorter")


def _missing(rule: Rule, metric: Metric, notes: Notes, world: World) -> None:
    if rule.missing is None:
        return
    after = rule.missing.after_ns
    if after < metric.max_age_ns:
        what = (
            f"missing.after of {after // SECOND} s is shorter than the {metric.max_age_ns // SECOND} s that a value "
            f"of {metric.code} may be old"
        )
        notes.fault(19, ("missing", "after"), what, "It would be raised between two messages.")
        return
    slow = [one for one in world.devices(rule.read) if one.max_age_ns.get(metric.field, 0) > after]
    if slow:
        first, most = slow[0], max(one.max_age_ns[metric.field] for one in slow)
        what = (
            f"missing.after of {after // SECOND} s is shorter than {len(slow)} devices may take, "
            f"{first.facility}/{first.code} first (up to {most // SECOND} s)"
        )
        notes.warning(19, ("missing", "after"), what)


def _leave(level: LevelRule, notes: Notes, rows: Rows, states: tuple[str, ...]) -> None:
    if level.leave is None:
        return
    enter, leave = level.enter, level.leave
    for name, a, b in _limits(enter, leave, rows):
        if overlap(enter.op, a, leave.op, b):
            both = f"{written(leave, states)} and {written(enter, states)}"
            what = f"{level.level.word} ends inside its own beginning: {both}{_of(name)}"
            notes.fault(18, ("levels", level.level.word, "leave"), what, "Let leave lie outside of enter.")
            return


def _order(milder: LevelRule, worse: LevelRule, notes: Notes, rows: Rows, states: tuple[str, ...]) -> None:
    at = ("levels", worse.level.word, "enter")
    first, second = milder.enter, worse.enter
    warning, critical = f"warning ({written(first, states)})", f"critical ({written(second, states)})"
    if not same_direction(first.op, second.op):
        if Op.NE not in (first.op, second.op):
            notes.fault(17, at, f"{critical} and {warning} look in different directions", "These are two rules.")
        return
    for name, a, b in _limits(first, second, rows):
        if looser(second.op, b, first.op, a):
            notes.fault(17, at, f"{critical} is looser than {warning}{_of(name)}")
            return
        if (first.op, a) == (second.op, b) and worse.for_ns <= milder.for_ns:
            notes.fault(17, at, f"{critical} is never later than {warning}, which cannot be reached{_of(name)}")
            return


def _limits(first: Condition, second: Condition, rows: Rows) -> Iterator[tuple[str, float, float]]:
    """Both limits side by side, row by row where a table has them; nothing where they come from two tables."""
    names = {one.column.table for one in (first, second) if one.column}
    if len(names) > 1:
        return
    for name, row in rows(names.pop()) if names else iter([("", {})]):
        a, b = _limit(first, row), _limit(second, row)
        if a is not None and b is not None:
            yield name, a, b


def _limit(condition: Condition, row: Row) -> float | None:
    """The limit that a row gives; None where it has none."""
    if condition.column is None:
        return condition.number
    base = row.get(condition.column.column)
    return None if base is None else base + condition.number


def _rows_of(rule: Rule, world: World) -> Rows:
    def rows(name: str) -> Iterator[tuple[str, Row]]:
        if name == DEVICE_TABLE:
            for device in world.devices(rule.read):
                if device.keys[0] == rule.read.metric.partition(".")[2]:
                    yield f"{device.facility}/{device.code}", {"low": device.low, "high": device.high}
        elif table := rule.tables.get(name):
            yield from _table_rows(table)

    return rows


def _table_rows(table: Table) -> Iterator[tuple[str, Row]]:
    yield "the default", table.default
    for key, row in table.rows.items():
        yield "/".join(key), row


def _of(name: str) -> str:
    return f" for {name}" if name else ""
