"""Taking places into the register that only the hospital's system names."""

import re

import pytest

from ioc.access import audit_entries
from ioc.beds import BedKind
from tests.unit.dashboards.bedside import WARD, Bedside

STRANGE = "Renal Ward"


@pytest.fixture
def side(web):
    made = Bedside(web)
    made.ward()
    made.admit("a", "101", "9", minutes=9)
    made.admit("b", "102", "8", minutes=8)
    made.admit("c", "R", "1", ward=STRANGE, minutes=7)
    made.admit("d", "R", "2", ward=STRANGE, minutes=6)
    return made


@pytest.fixture
def address(web, side):
    """That of the strange ward's form."""
    found = re.search(r'href="(/quality/bv01/ward/Renal-Ward-[0-9a-f]+)"', web.as_("viewer").get("/quality/bv01").text)
    assert found
    return found[1]


def census(web, ward):
    web.clock.advance(1)
    found = web.services.census.now("bv01", web.clock.now_ns())
    return next(one for one in found.wards if one.code == ward)


def post(web, path, who="steward", **form):
    return web.as_(who).post(path, data={"site": "cs1", **form})


def test_a_bed_is_taken_in_and_the_map_shows_it_confirmed(web, side):
    answer = post(web, f"/quality/bv01/ward/{WARD}", bed="101^9", actual="on", staffed="on", kind="isolation")
    assert answer.status_code == 302
    found = census(web, WARD)
    new, other = (next(bed for bed in found.beds if bed.spot.bed == number) for number in "98")
    assert (new.confirmed, new.kind, new.planned, new.actual, new.staffed) == (True, "isolation", False, True, True)
    assert not other.confirmed
    assert (found.actual, found.planned) == (7, 6)


def test_it_stands_in_the_audit_log(web, side):
    post(web, f"/quality/bv01/ward/{WARD}", bed="101^9", actual="on")
    entry = audit_entries(web.services.engine)[0]
    assert entry.actor == "steward"
    assert entry.action.startswith("beds.accept")


def test_a_ward_is_taken_in_with_all_its_beds_in_one_act(web, side, address):
    both = ["R^1", "R^2"]
    answer = post(web, address, title="Thận nhân tạo", department="khoa-noi", kind="general", bed=both, actual="on")
    assert answer.status_code == 302
    found = census(web, STRANGE)
    assert found.confirmed
    assert (found.department, found.actual, len(found.beds)) == ("khoa-noi", 2, 2)
    assert all(bed.confirmed for bed in found.beds)
    html = web.as_("viewer").get("/beds/bv01").text
    assert "Thận nhân tạo" in html
    assert 'data-kind="unknown_ward"' not in web.as_("viewer").get("/quality/bv01").text


def test_the_form_lists_what_is_unknown_and_nothing_once_all_is_taken_in(web, side, address):
    page = web.as_("steward").get(address).text
    assert page.count('name="bed"') == 2
    assert f'value="{STRANGE}"' in page
    post(web, address, title="T", bed=["R^1", "R^2"], actual="on")
    web.clock.advance(1)
    page = web.as_("steward").get(address).text
    assert 'name="bed"' not in page
    assert '<button class="btn main"' not in page


def test_a_viewer_sees_it_and_may_not_take_it_in(web, side, address):
    page = web.as_("viewer").get(address)
    assert page.status_code == 200
    assert "<fieldset disabled" in page.text
    assert post(web, address, "viewer", title="T").status_code == 403
    assert post(web, address, "oncall", title="T").status_code == 403
    assert not census(web, STRANGE).confirmed


def test_a_browser_needs_the_forms_own_token(web, side, address):
    assert web.browser("steward").post(address, data={"site": "cs1", "title": "T"}).status_code == 400


@pytest.mark.parametrize(
    "form", [{"site": "cs9"}, {"department": "nowhere"}, {"kind": "hammock"}, {"title": "x" * 500, "site": ""}]
)
def test_what_does_not_exist_is_refused(web, side, address, form):
    assert post(web, address, **form).status_code == 400
    assert not census(web, STRANGE).confirmed


def test_beds_that_nobody_named_are_not_made_up(web, side):
    answer = post(web, f"/quality/bv01/ward/{WARD}", bed=["101^1", "5^5"], actual="on")
    assert answer.status_code == 302
    assert census(web, WARD).actual == 6


def test_two_stewards_at_once_do_no_harm(web, side, address):
    for _ in range(2):
        assert post(web, address, title="T", bed=["R^1"], actual="on").status_code == 302
    assert census(web, STRANGE).actual == 1


def test_who_has_no_ward_is_no_place(web, side):
    side.admit("z", ward="")
    assert web.as_("steward").get("/quality/bv01/ward/unplaced").status_code == 404
    assert web.as_("steward").get("/quality/bv01/ward/nowhere").status_code == 404


def test_the_kinds_on_the_form_are_those_of_the_register(web, side, address):
    page = web.as_("steward").get(address).text
    offered = page.split('name="kind"')[1].split("</select>")[0]
    assert re.findall(r'<option value="([a-z_]+)">', offered) == list(BedKind)
