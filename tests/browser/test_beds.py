"""A message moves a patient on the map of a ward; the feed is cut, and its beds grow old while devices stay fresh. The
handover is printed with the numbers of the wall, and grows old where it is left open."""

import re
import shutil
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.centre import Centre, wait_until
from tests.browser.conftest import Watched
from tests.functional.harness import ROOT, free_port

pytestmark = pytest.mark.sockets

WARD, ROOM = "noi-1", "P01"
MAINS = "ioc/v1/bv01/tram-dien/mains/dl-01/tele"
MAX_AGE_S = 2
SOON_MS = 10_000
_numbers = count(1)


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    """One whose census is late after two seconds, and devices as they ship."""
    made = Centre(tmp_path_factory.mktemp("beds"), extra={"IOC_MLLP__BIND": f"127.0.0.1:{free_port()}"})
    configs = made.folder / "configs"
    shutil.copytree(ROOT / "configs", configs)
    for name in ("bed", "pt"):
        file = configs / "catalogue" / f"{name}.yaml"
        text, found = re.subn(r"(?m)^max_age: .*$", f"max_age: {MAX_AGE_S}s", file.read_text(encoding="utf-8"))
        assert found == 1
        file.write_text(text, encoding="utf-8")
    try:
        made.start()
        yield made
    finally:
        made.stop()


class His:
    """A hospital's system: one connection, one message at a time."""

    def __init__(self, centre: Centre) -> None:
        address = urlsplit(centre.line(r"^READY .*mllp=(\S+)", 1)[1])
        assert address.hostname
        assert address.port
        self._socket = socket.create_connection((address.hostname, address.port), timeout=10)

    def say(self, trigger: str, bed: str, prior: str = "") -> None:
        """Something happens to the one patient of this test, now; returns once it is acknowledged."""
        now = f"{datetime.now(UTC):%Y%m%d%H%M%S.%f}"[:18] + "+0000"
        spot, before = (f"{WARD}^{ROOM}^{code}^BV01" if code else "" for code in (bed, prior))
        message = "\r".join(
            (
                f"MSH|^~\\&|IOC-SIM|BV01|IOC|IOC|{now}||ADT^{trigger}|B{next(_numbers)}|P|2.5|||||||UNICODE UTF-8",
                f"EVN|{trigger}|{now}||||{now}",
                "PID|1||NB7001^^^BV01^PI||TRAN^THI^TEST",
                f"PV1|1|I|{spot}|||{before}|||||||||||||LN7001^^^BV01^VN",
            )
        )
        self._socket.sendall(b"\x0b" + message.encode() + b"\x1c\r")
        answer = b""
        while not answer.endswith(b"\x1c\r"):
            answer += self._socket.recv(4096)
        assert b"MSA|AA|" in answer, answer

    def hang_up(self) -> None:
        """The cable is pulled."""
        self._socket.close()


def test_a_message_moves_a_patient_and_a_cut_feed_makes_beds_old(watched: Watched, centre: Centre) -> None:
    wall = watched.page
    wall.goto(f"{centre.web}/wall/bv01/ward/{WARD}")
    wall.evaluate("window.notReloaded = true")
    first, second = (wall.locator(f'[data-room="{ROOM}"] [data-bed="G{n}"]') for n in (1, 2))
    expect(first).to_have_attribute("data-state", "missing")
    expect(wall.locator(".connect")).to_contain_text("mllp://")
    board = wall.context.new_page()
    board.goto(f"{centre.web}/wall/bv01")
    his = His(centre)

    his.say("A01", "G1")
    expect(first).to_have_attribute("data-symbol", "N", timeout=SOON_MS)
    expect(second).to_have_attribute("data-symbol", "S")
    his.say("A02", "G2", prior="G1")
    expect(second).to_have_attribute("data-symbol", "N", timeout=SOON_MS)
    expect(first).to_have_attribute("data-symbol", "B", timeout=SOON_MS)
    assert "TRAN" not in wall.content()
    assert "NB7001" not in wall.content()

    his.hang_up()
    keep_device_fresh_until(centre, board.locator("#feed-mains"), first, "stale")
    expect(wall.locator('.room li:not([data-state="stale"])')).to_have_count(0)
    expect(wall.locator(".oldmap")).to_be_visible()
    expect(first).to_have_attribute("data-symbol", "B")  # what it was, not nothing
    census = centre.get("/api/v1/census", facility="bv01")
    assert census["state"] == "stale"
    expect(wall.locator(".lost")).to_be_hidden()
    assert wall.evaluate("window.notReloaded") is True

    his = His(centre)
    his.say("A03", "G2")
    expect(second).to_have_attribute("data-symbol", "B", timeout=SOON_MS)
    expect(first).to_have_attribute("data-state", re.compile("fresh|late"))
    expect(wall.locator(".oldmap")).to_be_hidden()
    his.hang_up()


def keep_device_fresh_until(centre: Centre, device: Locator, bed: Locator, state: str) -> None:
    """Publish until the bed has this state; the device is fresh all the while."""

    def reached() -> bool:
        centre.publish(MAINS, {"present": 1, "voltage": 231})
        time.sleep(0.3)
        return bed.get_attribute("data-state") == state

    wait_until(f"the bed is {state}", reached, 20)
    expect(device).to_have_attribute("data-state", "fresh")


def test_the_handover_prints_the_walls_numbers_and_grows_old_by_itself(watched: Watched, centre: Centre) -> None:
    page = watched.page
    wall = page.context.new_page()
    wall.goto(f"{centre.web}/wall/bv01")
    on_the_wall = wall.locator("#tile-balance .fig b").first
    his = His(centre)

    def the_same() -> bool:
        """The patient comes again and again, so that the feed stays fresh; the page is one of a moment."""
        his.say("A01", "G1")
        page.goto(f"{centre.web}/reports/handover/bv01")
        figure = page.locator('#balance .total [data-metric="pt.inpatient"]')
        return figure.count() == 1 and figure.inner_text() == on_the_wall.inner_text() == "1"

    wait_until("page and wall say one patient", the_same, 60)
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.set_viewport_size({"width": 1440, "height": 900})
    page.emulate_media(media="print")
    expect(page.locator(".top")).to_be_hidden()
    expect(page.locator(".ask")).to_be_hidden()
    expect(page.locator("#balance")).to_be_visible()
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF-")
    page.emulate_media(media="screen")
    with page.expect_download() as saved:
        page.locator(".btns a[download]").click()
    assert Path(saved.value.path()).read_bytes().startswith(b"%PDF-")

    his.hang_up()
    report = page.locator("#report")
    expect(report).to_have_attribute("data-state", "stale", timeout=60_000)
    expect(page.locator(".grown.stale")).to_be_visible()
    expect(page.locator('#balance [data-metric]:not([data-state="stale"])')).to_have_count(0)
    wall.close()
