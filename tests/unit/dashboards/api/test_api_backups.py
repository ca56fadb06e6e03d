"""``POST /api/v1/backups/<facility>/<job>``."""

import pytest

from ioc import stamps
from ioc.access import Role, Scope
from ioc.domain import SECOND
from ioc.errors import Fault, RefuseToStartError
from ioc.stamps import Stamp, Stamps

TARGETS = {"his": "bv01", "his-0": "bv01", "his-1": "bv01", "his-2": "bv01", "pacs": "bv02"}


@pytest.fixture(autouse=True)
def targets(monkeypatch):
    monkeypatch.setattr("dashboards.api.backups.names_of", lambda _kind, _folder: TARGETS)


def post(web, path="bv01/his", who="operator", **body):
    return web.as_(who).post(f"/api/v1/backups/{path}", json=body)


def test_a_job_that_says_nothing_more_has_made_a_backup_now(web):
    answer = web.as_("operator").post("/api/v1/backups/bv01/his")
    assert answer.status_code == 200
    assert answer.json == {
        "facility": "bv01", "job": "his", "backup_at": "2026-11-23T01:00:00.000Z", "restore_at": None,
    }  # fmt: skip
    assert Stamps(web.services.engine).get("bv01", "his") == Stamp(web.clock.now_ns())


def test_backups_and_restores_are_kept_side_by_side(web):
    post(web)
    web.clock.advance(60 * SECOND)
    answer = post(web, what="restore")
    assert (answer.json["backup_at"], answer.json["restore_at"]) == (
        "2026-11-23T01:00:00.000Z", "2026-11-23T01:01:00.000Z",
    )  # fmt: skip


def test_what_comes_late_takes_nothing_back(web):
    post(web, at="2026-11-23T07:30:00+07:00")
    answer = post(web, at="2026-11-22T07:30:00+07:00")
    assert answer.json["backup_at"] == "2026-11-23T00:30:00.000Z"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"what": "bakcup"}, "what: 'bakcup' is none of backup, restore"),
        ({"at": "yesterday"}, "at: is no time"),
        ({"at": 5}, "at: is no time"),
        ({"at": "1969-12-31T23:59:59Z"}, "at: is no time"),
        ({"at": "0001-01-01T00:00:00+07:00"}, "at: is no time"),
        ({"at": "2026-11-24T00:00:00Z"}, "at: lies in the future"),
        ({"size": 5}, "size: there is no such field here"),
    ],
)
def test_what_cannot_be_understood_is_refused(web, body, message):
    answer = post(web, **body)
    assert answer.status_code == 400
    assert answer.json["error"]["message"] == message


@pytest.mark.parametrize("data", [b"[]", b"{", b'"backup"'])
def test_a_body_that_is_no_object_is_refused(web, data):
    assert web.as_("operator").post("/api/v1/backups/bv01/his", data=data).status_code == 400


def test_a_name_that_is_no_code_is_refused(web):
    assert post(web, "bv01/a%20b").status_code == 400


def test_a_facility_that_is_not_there_is_not_found(web):
    assert post(web, "bv99/his", who="admin").status_code == 404


def test_a_token_of_another_facility_is_kept_out(web):
    web.tokens["other"] = web.services.tokens.create(Role.OPERATOR, Scope("bv02"), "other", actor="test")[0]
    assert post(web, who="other").status_code == 403
    assert post(web, "bv02/pacs", who="other").status_code == 200


@pytest.mark.parametrize(
    ("path", "who", "hint"),
    [
        ("bv01/hiss", "operator", "Did you mean 'his'?"),
        ("bv02/his", "admin", "Known: pacs."),
        ("bv03/his", "admin", "Write it there first, then send this again."),
    ],
)
def test_a_name_that_no_target_has_is_not_found(web, path, who, hint):
    answer = post(web, path, who=who)
    facility, job = path.split("/")
    assert answer.status_code == 404
    assert answer.json["error"]["message"] == f"{facility} has no target {job!r} in collectors/backups.yaml"
    assert answer.json["error"]["hint"] == hint
    assert Stamps(web.services.engine).get(facility, job) == Stamp()


def test_where_the_targets_cannot_be_read_the_job_is_believed(web, monkeypatch):
    def refuse(_kind, _folder):
        raise RefuseToStartError([Fault("IOC-N001", "collectors/backups.yaml", "cannot be read.")])

    monkeypatch.setattr("dashboards.api.backups.names_of", refuse)
    answer = post(web, "bv01/any")
    assert answer.status_code == 200
    assert answer.json["note"].startswith("whether there is a target 'any' is not known: collectors/backups.yaml: ")


def test_a_job_that_makes_up_a_name_each_time_fills_nothing(web, monkeypatch):
    monkeypatch.setattr(stamps, "MOST", 2)
    assert [post(web, f"bv01/his-{n}").status_code for n in range(3)] == [200, 200, 409]
    assert post(web, "bv01/his-1").status_code == 200
