"""All that the store is asked for one page of history. It may take its time and runs beside the loop."""

from dataclasses import dataclass, replace

from dashboards.history.choice import PLACES, Choice
from dashboards.history.windows import ADDED, Ask, Cell, Line
from ioc.domain import MINUTE
from ioc.timeseries import DAY, How, Store

HOUR = 60 * MINUTE
LONG = 2 * DAY  # from here on a pattern of the day can be seen
MOST_LINES = 60


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is wanted: of one place ``own``, or of the places whose codes ``among`` names, by facility."""

    own: Ask
    choice: Choice
    zone: str
    every_place: Ask | None = None
    among: tuple[str, ...] = ()
    first: str = ""  # of them, the one that is asked about


@dataclass(frozen=True, slots=True)
class Study:
    """What was found. ``lines`` holds one line, or one of each device or facility; ``before`` what one is compared
    with; ``hours`` the hours of the only line, put together as ``hours_how`` says."""

    lines: list[Line]
    before: Line | None = None
    hours: tuple[Cell, ...] = ()
    hours_how: str = How.MEAN
    more: int = 0  # lines that are left out
    sides: tuple[float, float] | None = None  # the means of a ratio's numerator and denominator
    extremes: tuple[Cell, Cell] | None = None  # where means are shown: the windows of the highest and the lowest value

    @property
    def error(self) -> float:
        """How far a value may be off, as a share of itself."""
        return max((line.error for line in self.lines), default=0.0)


def study(store: Store, wanted: Wanted) -> Study:
    """Ask for everything. Raises what the store raises."""
    choice = wanted.choice
    span = (choice.start_ns, choice.stop_ns)
    if wanted.every_place is not None:
        return _several(_ordered(wanted.every_place.lines(store, *span), wanted))
    lines = wanted.own.lines(store, *span)
    if len(lines) != 1:
        return _several([line for line in lines if line.cells])
    (line,) = lines
    before = None
    if choice.back_days:
        earlier = wanted.own.lines(store, *choice.earlier(wanted.zone))
        before = next((found for found in earlier if found.tags == line.tags), Line(line.tags))
    hours_how = choice.how if choice.how in (How.RATIO, How.MAX, How.MIN, *ADDED) else How.MEAN
    sides = wanted.own.sides(store, line, *span) if choice.how == How.RATIO else None
    hours = _hours(store, wanted, line, hours_how)
    return Study(lines, before, hours, hours_how, sides=sides, extremes=_extremes(store, wanted, line))


def _several(lines: list[Line]) -> Study:
    return Study(lines[:MOST_LINES], more=max(0, len(lines) - MOST_LINES))


def _extremes(store: Store, wanted: Wanted, line: Line) -> tuple[Cell, Cell] | None:
    """A mean hides how far single values went: a refrigerator that froze for a minute."""
    choice = wanted.choice
    if choice.how != How.MEAN or not choice.step_ns or wanted.own.members.add_up or not line.cells:
        return None
    span = (choice.start_ns, choice.stop_ns)
    highs, lows = (
        [
            cell
            for found in replace(wanted.own, how=how).lines(store, *span)
            if found.tags == line.tags
            for cell in found.cells
        ]
        for how in (How.MAX, How.MIN)
    )
    if not highs or not lows:
        return None
    return max(highs, key=lambda cell: cell.above), min(lows, key=lambda cell: cell.above)


def _ordered(lines: list[Line], wanted: Wanted) -> list[Line]:
    """The facility that is asked about first, the others in the order of the registry; those of no list left out."""
    by_code: dict[str, list[Line]] = {}
    for line in lines:
        by_code.setdefault(line.tags.get("facility", ""), []).append(line)
    codes = [wanted.first, *(code for code in wanted.among if code != wanted.first)]
    return [line for code in codes for line in by_code.get(code, ())]


def _hours(store: Store, wanted: Wanted, line: Line, how: str) -> tuple[Cell, ...]:
    """Hour by hour, for the patterns of day and week: what is there already is not asked for again."""
    choice = wanted.choice
    if choice.stop_ns - choice.start_ns < LONG or choice.vs == PLACES:
        return ()
    ask = replace(wanted.own, how=how)
    fine = ("1h",) if how in ADDED else ("5m", "1h")  # a sum of five minutes is no sum of an hour
    if choice.every in fine and how == choice.how:
        return tuple(line.cells)
    found = ask.lines(store, choice.start_ns, choice.stop_ns, HOUR)
    return tuple(next((one.cells for one in found if one.tags == line.tags), []))
