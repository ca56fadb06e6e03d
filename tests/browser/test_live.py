"""What a person at a wall screen sees: a value appears, grows late, grows stale; the stream is cut and comes back."""

import os
import signal
import time

import psutil
import pytest
from playwright.sync_api import expect

from ioc.catalogue import load_catalogue
from ioc.domain import SECOND, rfc3339
from ioc.registry import load_registry
from tests.browser.centre import Centre, wait_until
from tests.browser.conftest import Watched

pytestmark = pytest.mark.sockets

MAINS = "ioc/v1/bv01/tram-dien/mains/dl-01/tele"
# What reaches over the edge of the screen: to the right anywhere, to the bottom where the board does not scroll.
CUT = """() => {
  const bottom = innerWidth < 700 ? document.documentElement.scrollHeight : innerHeight;
  const parts = document.querySelectorAll("main > *, .tile, .feeds li, .line, .facts > div, .flow > li");
  return [...parts].filter(one => {
    const box = one.getBoundingClientRect();
    return box.width > 2 && (box.right > innerWidth + 2 || box.bottom > bottom + 2);
  }).map(one => one.id || one.className);
}"""
OXYGEN = "ioc/v1/bv01/{area}/gas/{device}/tele"


def oxygen_zones(centre: Centre) -> list[str]:
    """The topics of every sensor behind the figure of the medical gases."""
    registry = load_registry(centre.folder / "configs", load_catalogue(centre.folder / "configs"))
    zones = [device for device in registry.devices_of("bv01") if device.use == "oxygen"]
    assert zones
    return [OXYGEN.format(area=device.area, device=device.code) for device in zones]


def test_without_a_source_every_value_is_missing_and_the_board_says_what_to_connect(
    watched: Watched, centre: Centre
) -> None:
    page = watched.page
    page.goto(f"{centre.web}/wall/bv06")
    assert page.locator("[data-metric]").count() > 10
    assert set(page.locator("[data-metric]").evaluate_all("all => all.map(one => one.dataset.state)")) == {"missing"}
    expect(page.locator("#strip")).to_contain_text(centre.mqtt.removeprefix("mqtt://"))
    expect(page.locator("#strip")).to_contain_text("ioc/v1/bv06/")


def test_a_province_without_a_his_says_so_and_every_board_fits_its_screen(watched: Watched, centre: Centre) -> None:
    page = watched.page
    page.goto(f"{centre.web}/wall/province/song-may")
    lines = page.locator("li.line")
    expect(lines).to_have_count(8)  # six hospitals, and the two sites of one of them
    assert set(lines.evaluate_all("all => all.map(one => one.dataset.state)")) == {"missing"}
    expect(page.locator("#tile-occupancy")).to_have_attribute("data-scope", "province:song-may")
    expect(page.locator("#strip")).to_contain_text("mllp://")
    for path in ("/wall/province/song-may", "/wall/bv01", "/wall/bv02/cs2"):
        page.goto(f"{centre.web}{path}")
        for width, height in ((1920, 1080), (1200, 1920), (390, 844)):
            page.set_viewport_size({"width": width, "height": height})
            assert page.evaluate(CUT) == [], (path, width)
    page.set_viewport_size({"width": 1920, "height": 1080})


def test_a_published_value_appears_and_turns_late_and_stale_as_api_says_and_without_a_reload(
    watched: Watched, centre: Centre
) -> None:
    page = watched.page
    device = "dl-01"
    page.goto(f"{centre.web}/device/bv01/{device}")
    page.evaluate("window.notReloaded = true")
    element = page.locator("[data-metric='mains.voltage']").first
    assert element.get_attribute("data-state") == "missing"

    centre.publish(MAINS, {"voltage": 229, "present": 1})
    took = wait_until("the page shows it", lambda: element.get_attribute("data-state") == "fresh", 5)
    assert took < 3
    expect(element).to_contain_text("229")
    assert centre.value("mains.voltage", device)["state"] == "fresh"

    for state, within in (("late", 5), ("stale", 10)):
        wait_until(f"the page says {state}", lambda s=state: element.get_attribute("data-state") == s, within)
        said = centre.value("mains.voltage", device)
        assert said["state"] == state
        due = {"late": 3.0, "stale": 9.0}[state]
        assert due <= float(str(said["age_s"])) < due + 1.0
    assert page.evaluate("window.notReloaded") is True


def test_a_wall_tile_turns_stale_and_its_number_looks_it(watched: Watched, centre: Centre) -> None:
    page = watched.page
    page.goto(f"{centre.web}/wall/bv01")
    tile = page.locator("#tile-gas")
    for topic in oxygen_zones(centre):
        centre.publish(topic, {"press": 402})
    wait_until("the tile is fresh", lambda: tile.get_attribute("data-state") == "fresh", 5)
    expect(tile).to_contain_text("402")
    expect(tile.locator(".oldplate").first).to_be_hidden()
    wait_until("the tile is stale", lambda: tile.get_attribute("data-state") == "stale", 15)
    expect(tile.locator(".oldplate").first).to_be_visible()


def test_a_cut_stream_greys_the_screen_within_15_s_and_it_comes_back_by_itself(
    watched: Watched, centre: Centre
) -> None:
    page = watched.page
    page.goto(f"{centre.web}/wall/bv01")
    expect(page.locator(".lost")).to_be_hidden()
    page.wait_for_timeout(1_000)
    web = web_processes(centre)
    for pid in web:
        os.kill(pid, signal.SIGSTOP)
    try:
        cut = time.monotonic()
        page.wait_for_selector("html[data-stream=lost]", timeout=16_000)
        assert time.monotonic() - cut <= 15
        expect(page.locator(".lost")).to_be_visible()
    finally:
        for pid in web:
            os.kill(pid, signal.SIGCONT)
    page.wait_for_selector("html:not([data-stream=lost])", timeout=30_000)
    expect(page.locator(".lost")).to_be_hidden()


def test_a_tab_that_nobody_sees_gives_its_connection_back_and_takes_it_up_again(
    watched: Watched, centre: Centre
) -> None:
    page = watched.page
    wait_until("those of former tests are gone", lambda: streams(centre) == 0, 20)  # a heartbeat finds them closed
    page.goto(f"{centre.web}/devices/bv01")
    wait_until("its stream is open", lambda: streams(centre) == 1, 5)
    hide = """hidden => { Object.defineProperty(document, 'hidden', { get: () => hidden, configurable: true });
        document.dispatchEvent(new Event("visibilitychange")); }"""
    page.evaluate(hide, True)
    wait_until("its stream is closed", lambda: streams(centre) == 0, 20)
    page.evaluate(hide, False)
    wait_until("its stream is open again", lambda: streams(centre) == 1, 5)
    page.wait_for_selector("html:not([data-stream=lost])", timeout=5_000)


def test_the_screen_comes_back_when_the_web_server_was_killed(watched: Watched, centre: Centre) -> None:
    page = watched.page
    page.goto(f"{centre.web}/wall/bv01")
    page.wait_for_timeout(1_000)
    os.kill(centre.pid("web"), signal.SIGKILL)
    feed = page.locator("#feed-mains")

    def fresh() -> bool:
        centre.publish(MAINS, {"present": 1, "voltage": 231})
        return feed.get_attribute("data-state") == "fresh"

    wait_until("new values arrive on the old page", fresh, 40)
    expect(page.locator(".lost")).to_be_hidden()


def test_a_history_is_drawn_and_its_numbers_are_the_api_s(watched: Watched, centre: Centre) -> None:
    page = watched.page
    for voltage in (228, 230, 232):
        centre.publish(MAINS, {"voltage": voltage, "present": 1})
        time.sleep(0.05)
    wait_until("it is stored", lambda: len(points(centre)) >= 3, 10)
    page.goto(f"{centre.web}/history?metric=mains.voltage&facility=bv01&device=dl-01")
    expect(page.locator(".plotly .main-svg").first).to_be_visible(timeout=20_000)
    expect(page.locator("main")).to_contain_text("mains.voltage")


def points(centre: Centre) -> list[object]:
    start = rfc3339(time.time_ns() - 60 * SECOND)
    query = {"metric": "mains.voltage", "facility": "bv01", "device": "dl-01", "start": start, "every": "raw"}
    items = centre.get("/api/v1/series", **query)["items"]
    assert isinstance(items, list)
    return [point for item in items for point in item["points"]]


def streams(centre: Centre) -> int:
    """How many streams the web server has open."""
    lines = centre.http.request("GET", f"{centre.web}/metrics").data.decode().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("ioc_hub_clients "))


def web_processes(centre: Centre) -> list[int]:
    """The web server and its workers."""
    master = psutil.Process(centre.pid("web"))
    return [master.pid, *(child.pid for child in master.children(recursive=True))]
