"""The list of assets, the page of one, and the workbook; who may see which."""

import re

import pytest

from dashboards.inventory import views
from dashboards.inventory.present import AssetNow
from ioc.access import Role, Scope
from ioc.assets import AssetKind, read_sheet
from ioc.domain import SECOND
from ioc.sheets import read_rows, write_xlsx
from tests.unit.dashboards.alerting import raise_incident
from tests.unit.dashboards.inventory.conftest import asset

LIST = "/inventory/bv01?lang=en"


def codes(html: str) -> list[str]:
    return re.findall(r'<tr data-asset="([^"]+)"', html)


def test_the_list_shows_one_kind_and_counts_all(small):
    html = small.web.as_("viewer").get(LIST).text
    assert codes(html) == ["sv-up", "sv-down", "sv-silent", "sv-missing", "sv-nobody"]
    row = re.search(r'<tr data-kind="server".*?</tr>', html, flags=re.DOTALL)[0]
    assert re.findall(r">(\d+(?:/\d+)?)<", row) == ["5", "1/4", "1", "1", "1", "1"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("kind=workstation", ["mt-1", "mt-2"]),
        ("kind=server&status=down", ["sv-down"]),
        ("kind=workstation&department=khoa-noi&status=up", ["mt-1"]),
        ("kind=server&q=hạ+tầng", ["sv-down"]),
        ("q=his", ["sv-up"]),
        ("kind=server&q=nothing", []),
    ],
)
def test_the_list_can_be_narrowed(small, query, found):
    html = small.web.as_("viewer").get(f"{LIST}&{query}").text
    assert codes(html) == found
    assert found or "Nothing in the register is like this." in html


def test_a_long_list_comes_a_page_at_a_time(shop):
    shop.has(*(asset(f"in-{n:03}", AssetKind.PRINTER) for n in range(250)))
    html = shop.web.as_("viewer").get(f"{LIST}&kind=printer").text
    assert len(codes(html)) == 100
    assert "1–100 of 250" in html
    after = re.search(r'href="([^"]+)" rel="next"', html)[1].replace("&amp;", "&")
    html = shop.web.as_("viewer").get(after).text
    assert codes(html)[0] == "in-100"
    html = shop.web.as_("viewer").get(f"{LIST}&kind=printer&start=240").text
    assert len(codes(html)) == 50
    assert 'rel="next"' not in html


@pytest.mark.parametrize("query", ["kind=chair", "status=happy"])
def test_what_does_not_exist_is_said(small, query):
    assert small.web.as_("viewer").get(f"{LIST}&{query}").status_code == 400


def test_an_empty_register_offers_the_import_to_who_may(web):
    assert "/inventory/bv01/import" in web.as_("steward").get(LIST).text
    html = web.as_("viewer").get(LIST).text
    assert "/inventory/bv01/import" not in html
    assert "A steward of this facility may import one." in html


def test_the_page_of_an_asset_says_what_it_is_and_what_it_says(small):
    html = small.web.as_("viewer").get("/asset/bv01/sv-up?lang=en").text
    assert "01 Dec 2026" in html or "1 Dec 2026" in html
    assert 'data-metric="host.cpu"' in html
    assert "42.4" in html


def test_what_an_asset_was_before_stays_on_its_page(small):
    small.web.clock.advance(SECOND)
    small.assets = [asset("sv-up", name="HIS mới")]
    small.has()
    html = small.web.as_("viewer").get("/asset/bv01/sv-up?lang=en").text
    assert "<h1>HIS mới" in html
    assert "Before and after" in html


@pytest.mark.parametrize(
    ("code", "words"),
    [("sv-missing", "none ever came. This is not 0."), ("sv-nobody", "Nobody watches it")],
)
def test_an_asset_without_readings_says_why(small, code, words):
    assert words in small.web.as_("viewer").get(f"/asset/bv01/{code}?lang=en").text


def test_an_incident_is_linked_from_list_and_page(small):
    series = "host.cpu,asset=sv-up,facility=bv01,host=sv-up,site=cs1,source=mqtt"
    number = raise_incident(small.web, device="", metric="host.cpu", series=series)
    for path in (LIST, "/asset/bv01/sv-up?lang=en"):
        assert f"/alerts/{number}" in small.web.as_("viewer").get(path).text


def readings(html: str) -> list[str]:
    """The rows of an asset's readings, as words."""
    rows = re.findall(r'<li class="row reading".*?</li>', html, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]*>", " ", row).split()) for row in rows]


def test_a_level_stands_at_its_own_series_only(small):
    """Neither at other services of the asset nor at what another asset says of the same metric."""
    for service, up in (("his", 0), ("lis", 1)):
        small.says("sv-up", "sql.up", up, service=service)
    series = "sql.up,asset=sv-up,facility=bv01,service=his,site=cs1,source=mqtt"
    raise_incident(small.web, device="", metric="sql.up", series=series)
    other = "host.up,asset=sv-silent,facility=bv01,host=sv-silent,site=cs1,source=mqtt"
    raise_incident(small.web, id="i2", device="", metric="host.up", series=other)
    rows = readings(small.web.as_("viewer").get("/asset/bv01/sv-up?lang=en").text)
    assert [" his " in row for row in rows if "Critical" in row] == [True]


def test_an_alert_of_a_group_stands_at_each_of_its_series(small):
    for service in ("his", "lis"):
        small.says("sv-up", "sql.up", 1, service=service)
    raise_incident(small.web, device="", metric="sql.up", series="")  # of the facility and site
    rows = readings(small.web.as_("viewer").get("/asset/bv01/sv-up?lang=en").text)
    assert sum("Critical" in row for row in rows) == 2


def test_two_targets_of_an_asset_are_told_apart_and_one_goes_without_saying(small):
    small.says("sv-silent", "host.cpu", 71.3, host="exporter-a")
    (silent, cpu) = readings(small.web.as_("viewer").get("/asset/bv01/sv-silent?lang=en").text)
    assert "exporter-a" in silent + cpu
    assert "sv-silent" in silent + cpu
    rows = readings(small.web.as_("viewer").get("/asset/bv01/sv-up?lang=en").text)
    assert not [row for row in rows if "sv-up" in row]


def test_who_sees_another_hospital_sees_nothing_here(small):
    client = small.web.as_("viewer_bv02")
    for path in ("/inventory/bv01", "/asset/bv01/sv-up", "/wall/bv01/it", "/inventory/bv01/list.xlsx"):
        assert client.get(path).status_code == 403
    assert small.web.as_("viewer").get("/asset/bv01/nothing").status_code == 404


def test_who_sees_one_site_sees_its_assets_only(small):
    text, _ = small.web.services.tokens.create(Role.VIEWER, Scope.parse("facility:bv01/site:cs1"), "one", actor="test")
    client = small.web.app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {text}"
    assert client.get("/inventory/bv01").status_code == 403
    assert codes(client.get("/inventory/bv01?site=cs1").text)
    assert client.get("/asset/bv01/sv-up").status_code == 200


def test_the_workbook_can_be_imported_again_and_changes_nothing(small):
    answer = small.web.as_("viewer").get("/inventory/bv01/list.xlsx")
    assert answer.mimetype.endswith("sheet")
    assert len(read_rows(answer.data)) == 1 + len(small.assets)
    own = small.web.services
    found = read_sheet(answer.data, "list.xlsx", own.registry, zone=own.settings.timezone)
    assert own.assets.preview(found).empty


def test_what_is_changed_in_the_workbook_holds_from_the_import_on(small):
    small.web.clock.advance(SECOND)
    small.assets[0] = asset("sv-up", name="HIS mới")
    small.has()  # a row that did not begin at the beginning
    before = small.web.clock.now_ns()
    small.web.clock.advance(SECOND)
    own = small.web.services
    answer = small.web.as_("viewer").get("/inventory/bv01/list.xlsx")
    rows = [row.cells for row in read_rows(answer.data)]
    changed = [["HIS ba" if cell == "HIS mới" else cell for cell in cells] for cells in rows]
    found = read_sheet(write_xlsx({"a": changed}), "list.xlsx", own.registry, zone=own.settings.timezone)
    own.assets.apply(own.assets.preview(found), "test")
    assets = own.assets.assets("bv01")
    assert [row.name for row in assets.of_code["sv-up"]] == ["HIS", "HIS mới", "HIS ba"]
    assert assets.current("sv-up", before).name == "HIS mới"


def test_every_asset_is_looked_at_beside_the_loop_only(small, monkeypatch):
    client, inside = small.web.as_("viewer"), []
    status = AssetNow.status.func
    working = views._reckoned

    def offloaded(*args):
        inside.append(True)
        try:
            return working(*args)
        finally:
            inside.clear()

    def looked_at(each):
        assert inside
        return status(each)

    monkeypatch.setattr(views, "_reckoned", offloaded)
    monkeypatch.setattr(AssetNow.status, "func", looked_at)
    assert client.get(LIST).status_code == 200
