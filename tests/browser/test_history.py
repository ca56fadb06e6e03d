"""What a manager does with the past: looks, compares, takes along, prints; with a mouse, with keys, on a phone."""

import csv
import io
import re
import time
import zipfile

import pytest
from playwright.sync_api import Page, Route, expect

from ioc.domain import Reading, Series
from ioc.timeseries import DAY, SqliteStore
from tests.browser.centre import Centre
from tests.browser.conftest import Watched
from tests.browser.test_live import oxygen_zones

pytestmark = pytest.mark.sockets

HOUR = DAY // 24
QUERY = "metric=bed.occ_staffed&facility=bv01&range=14d&every=1h"
WAIT_MS = 60_000


@pytest.fixture(scope="module")
def past(centre: Centre) -> Centre:
    """Four weeks of beds of two hospitals, hour by hour; of the first, ten hours of this week are missing."""
    now = time.time_ns()
    first, hours = now - now % HOUR - 28 * DAY, 28 * 24
    store = SqliteStore(centre.folder / "data" / "timeseries.sqlite")
    readings = [
        Reading(Series.parse(f"bed.{field},facility={facility},source=census"), first + hour * HOUR, value)
        for facility, base in (("bv01", 70.0), ("bv02", 60.0))
        for hour in range(hours)
        if facility != "bv01" or not hours - 60 <= hour < hours - 50
        for field, value in (("occupied", base + hour % 24), ("staffed", 100.0))
    ]
    store.write(readings)
    store.close()
    return centre


def opened(page: Page, centre: Centre, query: str = QUERY, ready: str = "[data-ready]") -> Page:
    """The page with its values there."""
    page.goto(f"{centre.web}/history?{query}")
    page.wait_for_selector(ready, timeout=WAIT_MS)
    return page


def figures(page: Page) -> list[str]:
    """The summary as it is read."""
    return [text.replace("\u00a0", " ") for text in page.locator("aside .kv dd").all_inner_texts()]


def test_the_explorer_shows_line_gap_pattern_spread_and_definition(watched: Watched, past: Centre) -> None:
    page = opened(watched.page, past)
    expect(page.locator(".plotly .scatterlayer .trace").first).to_be_attached()
    expect(page.locator("[data-key-gap]")).to_be_visible()
    expect(page.locator(".plotly .annotation-text", has_text="không có số")).to_be_attached()
    assert page.locator("table.heat").count() == 2
    assert page.locator("table.heat.narrow tbody tr").count() == 7
    assert page.locator("svg.spread rect").count() > 5
    expect(page.locator("aside .fr .num")).to_have_text("Giường đang dùng")
    shown = figures(page)
    asked = {"metric": "bed.occ_staffed", "facility": "bv01", "every": "1h", "start": "-312h"}  # 13 whole days at least
    answer = past.get("/api/v1/series", **asked)
    items = answer["items"]
    assert isinstance(items, list)
    highest = max(value for _, value in items[0]["points"] if value is not None)
    assert any(text.startswith(f"{highest:.1f} %".replace(".", ",")) for text in shown)


def test_a_comparison_is_an_address_that_shows_the_same_to_whoever_opens_it(watched: Watched, past: Centre) -> None:
    page = opened(watched.page, past)
    page.locator("nav.choose a[href*='vs=before']").click()
    page.wait_for_url("**vs=before**")
    page.wait_for_selector("[data-ready]", timeout=WAIT_MS)
    assert page.locator("[data-key] > span").count() == 2
    fixed = page.locator(".title-line .btns a").last.get_attribute("href") or ""
    assert "from=" in fixed
    shown = figures(page)
    opened(page, past, fixed.partition("?")[2])
    assert figures(page) == shown
    opened(page, past, QUERY + "&vs=places")
    names = page.locator("table.places .who").all_inner_texts()
    assert len(names) == 2
    assert "Sông Mây" in names[0]


def test_what_is_taken_along_is_what_is_shown(watched: Watched, past: Centre) -> None:
    page = opened(watched.page, past)
    taken = {}
    for locator, name in (("a[href*='table.csv']", "csv"), ("a[href*='table.xlsx']", "xlsx"),
                          ("[data-picture=png]", "png"), ("[data-picture=svg]", "svg")):  # fmt: skip
        with page.expect_download(timeout=WAIT_MS) as waiting:
            page.locator(locator).click()
        path = waiting.value.path()
        assert waiting.value.suggested_filename.endswith(f".{name}")
        taken[name] = path.read_bytes()
    rows = list(csv.reader(io.StringIO(taken["csv"].decode("utf-8-sig"))))
    values = [float(row[1]) for row in rows[1:] if row[1]]
    mean = float(figures(page)[0].partition(" ")[0].replace(",", "."))
    assert mean == pytest.approx(sum(values) / len(values), abs=0.051)  # it is shown with one decimal
    assert sum(not row[1] for row in rows[1:]) >= 10  # empty, not 0
    assert "xl/workbook.xml" in zipfile.ZipFile(io.BytesIO(taken["xlsx"])).namelist()
    assert taken["png"].startswith(b"\x89PNG")
    assert b"<svg" in taken["svg"]
    assert "Công suất" in taken["svg"].decode()


def test_it_prints_without_its_controls_and_within_the_paper(watched: Watched, past: Centre) -> None:
    page = opened(watched.page, past)
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(page.locator("nav.choose")).to_be_hidden()
    expect(page.locator(".title-line .btns")).to_be_hidden()
    expect(page.locator("form.ctl").first).to_be_hidden()
    expect(page.locator("aside .def").first).to_be_visible()
    page.wait_for_function("document.querySelector('.main-svg').getBoundingClientRect().width <= 1000", timeout=WAIT_MS)
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
    page.emulate_media(media="screen")


def test_the_keys_read_out_every_value(watched: Watched, past: Centre) -> None:
    page = opened(watched.page, past)
    page.locator(".plot").focus()
    page.keyboard.press("Home")
    first = page.locator("[data-reading]").inner_text()
    assert re.search(r"\d+,\d %", first.replace("\u00a0", " "))
    page.keyboard.press("ArrowRight")
    assert page.locator("[data-reading]").inner_text() != first


def test_on_a_phone_nothing_reaches_over_the_edge(watched: Watched, past: Centre) -> None:
    watched.page.set_viewport_size({"width": 390, "height": 844})
    page = opened(watched.page, past)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator(".main-svg").first.bounding_box()["width"] <= 390


def test_what_takes_long_says_for_how_long_and_what_fails_can_be_tried_again(watched: Watched, past: Centre) -> None:
    page, held = watched.page, list[Route]()

    def hold(route: Route) -> None:  # playwright takes no method of a list
        held.append(route)

    page.route("**/history/data**", hold)
    page.goto(f"{past.web}/history?{QUERY}")
    waiting = page.locator(".waiting")
    expect(waiting).to_have_text(re.compile(r"\d s"), timeout=WAIT_MS)
    held.pop().fulfill(status=503, json={"error": {"code": "unavailable", "message": "the store is away", "hint": ""}})
    expect(page.locator(".failed")).to_contain_text("the store is away", timeout=WAIT_MS)
    page.unroute("**/history/data**")
    page.locator(".failed button").click()
    page.wait_for_selector("[data-ready]", timeout=WAIT_MS)
    expect(page.locator(".failed")).to_be_hidden()
    expect(waiting).to_be_hidden()


def test_the_figure_of_a_tile_leads_to_its_past(watched: Watched, past: Centre) -> None:
    page = watched.page
    page.goto(f"{past.web}/wall/bv01")
    for topic in oxygen_zones(past):
        past.publish(topic, {"press": 402})
    link = page.locator("#tile-gas .past")
    expect(link).to_have_attribute("href", "/history?metric=gas.press&facility=bv01", timeout=WAIT_MS)
    page.goto(f"{past.web}{link.get_attribute('href')}")
    page.wait_for_selector("[data-ready]", timeout=WAIT_MS)
    expect(page.locator("main aside")).to_contain_text("gas.press")
