"""Conditions as a rule writes them (``>= @icu_limits.warn - 5``), and whether two of them contradict each other."""

import math
import re
from collections.abc import Sequence

from alerts.rules.model import Column, Condition, Op

_NUMBER = r"\d+(?:\.\d+)?(?:[eE][-+]?\d+)?"
_CONDITION = re.compile(
    rf"(?P<op>>=|<=|==|!=|>|<)\s*(?:(?P<number>[-+]?{_NUMBER})"
    rf"|@(?P<table>[a-z]\w*)\.(?P<column>[a-z]\w*)(?:\s*(?P<sign>[-+])\s*(?P<offset>{_NUMBER}))?"
    r"|(?P<state>[a-z]\w*))",
    re.ASCII,
)
FORMS = "Write >= 8, > @table.column - 5 or == state."
_RISING = {Op.GE: 1, Op.GT: 1, Op.LE: -1, Op.LT: -1, Op.EQ: 0, Op.NE: 0}
_INCLUSIVE = (Op.GE, Op.LE)


class ConditionError(ValueError):
    """It is no condition; the hint says how one is written."""

    def __init__(self, what: str, hint: str = FORMS) -> None:
        super().__init__(what)
        self.hint = hint


def parse_condition(text: str) -> tuple[Condition, str]:
    """The condition, and the code of the state that it names: its number is for the metric to say."""
    match = _CONDITION.fullmatch(text.strip())
    if match is None:
        raise ConditionError(f"{text!r} is no condition.")
    op = Op(match["op"])
    if match["state"]:
        return Condition(op, 0.0), match["state"]
    column = Column(match["table"], match["column"]) if match["table"] else None
    number = float(match["number"] or f"{match['sign'] or ''}{match['offset'] or 0}")
    if not math.isfinite(number):
        raise ConditionError(f"{text!r} has no finite limit.")
    return Condition(op, number, column), ""


def written(condition: Condition, states: Sequence[str] = ()) -> str:
    """As a rule file writes it."""
    if condition.column is None:
        known = dict(enumerate(states))
        return f"{condition.op} {known.get(int(condition.number)) or _short(condition.number)}"
    offset = f" {'-' if condition.number < 0 else '+'} {_short(abs(condition.number))}" if condition.number else ""
    return f"{condition.op} @{condition.column.table}.{condition.column.column}{offset}"


def holds(op: Op, value: float, limit: float) -> bool:
    """Whether ``value op limit``."""
    match op:
        case Op.GE:
            return value >= limit
        case Op.GT:
            return value > limit
        case Op.LE:
            return value <= limit
        case Op.LT:
            return value < limit
        case Op.EQ:
            return value == limit
        case Op.NE:
            return value != limit


def overlap(first: Op, a: float, second: Op, b: float) -> bool:
    """Whether some value satisfies both ``first a`` and ``second b``."""
    if first is Op.EQ:
        return holds(second, a, b)
    if second is Op.EQ:
        return holds(first, b, a)
    if Op.NE in (first, second) or _RISING[first] == _RISING[second]:
        return True  # each of them holds for numbers without end on the same side
    low, high = (a, b) if _RISING[first] > 0 else (b, a)
    return low < high or (low == high and first in _INCLUSIVE and second in _INCLUSIVE)


def same_direction(first: Op, second: Op) -> bool:
    """Whether both look above a limit, both below one, or both at one number."""
    return _RISING[first] == _RISING[second] and (_RISING[first] != 0 or first is second)


def looser(first: Op, a: float, second: Op, b: float) -> bool:
    """Whether ``first a`` holds for values for which ``second b`` does not; both look in the same direction."""
    sign = _RISING[first]
    if not sign:
        return False
    return sign * a < sign * b or (a == b and first in _INCLUSIVE and second not in _INCLUSIVE)


def _short(number: float) -> str:
    return f"{number:.12g}"
