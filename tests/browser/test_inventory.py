"""A list of assets is sent and applied on the page; a server on the IT board follows what is published of it."""

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.centre import Centre
from tests.browser.conftest import Watched

pytestmark = pytest.mark.sockets

SOON_MS = 60_000
SHIFT = 4  # pixels by which a wall walks about, against burn-in
HEAD = "facility,code,kind,name,site,watched\n"
SERVERS = HEAD + "bv02,sv-1,server,HIS,cs1,1\nbv02,sv-2,server,LIS,cs1,1\nbv02,in-1,printer,,cs1,1\n"


def cell(watched: Watched, code: str) -> Locator:
    return watched.page.locator(f'#it-servers [data-asset="{code}"]')


def test_a_list_is_previewed_applied_and_seen_on_the_board(watched: Watched, centre: Centre) -> None:
    page = watched.page
    page.goto(f"{centre.web}/inventory/bv02/import")
    page.set_input_files("input[type=file]", {"name": "list.csv", "mimeType": "text/csv", "buffer": SERVERS.encode()})
    page.click(".upload button")
    expect(page.locator('.preview tr[data-kind="server"]')).to_have_attribute("data-added", "2", timeout=SOON_MS)
    page.click(".preview .btn.main")
    page.wait_for_url("**/inventory/bv02")
    expect(page.locator('tr[data-asset="sv-1"]')).to_have_attribute("data-status", "missing", timeout=SOON_MS)
    page.goto(f"{centre.web}/wall/bv02/it")
    expect(cell(watched, "sv-1")).to_have_attribute("data-state", "missing", timeout=SOON_MS)
    expect(page.locator("#it-printer")).to_have_attribute("data-watched", "1", timeout=SOON_MS)
    centre.publish("ioc/v1/bv02/phong-may/host/sv-1/tele", {"up": 1, "cpu": 23})
    expect(cell(watched, "sv-1")).to_have_attribute("data-status", "up", timeout=SOON_MS)
    expect(cell(watched, "sv-1")).to_contain_text("23", timeout=SOON_MS)
    expect(cell(watched, "sv-2")).to_have_attribute("data-status", "missing", timeout=SOON_MS)


def test_a_faulty_list_says_where_and_changes_nothing(watched: Watched, centre: Centre) -> None:
    page = watched.page
    page.goto(f"{centre.web}/inventory/bv02/import")
    wrong = (HEAD + "bv02,sv 9,server,,cs1,1\n").encode()
    page.set_input_files("input[type=file]", {"name": "wrong.csv", "mimeType": "text/csv", "buffer": wrong})
    page.click(".upload button")
    expect(page.locator(".faults")).to_contain_text("wrong.csv:2", timeout=SOON_MS)
    expect(page.locator(".preview")).to_have_count(0)


@pytest.mark.parametrize("size", [(1920, 1080), (390, 844), (1200, 1920)])
def test_nothing_is_wider_than_the_screen(watched: Watched, centre: Centre, size: tuple[int, int]) -> None:
    page = watched.page
    page.set_viewport_size({"width": size[0], "height": size[1]})
    for path in ("/wall/bv01/it", "/inventory/bv01", "/asset/bv01/sv-his-db-01", "/inventory/bv01/import"):
        page.goto(centre.web + path)
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= SHIFT, path
    if size[0] > size[1]:
        page.goto(f"{centre.web}/wall/bv01/it")
        boxes = [page.locator(part).bounding_box() for part in ("#it-contracts", "#it-rooms", "#it-below")]
        contracts, rooms, below = (box or pytest.fail("not drawn") for box in boxes)
        assert contracts["y"] + contracts["height"] <= below["y"] + 1
        assert rooms["y"] + rooms["height"] <= below["y"] + 1
        assert below["y"] + below["height"] <= size[1] + SHIFT
