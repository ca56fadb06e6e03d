"""A rule's levels on one set of labels: conditions with the numbers that tables and registry give."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import inf, nextafter

from alerts.event import Labels
from alerts.level import Level
from alerts.rules import DEVICE_TABLE, Column, Condition, Op, Rule, holds
from ioc.registry import Registry

Band = tuple[float, float]  # values strictly between the two
EVERYTHING: Band = (-inf, inf)
NOTHING: Band = (inf, -inf)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A comparison with a number."""

    op: Op
    limit: float

    def holds(self, value: float) -> bool:
        """Whether it is so for this value."""
        return holds(self.op, value, self.limit)

    def band_around(self, value: float) -> Band:
        """Values like this one, for which it does not hold: none of them makes it hold either."""
        match self.op:
            case Op.GE | Op.GT:
                return -inf, self.limit
            case Op.LE | Op.LT:
                return self.limit, inf
            case Op.EQ:
                return (-inf, self.limit) if value < self.limit else (self.limit, inf)
            case Op.NE:
                return nextafter(self.limit, -inf), nextafter(self.limit, inf)


@dataclass(frozen=True, slots=True)
class Bound:
    """One level with its numbers. Where both ``enter`` and ``leave`` hold, ``enter`` counts."""

    level: Level
    enter: Comparison
    leave: Comparison | None
    for_ns: int
    hold_ns: int

    def left(self, value: float) -> bool:
        """Whether this value ends the level, once it has held for ``hold_ns``."""
        return not self.enter.holds(value) and (self.leave is None or self.leave.holds(value))


def bounds_of(rule: Rule, labels: Labels, registry: Registry) -> tuple[Bound, ...]:
    """The levels that can be judged for these labels, the mildest first; one with a limit that is missing is not."""
    of = dict(labels)
    found = []
    for each in rule.levels:
        enter = _comparison(each.enter, rule, of, registry)
        leave = _comparison(each.leave, rule, of, registry) if each.leave else None
        if enter and bool(leave) == bool(each.leave):
            found.append(Bound(each.level, enter, leave, each.for_ns, each.hold_ns))
    return tuple(sorted(found, key=lambda bound: bound.level))


def quiet_band(bounds: Iterable[Bound], value: float) -> Band:
    """Values around this one, which enters no level, that enter none either."""
    low, high = EVERYTHING
    for bound in bounds:
        below, above = bound.enter.band_around(value)
        low, high = max(low, below), min(high, above)
    return low, high


def _comparison(condition: Condition, rule: Rule, labels: Mapping[str, str], registry: Registry) -> Comparison | None:
    if condition.column is None:
        return Comparison(condition.op, condition.number)
    base = _looked_up(condition.column, rule, labels, registry)
    return None if base is None else Comparison(condition.op, base + condition.number)


def _looked_up(column: Column, rule: Rule, labels: Mapping[str, str], registry: Registry) -> float | None:
    if column.table == DEVICE_TABLE:
        device = registry.device(labels.get("facility", ""), labels.get("device", ""))
        return {"low": device.low, "high": device.high}.get(column.column) if device else None
    table = rule.tables.get(column.table)
    if table is None:
        return None
    row = table.rows.get(tuple(labels.get(name, "") for name in table.key), {})
    return row.get(column.column, table.default.get(column.column))
