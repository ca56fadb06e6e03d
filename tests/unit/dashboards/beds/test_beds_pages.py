"""The list of wards with the balance of their day, and the desk that all pages of beds read from."""

import re

import pytest

from dashboards.beds.live import beds_view
from dashboards.census import KEEP_NS, Desk, of_site, simulated, ward_of
from dashboards.live.views import VIEWS
from ioc.access import Role, Scope
from ioc.domain import FactKind, Quality, Series, Spot, State
from tests.unit.dashboards.alerting import raise_incident
from tests.unit.dashboards.bedside import ICU, WARD, Bedside


@pytest.fixture
def side(web):
    made = Bedside(web)
    made.ward()
    return made


def cells(html, ward, table=0):
    """The numbers of a ward's row, in the list (0) or in the balance (1)."""
    rows = re.findall(rf'<tr[^>]*data-ward="{re.escape(ward)}".*?</tr>', html, flags=re.DOTALL)
    return [
        re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<td class=\"n\".*?</td>", rows[table], re.DOTALL)
    ]


def test_a_ward_says_patients_beds_and_load(web, side):
    for n in range(7):
        side.admit(f"v{n}", "101", str(n % 3 + 1), minutes=9)
    side.admit("nowhere", minutes=9)
    html = web.as_("screen").get("/beds/bv01?lang=en").text
    assert cells(html, WARD)[:6] == ["8", "6", "133%", "4", "3/6", "3"]
    assert cells(html, WARD)[-1] == "1"
    assert 'class="tag level critical"' in html


def test_the_balance_of_the_day_is_written_by_ward_and_for_all(web, side):
    side.admit("a", "101", "1", minutes=60)
    side.admit("b", "101", "2", minutes=50)
    side.say(side.fact(FactKind.TRANSFERRED, 40, visit="b", spot=Spot(ICU, "1", "1"), prior=Spot(WARD, "101", "2")))
    html = web.as_("screen").get("/beds/bv01").text
    assert cells(html, WARD, 1) == ["0", "2", "0", "1", "0", "0", "0", "1"]
    assert cells(html, ICU, 1) == ["0", "0", "1", "0", "0", "0", "0", "1"]
    total = re.findall(r'<tr class="total">.*?</tr>', html, flags=re.DOTALL)[-1]
    assert re.findall(r">(\d+)<", total) == ["0", "2", "1", "1", "0", "0", "0", "2"]


def test_where_nothing_was_ever_heard_there_are_no_numbers(web, side):
    html = web.as_("screen").get("/beds/bv01").text
    assert cells(html, WARD) == ["–", "6", *["–"] * 7]
    assert "mllp://127.0.0.1:2575" in html
    assert 'id="balance"' not in html


def test_a_hospital_without_wards_says_so(web):
    answer = web.as_("admin").get("/beds/simulated-hospital")
    assert answer.status_code == 200


def test_an_unknown_ward_and_an_unknown_bed_are_marked(web, side):
    side.admit("a", "9", "9", ward="Renal Ward")
    side.admit("b", "101", "9")
    html = web.as_("screen").get("/beds/bv01?lang=en").text
    side.admit("c", ward="")
    html = web.as_("screen").get("/beds/bv01?lang=en").text
    assert html.count("not in the register") == 2
    assert "No ward said" in html
    assert "not in the register" not in web.as_("screen").get("/wall/bv01/ward/unplaced?lang=en").text


def test_the_live_list_says_what_the_page_says(web, side):
    side.admit("a", "101", "1")
    view = beds_view(web.app, {"facility": "bv01", "lang": "vi"})
    assert VIEWS["beds"] is beds_view
    html = web.as_("screen").get("/beds/bv01").text
    for part in ("beds-head", "beds-list"):
        with web.app.test_request_context():
            drawn, due = view.render(part, web.services.present(), web.clock.now_ns())
        assert drawn.strip() in html
        assert due is not None
    touched = set(view.touched(Series.parse(f"bed.occupied,facility=bv01,site=cs1,ward={WARD},source=census")))
    assert touched == {"sim", "beds-head", "beds-list"}
    assert not set(view.touched(Series.parse("bed.occupied,facility=bv02,site=cs1,ward=x,source=census")))


def test_an_alert_of_the_facility_touches_the_badge(web, side):
    raise_incident(web)
    view = beds_view(web.app, {"facility": "bv01"})
    incident = web.services.alerts().open("bv01", "")[0]
    assert set(view.alerted(incident)) == {"nav-alerts"}
    with web.app.test_request_context():
        assert 'id="nav-alerts"' in view.render("nav-alerts", web.services.present(), web.clock.now_ns())[0]


def test_simulated_figures_are_announced_and_old_ones_look_old(web, side):
    side.hear(Quality.SIM)
    view = beds_view(web.app, {"facility": "bv01", "lang": "vi"})
    side.pass_(1000)
    with web.app.test_request_context():
        sim, _ = view.render("sim", web.services.present(), web.clock.now_ns())
        head, _ = view.render("beds-head", web.services.present(), web.clock.now_ns())
    assert "MÔ PHỎNG" in sim
    assert 'data-state="stale"' in head


def test_who_sees_one_site_sees_its_wards(web):
    side = Bedside(web, "bv02")
    side.beds("nhi-tong-hop", {"P01": 2}, site="cs1")
    side.beds("san-benh", {"P01": 2}, site="cs2")
    web.tokens["site"] = web.services.tokens.create(Role.VIEWER, Scope("bv02", "cs2"), "site", actor="test")[0]
    client = web.as_("site")
    assert client.get("/beds/bv02").status_code == 403
    html = client.get("/beds/bv02?site=cs2").text
    assert 'data-ward="san-benh"' in html
    assert "nhi-tong-hop" not in html


class Counting:
    """A reader that counts what it is asked."""

    def __init__(self, reader):
        self.reader, self.asked = reader, []

    def feed(self, facility):
        self.asked.append("feed")
        return self.reader.feed(facility)

    def at(self, facility, at_ns, now_ns):
        self.asked.append("at")
        return self.reader.at(facility, at_ns, now_ns)


@pytest.fixture
def counted(web, side):
    own = web.services
    reader = Counting(own.census_reader)
    desk = Desk(reader, own.beds, own.registry, own.catalogue)
    side.hear()
    return reader, desk


def test_many_screens_of_a_moment_cost_one_look(web, side, counted):
    reader, desk = counted
    for _ in range(20):
        desk.now("bv01", web.clock.now_ns())
    assert reader.asked == ["feed", "at"]


def test_a_census_is_read_again_when_it_changed_and_else_grows_old(web, side, counted):
    reader, desk = counted
    first = desk.now("bv01", web.clock.now_ns())
    side.pass_(5)
    side.hear()
    second = desk.now("bv01", web.clock.now_ns())
    assert reader.asked == ["feed", "at", "feed"]
    assert second.wards == first.wards
    assert (second.as_of_ns or 0) > (first.as_of_ns or 0)
    side.admit("a", "101", "1")
    assert ward_of(desk.now("bv01", web.clock.now_ns()), WARD).patients == 1
    assert reader.asked[-1] == "at"


def test_it_is_read_again_after_a_while_and_when_the_register_changed(web, side, counted):
    reader, desk = counted
    desk.now("bv01", web.clock.now_ns())
    web.clock.advance(KEEP_NS)
    desk.now("bv01", web.clock.now_ns())
    assert reader.asked.count("at") == 2
    side.beds(WARD, {"103": 1})
    web.clock.advance(1)
    assert ward_of(desk.now("bv01", web.clock.now_ns()), WARD).actual == 7


def test_what_it_keeps_turns_late_and_stale_at_the_same_nanosecond_as_the_reader_says(web, side, counted):
    reader, desk = counted
    census = desk.now("bv01", web.clock.now_ns())
    for state in (State.LATE, State.STALE):
        turns = desk.turns_ns(desk.now("bv01", web.clock.now_ns()))
        web.clock.advance(turns - 1 - web.clock.now_ns())
        assert desk.now("bv01", web.clock.now_ns()).state is not state
        web.clock.advance(1)
        assert desk.now("bv01", web.clock.now_ns()).state is state
        assert reader.at("bv01", web.clock.now_ns(), web.clock.now_ns()).state is state
    assert desk.turns_ns(desk.now("bv01", web.clock.now_ns())) is None
    assert desk.ages(census)[0] < desk.ages(census)[1]


def test_a_site_is_a_part_of_a_census(web, side):
    side.admit("a", "101", "1")
    census = web.services.census.now("bv01", web.clock.now_ns())
    assert of_site(census, "") is census
    assert of_site(census, "cs9").wards == ()
    assert simulated([census]) == ""
    side.hear(Quality.SIM)
    assert simulated([census, web.services.census.now("bv01", web.clock.now_ns())]) == "some"
