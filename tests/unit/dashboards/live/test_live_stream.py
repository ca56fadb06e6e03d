"""The stream as a browser or a program asks for it."""

import pytest

from dashboards.live import stream as module
from dashboards.live.stream import events
from dashboards.live.views import VIEWS
from ioc.domain import SECOND


@pytest.fixture
def opened(web):
    """Ask for a stream, and read what has been sent up to now."""
    made = []

    def ask(query, who="admin", **headers):
        answer = web.as_(who).get(f"/api/v1/stream?{query}", headers=headers)
        made.append(answer)
        return answer

    yield ask
    for answer in made:
        answer.close()


def first(answer, chunks=2) -> str:
    body = answer.iter_encoded()
    return b"".join(next(body) for _ in range(chunks)).decode()


def test_a_stream_is_one_and_is_kept_by_nobody(web, opened):
    answer = opened("facility=bv01&metric=fridge.temp")
    assert answer.status_code == 200
    assert answer.content_type == "text/event-stream; charset=utf-8"
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.headers["X-Accel-Buffering"] == "no"
    text = first(answer)
    assert text.startswith("retry: ")
    assert "event: snapshot\n" in text
    assert "event: heartbeat\n" in text


def test_screens_are_told_to_come_back_at_different_times(web, opened):
    waits = {first(opened("metric=fridge.temp&facility=bv01"), 1) for _ in range(10)}
    assert len(waits) > 3


def test_a_closed_answer_frees_its_place(web):
    answer = web.as_("viewer").get("/api/v1/stream?metric=fridge.temp")
    assert web.services.hub.clients == 1
    answer.close()
    assert web.services.hub.clients == 0


def test_asking_for_the_head_opens_nothing(web):
    answer = web.as_("viewer").head("/api/v1/stream")
    assert answer.content_type.startswith("text/event-stream")
    assert web.services.hub.clients == 0


def test_too_many_streams_are_refused(web, opened, monkeypatch):
    monkeypatch.setattr("dashboards.live.hub.STREAMS_EACH", 1)
    opened("metric=fridge.temp", who="viewer")
    answer = opened("metric=fridge.temp", who="viewer")
    assert (answer.status_code, answer.json["error"]["code"]) == (429, "too_many_streams")


def test_everybody_streams_only_what_is_theirs(web, opened):
    text = first(opened("metric=fridge.temp", who="viewer_bv02"))
    assert '"facility":"bv02"' in text
    assert '"facility":"bv01"' not in text
    assert opened("facility=bv01", who="viewer_bv02").status_code == 403
    assert opened("view=hospital&facility=bv01", who="viewer_bv02").status_code == 403


def test_a_page_streams_its_parts_in_its_language(web, opened):
    assert "hospital" in VIEWS
    text = first(opened("view=hospital&facility=bv01&lang=en", who="screen"))
    assert '"parts":{' in text
    assert web.services.hub.counts["errors"] == 0


def test_an_unknown_view_is_answered_with_the_nearest(web, opened):
    answer = opened("view=hopsital&facility=bv01")
    assert answer.status_code == 400
    assert answer.json["error"]["hint"] == "Did you mean hospital?"


def test_a_facility_that_there_is_not_is_no_silent_stream(web, opened):
    answer = opened("facility=bv99")
    assert (answer.status_code, answer.json["error"]["code"]) == (400, "bad_parameter")


def test_a_page_needs_the_right_to_all_that_it_shows(web, opened):
    """A view without a facility in its address would show everything."""
    from ioc.access import Role, Scope

    web.tokens["site"] = web.services.tokens.create(Role.VIEWER, Scope("bv02", "cs1"), "site", actor="test")[0]
    assert opened("view=hospital&facility=bv02", who="site").status_code == 403
    assert opened("view=hospital&facility=bv02&site=cs1", who="site").status_code == 200


class FakeHub:
    def __init__(self) -> None:
        self.data = [b"one", b""]

    def take(self, _view, _client):
        return self.data.pop(0)


class FakeClient:
    closed = False

    def wait(self, _seconds):
        return not self.closed


def stream(web, hub, client, may_go_on):
    return events(hub=hub, view=None, client=client, clock=web.clock, may_go_on=may_go_on, retry_ms=2500)


def test_what_waits_is_sent_and_else_a_sign_of_life(web):
    body = stream(web, FakeHub(), FakeClient(), lambda: True)
    assert [next(body) for _ in range(3)] == [b"retry: 2500\n\n", b"one", b": \n\n"]


def test_the_right_is_looked_at_again_within_a_minute(web):
    asked = []
    client, hub = FakeClient(), FakeHub()
    hub.data = [b"x"] * 10
    body = stream(web, hub, client, lambda: asked.append(web.clock.now_ns()) or len(asked) < 2)
    next(body)
    for _ in range(3):
        web.clock.advance(25 * SECOND)
        if next(body, None) is None:
            break
    assert len(asked) <= 2
    assert module.CHECK_NS <= 60 * SECOND
    web.clock.advance(60 * SECOND)
    assert list(body) == []


def test_a_database_that_does_not_answer_ends_the_stream_and_not_the_server(web):
    from sqlalchemy.exc import OperationalError

    def away():
        raise OperationalError("select", {}, Exception("gone"))

    body = stream(web, FakeHub(), FakeClient(), away)
    next(body)
    web.clock.advance(60 * SECOND)
    assert list(body) == []


@pytest.mark.parametrize("how", ["revoke", "session"])
def test_whoever_may_no_longer_look_is_cut_off(web, how):
    client = web.as_("viewer") if how == "revoke" else web.browser("viewer")
    answer = client.get("/api/v1/stream?metric=fridge.temp")
    body = answer.iter_encoded()
    assert b"retry" in next(body)
    web.services.tokens.revoke("viewer", actor="test")
    web.clock.advance(60 * SECOND)
    assert list(body) == []
    answer.close()


def test_another_role_cuts_off_as_well(web):
    from ioc.access import Role, Scope

    bob = web.services.users.add("bob", "a-long-password", Role.VIEWER, Scope("bv01"), actor="test")
    key, _ = web.services.sessions.open(bob, {})
    client = web.nobody()
    client.set_cookie("ioc_session", key)
    answer = client.get("/api/v1/stream?metric=fridge.temp")
    body = answer.iter_encoded()
    next(body)
    web.services.users.set_rights("bob", Role.STEWARD, Scope("bv01"), actor="test")
    web.clock.advance(60 * SECOND)
    assert list(body) == []
    answer.close()
