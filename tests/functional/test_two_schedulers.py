"""Two schedulers on one database: one works, and when it is stopped the other goes on within seconds."""

import os
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest

from alerts.tables import events
from ioc.domain import SECOND
from tests.functional.alerting import Centre, centre
from tests.functional.harness import wait_for

pytestmark = pytest.mark.sockets
STOPPED_S = 20.0
GAP_S = 10.0


def stop_between_commits(made: Centre, process: subprocess.Popen[bytes]) -> None:
    """As the machine would that swaps: but not while it holds the lock of the file, where no other can write either."""
    for _ in range(50):
        os.kill(process.pid, signal.SIGSTOP)
        connection = sqlite3.connect(made.settings.data_dir / "ioc.sqlite", timeout=0.2, isolation_level=None)
        try:
            connection.execute("begin immediate")
        except sqlite3.OperationalError:
            os.kill(process.pid, signal.SIGCONT)
            time.sleep(0.05)
        else:
            return
        finally:
            connection.close()
    raise AssertionError("the file is always locked")


def test_when_the_holder_is_stopped_the_other_goes_on_and_the_first_writes_nothing_when_it_wakes(
    tmp_path: Path,
) -> None:
    with centre(tmp_path) as made:
        pair = {process.pid: process for process in (made.start(), made.start())}
        wait_for("one of them works", lambda: made.holder() in pair)
        made.value(9.1)
        made.wait_for("firing warning")
        first = pair.pop(made.holder())
        [second] = pair.values()
        stop_between_commits(made, first)
        stopped = time.monotonic()
        at_ns = made.value(13.0)
        made.wait_for("firing critical")
        told_ns, body = made.receiver.got[-1]
        assert (body["status"], body["level"]) == ("level", "critical")
        assert (told_ns - at_ns) / SECOND < GAP_S
        assert made.holder() == second.pid

        time.sleep(max(0.0, STOPPED_S - (time.monotonic() - stopped)))
        os.kill(first.pid, signal.SIGCONT)
        wait_for("the first knows", lambda: "another process holds the lease" in made.log())
        made.value(5.0)
        made.wait_for("resolved critical")
        assert [row.kind for row in made.rows(events)] == ["firing", "level", "resolved"]
        assert [made.receiver.times(key) for key in made.told()] == [1, 1, 1]
        assert made.holder() == second.pid

        assert made.end(second) == 0  # an orderly end lets the lease go
        made.value(9.1)
        wait_for("the first works again", lambda: made.holder() == first.pid)
        wait_for("a new incident", lambda: len(made.told()) == 4 and made.all_sent())
        assert made.end(first) == 0
