"""Every route there is, asked by nobody, by a screen, by a viewer of another facility and by each role."""

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from ioc.access import Role, Scope
from ioc.assets import Asset, AssetKind
from ioc.domain import MINUTE
from ioc.errors import Reason
from ioc.intake import Reject
from tests.unit.dashboards.alerting import raise_incident
from tests.unit.dashboards.bedside import WARD, Bedside

ROLES = ("screen", "viewer", "operator", "oncall", "steward", "admin")
DEVICE = "tl-01"


@dataclass(frozen=True)
class Gate:
    """Who may: ``least`` is a role, or "open". ``own`` tells that the address names bv01, so bv02 is kept out."""

    least: str
    own: bool = False
    query: str = ""
    api: bool = False
    here: bool = False  # open to this machine
    all_places: bool = False
    body: Mapping[str, str] | None = None  # what it has to be sent: a form, or JSON


OPEN = Gate("open")
GATES = {
    "GET /static/<path:filename>": OPEN,
    "GET /login": OPEN,
    "POST /login": OPEN,
    "POST /logout": OPEN,
    "GET /screen": OPEN,
    "GET /healthz": OPEN,
    "GET /metrics": Gate("viewer", here=True, api=True, all_places=True),
    "GET /figures/plotly-<version>.min.js": OPEN,  # a library, the same for everybody
    "GET /": Gate("screen"),
    "GET /wall/_self": Gate("screen", all_places=True),
    "GET /wall/<facility>": Gate("screen", own=True),
    "GET /wall/<facility>/<site>": Gate("screen", own=True),
    "GET /wall/<facility>/ward/<ward>": Gate("screen", own=True),
    "GET /wall/province/<province>": Gate("screen", all_places=True),
    "GET /beds/<facility>": Gate("screen", own=True),
    "GET /inventory/<facility>": Gate("screen", own=True),
    "GET /inventory/<facility>/list.xlsx": Gate("viewer", own=True),
    "GET /inventory/<facility>/import": Gate("steward", own=True),
    "POST /inventory/<facility>/import": Gate("steward", own=True),
    "POST /inventory/<facility>/import/apply": Gate("steward", own=True),
    "POST /inventory/<facility>/import/drop": Gate("steward", own=True),
    "GET /asset/<facility>/<asset>": Gate("screen", own=True),
    "GET /wall/<facility>/it": Gate("screen", own=True),
    "GET /quality": Gate("viewer"),
    "GET /quality/<facility>": Gate("viewer", own=True),
    "GET /quality/<facility>/visit/<visit>": Gate("viewer", own=True),
    "GET /quality/<facility>/message/<message>": Gate("viewer", own=True),
    "GET /quality/<facility>/ward/<ward>": Gate("viewer", own=True),
    "POST /quality/<facility>/ward/<ward>": Gate("steward", own=True, body={"site": "cs1"}),
    "GET /devices/<facility>": Gate("screen", own=True),
    "GET /device/<facility>/<device>": Gate("screen", own=True),
    "GET /history": Gate("viewer", own=True, query="?facility=bv01"),
    "GET /history/data": Gate("viewer", own=True, query="?facility=bv01"),
    "GET /history/table.<kind>": Gate("viewer", own=True, query="?facility=bv01"),
    "GET /reports": Gate("viewer"),
    "GET /reports/handover/<facility>": Gate("viewer", own=True),
    "GET /reports/handover/province/<province>": Gate("viewer", all_places=True),
    "GET /reports/summary/<facility>": Gate("viewer", own=True),
    "GET /reports/summary/province/<province>": Gate("viewer", all_places=True),
    "GET /definitions": Gate("viewer"),
    "GET /states": Gate("screen"),
    "GET /sources": Gate("viewer"),
    "GET /quarantine": Gate("steward", own=True, query="?facility=bv01"),
    "GET /quarantine/<int:number>": Gate("steward"),
    "POST /quarantine/<int:number>/resend": Gate("steward"),
    "POST /quarantine/<int:number>/discard": Gate("steward"),
    "GET /alerts": Gate("viewer", own=True, query="?facility=bv01"),
    "GET /alerts/rules": Gate("viewer"),
    "GET /alerts/<incident>": Gate("viewer"),
    "POST /alerts/<incident>/take": Gate("operator", body={"reason": "mine"}),
    "POST /alerts/<incident>/note": Gate("operator", body={"text": "seen"}),
    "POST /alerts/<incident>/close": Gate("oncall", body={"reason": "scrapped"}),
    "GET /api/v1/latest": Gate("screen", own=True, query="?facility=bv01", api=True),
    "GET /api/v1/stream": Gate("screen", own=True, query="?facility=bv01&metric=fridge.temp", api=True),
    "GET /api/v1/census": Gate("screen", own=True, query="?facility=bv01", api=True),
    "GET /api/v1/series": Gate("viewer", own=True, query="?facility=bv01&metric=fridge.temp", api=True),
    "GET /api/v1/sources": Gate("viewer", api=True),
    "GET /api/v1/openapi.json": Gate("screen", api=True),
    "GET /api/v1/alerts": Gate("viewer", own=True, query="?facility=bv01", api=True),
    "GET /api/v1/alerts/<incident>": Gate("viewer", api=True),
    "POST /api/v1/alerts/<incident>/ack": Gate("operator", api=True, body={"reason": "mine"}),
    "POST /api/v1/alerts/<incident>/note": Gate("operator", api=True, body={"text": "seen"}),
    "POST /api/v1/alerts/<incident>/close": Gate("oncall", api=True, body={"reason": "scrapped"}),
    "POST /api/v1/backups/<facility>/<job>": Gate("operator", own=True, api=True, body={"what": "backup"}),
    "GET /api/v1/rules": Gate("viewer", api=True),
    "GET /api/v1/quarantine": Gate("steward", own=True, query="?facility=bv01", api=True),
    "POST /api/v1/quarantine/<int:number>/resend": Gate("steward", api=True),
    "DELETE /api/v1/quarantine/<int:number>": Gate("steward", api=True),
}


def routes(web):
    for rule in web.app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield f"{method} {rule.rule}", rule


def ask(web, client, name, rule, gate, **environ):
    method = name.partition(" ")[0]
    values = {
        "facility": "bv01", "site": "cs1", "device": DEVICE, "version": "x", "filename": "x",
        "number": item(web) if "number" in rule.arguments else 0,
        "incident": silent(web) if "incident" in rule.arguments else "",
        "province": "song-may", "ward": WARD, "kind": "csv", "job": "his",
        "asset": asset(web) if "asset" in rule.arguments else "",
        **said(web, rule.arguments),
    }  # fmt: skip
    adapter = web.app.url_map.bind("localhost")
    path = adapter.build(rule.endpoint, {key: values[key] for key in rule.arguments}, method=method)
    sent = {} if gate.body is None else {"json" if gate.api else "data": gate.body}
    answer = client.open(path + gate.query, method=method, environ_overrides=environ, **sent)
    status = answer.status_code
    answer.close()
    return status, answer


def asset(web) -> str:
    """One of bv01."""
    register = web.services.assets
    register.apply(register.preview([Asset("bv01", "cs1", "sv-1", AssetKind.SERVER)]), "test")
    return "sv-1"


def item(web) -> int:
    """A fresh open item of bv01."""
    reject = Reject(
        topic="t", facility="bv01", reason=Reason.JSON, detail="d", raw=b"x", received_ns=web.clock.now_ns()
    )
    web.clock.advance(1)
    web.services.quarantine.put("mqtt", reject)
    return web.services.quarantine.list(state="", limit=1)[0].id


def said(web, arguments) -> dict[str, str]:
    """A visit and a message that a ward of bv01 knows, where the address names one of the three."""
    if not {"ward", "visit", "message"} & set(arguments):
        return {}
    web.clock.advance(1)
    fact = Bedside(web).admit(f"v{web.clock.now_ns()}", "101", "1")
    return {"visit": fact.visit, "message": fact.message}


def silent(web) -> str:
    """A fresh incident of bv01 with which anything may be done, by whoever may."""
    web.clock.advance(1)
    now_ns = web.clock.now_ns()
    return raise_incident(web, id=f"i{now_ns}", status="missing", missing_since_ns=now_ns - MINUTE)


def test_every_route_has_its_gate(web):
    assert {name for name, _ in routes(web)} == set(GATES)


def test_nobody_is_sent_to_the_login_or_told_so(web):
    for name, rule in routes(web):
        gate = GATES[name]
        status, answer = ask(web, web.nobody(), name, rule, gate, REMOTE_ADDR="10.0.0.9")
        if gate.least == "open":
            assert status not in (401, 500), name
            if status == 403:
                assert name == "GET /screen"
        elif gate.api:
            assert status == 401, name
            assert answer.json["error"]["code"] == "unauthenticated"
        elif name.startswith("GET"):
            assert status == 302, name
            assert answer.headers["Location"].startswith("/login"), name
        else:
            assert status in (400, 401), name  # a form without its CSRF token is not even looked at


@pytest.mark.parametrize("role", ROLES)
def test_each_role_may_what_it_may_and_no_more(web, role, monkeypatch):
    monkeypatch.setattr("dashboards.api.backups.names_of", lambda _kind, _folder: {"his": "bv01"})
    for name, rule in routes(web):
        gate = GATES[name]
        if gate.least == "open":
            continue
        status, _ = ask(web, web.as_(role), name, rule, gate, REMOTE_ADDR="10.0.0.9")
        may = ROLES.index(role) >= ROLES.index(gate.least) and (role == "admin" or not gate.all_places)
        if may:
            assert status < 400, (name, status)
        else:
            assert status == 403, (name, status)


def test_whoever_belongs_to_another_facility_sees_nothing_of_this_one(web):
    for name, rule in routes(web):
        gate = GATES[name]
        if gate.least == "open":
            continue
        status, _ = ask(web, web.as_("viewer_bv02"), name, rule, gate, REMOTE_ADDR="10.0.0.9")
        expected = 403 if gate.own or gate.all_places or ROLES.index(gate.least) > ROLES.index("viewer") else None
        assert expected is None or status == expected, (name, status)


def test_a_steward_of_another_facility_cannot_touch_or_find_this_ones_quarantine(web):
    web.tokens["other"] = web.services.tokens.create(Role.STEWARD, Scope("bv02"), "other", actor="test")[0]
    for name, rule in routes(web):
        if "number" in rule.arguments:
            assert ask(web, web.as_("other"), name, rule, GATES[name])[0] == 404, name


def test_somebody_of_another_facility_cannot_see_touch_or_find_this_ones_alerts(web):
    web.tokens["other"] = web.services.tokens.create(Role.ADMIN, Scope("bv02"), "other", actor="test")[0]
    for name, rule in routes(web):
        if "incident" in rule.arguments:
            assert ask(web, web.as_("other"), name, rule, GATES[name])[0] == 404, name


def test_the_live_view_of_anothers_alerts_is_closed(web):
    code = silent(web)
    for query in ("view=alerts&facility=bv01", "view=alerts", f"view=incident&incident={code}"):
        answer = web.as_("viewer_bv02").get(f"/api/v1/stream?{query}")
        assert answer.status_code in (403, 404), query
    assert web.as_("screen").get("/api/v1/stream?view=alerts&facility=bv01").status_code == 403


def test_an_unknown_address_is_not_found_and_a_wrong_method_is_named(web):
    client = web.as_("admin")
    answer = client.get("/api/v1/latests")
    assert (answer.status_code, answer.json["error"]["code"]) == (404, "not_found")
    answer = client.put("/api/v1/latest")
    assert (answer.status_code, answer.json["error"]["code"]) == (405, "method_not_allowed")
    assert "GET" in answer.headers["Allow"]
    assert client.get("/api//v1/latest").status_code == 404  # no redirect, which would name the asker's host


def test_a_number_that_no_database_holds_is_not_found(web):
    client = web.as_("admin")
    assert client.get(f"/quarantine/{10**30}").status_code == 404
    assert client.delete(f"/api/v1/quarantine/{10**30}").status_code == 404


def test_a_steward_of_one_site_sees_no_quarantine_since_no_item_knows_its_site(web):
    web.tokens["site"] = web.services.tokens.create(Role.STEWARD, Scope("bv02", "cs1"), "site", actor="test")[0]
    client = web.as_("site")
    assert [client.get(path).status_code for path in ("/quarantine", "/api/v1/quarantine")] == [403, 403]
    assert "/quarantine" not in client.get("/sources").text


def test_who_sees_one_site_sees_no_findings_since_none_knows_its_site(web):
    web.tokens["site"] = web.services.tokens.create(Role.ADMIN, Scope("bv02", "cs1"), "site", actor="test")[0]
    client = web.as_("site")
    assert [client.get(path).status_code for path in ("/quality", "/quality/bv02")] == [403, 403]
    assert "/quality" not in client.get("/sources").text


def test_the_metrics_are_open_to_this_machine_and_not_through_its_proxy(web):
    client = web.nobody()
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", headers={"X-Forwarded-For": "10.0.0.9"}).status_code == 401
    assert client.get("/metrics", environ_overrides={"REMOTE_ADDR": "::ffff:127.0.0.1"}).status_code == 200
    assert client.get("/metrics", environ_overrides={"REMOTE_ADDR": "10.0.0.9"}).status_code == 401
