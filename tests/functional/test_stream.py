"""Streams of a real gunicorn: what is written is seen, grows old in step with the API, and ends when it must."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ioc.access import Role, Scope, Tokens
from ioc.database import writing
from ioc.domain import SystemClock, parse_rfc3339
from tests.functional.server import Server, server

pytestmark = pytest.mark.sockets

FRIDGE = "fridge.temp,device=tl-01,facility=bv01,site=cs1"
OTHER = "fridge.temp,device=tl-02,facility=bv01,site=cs1"
QUERY = "metric=fridge.temp&facility=bv01"


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Server]:
    with server(tmp_path) as made:
        yield made


def max_age_s(web: Server) -> float:
    """The age at which the fridge is late, from what the database says."""
    web.put(FRIDGE, 4.0)
    with web.engine.connect() as connection:
        return connection.exec_driver_sql("select max_age_ns from latest").scalar_one() / 1e9


def test_a_written_value_is_seen_by_both_screens_and_by_the_api(web):
    with web.stream(QUERY) as one, web.stream(QUERY) as two:
        for stream in (one, two):
            assert all(value["state"] == "missing" for value in stream.until("snapshot")["values"])
        begin = time.monotonic()
        web.put(FRIDGE, 4.25)
        seen = [stream.value("tl-01", "fresh") for stream in (one, two)]
        assert time.monotonic() - begin < 1.5
        assert [value["value"] for value in seen] == [4.25, 4.25]
        time.sleep(0.25)
        told = web.get(f"/api/v1/latest?{QUERY}&device=tl-01")["items"][0]
        assert {**told, "age_s": 0} == {**seen[0], "age_s": 0}


def test_late_and_stale_come_at_the_same_second_in_api_and_stream(web):
    limit = max_age_s(web)
    with web.stream(f"{QUERY}&device=tl-01") as screen:
        for age, state in ((limit, "late"), (3 * limit, "stale")):
            web.put(OTHER, 1.0)  # something else that changes must not matter
            turn_ns = _as_of(web, age - 1.0) + int(age * 1e9)
            while time.time_ns() < turn_ns - 300_000_000:
                time.sleep(0.02)
            assert web.get(f"/api/v1/latest?{QUERY}&device=tl-01")["items"][0]["state"] != state
            screen.value("tl-01", state)
            late_by_s = (time.time_ns() - turn_ns) / 1e9
            assert 0 <= late_by_s < 0.7, f"the stream said {state} {late_by_s:.3f} s after the moment"
            assert web.get(f"/api/v1/latest?{QUERY}&device=tl-01")["items"][0]["state"] == state


def _as_of(web: Server, age_s: float) -> int:
    """Make the fridge's value this old, whatever was there, and wait until the streams have it."""
    with writing(web.engine) as connection:
        as_of = time.time_ns() - int(age_s * 1e9)
        connection.exec_driver_sql("update latest_counter set change = change + 1")
        connection.exec_driver_sql(
            "update latest set as_of_ns = ?, change = (select change from latest_counter) where key like '%tl-01%'",
            (as_of,),
        )
    return as_of


def test_a_screen_that_comes_back_is_given_what_it_missed(web):
    with web.stream(QUERY) as screen:
        screen.until("snapshot")
        web.put(FRIDGE, 4.0)
        screen.value("tl-01", "fresh")
        last = screen.last_id
    web.put(OTHER, 5.0)
    time.sleep(0.5)
    with web.stream(QUERY, last_id=last) as again:
        name, data = again.next()
        assert name == "delta"
        assert [value["tags"]["device"] for value in data["values"]] == ["tl-02"]
    with web.stream(QUERY, last_id="nonsense-1") as lost:
        assert lost.next()[0] == "snapshot"


def test_hearts_beat_every_five_seconds(web):
    with web.stream(QUERY) as screen:
        screen.until("heartbeat")
        screen.until("heartbeat")  # the hub's own rhythm
        begin = time.monotonic()
        data = screen.until("heartbeat")
        assert 4.5 < time.monotonic() - begin < 5.6
        assert abs(data["now_ms"] / 1000 - time.time()) < 1
        assert parse_rfc3339(data["now"]) == data["now_ms"] * 1_000_000


def test_a_screen_that_does_not_read_holds_nobody_up_and_gets_a_snapshot(web):
    with web.stream("facility=bv01", receive_buffer=4096) as slow, web.stream(f"{QUERY}&device=tl-01") as quick:
        slow.until("snapshot")
        items = web.get("/api/v1/latest?facility=bv01")["items"]
        keys = [",".join([item["metric"], *(f"{tag}={code}" for tag, code in item["tags"].items())]) for item in items]
        begin, turn, slowest = time.monotonic(), 0, 0.0
        while "ioc_hub_fallbacks_total 0" in web.request("GET", "/metrics")[2].decode():
            turn += 1
            assert turn < 150, "the slow screen never fell behind"
            web.offer({key: float(turn) for key in keys[turn % 5 :: 5]})
            if turn % 10 == 0:
                sent = time.monotonic()
                web.put(FRIDGE, 1000.0 + turn)
                while quick.value("tl-01", "fresh")["value"] != 1000.0 + turn:
                    pass
                slowest = max(slowest, time.monotonic() - sent)
            if time.monotonic() - begin > 14:
                slow.next()  # it reads again: what waited for it, then everything anew
            time.sleep(0.2)
        assert slowest < 2.0
        assert slow.until("snapshot")["values"]


def test_sigterm_ends_open_streams_within_five_seconds(web):
    with web.stream(QUERY) as one, web.stream("") as two:
        for stream in (one, two):
            stream.until("snapshot")
        assert web.stop() < 5.0
        for stream in (one, two):
            with pytest.raises(EOFError):
                stream.until("nothing")
    assert "Traceback" not in web.log


def test_a_locked_database_does_not_freeze_streams(web):
    """Somebody holds the write lock: screens beat, pages answer; only what writes has to wait."""
    with web.stream(QUERY) as screen:
        screen.until("snapshot")
        waits: list[float] = []
        token, _ = Tokens(web.engine, SystemClock()).create(Role.SCREEN, Scope("bv01"), "wall", actor="test")
        with writing(web.engine):
            login = threading.Thread(target=_open_a_session, args=(web, token, waits))
            login.start()
            until = time.monotonic() + 3.5
            slowest = 0.0
            while time.monotonic() < until:
                begin = time.monotonic()
                assert web.get(f"/api/v1/latest?{QUERY}")["items"]
                slowest = max(slowest, time.monotonic() - begin)
                time.sleep(0.05)
        login.join()
        assert slowest < 0.5
        assert waits[0] > 2.0
        beat = screen.until("heartbeat")
        assert time.time() - beat["now_ms"] / 1000 < 6


def _open_a_session(web: Server, token: str, waits: list[float]) -> None:
    """A screen that logs in: its session is a row."""
    begin = time.monotonic()
    status, _, _ = web.request("GET", f"/screen?token={token}&next=/wall/bv01", token="")
    assert status == 302
    waits.append(time.monotonic() - begin)


def test_the_stream_of_another_facility_is_refused(web):
    text, _ = Tokens(web.engine, SystemClock()).create(Role.SCREEN, Scope("bv01"), "one", actor="test")
    with web.stream("facility=bv02", token=text) as stream:
        assert stream.status == 403
    status, _, body = web.request("GET", "/api/v1/stream?metric=fridge.tmp", token=text)
    assert status == 400
    assert "fridge.temp" in json.loads(body)["error"]["hint"]
