"""Logging in and out, sessions, CSRF, limits."""

import re

import pytest

from dashboards.access.session import KEY_COOKIE
from ioc.access import Role, Scope, audit_entries
from ioc.domain import MINUTE, SECOND

PASSWORD = "a-long-password"


@pytest.fixture
def bob(web):
    return web.services.users.add("bob", PASSWORD, Role.VIEWER, Scope("bv01"), actor="test")


def csrf(answer) -> str:
    found = re.search(rb'name="csrf_token"[^>]*value="([^"]+)"', answer.data)
    assert found, answer.data
    return found[1].decode()


def log_in(client, name="bob", password=PASSWORD, **more):
    token = csrf(client.get("/login"))
    return client.post("/login", data={"username": name, "password": password, "csrf_token": token, **more})


def test_the_right_password_leads_to_where_one_wanted_to_go(web, bob):
    client = web.nobody()
    first = client.get("/history?facility=bv01&metric=fridge.temp")
    assert first.status_code == 302
    assert "next=/history?facility%3Dbv01" in first.headers["Location"]
    answer = log_in(client, next="/sources")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/sources")
    assert client.get("/api/v1/sources").status_code == 200


def test_the_cookie_is_out_of_reach_of_scripts_and_holds_nothing_but_an_id(web, bob):
    client = web.nobody()
    log_in(client)
    cookie = client.get_cookie(KEY_COOKIE)
    assert cookie is not None
    assert (cookie.http_only, cookie.same_site, cookie.secure) == (True, "Lax", False)
    assert cookie.max_age is None
    assert len(cookie.value) == 43


def test_logins_are_noted_with_where_they_came_from(web, bob, caplog):
    log_in(web.nobody())
    entry = audit_entries(web.services.engine, 1)[0]
    assert (entry.actor, entry.action, entry.detail) == ("bob", "session.open", '{"address": "127.0.0.1"}')
    log_in(web.nobody(), password="wrong-password")
    assert "a login failed, from 127.0.0.1" in caplog.text


def test_over_https_the_cookie_stays_on_https(web, bob):
    client = web.nobody()
    client.environ_base["wsgi.url_scheme"] = "https"
    page = client.get("/login", base_url="https://localhost")
    data = {"username": "bob", "password": PASSWORD, "csrf_token": csrf(page)}
    client.post("/login", data=data, base_url="https://localhost", headers={"Referer": "https://localhost/login"})
    assert client.get_cookie(KEY_COOKIE).secure


def test_the_id_is_new_at_each_login(web, bob):
    client = web.nobody()
    client.set_cookie(KEY_COOKIE, "chosen-by-an-attacker")
    log_in(client)
    assert client.get_cookie(KEY_COOKIE).value != "chosen-by-an-attacker"


def test_a_wrong_password_and_an_unknown_name_look_alike(web, bob):
    answers = [log_in(web.nobody(), name, "wrong-password") for name in ("bob", "nobody")]
    assert [answer.status_code for answer in answers] == [401, 401]
    scrub = [re.sub(rb'value="[^"]*"|\d\d:\d\d', b"", answer.data) for answer in answers]
    assert scrub[0] == scrub[1]


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "https://evil.example/",
        "/\\evil.example",
        "javascript:alert(1)",
        "evil",
        "/\tx",
        "\\\\evil",
        "http://[",
        "/\u2028",
    ],
)
def test_nobody_is_led_to_another_host(web, bob, target):
    assert log_in(web.nobody(), next=target).headers["Location"] == "/"


def test_a_form_without_its_csrf_token_is_refused(web, bob):
    client = web.nobody()
    answer = client.post("/login", data={"username": "bob", "password": PASSWORD})
    assert answer.status_code == 400
    assert client.get_cookie(KEY_COOKIE) is None


def test_a_session_may_change_nothing_by_the_api_without_a_csrf_token(web):
    client = web.browser("admin")
    answer = client.delete("/api/v1/quarantine/1")
    assert (answer.status_code, answer.json["error"]["code"]) == (400, "csrf")
    assert web.as_("admin").delete("/api/v1/quarantine/1").status_code == 404  # a token needs none


def test_a_session_with_its_csrf_token_may(web):
    web.services.users.add("boss", PASSWORD, Role.ADMIN, actor="test")
    client = web.nobody()
    log_in(client, "boss")
    token = csrf(client.get("/sources"))
    assert client.delete("/api/v1/quarantine/1", headers={"X-CSRFToken": token}).status_code == 404


def test_logging_out_ends_the_session_on_the_server(web, bob):
    client = web.nobody()
    log_in(client)
    key = client.get_cookie(KEY_COOKIE).value
    answer = client.post("/logout", data={"csrf_token": csrf(client.get("/sources"))})
    assert answer.status_code == 302
    assert client.get_cookie(KEY_COOKIE) is None
    assert web.services.sessions.find(key) is None


def test_another_role_ends_the_session(web, bob):
    client = web.nobody()
    log_in(client)
    web.services.users.set_rights("bob", Role.SCREEN, Scope("bv01"), actor="test")
    assert client.get("/sources").status_code == 302
    assert client.get_cookie(KEY_COOKIE) is None


def test_a_session_in_use_is_prolonged(web, bob):
    client = web.nobody()
    log_in(client)
    for _ in range(3):
        web.clock.advance(11 * 60 * MINUTE)
        assert client.get("/api/v1/sources").status_code == 200
    web.clock.advance(12 * 60 * MINUTE)
    assert client.get("/api/v1/sources").status_code == 401


def test_guessing_is_slowed_down(web, bob):
    for _ in range(3):
        assert log_in(web.nobody(), password="wrong-password").status_code == 401
    refused = log_in(web.nobody())
    assert refused.status_code == 429  # even with the right one
    web.clock.advance(SECOND)
    assert log_in(web.nobody()).status_code == 302


def test_one_address_has_ten_attempts_a_minute(web):
    client = web.nobody()
    token = csrf(client.get("/login"))
    codes = [client.post("/login", data={"username": f"n{n}", "csrf_token": token}).status_code for n in range(11)]
    assert codes == [401] * 10 + [429]
    elsewhere = {"X-Forwarded-For": "10.0.0.7"}
    assert client.post("/login", data={"username": "x", "csrf_token": token}, headers=elsewhere).status_code == 401


def test_a_wall_screen_opens_with_its_token_and_the_token_leaves_the_address(web):
    client = web.nobody()
    answer = client.get(f"/screen?token={web.tokens['screen']}&next=/wall/bv01")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/wall/bv01")
    assert client.get_cookie(KEY_COOKIE).max_age > 300 * 24 * 3600
    assert client.get("/api/v1/latest?facility=bv01").status_code == 200
    assert client.get("/api/v1/latest?facility=bv02").status_code == 403
    web.services.tokens.revoke("screen", actor="test")
    assert client.get("/api/v1/latest?facility=bv01").status_code == 401


@pytest.mark.parametrize("who", ["admin", "viewer", None])
def test_only_the_token_of_a_screen_opens_a_screen(web, who):
    token = web.tokens[who] if who else "guessed"
    client = web.nobody()
    assert client.get(f"/screen?token={token}").status_code == 403
    assert client.get_cookie(KEY_COOKIE) is None


def test_a_header_that_does_not_open_is_nobody_even_with_a_good_cookie(web):
    client = web.browser("admin")
    assert client.get("/api/v1/latest").status_code == 200
    for header in ("Bearer wrong", "Bearer", "Basic YWRtaW46eA==", "bearer  "):
        answer = client.get("/api/v1/latest", headers={"Authorization": header})
        assert (answer.status_code, answer.json["error"]["code"]) == (401, "bad_token")


def test_the_login_page_fills_no_table(web):
    before = len(web.services.tokens.list())
    for _ in range(3):
        web.nobody().get("/login")
    with web.services.engine.connect() as connection:
        assert connection.exec_driver_sql("select count(*) from sessions").scalar() == 0
    assert len(web.services.tokens.list()) == before


def test_the_use_of_a_token_is_noted(web):
    web.as_("viewer").get("/api/v1/latest")
    used = {token.name: token.last_used_ns for token in web.services.tokens.list()}
    assert used["viewer"] == web.clock.now_ns()
    assert used["admin"] is None


def test_logging_in_again_ends_the_session_that_there_was(web, bob):
    client = web.nobody()
    log_in(client)
    before = client.get_cookie(KEY_COOKIE).value
    token = csrf(client.get("/sources"))
    answer = client.post("/login", data={"username": "bob", "password": PASSWORD, "csrf_token": token})
    assert answer.status_code == 302
    assert client.get_cookie(KEY_COOKIE).value != before
    assert web.services.sessions.find(before) is None
    assert client.get("/api/v1/sources").status_code == 200


@pytest.mark.parametrize("header", ["Bearer wrong", "Bearer", "Basic YWRtaW46eA=="])
@pytest.mark.parametrize("accept", ["*/*", "text/html", "application/json"])
def test_a_program_with_a_bad_key_gets_401_from_a_page_and_never_the_login(web, bob, header, accept):
    client = web.nobody()
    log_in(client)  # a cookie changes nothing
    answer = client.get("/reports/handover/bv01?format=pdf", headers={"Authorization": header, "Accept": accept})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert ("this token does not open" in answer.text) is (accept != "text/html")
