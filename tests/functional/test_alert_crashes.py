"""The scheduler is ended at each place where a crash could hurt: no event is lost, and none is told too often."""

from pathlib import Path

import pytest

from alerts.tables import attempts, events
from ioc.failpoints import ALERTS
from tests.functional.alerting import Centre, centre
from tests.functional.harness import wait_for

pytestmark = pytest.mark.sockets
CRASHED = 137
CRASHES = 2


def crash(made: Centre, place: str, value: float, first: str = "") -> None:
    """A scheduler that works until this value takes it to this place; ``first`` is what it has to make good before."""
    process = made.start(failpoint=place)
    wait_for("it works", lambda: made.holder() == process.pid or process.poll() is not None)
    if first:
        made.wait_for(first)
    made.value(value)
    wait_for("it has crashed", lambda: process.poll() is not None)
    assert process.returncode == CRASHED, made.log()[-2000:]
    made.let_time_pass()


@pytest.mark.parametrize("place", ALERTS)
def test_a_crash_at_any_place_loses_no_event_and_tells_none_more_often_than_it_crashed(
    place: str, tmp_path: Path
) -> None:
    with centre(tmp_path) as made:
        crash(made, place, 9.1)
        made_good = 0 if place == "after-alert-commit" else 1  # times that the second one comes by with the alarm
        crash(made, f"{place}:{made_good + 1}", 5.0, first="firing warning")
        healthy = made.start()
        made.wait_for("resolved warning")
        assert made.end(healthy) == 0

        assert [row.kind for row in made.rows(events)] == ["firing", "resolved"]
        times = {key: made.receiver.times(key) for key in made.told()}
        assert {body["dedup_key"] for _, body in made.receiver.got} == set(times)
        assert all(1 <= count <= 1 + CRASHES for count in times.values()), times
        # a row of proof for each send that was marked: only what crashed before the mark has none
        assert len(made.rows(attempts)) == len(times)
        assert sum(times.values()) == len(times) + (CRASHES if place == "after-send" else 0)
