"""``/api/v1/quarantine`` and ``/api/v1/sources``."""

from collections import Counter

import pytest

from ioc.access import Role, Scope, audit_entries
from ioc.domain import SECOND
from ioc.errors import Reason
from ioc.intake import Reject, SourceStatus, SourceStatuses


@pytest.fixture
def filled(web):
    """Three inputs of bv01, one of bv02, one of nobody."""
    for number, facility in enumerate(["bv01", "bv01", "bv02", "bv01", ""]):
        reject = Reject(Reason.JSON, "not JSON", f"ioc/v1/{facility}/x", b"{%d" % number, web.clock.now_ns(), facility)
        web.services.quarantine.put("mqtt", reject)
        web.clock.advance(SECOND)
    web.tokens["other"] = web.services.tokens.create(Role.STEWARD, Scope("bv02"), "other", actor="test")[0]
    return web


def listed(web, query="", who="admin"):
    answer = web.as_(who).get(f"/api/v1/quarantine?{query}")
    assert answer.status_code == 200, answer.json
    return answer.json


def test_an_item_says_what_why_and_when_but_not_its_bytes(filled):
    item = listed(filled)["items"][-1]
    assert item == {
        "id": 1,
        "state": "open",
        "source": "mqtt",
        "topic": "ioc/v1/bv01/x",
        "facility": "bv01",
        "reason": "json",
        "detail": "not JSON",
        "received_at": "2026-11-23T01:00:00.000Z",
        "last_at": "2026-11-23T01:00:00.000Z",
        "count": 1,
        "size": 2,
        "truncated": False,
        "resend_requested_at": None,
        "closed_at": None,
        "closed_by": "",
    }


def test_pages_go_on_where_the_last_one_ended(filled):
    first = listed(filled, "limit=2")
    assert [item["id"] for item in first["items"]] == [5, 4]
    second = listed(filled, f"limit=3&cursor={first['next']}")
    assert [item["id"] for item in second["items"]] == [3, 2, 1]
    assert listed(filled, f"limit=3&cursor={second['next']}") == {"items": [], "next": None}


def test_the_filters_narrow(filled):
    assert [item["id"] for item in listed(filled, "facility=bv02")["items"]] == [3]
    assert listed(filled, "reason=no_time")["items"] == []
    assert len(listed(filled, "source=mqtt&reason=json&state=open")["items"]) == 5
    answer = filled.as_("admin").get("/api/v1/quarantine?reason=jsn")
    assert (answer.status_code, answer.json["error"]["hint"]) == (400, "Did you mean json?")


def test_a_steward_sees_what_is_of_the_own_facility(filled):
    assert {item["facility"] for item in listed(filled, who="steward")["items"]} == {"bv01"}
    assert {item["facility"] for item in listed(filled, who="other")["items"]} == {"bv02"}
    assert filled.as_("steward").get("/api/v1/quarantine?facility=bv02").status_code == 403


def test_sending_again_is_asked_for_and_noted(filled):
    answer = filled.as_("steward").post("/api/v1/quarantine/1/resend")
    assert (answer.status_code, answer.json) == (202, {"id": 1, "state": "resend_requested"})
    assert filled.services.quarantine.to_resend()[0].id == 1
    assert listed(filled)["items"][-1]["resend_requested_at"] is not None
    entry = audit_entries(filled.services.engine, 1)[0]
    assert (entry.actor, entry.action, entry.subject) == ("steward", "quarantine.resend", "quarantine:1")


def test_discarding_closes_for_good_and_is_noted(filled):
    client = filled.as_("steward")
    assert client.delete("/api/v1/quarantine/1").status_code == 204
    again = client.delete("/api/v1/quarantine/1")
    assert (again.status_code, again.json["error"]["code"]) == (409, "conflict")
    assert client.post("/api/v1/quarantine/1/resend").status_code == 409
    (item,) = listed(filled, "state=discarded")["items"]
    assert (item["id"], item["closed_by"]) == (1, "steward")
    assert audit_entries(filled.services.engine, 1)[0].action == "quarantine.discard"


@pytest.mark.parametrize("number", [3, 5, 999])
def test_what_is_not_of_the_own_facility_is_not_there(filled, number):
    client = filled.as_("steward")
    assert client.delete(f"/api/v1/quarantine/{number}").status_code == 404
    assert client.post(f"/api/v1/quarantine/{number}/resend").status_code == 404
    assert filled.services.quarantine.get(3).state == "open"


def test_an_item_that_was_cut_cannot_be_sent_again(web):
    web.services.quarantine._max_bytes = 0
    reject = Reject(Reason.TOO_LARGE, "too large", "t", b"x" * 5000, web.clock.now_ns(), "bv01")
    web.services.quarantine.put("mqtt", reject)
    answer = web.as_("admin").post("/api/v1/quarantine/1/resend")
    assert answer.status_code == 409
    assert "discard" in answer.json["error"]["hint"]


def test_sources_say_what_the_worker_last_wrote(web):
    status = SourceStatus("mqtt", "mqtt", connected=True, received=10, accepted=8, quarantined=Counter(json=2))
    SourceStatuses(web.services.engine).save([status], web.clock.now_ns())
    (source,) = web.as_("viewer").get("/api/v1/sources").json["items"]
    assert source["connected"] is True
    assert source["alive"] is True
    assert (source["received"], source["accepted"], source["quarantined"]) == (10, 8, {"json": 2})


def test_a_source_whose_worker_is_silent_is_not_connected(web):
    SourceStatuses(web.services.engine).save([SourceStatus("mqtt", "mqtt", connected=True)], web.clock.now_ns())
    web.clock.advance(11 * SECOND)
    (source,) = web.as_("viewer").get("/api/v1/sources?name=mqtt").json["items"]
    assert (source["connected"], source["alive"]) == (False, False)
    assert web.as_("viewer").get("/api/v1/sources?name=x").json == {"items": [], "next": None}
