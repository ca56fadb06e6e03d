"""Holes in sequences are counted by device, and nothing else is taken for one."""

import pytest

from collectors.mqtt.gaps import Gaps


@pytest.mark.parametrize(
    ("messages", "holes"),
    [
        ([(1, 1), (2, 2), (3, 3)], 0),
        ([(7, 1)], 0),  # the first one heard of
        ([(1, 1), (5, 2), (6, 3)], 1),
        ([(1, 1), (3, 2), (9, 3)], 2),
        ([(4, 4), (5, 5), (4, 4), (5, 5), (6, 6)], 0),  # delivered again
        ([(900, 1), (0, 2), (1, 3)], 0),  # the device was switched off and on
        ([(1, 1), (3, 3), (2, 2), (4, 4)], 1),  # overtaken
    ],
)
def test_holes_are_counted(messages: list[tuple[int, int]], holes: int) -> None:
    gaps = Gaps()
    assert sum(gaps.note("bv01", "tl-01", seq, time_ns) for seq, time_ns in messages) == holes


def test_each_device_has_a_sequence_of_its_own() -> None:
    gaps = Gaps()
    for device, seq in (("a", 1), ("b", 50), ("a", 2), ("b", 52)):
        gaps.note("bv01", device, seq, seq)
    assert gaps.by_device == {("bv01", "b"): 1}
