"""``/api/v1/alerts``: lists, one with its proof, and what a person does."""

import re

import pytest

from ioc.access import Role, Scope, audit_entries, verify_audit
from ioc.domain import MINUTE, SECOND, rfc3339
from tests.unit.dashboards.alerting import SERIES, deliver, hold_rules, raise_incident, text


@pytest.fixture
def incident(web) -> str:
    return raise_incident(web)


def items(client, query=""):
    answer = client.get(f"/api/v1/alerts{query}")
    assert answer.status_code == 200, answer.json
    return answer.json["items"]


def failure(answer):
    return answer.status_code, answer.json["error"]["code"]


def test_an_open_alert_says_what_where_since_when_and_that_nobody_has_taken_it(web, incident):
    (item,) = items(web.as_("viewer"), "?lang=en")
    assert item["id"] == incident
    assert item["title"].endswith("is at 12.4\N{NO-BREAK SPACE}°C")
    assert item["labels"] == {"device": "tl-01", "facility": "bv01", "site": "cs1"}
    assert (item["level"], item["status"], item["value"], item["limit"]) == ("critical", "firing", 12.4, 10.0)
    assert item["limits"][0] == {"level": "warning", "op": ">", "limit": 8.0}
    assert item["opened_at"] == rfc3339(web.clock.now_ns() - 10 * MINUTE)
    assert item["age_s"] == 600.0
    assert (item["needs_owner"], item["unowned"], item["acked_by"]) == (True, True, None)
    assert item["url"] == f"/alerts/{incident}"


def test_its_history_is_there(web, incident):
    (item,) = items(web.as_("viewer"))
    page = web.browser("viewer").get(item["history_url"])
    assert page.status_code == 200
    assert "fridge.temp" in item["history_url"]


def test_the_most_urgent_come_first_unowned_before_level_before_age(web):
    raise_incident(web, id="taken", acked_by="Lan", acked_at_ns=1, ack_until_ns=2)
    raise_incident(web, id="mild", level="warning")
    raise_incident(web, id="young", opened_ns=web.clock.now_ns() - MINUTE)
    raise_incident(web, id="old")
    raise_incident(web, id="quiet", level="warning", needs_owner=0)
    raise_incident(web, id="over", status="resolved", resolved_ns=web.clock.now_ns(), resolved_at_ns=web.clock.now_ns())
    assert [item["id"] for item in items(web.as_("viewer"))] == ["old", "young", "mild", "quiet", "taken"]


@pytest.mark.parametrize("status", ["open", "all"])
def test_pages_follow_each_other_without_a_gap_or_a_double(web, status):
    for number in range(7):
        raise_incident(web, id=f"i{number}", level=("warning", "critical")[number % 2], acked_by="Lan" * (number % 3))
    client, seen, cursor = web.as_("viewer"), [], ""
    while True:
        answer = client.get(f"/api/v1/alerts?status={status}&limit=3&cursor={cursor}").json
        seen += [item["id"] for item in answer["items"]]
        cursor = answer["next"]
        if cursor is None:
            break
    assert sorted(seen) == [f"i{number}" for number in range(7)]
    assert seen == [item["id"] for item in items(client, f"?status={status}")]


def test_filters_narrow(web):
    raise_incident(web, id="a")
    raise_incident(web, id="b", level="warning", acked_by="Lan")
    raise_incident(web, id="c", site="cs2")
    raise_incident(web, id="d", status="resolved", resolved_ns=1, resolved_at_ns=1, why="value")
    client = web.as_("viewer")

    def ids(query):
        return {item["id"] for item in items(client, query)}

    assert ids("?level=critical") == {"a", "c"}
    assert ids("?level=warning") == {"a", "b", "c"}
    assert ids("?unowned=true") == {"a", "c"}
    assert ids("?unowned=1&status=all") == {"a", "c"}
    assert ids("?site=cs2") == {"c"}
    assert ids("?status=resolved") == {"d"}
    assert ids("?status=all") == {"a", "b", "c", "d"}
    assert ids("?status=all&level=critical") == {"a", "c", "d"}


@pytest.mark.parametrize(
    "query",
    ["status=closed", "level=bad", "unowned=maybe", "limit=0", "cursor=x", "status=all&cursor=x", "nonsense=1",
     "unowned=true&status=resolved", "site=nowhere", "status=resolved&cursor=-"],
)  # fmt: skip
def test_what_cannot_be_understood_is_said(web, query):
    assert failure(web.as_("admin").get(f"/api/v1/alerts?facility=bv01&{query}")) == (400, "bad_parameter")


def test_another_facility_is_not_to_be_seen_asked_for_or_touched(web, incident):
    client = web.as_("viewer_bv02")
    assert items(client) == []
    assert client.get("/api/v1/alerts?facility=bv01").status_code == 403
    assert failure(client.get(f"/api/v1/alerts/{incident}")) == (404, "not_found")
    web.tokens["other"] = web.services.tokens.create(Role.ONCALL, Scope("bv02"), "other", actor="test")[0]
    for act in ("ack", "note", "close"):
        answer = web.as_("other").post(f"/api/v1/alerts/{incident}/{act}", json={})
        assert failure(answer) == (404, "not_found")
    assert items(web.as_("viewer"))[0]["acked_by"] is None


def test_what_is_about_the_centre_itself_or_no_facility_is_for_those_who_see_everything(web):
    raise_incident(web, id="disk", facility="_self", site="")
    raise_incident(web, id="nowhere", facility="", site="")
    assert items(web.as_("viewer")) == []
    assert items(web.as_("viewer"), "?status=all") == []
    assert {item["id"] for item in items(web.as_("admin"))} == {"disk", "nowhere"}
    for code in ("disk", "nowhere"):
        assert web.as_("viewer").get(f"/api/v1/alerts/{code}").status_code == 404
        assert web.as_("admin").get(f"/api/v1/alerts/{code}").status_code == 200
    assert web.as_("viewer").get("/api/v1/alerts?facility=_self").status_code == 403


def test_who_sees_one_site_sees_no_other_and_nothing_of_the_whole(web):
    raise_incident(web, id="own")
    raise_incident(web, id="other", site="cs2")
    raise_incident(web, id="whole", site="")
    web.tokens["site"] = web.services.tokens.create(Role.VIEWER, Scope("bv01", "cs1"), "site", actor="test")[0]
    client = web.as_("site")
    assert [item["id"] for item in items(client)] == ["own"]
    assert [client.get(f"/api/v1/alerts/{code}").status_code for code in ("own", "other", "whole")] == [200, 404, 404]


def test_one_alert_has_its_timeline_and_every_attempt_to_tell_somebody(web, incident):
    deliver(web, incident, tries=2, error="refused")
    told = web.as_("viewer").get(f"/api/v1/alerts/{incident}?lang=en").json
    assert [entry["kind"] for entry in told["timeline"]] == ["firing"]
    assert told["timeline"][0]["limit"] == 10.0
    (delivery,) = told["deliveries"]
    assert (delivery["person"], delivery["channel"], delivery["state"]) == ("Lan", "email", "due")
    assert [attempt["number"] for attempt in delivery["attempts"]] == [1, 2]
    assert delivery["attempts"][0]["detail"] == "refused"
    assert told["titles"]["vi"].endswith("12,4\N{NO-BREAK SPACE}°C")
    assert told["runbook"] == {"path": "runbooks/fridge.md", "steps": ["Shut the door"], "source": "WHO"}
    assert told["ack"] == {"longest_s": 1800.0, "reason": False}


def test_who_was_not_reached_is_said_in_the_list(web, incident):
    deliver(web, incident, tries=1, error="connection refused")
    deliver(web, incident, person="minh", person_name="Minh", state="sent", done_ns=web.clock.now_ns())
    (item,) = items(web.as_("viewer"))
    assert item["not_reached"] == [{"whom": "Lan", "channel": "email", "why": "failing", "error": "connection refused"}]


def test_whoever_says_mine_is_named_with_reason_and_end(web, incident):
    body = {"reason": "door was open", "minutes": 20}
    answer = web.as_("operator").post(f"/api/v1/alerts/{incident}/ack", json=body)
    assert answer.status_code == 200
    told = answer.json
    assert (told["acked_by"], told["ack_reason"], told["unowned"]) == ("operator", "door was open", False)
    assert told["ack_until"] == rfc3339(web.clock.now_ns() + 20 * MINUTE)
    assert told["timeline"][-1]["kind"] == "acked"
    assert items(web.as_("viewer"))[0]["acked_by"] == "operator"
    assert items(web.as_("viewer"), "?unowned=true") == []


@pytest.mark.parametrize(("body", "minutes"), [(None, 30), ({}, 30), ({"minutes": 600}, 30), ({"minutes": 5}, 5)])
def test_an_acknowledgement_lasts_as_long_as_the_rule_allows_at_most(web, incident, body, minutes):
    answer = web.as_("operator").post(f"/api/v1/alerts/{incident}/ack", json=body)
    assert answer.json["ack_until"] == rfc3339(web.clock.now_ns() + minutes * MINUTE)


def test_an_acknowledgement_may_be_given_its_end(web, incident):
    until = rfc3339(web.clock.now_ns() + 7 * MINUTE)
    answer = web.as_("operator").post(f"/api/v1/alerts/{incident}/ack", json={"expires": until})
    assert answer.json["ack_until"] == until


@pytest.mark.parametrize(
    "body",
    ['{"minutes": 0}', '{"minutes": 1.5}', '{"minutes": true}', '{"minutes": "5"}', '{"minutes": 99999999}',
     '{"expires": "soon"}', '{"expires": "2020-01-01T00:00:00Z"}', '{"expires": "2200-01-01T00:00:00Z", "minutes": 5}',
     '{"reason": 5}', '{"raeson": "x"}', "[]", "{", '"x"', '{"expires": 5}'],
)  # fmt: skip
def test_a_body_that_cannot_be_understood_changes_nothing(web, incident, body):
    answer = web.as_("operator").post(f"/api/v1/alerts/{incident}/ack", data=body)
    assert failure(answer) == (400, "bad_parameter")
    assert items(web.as_("viewer"))[0]["acked_by"] is None


def test_a_rule_that_wants_a_reason_gets_one(web):
    code = raise_incident(web, ack_needs_reason=1)
    client = web.as_("operator")
    assert failure(client.post(f"/api/v1/alerts/{code}/ack", json={"reason": " "})) == (422, "reason_needed")
    assert failure(client.post(f"/api/v1/alerts/{code}/ack", json={"reason": "x" * 5000})) == (422, "too_long")
    assert client.post(f"/api/v1/alerts/{code}/ack", json={"reason": "x"}).status_code == 200


def test_what_is_over_is_taken_by_nobody_and_may_still_be_written_about(web):
    now_ns = web.clock.now_ns()
    code = raise_incident(web, status="resolved", resolved_ns=now_ns, resolved_at_ns=now_ns, why="value")
    client = web.as_("oncall")
    assert failure(client.post(f"/api/v1/alerts/{code}/ack")) == (409, "closed")
    assert failure(client.post(f"/api/v1/alerts/{code}/close", json={"reason": "x"})) == (409, "closed")
    assert client.post(f"/api/v1/alerts/{code}/note", json={"text": "it was the door"}).status_code == 200


def test_only_what_is_silent_is_closed_and_with_a_reason(web, incident):
    client = web.as_("oncall")
    assert failure(client.post(f"/api/v1/alerts/{incident}/close", json={"reason": "x"})) == (409, "not_silent")
    code = raise_incident(web, id="silent", status="missing", missing_since_ns=web.clock.now_ns() - MINUTE)
    assert failure(client.post(f"/api/v1/alerts/{code}/close")) == (422, "reason_needed")
    answer = client.post(f"/api/v1/alerts/{code}/close", json={"reason": "taken away"})
    assert (answer.status_code, answer.json["status"], answer.json["why"]) == (200, "resolved", "closed")
    assert answer.json["timeline"][-1]["who"] == "oncall"


def test_an_empty_note_is_refused_and_a_note_stands_in_the_timeline(web, incident):
    client = web.as_("operator")
    assert failure(client.post(f"/api/v1/alerts/{incident}/note")) == (422, "reason_needed")
    told = client.post(f"/api/v1/alerts/{incident}/note", json={"text": "ice in the coil"}).json
    assert (told["timeline"][-1]["kind"], told["timeline"][-1]["text"]) == ("note", "ice in the coil")


def test_an_alert_that_is_not_there_is_not_found(web):
    client = web.as_("oncall")
    assert failure(client.get("/api/v1/alerts/i404")) == (404, "not_found")
    assert failure(client.post("/api/v1/alerts/i404/ack")) == (404, "not_found")


@pytest.mark.parametrize(("act", "least"), [("ack", "operator"), ("note", "operator"), ("close", "oncall")])
def test_each_act_wants_its_role(web, incident, act, least):
    roles = ["screen", "viewer", "operator", "oncall"]
    for role in roles[: roles.index(least)]:
        assert failure(web.as_(role).post(f"/api/v1/alerts/{incident}/{act}")) == (403, "forbidden"), role
    assert web.as_(least).post(f"/api/v1/alerts/{incident}/{act}").status_code != 403


def test_a_browser_needs_its_csrf_token_and_a_program_does_not(web, incident):
    browser = web.browser("operator")
    assert failure(browser.post(f"/api/v1/alerts/{incident}/ack")) == (400, "csrf")
    assert web.as_("operator").post(f"/api/v1/alerts/{incident}/ack").status_code == 200


def test_every_act_stands_in_the_audit_log(web):
    code = raise_incident(web, status="missing", missing_since_ns=web.clock.now_ns())
    client = web.as_("oncall")
    client.post(f"/api/v1/alerts/{code}/ack", json={"reason": "on my way"})
    client.post(f"/api/v1/alerts/{code}/note", json={"text": "no power"})
    client.post(f"/api/v1/alerts/{code}/close", json={"reason": "scrapped"})
    client.post(f"/api/v1/alerts/{code}/close", json={"reason": "again"})
    found = [entry for entry in audit_entries(web.services.engine) if entry.subject == f"alert:{code}"]
    assert [entry.action for entry in found] == ["alert.close", "alert.note", "alert.acknowledge"]
    assert all(entry.actor == "oncall" for entry in found)
    assert "on my way" in found[-1].detail
    assert verify_audit(web.services.engine) is None


def test_the_age_of_what_is_over_stands_still(web):
    now_ns = web.clock.now_ns()
    raise_incident(web, status="resolved", resolved_ns=now_ns - 4 * MINUTE, resolved_at_ns=now_ns, why="value")
    web.clock.advance(60 * MINUTE)
    (item,) = items(web.as_("viewer"), "?status=resolved")
    assert item["age_s"] == 360.0
    assert item["resolved_at"] == rfc3339(now_ns - 4 * MINUTE)


def test_the_rules_in_force_and_why_newer_ones_are_not(web):
    client = web.as_("viewer")
    assert client.get("/api/v1/rules").json["items"] == []
    fault = {"id": "A001", "where": "rules/x.yaml:3", "what": "bad", "hint": ""}
    hold_rules(web, [{"id": "fridge-warm"}], refused_at_ns=web.clock.now_ns() + SECOND, faults=text([fault]))
    told = client.get("/api/v1/rules").json
    assert told["items"] == [{"id": "fridge-warm"}]
    assert told["faults"] == [fault]
    assert told["refused_at"] == rfc3339(web.clock.now_ns() + SECOND)


def test_a_value_that_alarms_says_its_level(web):
    web.put("fridge.temp,device=tl-01,facility=bv01,site=cs1", 12.4)
    web.put("fridge.temp,device=tl-02,facility=bv01,site=cs1", 12.4)
    raise_incident(web, id="mild", level="warning")
    raise_incident(web, id="bad")
    raise_incident(web, id="group", series="", device="tl-02")
    values = web.as_("viewer").get("/api/v1/latest?metric=fridge.temp").json["items"]
    assert {value["tags"]["device"]: value["level"] for value in values if "level" in value} == {"tl-01": "critical"}
    assert SERIES.startswith("fridge.temp,device=tl-01")


def test_a_browser_with_its_csrf_token_may_act(web, incident):
    browser = web.browser("operator")
    page = browser.get("/sources").get_data(as_text=True)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
    answer = browser.post(f"/api/v1/alerts/{incident}/ack", json={}, headers={"X-CSRFToken": token})
    assert (answer.status_code, answer.json["acked_by"]) == (200, "operator")
