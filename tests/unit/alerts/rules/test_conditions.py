"""Conditions are read and written back, and what is said of two of them is true of numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.rules import Column, Condition, Op, holds, written
from alerts.rules.conditions import ConditionError, looser, overlap, parse_condition, same_direction

OPS = st.sampled_from(list(Op))
LIMITS = st.integers(-3, 3).map(float)
NEAR = [step / 2 for step in range(-20, 21)]  # on and between all limits, and beyond them


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        (">= 8", Condition(Op.GE, 8.0)),
        ("< -0.5", Condition(Op.LT, -0.5)),
        (">1e3", Condition(Op.GT, 1000.0)),
        (" != 0 ", Condition(Op.NE, 0.0)),
        ("<= @device.low", Condition(Op.LE, 0.0, Column("device", "low"))),
        ("> @icu_limits.warn - 5", Condition(Op.GT, -5.0, Column("icu_limits", "warn"))),
        (">= @a.b+2.5", Condition(Op.GE, 2.5, Column("a", "b"))),
    ],
)
def test_a_condition_is_read(text: str, condition: Condition) -> None:
    assert parse_condition(text) == (condition, "")


def test_the_code_of_a_state_is_handed_on() -> None:
    assert parse_condition("== on_battery") == (Condition(Op.EQ, 0.0), "on_battery")
    assert parse_condition("> nan") == (Condition(Op.GT, 0.0), "nan")  # a word: no metric has such a state


@pytest.mark.parametrize(
    "text",
    [
        "", "8", ">", "=> 8", "> 8 kPa", "> -inf", "> 1e999", "> @a", "> @a.b * 2", "> @a.b - @c.d", "> 8 or < 2",
        "> @a.b - 1e999", "> ８", "> __import__('os')", "== Open", "> 8\n> 9",
    ],
)  # fmt: skip
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(ConditionError):
        parse_condition(text)


@given(OPS, st.floats(-1e5, 1e5).map(lambda number: round(number, 3) + 0.0), st.booleans())
def test_what_is_written_is_read_again(op: Op, number: float, table: bool) -> None:
    condition = Condition(op, number, Column("limits", "warn") if table else None)
    assert parse_condition(written(condition)) == (condition, "")


def test_a_state_is_written_by_its_code() -> None:
    assert written(Condition(Op.EQ, 1.0), ["closed", "open"]) == "== open"
    assert written(Condition(Op.EQ, 2.0), ["closed", "open"]) == "== 2"


@given(OPS, LIMITS, OPS, LIMITS)
def test_two_conditions_overlap_where_some_number_satisfies_both(first: Op, a: float, second: Op, b: float) -> None:
    assert overlap(first, a, second, b) == any(holds(first, x, a) and holds(second, x, b) for x in NEAR)


@given(OPS, LIMITS, OPS, LIMITS)
def test_one_is_looser_where_some_number_satisfies_it_alone(first: Op, a: float, second: Op, b: float) -> None:
    if same_direction(first, second) and first not in (Op.EQ, Op.NE):
        assert looser(first, a, second, b) == any(holds(first, x, a) and not holds(second, x, b) for x in NEAR)
