"""Guessing at one account becomes slow, and does not stay so."""

from ioc.access import SlowDown
from ioc.access.slowdown import FREE, KEPT
from ioc.domain import SECOND


def fail(slow: SlowDown, times: int, name: str = "bob") -> None:
    for _ in range(times):
        slow.failed(name)


def test_the_first_failures_cost_nothing(clock):
    slow = SlowDown(clock)
    fail(slow, FREE - 1)
    assert slow.wait_ns("bob") == 0


def test_each_further_failure_doubles_the_wait_up_to_a_minute(clock):
    slow = SlowDown(clock)
    fail(slow, FREE - 1)
    waits = []
    for _ in range(9):
        slow.failed("bob")
        waits.append(slow.wait_ns("bob") // SECOND)
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_waiting_helps_and_other_accounts_are_not_touched(clock):
    slow = SlowDown(clock)
    fail(slow, FREE)
    assert slow.wait_ns("ann") == 0
    clock.advance(SECOND)
    assert slow.wait_ns("bob") == 0


def test_a_right_password_forgives(clock):
    slow = SlowDown(clock)
    fail(slow, FREE + 3)
    slow.succeeded("bob")
    fail(slow, 1)
    assert slow.wait_ns("bob") == 0


def test_invented_names_do_not_fill_the_memory(clock):
    slow = SlowDown(clock)
    for number in range(KEPT + 50):
        slow.failed(f"name{number}")
    assert len(slow._failures) == KEPT
