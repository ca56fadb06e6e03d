"""``/api/v1/latest``: the present, within one's scope, in the form that other programs hold on to."""

import pytest

from ioc.domain import SECOND, Quality, Series
from ioc.latest import max_age_ns

FRIDGE = "fridge.temp,device=tl-01,facility=bv01,site=cs1"
ELSEWHERE = "fridge.temp,device=tl-01,facility=bv02,site=cs1"


def items(web, query="", who="admin"):
    answer = web.as_(who).get(f"/api/v1/latest?{query}")
    assert answer.status_code == 200, answer.json
    return answer.json["items"]


def error(web, query, who="admin"):
    answer = web.as_(who).get(f"/api/v1/latest?{query}")
    assert set(answer.json) == {"error"}
    assert set(answer.json["error"]) == {"code", "message", "hint"}
    return answer.status_code, answer.json["error"]


def test_a_value_has_the_outward_form(web):
    web.put(FRIDGE, 4.25, age_s=2.5)
    (value,) = items(web, "metric=fridge.temp&facility=bv01&device=tl-01")
    assert value == {
        "metric": "fridge.temp",
        "tags": {"device": "tl-01", "facility": "bv01", "site": "cs1"},
        "value": 4.25,
        "unit": "Cel",
        "as_of": "2026-11-23T00:59:57.500Z",
        "age_s": 2.5,
        "state": "fresh",
        "quality": "good",
        "source": "mqtt",
        "n": 1,
        "m": 1,
    }


def test_what_never_came_is_missing_and_null(web):
    (value,) = items(web, "metric=fridge.temp&facility=bv01&device=tl-01")
    assert (value["state"], value["value"], value["as_of"], value["n"], value["m"]) == ("missing", None, None, 0, 1)


def test_a_value_turns_late_and_stale_by_the_clock_alone(web):
    web.put(FRIDGE, 4.0)
    limit = max_age_ns(Series.parse(FRIDGE), web.services.catalogue, web.services.registry)

    def state():
        return items(web, "device=tl-01&facility=bv01&metric=fridge.temp")[0]["state"]

    web.clock.advance(limit)
    assert state() == "fresh"
    web.clock.advance(1)
    assert state() == "late"
    web.clock.advance(2 * limit - 1)
    assert state() == "late"
    web.clock.advance(1)
    assert state() == "stale"
    (value,) = items(web, "device=tl-01&facility=bv01&metric=fridge.temp&state=stale")
    assert (value["value"], value["n"]) == (4.0, 0)


@pytest.mark.parametrize("quality", [Quality.SIM, Quality.BAD, Quality.TEST])
def test_the_quality_travels_with_the_value(web, quality):
    web.put(FRIDGE, 4.0, quality=quality)
    (value,) = items(web, "source=mqtt")
    assert value["quality"] == quality
    assert value["n"] == (0 if quality is Quality.BAD else 1)


def test_the_filters_narrow(web):
    web.put(FRIDGE, 4.0)
    web.put(ELSEWHERE, 5.0)
    web.put(FRIDGE, 4.1, source="gateway")
    assert {value["source"] for value in items(web, "metric=fridge.temp&facility=bv01&device=tl-01")} == {
        "mqtt",
        "gateway",
    }
    assert [value["value"] for value in items(web, "source=gateway")] == [4.1]
    assert [value["value"] for value in items(web, "state=fresh&facility=bv02")] == [5.0]
    assert {value["metric"] for value in items(web, "metric=o2.level")} == {"o2.level"}
    assert len(items(web)) > 1000


def test_everybody_sees_only_what_is_theirs(web):
    web.put(FRIDGE, 4.0)
    web.put(ELSEWHERE, 5.0)
    for who, facility in (("viewer", "bv01"), ("viewer_bv02", "bv02"), ("screen", "bv01")):
        seen = items(web, who=who)
        assert {value["tags"]["facility"] for value in seen} == {facility}
    assert error(web, "facility=bv02", who="viewer")[0] == 403
    assert error(web, "facility=nowhere", who="viewer")[0] == 403  # not told whether there is one


def test_a_scope_of_one_site_gives_that_site(web):
    from ioc.access import Role, Scope

    web.tokens["site"] = web.services.tokens.create(Role.VIEWER, Scope("bv02", "cs2"), "site", actor="test")[0]
    for query in ("", "facility=bv02", "facility=bv02&site=cs2"):
        assert {value["tags"]["site"] for value in items(web, query, who="site")} == {"cs2"}
    assert error(web, "facility=bv02&site=cs1", who="site")[0] == 403


def test_pages_go_on_where_the_last_one_ended(web):
    whole = items(web, "facility=bv01")
    collected, cursor = [], ""
    while True:
        answer = web.as_("admin").get(f"/api/v1/latest?facility=bv01&limit=50{cursor}").json
        collected += answer["items"]
        if answer["next"] is None:
            break
        cursor = f"&cursor={answer['next']}"
    assert collected == whole


@pytest.mark.parametrize(
    ("query", "where", "hint"),
    [
        ("metric=fridge.tmp", "metric", "Did you mean fridge.temp?"),
        ("facilty=bv01", "facilty", "Did you mean facility?"),
        ("facility=bv99", "facility", "There are bv01, bv02"),
        ("facility=bv01&site=cs9", "site", "Did you mean cs1?"),
        ("state=frsh", "state", "Did you mean fresh?"),
        ("limit=0", "limit", ""),
        ("limit=1e3", "limit", ""),
        ("limit=99999999999999999999", "limit", ""),
        ("cursor=x", "cursor", "Take `next`"),
        ("metric=fridge.temp&metric=fridge.door", "metric", "Give it once."),
        (f"device={'x' * 500}", "device", ""),
    ],
)
def test_what_is_wrong_is_said_with_where_and_how_to_mend_it(web, query, where, hint):
    status, told = error(web, query)
    assert (status, told["code"]) == (400, "bad_parameter")
    assert told["message"].startswith(f"{where}: ")
    assert told["hint"].startswith(hint)


def test_hostile_text_comes_back_as_text(web):
    status, told = error(web, "metric=%3Cscript%3E%00%F0%9F%92%A9'%3B--")
    assert status == 400
    assert "<script>" in told["message"]
    answer = web.as_("admin").get("/api/v1/latest?metric=%3Cscript%3E")
    assert answer.content_type == "application/json"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_locked_database_is_an_answer_and_no_crash(web, monkeypatch):
    from sqlalchemy.exc import OperationalError

    def locked():
        raise OperationalError("select", {}, Exception("database is locked"))

    monkeypatch.setattr(web.services.book, "refresh", locked)
    answer = web.as_("admin").get("/api/v1/latest")
    assert (answer.status_code, answer.json["error"]["code"]) == (503, "database_busy")
    assert answer.headers["Retry-After"] == "5"


def test_ages_are_reckoned_at_the_moment_of_the_answer(web):
    web.put(FRIDGE, 4.0)
    web.clock.advance(7 * SECOND)
    assert items(web, "source=mqtt")[0]["age_s"] == 7.0
