"""From a published value to a person: it alarms on the wall and in the centre, somebody takes it, it ends."""

import shutil
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.centre import Centre, wait_until
from tests.browser.conftest import Watched
from tests.functional.harness import ROOT

pytestmark = pytest.mark.sockets

UPS = "ioc/v1/bv01/phong-may/ups/ups-01/tele"
RULE = """
schema: ioc.rules/1
rules:
  - id: test-load
    title: {vi: "{device} tải {value:.0f} %", en: "{device} at {value:.0f}%"}
    kind: threshold
    read: {metric: ups.load}
    levels:
      warning: {enter: ">= 70", leave: "< 60", for: 1s, hold: 1s}
      critical: {enter: ">= 90", leave: "< 80", for: 1s, hold: 1s}
    missing: {after: 10min}
    notify: {group: it}
    ack: {required_from: warning, expires: 30min, reason: false}
    owner: it
    runbook: runbooks/ups-battery.md
    review_by: 2099-01-01
"""
ON, OFF, BLOCKED = "âm báo bật", "âm báo tắt", "trình duyệt chặn âm báo: bấm vào đây"
NOTE_RISES = """window.rises = [];
    document.addEventListener("ioc:risen", ({ detail: { id, level } }) =>
        window.rises.push(`${id.split("-")[0]} ${level}`))"""
TITLE = "UPS máy chủ A tải {} %"


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    """One whose only rule is quick."""
    made = Centre(tmp_path_factory.mktemp("alerts"))
    shutil.copytree(ROOT / "configs", made.folder / "configs")
    rules = made.folder / "configs" / "rules"
    shutil.rmtree(rules)
    rules.mkdir()
    (rules / "test.yaml").write_text(RULE, encoding="utf-8")
    made.start()
    yield made
    made.stop()


def test_an_alarm_is_raised_taken_and_over(watched: Watched, centre: Centre) -> None:
    wall = watched.page
    wall.goto(f"{centre.web}/wall/bv01")
    wall.evaluate("window.notReloaded = true")
    wall.evaluate(NOTE_RISES)
    lists = wall.context.new_page()
    lists.goto(f"{centre.web}/alerts")
    expect(lists.locator("#calm")).to_be_visible()
    wait_until("somebody judges", lambda: lists.locator(".band").count() == 0, 15)

    keep_publishing(centre, wall, 75, "warning")
    item = wall.locator(".strip .item")
    expect(item).to_contain_text(TITLE.format(75).replace("75 ", "75\u00a0"))
    expect(item).to_contain_text("chưa ai nhận")
    tile = wall.locator("#tile-ups")
    expect(tile).to_have_attribute("data-level", "warning")
    expect(tile.locator("> header > .flag.warning")).to_be_visible()

    keep_publishing(centre, wall, 95, "critical")
    expect(tile).to_have_attribute("data-level", "critical")
    expect(tile.locator("dd[data-level=critical]")).to_contain_text("95")
    article = lists.locator("article")
    expect(article).to_have_attribute("data-level", "critical", timeout=5_000)
    expect(lists.locator("#alert-counts")).to_contain_text("1 chưa ai nhận")

    lists.get_by_role("button", name="Tôi nhận", exact=True).click()
    expect(lists.locator("#sec-owned")).to_be_visible()
    expect(lists.locator("article .own")).to_contain_text("admin nhận")
    expect(item).to_contain_text("đã nhận", timeout=5_000)

    note_it(lists)
    keep_publishing(centre, wall, 40, "")
    expect(lists.locator("#calm")).to_be_visible(timeout=5_000)
    expect(lists.locator("#alert-done")).to_contain_text("số đã về trong ngưỡng")
    expect(tile).not_to_have_attribute("data-level", "critical")
    assert wall.evaluate("window.notReloaded") is True
    assert sorted(wall.evaluate("window.rises")) == ["strip critical", "strip warning", "tile critical", "tile warning"]
    expect(wall.locator(".risen")).to_have_count(0, timeout=3_000)
    read_its_page(lists, centre)


def keep_publishing(centre: Centre, wall: Page, load: int, level: str) -> None:
    """Send this value until the wall's strip is at the level: a level wants to last a second."""
    item = wall.locator(".strip .item[data-level]")

    def reached() -> bool:
        centre.publish(UPS, {"load": load, "runtime": 41, "status": 0})
        time.sleep(0.4)
        levels = item.evaluate_all("found => found.map(one => one.dataset.level)")  # at once: it may go in between
        return (levels[0] if levels else "") == level

    wait_until(f"the wall says {level or 'that it is over'}", reached, 20)


def note_it(page: Page) -> None:
    """What is being written outlives what the stream replaces meanwhile."""
    page.locator("article summary", has_text="Ghi việc đã làm").click()
    field = page.locator("article textarea")
    field.fill("gọi hãng UPS")
    page.wait_for_timeout(2_500)
    expect(field).to_have_value("gọi hãng UPS")
    page.locator("article").get_by_role("button", name="Ghi lại", exact=True).click()
    expect(page.locator("article")).to_be_visible()


def read_its_page(page: Page, centre: Centre) -> None:
    """The timeline holds every step, the newest first; the history draws the limit."""
    page.locator("#alert-done a").click()
    page.wait_for_url(f"{centre.web}/alerts/i*")
    lines = [text.split("\n")[0] for text in page.locator(".tl li > div").all_inner_texts()]
    kept = [line for line in lines if line != "Có người chưa báo được"]
    assert kept == ["Kết thúc", "gọi hãng UPS", "admin nhận việc", "Lên mức Khẩn", "Mở sự cố, mức Chú ý"]
    expect(page.locator("#incident-told")).to_contain_text("nhóm Công nghệ thông tin chưa có ai")
    page.get_by_role("link", name="Lịch sử, có ngưỡng").click()
    page.wait_for_url(f"{centre.web}/history?*incident=i*")


def test_the_sound_is_off_until_somebody_wants_it_and_is_remembered(watched: Watched, centre: Centre) -> None:
    page = watched.page
    page.goto(f"{centre.web}/wall/bv01")
    button = page.locator("[data-sound]")
    expect(button).to_have_text(OFF)
    button.click()
    expect(button).to_have_text(ON)
    page.reload()
    said = button.inner_text()
    assert said in (ON, BLOCKED)  # a browser may let no page sound before it was touched
    if said == BLOCKED:
        button.click()
        expect(button).to_have_text(ON)
    button.click()
    expect(button).to_have_text(OFF)


def test_without_a_script_a_form_does_it_all_the_same(centre: Centre, watched: Watched) -> None:
    browser = watched.page.context.browser
    assert browser is not None
    keep_publishing(centre, on_wall(watched.page, centre), 95, "critical")
    plain = browser.new_context(java_script_enabled=False, storage_state=watched.page.context.storage_state())
    page = plain.new_page()
    page.goto(f"{centre.web}/alerts")
    page.locator("article h3 a").click()
    page.locator("#incident-head .btns").get_by_role("button", name="Tôi nhận", exact=True).click()
    expect(page.locator("#incident-head")).to_contain_text("admin nhận")
    page.fill("#note-text", "không cần script")
    page.locator("#incident-lines button").click()
    expect(page.locator("#incident-lines")).to_contain_text("không cần script")
    plain.close()


def on_wall(page: Page, centre: Centre) -> Page:
    page.goto(f"{centre.web}/wall/bv01")
    return page
