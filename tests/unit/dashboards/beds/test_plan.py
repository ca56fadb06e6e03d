"""How rooms are arranged on a wall."""

import pytest

from dashboards.beds.plan import DENSE, LARGEST, ROOMY, SMALLEST, STEP, TALL, WIDE, plan


def high(counts, found):
    """How high it comes out, in u."""
    scale = DENSE if found.dense else ROOMY
    rows = [-(-max(counts[i : i + found.columns]) // found.beds) for i in range(0, len(counts), found.columns)]
    bed = found.width * 134 / 118 + scale.label + scale.bed_row_gap
    return sum(scale.head + row * bed for row in rows) + (len(rows) - 1) * scale.row_gap


def wide(found):
    scale = DENSE if found.dense else ROOMY
    room = found.beds * found.width + (found.beds - 1) * scale.bed_gap
    return found.columns * room + (found.columns - 1) * scale.column_gap


def test_six_rooms_of_six_beds_stand_three_by_two_with_large_beds():
    found = plan([6] * 6)
    assert (found.columns, found.beds, found.dense) == (3, 3, False)
    assert found.width >= 110


@pytest.mark.parametrize("tall", [False, True])
@pytest.mark.parametrize("rooms", range(1, 21))
@pytest.mark.parametrize("beds", [1, 2, 4, 6])
def test_up_to_twenty_rooms_fit_in_height_and_width(rooms, beds, tall):
    counts, area = [beds] * rooms, TALL if tall else WIDE
    found = plan(counts, tall=tall)
    assert high(counts, found) <= area[1]
    assert wide(found) <= area[0]
    assert found.width >= 42


def test_beds_are_as_wide_as_the_style_sheet_has_a_class_for():
    widths = {plan([beds] * rooms).width for rooms in range(1, 40) for beds in (1, 3, 7)}
    assert widths <= set(range(SMALLEST, LARGEST + 1, STEP))


def test_few_beds_are_not_blown_up_and_none_need_no_room():
    assert plan([1]).width == LARGEST
    assert plan([]).width == LARGEST


def test_rooms_of_many_and_of_few_beds_stand_together():
    counts = [12, 1, 1, 2, 8]
    found = plan(counts)
    assert high(counts, found) <= WIDE[1]


def test_more_than_a_wall_can_hold_is_shown_at_the_smallest_size():
    found = plan([6] * 300)
    assert (found.width, found.dense, found.tiny) == (SMALLEST, True, True)
