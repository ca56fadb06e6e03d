"""Every page, for those who may see it, in every language: complete, without inline style or script."""

import re
from html.parser import HTMLParser

import pytest

from ioc.domain import Quality
from ioc.errors import Reason
from ioc.intake import Reject, SourceStatus, SourceStatuses
from tests.unit.dashboards.alerting import deliver, raise_incident

PAGES = (
    "/",
    "/wall/bv01",
    "/wall/bv01/cs1",
    "/wall/bv01?theme=light",
    "/wall/bv01?theme=clock",
    "/devices/bv01",
    "/devices/bv01?class=fridge&state=silent",
    "/device/bv01/tl-01",
    "/history",
    "/history?metric=ups.load&facility=bv01&range=7d&every=1h&how=max",
    "/history?metric=fridge.temp&facility=bv01&device=tl-01&from=2026-11-20T00:00&to=2026-11-21T00:00",
    "/definitions",
    "/states",
    "/sources",
    "/quarantine",
    "/quarantine?state=discarded&reason=json",
    "/alerts",
    "/alerts?facility=bv01&site=cs1",
    "/alerts/i0123456789abcde",
    "/alerts/silent",
    "/alerts/rules",
    "/alerts/nowhere",
    "/nowhere",
    "/wall/bv99",
    "/history?range=1y",
)
LEAST = {"viewer": 3, "screen": 7}


class Page(HTMLParser):
    """Notes what must not be in a page, and what must."""

    def __init__(self, html):
        super().__init__()
        self.inline, self.addresses, self.ids, self.text, self.labelled = [], [], [], [], []
        self.language = ""
        self._in_script = False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "html":
            self.language = given.get("lang", "")
        if tag == "style" or "style" in given or any(name.startswith("on") for name in given):
            self.inline.append((tag, given))
        if tag == "script" and not given.get("src"):
            self.inline.append((tag, given))
        self.addresses += [
            given[name]
            for name in ("src", "href", "action", "data-live", "data-chart", "data-study")
            if given.get(name)
        ]
        if "id" in given:
            self.ids.append(given["id"])

    def handle_data(self, data):
        self.text.append(data)


def seen(client, path, status=None):
    answer = client.get(path)
    if status is not None:
        assert answer.status_code == status, path
    return answer.get_data(as_text=True)


@pytest.fixture
def filled(web):
    """Values good, simulated, bad and old; a rejected input with hostile texts; a source; two incidents."""
    web.put("fridge.temp,device=tl-01,facility=bv01,site=cs1", 4.0, quality=Quality.SIM)
    web.put("fridge.temp,device=tl-02,facility=bv01,site=cs1", 4.0, quality=Quality.BAD)
    web.put("fridge.door,device=tl-01,facility=bv01,site=cs1", 1, age_s=4000)
    web.put("ups.status,device=ups-01,facility=bv01,site=cs1", 2)
    web.put("fridge.temp,device=mystery,facility=bv01,site=cs1", 5.0)
    hostile = Reject(Reason.JSON, "<script>alert(1)</script>", "ioc/<b>", b"\xff<script>", web.clock.now_ns(), "bv01")
    web.services.quarantine.put("mqtt", hostile)
    raise_incident(web)
    raise_incident(
        web, id="silent", status="missing", missing_since_ns=1, needs_owner=0, ack_needs_reason=1, quality="sim"
    )
    deliver(web, "i0123456789abcde", tries=2, error="<b>refused</b>")
    SourceStatuses(web.services.engine).save([SourceStatus("mqtt", "mqtt", connected=True)], web.clock.now_ns())
    return web


@pytest.mark.parametrize("language", ["vi", "en", "fr"])
def test_no_page_has_inline_style_or_script_or_asks_another_host(filled, language):
    client = filled.browser("admin")
    for path in PAGES:
        page = Page(seen(client, f"{path}{'&' if '?' in path else '?'}lang={language}"))
        assert page.inline == [], path
        assert [a for a in page.addresses if not a.startswith(("/", "#", "?"))] == [], path
        assert page.language == language, path
        assert len(page.ids) == len(set(page.ids)), path


@pytest.mark.parametrize("role", ["screen", "viewer", "operator", "oncall", "steward"])
def test_each_role_sees_its_pages_whole(filled, role):
    client = filled.browser(role)
    for path in ("/", "/wall/bv01", "/devices/bv01", "/device/bv01/tl-01", "/states"):
        assert "</html>" in seen(client, path, 200)
    status = 403 if role == "screen" else 200
    for path in ("/history?facility=bv01", "/sources", "/definitions", "/alerts", "/alerts/rules", "/alerts/silent"):
        seen(client, path, status)
    seen(client, "/quarantine", 200 if role == "steward" else 403)


def test_the_navigation_offers_only_what_one_may_see(filled):
    assert "/quarantine" not in seen(filled.browser("viewer"), "/")
    assert "/quarantine" in seen(filled.browser("steward"), "/")
    screen = seen(filled.browser("screen"), "/devices/bv01")
    assert "/history" not in screen
    assert 'id="nav-alerts"' not in screen


def test_the_first_page_lists_what_the_scope_covers(filled):
    everything, own = seen(filled.browser("admin"), "/"), seen(filled.browser("viewer"), "/")
    assert len(re.findall(r'class="row facility"', everything)) == 6 + 2  # two for tests, under their own heading
    assert "/wall/province/song-may" in everything
    assert "/wall/province" not in own
    assert len(re.findall(r'class="row facility"', own)) == 1
    assert "/wall/bv02/cs2" in everything


def test_a_page_that_shows_something_simulated_says_so(filled):
    client = filled.browser("admin")
    for path in ("/", "/wall/bv01", "/devices/bv01", "/device/bv01/tl-01"):
        assert "MÔ PHỎNG" in seen(client, path), path
    assert "MÔ PHỎNG" not in seen(client, "/wall/bv03")


def test_what_a_device_wrote_is_text_and_never_markup(filled):
    client = filled.browser("steward")
    html = seen(client, "/quarantine")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    number = filled.services.quarantine.list()[0].id
    raw = seen(client, f"/quarantine/{number}", 200)
    assert "\\xff&lt;script&gt;" in raw


def test_pages_can_be_read_in_the_language_of_the_cookie(filled):
    client = filled.browser("viewer")
    assert "Thiết bị" in seen(client, "/devices/bv01")
    assert "Devices" in seen(client, "/devices/bv01?lang=en")
    assert "Devices" in seen(client, "/devices/bv01")
    assert "Appareils" in seen(client, "/devices/bv01?lang=fr")


def test_a_link_to_another_language_keeps_the_page_and_smuggles_nothing(filled):
    html = seen(filled.browser("viewer"), "/history?metric=ups.load&facility=bv01&_external=1&_scheme=javascript")
    assert "/history?metric=ups.load&amp;facility=bv01&amp;lang=en" in html
    assert "javascript:" not in html


def test_the_wall_says_what_it_is_not(filled):
    assert "Không thay báo động của thiết bị y tế." in seen(filled.browser("screen"), "/wall/bv01")


def test_the_wall_names_its_stream_with_its_scope(filled):
    html = seen(filled.browser("screen"), "/wall/bv01/cs1?lang=en")
    assert 'data-live="/api/v1/stream?view=hospital&amp;facility=bv01&amp;site=cs1&amp;lang=en"' in html


def test_with_nothing_connected_wall_and_sources_say_how_to_connect(web):
    client = web.browser("admin")
    assert "mqtt://127.0.0.1:1883" in seen(client, "/wall/bv05")
    assert "ioc/v1/{facility}/{area}/{class}/{device}/tele" in seen(client, "/sources")


def test_error_pages_are_pages_of_ours(filled):
    html = seen(filled.browser("viewer"), "/wall/bv99", 403)
    assert "403" in html
    html = seen(filled.browser("admin"), "/wall/bv99", 404)
    assert "Không có trang này" in html
    assert "Traceback" not in html


def test_nobody_gets_the_login_page_which_keeps_where_one_wanted_to_go(web):
    answer = web.nobody().get("/wall/bv01")
    assert answer.status_code == 302
    html = seen(web.nobody(), "/login?next=/wall/bv01", 200)
    assert 'name="next" value="/wall/bv01"' in html
    assert 'name="csrf_token"' in html


def test_static_files_that_carry_their_version_are_kept_and_others_asked_for_again(web):
    with web.nobody().get("/static/css/wall.css?v=12345678") as kept:
        assert "immutable" in kept.headers["Cache-Control"]
    with web.nobody().get("/static/js/ages.js") as asked:
        assert asked.headers["Cache-Control"] == "no-cache"
