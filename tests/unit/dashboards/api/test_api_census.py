"""``/api/v1/census``: beds, wards and balances, now and earlier, for who may see them."""

import pytest

from dashboards.api.schemas import SCHEMAS
from ioc.access import Role, Scope
from ioc.domain import MINUTE, BedStatus, FactKind, Quality, Spot, VisitClass, rfc3339
from tests.unit.dashboards.bedside import ICU, WARD, Bedside


@pytest.fixture
def side(web):
    made = Bedside(web)
    made.ward()
    return made


def ask(web, query="facility=bv01", who="admin"):
    answer = web.as_(who).get(f"/api/v1/census?{query}")
    assert answer.status_code == 200, answer.json
    return answer.json


def ward(census, code=WARD):
    return next(found for found in census["wards"] if found["ward"] == code)


def beds(census, code=WARD):
    return {(bed["room"], bed["bed"]): bed for bed in ward(census, code)["beds"]}


def fault(web, query, who="admin"):
    answer = web.as_(who).get(f"/api/v1/census?{query}")
    return answer.status_code, answer.json["error"]["message"]


def test_a_ward_counts_its_patients_its_beds_and_who_shares_one(web, side):
    side.admit("a", "101", "1", minutes=30)
    side.admit("b", "101", "1", minutes=20)
    side.admit("c", "", "", minutes=10)
    found = ward(ask(web))
    assert {name: found[name] for name in ("patients", "beds_occupied", "shared", "without_bed", "available")} == {
        "patients": 3, "beds_occupied": 1, "shared": 1, "without_bed": 1, "available": 5,
    }  # fmt: skip
    assert (found["planned"], found["actual"], found["staffed"]) == (6, 6, 6)
    assert (found["title"], found["site"], found["confirmed"]) == ("Nội tổng hợp 1", "cs1", True)


def test_a_bed_says_what_was_reported_what_we_reckon_with_and_since_when(web, side):
    side.status("101", "2", BedStatus.CLOSED, minutes=50)
    side.admit("a", "101", "3", minutes=40)
    side.leave("a", "101", "3", minutes=15)
    found = beds(ask(web))
    told, left, silent = found["101", "2"], found["101", "3"], found["102", "1"]
    assert (told["reported"], told["effective"], told["inferred"]) == ("C", "closed", False)
    assert told["since"] == "2026-11-23T00:10:00.000Z"
    assert (left["reported"], left["effective"]) == (None, "dirty")
    assert (silent["reported"], silent["effective"], silent["inferred"], silent["since"]) == (None, "clean", True, None)
    assert silent["kind"] == "general"


def test_a_moment_of_the_past_is_as_it_was_then(web, side):
    side.admit("a", "101", "1", minutes=60)
    side.leave("a", "101", "1", minutes=20)
    then = rfc3339(web.clock.now_ns() - 30 * MINUTE)
    past = ask(web, f"facility=bv01&at={then}")
    assert past["at"] == then
    assert ward(past)["patients"] == 1
    assert ward(ask(web))["patients"] == 0


def test_a_plus_that_was_not_written_for_an_address_is_still_understood(web, side):
    side.admit("a", "101", "1", minutes=60)
    for at in ("2026-11-23T07:30:00+07:00", "2026-11-23T07:30:00%2B07:00", "2026-11-23T00:30:00Z"):
        assert ask(web, f"facility=bv01&at={at}")["at"] == "2026-11-23T00:30:00.000Z"


@pytest.mark.parametrize("at", ["2026-11-23T08:00:01+07:00", "2027-01-01T00:00:00Z", "gestern", "2026-13-01T00:00:00Z"])
def test_the_future_and_what_is_no_time_are_refused(web, at):
    status, message = fault(web, f"facility=bv01&at={at}")
    assert status == 400
    assert message.startswith("at: ")


def test_the_balance_of_the_day_adds_up(web, side):
    side.admit("old", "101", "1", minutes=24 * 60)
    side.admit("new", "101", "2", minutes=60)
    side.admit("to-icu", "101", "3", minutes=50)
    moved = side.fact(FactKind.TRANSFERRED, 40, visit="to-icu", spot=Spot(ICU, "1", "1"), prior=Spot(WARD, "101", "3"))
    side.say(moved)
    side.leave("old", "101", "1", minutes=10)
    day = ask(web)["balance"]
    assert day[WARD] == {
        "start": 1, "admitted": 2, "transferred_in": 0, "transferred_out": 1, "discharged": 1, "died": 0,
        "corrected": 0, "end": 1,
    }  # fmt: skip
    assert (day[ICU]["transferred_in"], day[ICU]["end"]) == (1, 1)


def test_emergency_and_expected_patients_are_of_the_facility(web, side):
    side.say(
        side.fact(FactKind.REGISTERED, 90, visit="e1", spot=Spot("cap-cuu"), visit_class=VisitClass.EMERGENCY),
        side.fact(FactKind.REGISTERED, 30, visit="e2", spot=Spot("cap-cuu"), visit_class=VisitClass.EMERGENCY),
        side.fact(FactKind.EXPECTED, 5, visit="x", spot=Spot(WARD, "101", "1")),
    )
    found = ask(web)
    assert found["emergency"] == {"patients": 2, "arrivals_1h": 1}
    assert found["expected"] == 1
    assert beds(found)["101", "1"]["effective"] == "reserved"


def test_a_facility_that_was_never_heard_of_is_missing_and_not_empty(web, side):
    found = ask(web)
    assert (found["state"], found["as_of"]) == ("missing", None)


def test_it_grows_old_and_says_whether_it_is_simulated(web, side):
    side.hear(Quality.SIM)
    assert [ask(web)[name] for name in ("state", "quality")] == ["fresh", "sim"]
    side.pass_(6 * 60)
    assert ask(web)["state"] == "late"
    side.pass_(10 * 60)
    assert ask(web)["state"] == "stale"


def test_a_ward_and_a_bed_that_nobody_knows_count_and_say_so(web, side):
    side.admit("a", "101", "9", minutes=5)
    side.admit("b", "7", "1", ward="Renal Ward", minutes=5)
    found = ask(web)
    assert (beds(found)["101", "9"]["confirmed"], ward(found)["patients"], ward(found)["actual"]) == (False, 1, 6)
    strange = ward(found, "Renal Ward")
    assert (strange["confirmed"], strange["patients"], strange["title"]) == (False, 1, "Renal Ward")


def test_everything_that_the_description_names_is_there_and_nothing_else(web, side):
    side.admit("a", "101", "1")
    found = ask(web)
    schema = SCHEMAS["Census"]
    assert set(found) == set(schema["required"])
    described = schema["properties"]["wards"]["items"]
    assert set(found["wards"][0]) == set(described["required"])
    assert set(ward(found)["beds"][0]) == set(described["properties"]["beds"]["items"]["required"])
    assert set(found["balance"][WARD]) == set(schema["properties"]["balance"]["additionalProperties"]["required"])


def test_who_sees_one_facility_sees_that_one_and_need_not_name_it(web, side):
    assert ask(web, "", who="viewer")["facility"] == "bv01"
    assert fault(web, "facility=bv02", who="viewer")[0] == 403
    assert fault(web, "facility=nowhere", who="viewer")[0] == 403  # not told whether there is one
    assert fault(web, "")[0] == 400


def test_an_unknown_facility_is_not_found_and_an_unknown_parameter_refused(web):
    assert fault(web, "facility=bv99")[0] == 404
    assert fault(web, "facility=_self")[0] == 404
    assert fault(web, "facility=bv02&site=cs9")[0] == 400
    assert fault(web, "facility=bv01&when=now")[0] == 400


def test_who_sees_one_site_sees_its_wards_its_balance_and_its_emergencies_only(web):
    side = Bedside(web, "bv02")
    side.beds("nhi-tong-hop", {"P01": 2}, site="cs1")
    side.beds("san-benh", {"P01": 2}, site="cs2")
    side.admit("a", "P01", "1", ward="nhi-tong-hop", minutes=5)
    side.admit("b", "P01", "1", ward="san-benh", minutes=5)
    side.say(side.fact(FactKind.REGISTERED, 5, visit="e", spot=Spot("cap-cuu"), visit_class=VisitClass.EMERGENCY))
    web.tokens["site"] = web.services.tokens.create(Role.VIEWER, Scope("bv02", "cs2"), "site", actor="test")[0]
    for query in ("", "facility=bv02", "facility=bv02&site=cs2"):
        found = ask(web, query, who="site")
        assert {one["site"] for one in found["wards"]} == {"cs2"}, query
        assert set(found["balance"]) == {one["ward"] for one in found["wards"]}
        assert "san-benh" in found["balance"]
        assert found["emergency"]["patients"] == 0
    assert fault(web, "facility=bv02&site=cs1", who="site")[0] == 403
    both = ask(web, "facility=bv02")
    assert {one["site"] for one in both["wards"]} == {"cs1", "cs2"}
    assert both["emergency"]["patients"] == 1
