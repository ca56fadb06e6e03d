"""Values as people write them."""

import pytest

from ioc.config import parse_duration, parse_size
from ioc.config.parse import parse_bool, parse_count
from ioc.domain import MINUTE, SECOND


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("250ms", SECOND // 4),
        ("30s", 30 * SECOND),
        ("10min", 10 * MINUTE),
        ("2 h", 120 * MINUTE),
        ("1d", 1440 * MINUTE),
    ],
)
def test_a_duration_is_a_number_with_its_unit(text: str, ns: int) -> None:
    assert parse_duration(text) == ns


@pytest.mark.parametrize("text", ["30", 30, "0s", "-1s", "1.5h", "5 minutes", "", "s", None, True, "1w"])
def test_a_duration_without_a_unit_or_of_nothing_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="duration"):
        parse_duration(text)


@pytest.mark.parametrize(("text", "size"), [("0", 0), ("262144", 262144), ("256KiB", 262144), ("4 GiB", 4 << 30)])
def test_a_size_is_in_bytes_unless_it_says_otherwise(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["4GB", "4 gib", "many", "-1", "1.5GiB"])
def test_a_size_in_an_unknown_unit_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="4GiB"):
        parse_size(text)


@pytest.mark.parametrize(("text", "value"), [("1", True), ("Yes", True), ("on", True), ("0", False), ("false", False)])
def test_a_switch_may_be_written_in_several_ways(text: str, value: bool) -> None:
    assert parse_bool(text) is value


def test_a_switch_that_is_neither_is_refused() -> None:
    with pytest.raises(ValueError, match="neither true nor false"):
        parse_bool("maybe")


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "", "x", "99999999999"])
def test_a_count_is_at_least_one(text: str) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        parse_count(text)
