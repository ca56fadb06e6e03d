"""What the InfluxDB store makes of a server that refuses, hangs, drips, is set up wrongly, or is away."""

import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import orjson
import pytest
import urllib3

from ioc.config import Secret
from ioc.domain import VirtualClock
from ioc.errors import MisconfiguredError, RetryError
from ioc.timeseries import Rejected
from ioc.timeseries.influx import Access, Server
from ioc.timeseries.influx_flux import Script
from ioc.timeseries.influx_http import RefusedError
from ioc.timeseries.influx_store import InfluxStore
from tests.contracts.certificates import make_certificates
from tests.contracts.fake_influx import ORG, TOKEN, FakeInflux, cut_short, drip, fake_influx, hang, reset, status

pytestmark = pytest.mark.sockets
T0 = 1_795_300_000_000_000_000
ANSWER_S = 0.4  # of a store that is made to wait in vain
ENDS_S = 9.0  # the fake hangs and drips for longer


@pytest.fixture
def server() -> Iterator[FakeInflux]:
    with fake_influx() as running:
        yield running


@pytest.fixture
def store(server: FakeInflux) -> Iterator[InfluxStore]:
    opened = opened_at(server.access)
    yield opened
    opened.close()


@pytest.fixture
def hasty(server: FakeInflux) -> Iterator[InfluxStore]:
    opened = opened_at(server.access, ANSWER_S)
    yield opened
    opened.close()


def opened_at(access: Access, answer_s: float = 30.0) -> InfluxStore:
    return InfluxStore(access, clock=VirtualClock(T0), answer_s=answer_s)


def repeated(ask: Callable[[], object]) -> object:
    """As the writer does: this machine may be slower than a hasty store waits."""
    until = time.monotonic() + 60
    while True:
        try:
            return ask()
        except RetryError:
            assert time.monotonic() < until


def line(number: int, fields: str = "temp=4.2") -> str:
    return f'fridge,device=tl-01,facility=bv01 {fields},quality="good" {T0 + number}'


def lines(count: int) -> list[str]:
    return [line(number) for number in range(count)]


def test_the_fake_answers_as_the_real_one_was_recorded_to(shared: Path, server: FakeInflux):
    recorded = orjson.loads((shared / "samples/influxdb/exchanges-2.9.1.json").read_bytes())["exchanges"]
    server.points = {"rec": {}, "rec_short": {}}
    http = urllib3.PoolManager(retries=False)
    compared = 0
    for exchange in recorded:
        asked, expected = exchange["request"], exchange["response"]
        if not exchange["name"].startswith("write"):
            continue
        server.oldest = 1_795_388_682_000_000_000 if "rec_short" in asked["path"] else 0
        token = {"write: wrong token": "Token nonsense", "write: no token": ""}.get(exchange["name"], f"Token {TOKEN}")
        body = asked["body"].encode()
        answer = http.request("POST", server.access.url + asked["path"], body=body, headers={"Authorization": token})
        assert answer.status == expected["status"], exchange["name"]
        assert answer.headers.get("X-Platform-Error-Code") == expected["headers"].get("X-Platform-Error-Code")
        said = orjson.loads(expected["body"])["message"] if expected["body"] else ""
        got = orjson.loads(answer.data)["message"] if answer.data else ""
        assert got == said or "retention policy of duration" in got
        compared += 1
    assert compared >= 12


def test_lines_go_over_one_connection_as_they_are(server: FakeInflux, store: InfluxStore):
    for number in range(5):
        store.write_lines([line(number)])
    assert server.held() == {T0 + number for number in range(5)}
    assert server.points["rec"]["fridge,device=tl-01,facility=bv01", T0] == {"temp": "4.2", "quality": '"good"'}
    assert server.connections == 1


@pytest.mark.parametrize("bad", [[0], [7], [3, 4], [0, 1, 2, 3, 4, 5, 6, 7], list(range(0, 8, 2))])
@pytest.mark.parametrize("kind", ["a field of another type (422)", "outside the retention (422)", "unparsable (400)"])
def test_bad_lines_are_found_and_all_others_stored(server: FakeInflux, store: InfluxStore, kind: str, bad: list[int]):
    store.write_lines([line(1_000)])
    made = lines(8)
    if kind.startswith("outside"):
        server.oldest = T0
        made = [line(-1_000 - n) if n in bad else good for n, good in enumerate(made)]
    elif kind.startswith("a field"):
        server.types["fridge", "door"] = "string"
        made = [line(n, "door=1.0") if n in bad else good for n, good in enumerate(made)]
    else:  # what Python reads as a number and the server does not
        made = [line(n, "temp=1_0.0") if n in bad else good for n, good in enumerate(made)]
    with pytest.raises(Rejected) as caught:
        store.write_lines(made)
    assert [index for index, _ in caught.value.lines] == bad
    reason = {"a": "type conflict", "o": "retention", "u": "unable to parse"}[kind[0]]
    assert all(reason in text for _, text in caught.value.lines)
    assert server.held() == {T0 + 1_000} | {T0 + n for n in range(8) if n not in bad}


def test_one_bad_line_in_a_batch_takes_few_requests_and_a_batch_of_bad_ones_one(server: FakeInflux, store: InfluxStore):
    store.write_lines([line(-1)])
    before = server.requests
    with pytest.raises(Rejected):
        store.write_lines([line(n, "temp=1_0.0" if n == 3_000 else "temp=1.0") for n in range(4_096)])
    assert server.requests - before <= 2 * 13
    server.oldest, before = T0 + 10_000, server.requests
    with pytest.raises(Rejected) as caught:
        store.write_lines(lines(5_000))
    assert len(caught.value.lines) == 5_000
    assert server.requests - before == 1


def test_a_body_too_large_for_a_proxy_goes_in_parts(server: FakeInflux, store: InfluxStore):
    store.write_lines([line(-1)])
    server.faults.append(status(413, "<html>413 Request Entity Too Large</html>", "text/html"))
    store.write_lines(lines(10))
    assert server.held() >= {T0 + n for n in range(10)}


@pytest.mark.parametrize(
    ("change", "said", "hint"),
    [
        ({"token": Secret("wrong")}, "401", "IOC_INFLUXDB__TOKEN"),
        ({"bucket": "nope"}, 'bucket "nope', "ioc timeseries init"),
        ({"org": "nope"}, 'organization name "nope"', "__ORG"),
    ],
)
def test_a_wrong_set_up_is_said_with_its_remedy_and_nothing_is_rejected(server: FakeInflux, change, said, hint):
    right = {"url": server.access.url, "org": ORG, "bucket": "rec", "token": Secret(TOKEN)}
    store = opened_at(Access(**right | change))
    for _ in range(2):
        with pytest.raises(MisconfiguredError, match=said) as caught:
            store.write_lines(lines(3))
        assert hint in caught.value.hint
        assert "wrong" not in str(caught.value)
    assert not any(server.points.values())
    store.close()


@pytest.mark.parametrize(
    "fault",
    [
        status(200, "<html>Welcome to nginx</html>", "text/html"),
        status(302, Location="https://elsewhere/"),
        status(405, "{}"),
        status(403, '{"code":"forbidden","message":"insufficient permissions for write"}'),
    ],
)
def test_what_is_no_influxdb_is_a_wrong_set_up(server: FakeInflux, fault):
    writer = Server(server.access)
    server.faults.append(fault)
    with pytest.raises(MisconfiguredError):
        writer.write("rec", line(0))
    writer.close()


@pytest.mark.parametrize("code", [429, 503])
@pytest.mark.parametrize(("asked", "after"), [("7", 7.0), ("0.5", 0.5), ("86400", 300.0), ("soon", None), ("", None)])
def test_the_server_is_given_the_time_it_asks_for(server: FakeInflux, store: InfluxStore, code, asked, after):
    server.always = status(code, '{"message":"busy"}', **({"Retry_After": asked} if asked else {}))
    with pytest.raises(RetryError, match="busy") as caught:
        store.write_lines(lines(3))
    assert not isinstance(caught.value, MisconfiguredError)
    assert caught.value.after == after


def test_the_time_may_be_a_date(server: FakeInflux, store: InfluxStore):
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    server.always = status(503, Retry_After=date)
    with pytest.raises(RetryError) as caught:
        store.write_lines(lines(3))
    assert caught.value.after is not None
    assert 15 < caught.value.after <= 20


SLOW = [
    pytest.param(hang, id="hang"),
    pytest.param(reset, id="reset"),
    pytest.param(drip("HTTP/1.1 204 No Content\r\nX-Never: "), id="headers drip"),
    pytest.param(drip("HTTP/1.1 500 Oh\r\nContent-Length: 100000\r\n\r\n"), id="body drips"),
]


@pytest.mark.parametrize("fault", SLOW)
def test_a_slow_or_broken_answer_is_cut_and_the_same_lines_go_again(server: FakeInflux, hasty: InfluxStore, fault):
    repeated(lambda: hasty.write_lines([line(-1)]))
    server.faults.append(fault)
    began = time.monotonic()
    with pytest.raises(RetryError) as caught:
        hasty.write_lines(lines(3))
    assert not isinstance(caught.value, MisconfiguredError)
    assert time.monotonic() - began < ENDS_S
    repeated(lambda: hasty.write_lines(lines(3)))
    assert server.held() == {T0 + n for n in range(-1, 3)}


@pytest.mark.parametrize("fault", [*SLOW, pytest.param(cut_short, id="cut short")])
def test_a_question_is_bounded_too(server: FakeInflux, hasty: InfluxStore, fault):
    server.faults.append(fault)
    began = time.monotonic()
    with pytest.raises(RetryError):
        hasty.series("fridge.temp")
    assert time.monotonic() - began < ENDS_S
    assert repeated(lambda: hasty.series("fridge.temp")) == []


def test_a_long_answer_that_drips_is_cut(server: FakeInflux, hasty: InfluxStore):
    server.faults.append(drip("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n,result,table,_value\r\n"))
    with pytest.raises(RetryError, match=r"within|timed out"):
        hasty.series("fridge.temp")


def test_an_error_in_the_middle_of_an_answer_is_one(server: FakeInflux, store: InfluxStore):
    body = ',result,table,_value\r\n,series,0,"fridge.temp,device=a"\r\n\r\n,error,reference\r\n,out of memory,897\r\n'
    server.faults.append(status(200, body, "text/csv"))
    with pytest.raises(RetryError, match="out of memory"):
        store.series("fridge.temp")


def test_a_server_that_is_away_is_waited_for_and_found_again():
    with fake_influx() as server:
        access = server.access
    store = opened_at(access)
    with pytest.raises(RetryError, match="does not answer"):
        store.write_lines(lines(3))
    with pytest.raises(RetryError):
        store.latest("fridge.temp", {}, 1)
    store.close()


def test_over_tls_only_the_authority_of_the_settings_is_believed(tmp_path: Path):
    (tmp_path / "other").mkdir()
    ca_file, certificate = make_certificates(tmp_path)
    other, _ = make_certificates(tmp_path / "other")
    with fake_influx(certificate) as server:
        store = opened_at(replace(server.access, ca_file=str(ca_file)))
        store.write_lines(lines(3))
        assert server.held() == {T0, T0 + 1, T0 + 2}
        assert store.series("fridge.temp") == []
        store.close()
        for wrong in ("", str(other)):
            stranger = opened_at(replace(server.access, ca_file=wrong))
            for ask in (lambda s=stranger: s.write_lines(lines(1)), lambda s=stranger: s.series("fridge.temp")):
                with pytest.raises(MisconfiguredError, match="not believed") as caught:
                    ask()
                assert "IOC_INFLUXDB__CA_FILE" in caught.value.hint
            stranger.close()


def test_a_certificate_for_another_address_is_not_believed(tmp_path: Path):
    ca_file, certificate = make_certificates(tmp_path, "127.0.0.2")
    with fake_influx(certificate) as server:
        store = opened_at(replace(server.access, ca_file=str(ca_file)))
        with pytest.raises(MisconfiguredError, match="certificate"):
            store.write_lines(lines(1))
        store.close()


def test_an_outage_costs_no_memory(server: FakeInflux, store: InfluxStore):
    server.always = status(503)
    made = lines(2_000)

    def fail(times: int) -> int:
        for _ in range(times):
            with pytest.raises(RetryError):
                store.write_lines(made)
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        before = fail(5)
        assert fail(100) - before < 100_000
    finally:
        tracemalloc.stop()
    server.always = None
    store.write_lines(made)
    assert len(server.held()) == 2_000


def test_a_series_is_remembered_before_its_values_and_again_when_that_failed(server: FakeInflux, store: InfluxStore):
    store.write_lines([line(0)])
    server.points["rec_notes"].clear()
    server.faults.append(status(503))
    with pytest.raises(RetryError):
        store.write_lines([line(1, "door=1.0")])
    assert server.held() == {T0}
    store.write_lines([line(1, "door=1.0")])
    (known,) = server.points["rec_notes"].values()
    assert known == {"key": '"fridge.door,device=tl-01,facility=bv01"'} or "door" in str(known)


def test_what_is_late_is_noted_after_it_is_stored(server: FakeInflux, store: InfluxStore):
    hour = 3_600_000_000_000
    store.write_lines([line(0)])
    server.points["rec_notes"].clear()
    store.write_lines([line(-hour), line(-hour + 1), line(1)])
    ((key, time_ns),) = server.points["rec_notes"]
    assert key == "dirty,of=fridge,facility=bv01"
    assert time_ns == (T0 - hour) // 300_000_000_000 * 300_000_000_000


def test_a_question_that_the_server_refuses_is_said_in_its_words(server: FakeInflux):
    asker = Server(server.access)
    server.faults.append(status(400, '{"code":"invalid","message":"compilation failed"}'))
    with pytest.raises(RefusedError, match="compilation"):
        list(asker.ask(Script(["nonsense"])))
    asker.close()


GEVENT = """
from gevent import monkey; monkey.patch_all()
import sys, gevent
from dashboards.offload import offload
from ioc.config import load_settings
from ioc.timeseries import open_store
store = open_store(load_settings({"IOC_INFLUXDB__URL": sys.argv[1], "IOC_INFLUXDB__ORG": sys.argv[2],
    "IOC_INFLUXDB__BUCKET": "rec", "IOC_INFLUXDB__TOKEN": sys.argv[3]}), read_only=True)
for _ in range(3):
    asked = [gevent.spawn(offload, store.series, "fridge.temp") for _ in range(12)]
    gevent.joinall(asked, raise_error=True)
    gevent.sleep(0.1)  # the threads' loops end
print(sum(len(one.value) for one in asked))
"""


def test_the_threads_of_a_gevent_server_may_all_ask(server: FakeInflux):
    words = [sys.executable, "-c", GEVENT, server.access.url, ORG, TOKEN]
    asked = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert (asked.stdout, asked.stderr) == ("0\n", "")
