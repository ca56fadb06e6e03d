"""A real gunicorn: log in, look, ask the API, and the end."""

import http.cookiejar
import json
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator

import pytest

from ioc.access import Role, Scope, Tokens
from ioc.domain import MINUTE, Reading, Series, SystemClock
from ioc.lease import Lease
from tests.functional.server import Server, server

pytestmark = pytest.mark.sockets


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with server(tmp_path_factory.mktemp("web")) as made:
        yield made


class Browser:
    """Keeps cookies, follows redirects."""

    def __init__(self, web: Server) -> None:
        self.base = f"http://127.0.0.1:{web.port}"
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._opener = urllib.request.build_opener(jar)

    def ask(self, path: str, form: dict[str, str] | None = None) -> tuple[int, str, str]:
        data = urllib.parse.urlencode(form).encode() if form is not None else None
        try:
            answer = self._opener.open(self.base + path, data, timeout=20)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            return answer.status, answer.url.removeprefix(self.base), answer.read().decode()

    def log_in(self, name: str, password: str, target: str = "/") -> tuple[int, str, str]:
        page = self.ask(f"/login?next={target}")[2]
        token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
        return self.ask("/login", {"username": name, "password": password, "next": target, "csrf_token": token})


def test_a_person_logs_in_looks_around_and_logs_out(web):
    browser = Browser(web)
    assert browser.ask("/")[1].startswith("/login")
    assert browser.log_in("admin", "wrong-password")[0] == 401
    status, where, page = browser.log_in("admin", "a-long-password")
    assert (status, where) == (200, "/")
    for path in ("/wall/bv01", "/devices/bv01", "/history?facility=bv01", "/sources", "/quarantine", "/definitions"):
        status, where, page = browser.ask(path)
        assert (status, where) == (200, path), page[:500]
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
    browser.ask("/logout", {"csrf_token": token})
    assert browser.ask("/sources")[1].startswith("/login")


def test_a_wall_screen_needs_its_token_once(web):
    text, _ = Tokens(web.engine, SystemClock()).create(Role.SCREEN, Scope("bv01"), "hall", actor="test")
    browser = Browser(web)
    status, where, _ = browser.ask(f"/screen?token={text}&next=/wall/bv01")
    assert (status, where) == (200, "/wall/bv01")
    assert browser.ask("/wall/bv02")[0] == 403


def test_the_history_comes_from_the_store(web):
    series = Series.of("fridge.temp", device="tl-01", facility="bv01", site="cs1", source="mqtt")
    now = time.time_ns()
    web.store.write(Reading(series, now - n * MINUTE, float(n)) for n in range(1, 31))
    (one,) = web.get("/api/v1/series?metric=fridge.temp&facility=bv01&device=tl-01&start=-1h&every=raw")["items"]
    assert [value for _, value in one["points"]] == [float(n) for n in range(30, 0, -1)]
    status, headers, body = web.request("GET", "/api/v1/series?metric=fridge.temp&start=-1h&every=5m&format=csv")
    assert (status, headers["content-type"]) == (200, "text/csv; charset=utf-8")
    assert body.startswith(b"metric,device,facility,site,source,time,value,unit,quality\r\n")


def test_it_says_whether_it_is_well(web):
    status, _, body = web.request("GET", "/healthz", token="")
    assert status == 503
    assert json.loads(body)["checks"]["worker"]["ok"] is False
    web.beat()
    assert Lease(web.engine, "scheduler", "test:1").acquire()
    status, _, body = web.request("GET", "/healthz", token="")
    assert (status, json.loads(body)["status"]) == (200, "ok"), body
    assert "ioc_hub_ticks_total" in web.request("GET", "/metrics", token="")[2].decode()


def test_nothing_is_given_to_whoever_does_not_say_who_it_is(web):
    for path in ("/api/v1/latest", "/api/v1/series?metric=fridge.temp", "/api/v1/stream", "/api/v1/sources"):
        status, headers, body = web.request("GET", path, token="")
        assert (status, json.loads(body)["error"]["code"]) == (401, "unauthenticated")
        assert headers["www-authenticate"] == "Bearer"
        assert headers["x-content-type-options"] == "nosniff"


def test_nothing_went_wrong_on_the_way(web):
    assert "Traceback" not in web.log
    assert "MonkeyPatchWarning" not in web.log
    assert "ERROR" not in web.log
