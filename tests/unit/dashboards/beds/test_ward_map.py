"""The live map of one ward: what touches it, what it draws, and how it grows old."""

import re

import pytest

from dashboards.beds.live import LOOK_NS, ward_view
from dashboards.errors import ProblemError
from dashboards.live.views import VIEWS
from ioc.access import Role, Scope
from ioc.domain import SECOND, BedStatus, Quality, Series
from tests.unit.dashboards.bedside import ICU, WARD, Bedside

BEDS = re.compile(r"<li data-bed=\"(?P<bed>[^\"]*)\" data-room=\"(?P<room>[^\"]*)\" (?P<rest>[^>]*)>")


@pytest.fixture
def side(web):
    made = Bedside(web)
    made.ward()
    return made


@pytest.fixture
def view(web, side):
    side.hear()
    return ward_view(web.app, {"facility": "bv01", "ward": WARD, "lang": "vi"})


def draw(web, view, part):
    with web.app.test_request_context():
        return view.render(part, web.services.present(), web.clock.now_ns())


def beds(web, view):
    """The attributes of each bed, by room and number."""
    html, _ = draw(web, view, "ward-rooms")
    return {
        (found["room"], found["bed"]): dict(re.findall(r"data-([a-z]+)=\"([^\"]*)\"", found["rest"]))
        for found in BEDS.finditer(html)
    }


def page(web, path=f"/wall/bv01/ward/{WARD}", who="screen"):
    return web.as_(who).get(path)


def test_the_streams_know_the_view_by_its_name():
    assert VIEWS["ward"] is ward_view


def test_a_number_of_the_ward_touches_both_parts_and_anothers_free_beds_the_column(view):
    def touched(key):
        return set(view.touched(Series.parse(f"{key},source=census")))

    own = f"facility=bv01,site=cs1,ward={WARD}"
    assert touched(f"bed.occupied,{own}") == touched(f"pt.inpatient,{own}") == {"ward-sum", "ward-rooms"}
    assert touched(f"bed.avail,facility=bv01,site=cs1,ward={ICU}") == {"ward-sum"}
    assert touched(f"bed.occupied,facility=bv01,site=cs1,ward={ICU}") == set()
    assert touched(f"bed.occupied,facility=bv02,site=cs1,ward={WARD}") == set()
    assert set(view.touched(Series.parse("ups.load,device=u,facility=bv01,site=cs1,source=mqtt"))) == set()


def test_every_part_carries_its_own_id_and_nothing_changed_means_the_same_html(web, view):
    for part in view.parts():
        html, due = draw(web, view, part)
        assert f'id="{part}"' in html
        assert due is not None
        assert due <= web.clock.now_ns() + LOOK_NS
        assert draw(web, view, part) == (html, due)


def test_a_bed_carries_what_other_programs_read(web, side, view):
    side.admit("a", "101", "1")
    side.admit("b", "101", "1")
    side.status("102", "3", BedStatus.CONTAMINATED, minutes=9)
    found = beds(web, view)
    assert found["101", "1"] | {"follows": ""} == {
        "symbol": "G2", "effective": "occupied", "patients": "2", "state": "fresh", "quality": "good", "follows": "",
    }  # fmt: skip
    assert found["102", "3"]["effective"] == "contaminated"
    assert found["102", "1"]["symbol"] == "S"


def test_a_message_moves_a_patient_from_bed_to_bed(web, side, view):
    side.admit("a", "101", "1", minutes=5)
    before = beds(web, view)
    side.pass_(1)
    side.leave("a", "101", "1")
    side.admit("b", "101", "2")
    side.pass_(1)
    after = beds(web, view)
    assert [before[("101", n)]["symbol"] for n in "12"] == ["N", "S"]
    assert [after[("101", n)]["symbol"] for n in "12"] == ["B", "N"]


def test_rooms_are_not_drawn_anew_where_only_the_source_spoke(web, side, view):
    first, _ = draw(web, view, "ward-rooms")
    side.pass_(1)
    side.hear()
    assert draw(web, view, "ward-rooms")[0] is first
    side.admit("a", "101", "1")
    assert draw(web, view, "ward-rooms")[0] != first


@pytest.mark.parametrize(("seconds", "state"), [(0, "fresh"), (301, "late"), (901, "stale")])
def test_the_whole_map_turns_with_the_age_of_its_source(web, side, view, seconds, state):
    side.pass_(seconds)
    assert {bed["state"] for bed in beds(web, view).values()} == {state}
    column, _ = draw(web, view, "ward-sum")
    assert re.search(rf'id="ward-load".*data-state="{state}"', column)


def test_it_is_drawn_anew_when_it_turns(web, side, view):
    _, due = draw(web, view, "ward-sum")
    assert due == web.clock.now_ns() + LOOK_NS
    side.pass_(298)
    _, due = draw(web, view, "ward-sum")
    assert due == web.clock.now_ns() + 2 * SECOND


def test_a_dirty_bed_says_how_long_and_what_the_clock_says_of_it(web, side, view):
    side.admit("a", "101", "1", minutes=100)
    side.leave("a", "101", "1", minutes=24.5)
    html, _ = draw(web, view, "ward-rooms")
    assert "25\u00a0ph</span>" in html
    assert "~" not in html
    side.pass_(36 * 60)
    side.hear()
    html, _ = draw(web, view, "ward-rooms")
    assert beds(web, view)["101", "1"]["symbol"] == "S"
    assert '<span>~<span data-age="brief"' in html


def test_the_legend_of_the_page_adds_up_to_the_actual_beds(web, side, view):
    side.admit("a", "101", "1")
    side.admit("b", "101", "77")
    column, _ = draw(web, view, "ward-sum")
    assert sum(int(n) for n in re.findall(r'data-count="(\d+)"', column)) == 6
    assert 'data-extra="1"' in column
    assert 'data-unconfirmed="1"' in column


def test_who_has_no_bed_stands_in_the_column(web, side, view):
    side.admit("a")
    assert 'data-without-bed="1"' in draw(web, view, "ward-sum")[0]


def test_what_is_simulated_says_so_in_shape_and_word(web, side, view):
    side.hear(Quality.SIM)
    side.pass_(1)
    column, _ = draw(web, view, "ward-sum")
    assert "MÔ PHỎNG" in column
    assert {bed["quality"] for bed in beds(web, view).values()} == {"sim"}


def test_a_load_that_went_stale_no_longer_alarms(web, side, view):
    for n in range(8):
        side.admit(f"v{n}", "101", "1")
    assert 'data-level="critical"' in draw(web, view, "ward-sum")[0]
    side.pass_(1000)
    assert "data-level" not in draw(web, view, "ward-sum")[0]


def test_a_ward_whose_hospital_never_spoke_says_what_to_connect(web, side):
    html = page(web).text
    assert "mllp://127.0.0.1:2575" in html
    assert "configs/collectors/hl7.yaml" in html
    assert 'data-effective="clean"' not in html  # nobody knows
    assert html.count('data-state="missing"') >= 6


def test_a_ward_without_a_bed_says_how_to_bring_some(web, side):
    side.admit("a", ward="renal")
    html = page(web, "/wall/bv01/ward/renal").text
    assert "ioc import beds FILE.csv" in html


def test_a_ward_with_a_name_that_is_no_word_has_an_address_all_the_same(web, side):
    side.admit("a", "7", "1", ward="Renal Ward/2")
    listed = web.as_("admin").get("/beds/bv01").text
    address = re.search(r'href="(/wall/bv01/ward/Renal-Ward-2-[0-9a-f]{6})"', listed)
    assert address
    answer = page(web, address[1])
    assert answer.status_code == 200
    assert "Renal Ward/2" in answer.text


def test_an_unknown_ward_is_not_found(web, side):
    assert page(web, "/wall/bv01/ward/nowhere").status_code == 404
    with pytest.raises(ProblemError):
        ward_view(web.app, {"facility": "bv01", "ward": "nowhere"})


def test_who_sees_one_site_sees_its_wards_and_no_other(web):
    side = Bedside(web, "bv02")
    side.beds("nhi-tong-hop", {"P01": 2}, site="cs1")
    side.beds("san-benh", {"P01": 2}, site="cs2")
    web.tokens["site"] = web.services.tokens.create(Role.SCREEN, Scope("bv02", "cs2"), "site", actor="test")[0]
    assert page(web, "/wall/bv02/ward/san-benh", "site").status_code == 200
    assert page(web, "/wall/bv02/ward/nhi-tong-hop", "site").status_code == 403
    for ward, status in (("nhi-tong-hop", 403), ("san-benh", 200)):
        answer = web.as_("site").head(f"/api/v1/stream?view=ward&facility=bv02&site=cs2&ward={ward}")
        assert answer.status_code == status, ward


def test_the_page_draws_the_same_parts_as_the_stream(web, side, view):
    side.admit("a", "101", "1")
    html = page(web).text
    for part in view.parts():
        assert draw(web, view, part)[0].strip() in html


def test_each_language_calls_the_ward_its_own_way(web, view):
    titles = {language: page(web, f"/wall/bv01/ward/{WARD}?lang={language}").text for language in ("vi", "en", "fr")}
    assert "Nội tổng hợp 1" in titles["vi"]
    assert "Medicine 1" in titles["en"]
    assert "Médecine 1" in titles["fr"]


def test_nobody_is_named(web, side, view):
    fact = side.admit("visit-of-somebody", "101", "1")
    drawn = page(web).text + draw(web, view, "ward-rooms")[0]
    assert fact.visit not in drawn
    assert fact.patient not in drawn
