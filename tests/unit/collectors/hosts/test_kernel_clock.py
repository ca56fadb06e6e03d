"""What the kernel says of the clock is known or absent, and never 0 for want of knowing."""

import pytest

from collectors.hosts.kernel_clock import ERROR, NANOSECONDS, UNSYNCHRONISED, Timex, clock_offset_ms, offset_ms


@pytest.mark.parametrize(
    ("status", "offset", "estimate", "ms"),
    [
        (0x2001, 2_500_000, 100, 2.5),  # nanoseconds
        (0x0001, 2_500, 100, 2.5),  # microseconds
        (0x2001, -7_000_000, 0, 7.0),
        (0x2001, 0, 1_500, 1.5),  # chrony: corrected at once, only an estimate
        (0x2001, 0, 0, 0.0),
    ],
)
def test_the_offset_or_the_estimated_error_is_what_it_may_be_off(status, offset, estimate, ms) -> None:
    assert offset_ms(0, Timex(status=status, offset=offset, esterror=estimate)) == ms


@pytest.mark.parametrize(
    ("state", "status"), [(ERROR, 0), (-1, 0), (0, UNSYNCHRONISED), (0, UNSYNCHRONISED | NANOSECONDS)]
)
def test_a_clock_that_nothing_sets_has_no_offset(state, status) -> None:
    assert offset_ms(state, Timex(status=status)) is None


def test_the_kernel_of_this_machine_can_be_asked() -> None:
    found = clock_offset_ms()
    assert found is None or found >= 0


def test_a_system_without_the_call_has_no_offset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctypes.CDLL", lambda _name: object())
    assert clock_offset_ms() is None
