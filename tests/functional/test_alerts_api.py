"""Alerts over a real gunicorn: seen, taken, live on a screen, and no write that waits holds up anybody else."""

import http.client
import json
import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from ioc.database import writing
from ioc.domain import SystemClock
from tests.functional.server import LIMIT_S, Server, server
from tests.unit.dashboards.alerting import SERIES, raise_incident

pytestmark = pytest.mark.sockets
WAIT_S = 1.5  # how long the database is kept from others


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with server(tmp_path_factory.mktemp("alerts")) as made:
        yield made


def scheduler_writes(web: Server, **changes: Any) -> str:
    services = SimpleNamespace(engine=web.engine)
    return raise_incident(SimpleNamespace(clock=SystemClock(), services=services), **changes)


def post(web: Server, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    connection = http.client.HTTPConnection("127.0.0.1", web.port, timeout=LIMIT_S)
    connection.request("POST", path, json.dumps(body), {"Authorization": f"Bearer {web.token}"})
    answer = connection.getresponse()
    found = json.loads(answer.read())
    connection.close()
    return answer.status, found


def listed(web: Server, code: str) -> dict[str, Any]:
    """It, as the list has it within a tick of the hub."""
    until = time.monotonic() + LIMIT_S
    while time.monotonic() < until:
        for item in web.get("/api/v1/alerts?facility=bv01")["items"]:
            if item["id"] == code:
                return item
        time.sleep(0.05)
    raise AssertionError(f"{code} never came")


def test_an_alert_is_seen_taken_and_seen_as_taken(web):
    code = scheduler_writes(web, id="seen")
    item = listed(web, code)
    assert (item["level"], item["unowned"]) == ("critical", True)
    status, told = post(web, f"/api/v1/alerts/{code}/ack", {"reason": "on my way", "minutes": 5})
    assert (status, told["acked_by"], told["ack_reason"]) == (200, "test", "on my way")
    assert [entry["kind"] for entry in told["timeline"]] == ["firing", "acked"]
    assert code not in [item["id"] for item in web.get("/api/v1/alerts?unowned=true")["items"]]
    assert post(web, f"/api/v1/alerts/{code}/close", {"reason": "x"})[0] == 409


def test_a_screen_hears_of_an_alert_and_of_who_took_it(web):
    with web.stream("view=alerts&facility=bv01&lang=en") as screen:
        assert screen.status == 200
        screen.until("snapshot")
        began = time.monotonic()
        code = scheduler_writes(web, id="live", series=SERIES.replace("tl-01", "tl-02"), device="tl-02")
        while not any(f"alert-{code}" in part for part in screen.until("delta")["parts"].values()):
            pass
        assert time.monotonic() - began < 3
        post(web, f"/api/v1/alerts/{code}/ack", {"reason": "mine, says the test"})
        while not any("mine, says the test" in part for part in screen.until("delta")["parts"].values()):
            pass


def test_an_act_that_waits_for_the_database_holds_up_nobody_else(web):
    code = scheduler_writes(web, id="slow")
    done: list[tuple[int, float]] = []

    def act() -> None:
        began = time.monotonic()
        status, _ = post(web, f"/api/v1/alerts/{code}/ack", {})
        done.append((status, time.monotonic() - began))

    with writing(web.engine):
        thread = threading.Thread(target=act)
        thread.start()
        until = time.monotonic() + WAIT_S
        slowest = 0.0
        while time.monotonic() < until:
            began = time.monotonic()
            assert web.get("/api/v1/alerts")["items"]
            slowest = max(slowest, time.monotonic() - began)
        assert done == []
    thread.join(LIMIT_S)
    ((status, took),) = done
    assert status == 200
    assert took > WAIT_S / 2
    assert slowest < WAIT_S / 2


def test_nothing_went_wrong_on_the_way(web):
    assert "Traceback" not in web.log
    assert "ERROR" not in web.log
