"""Every error is a designed page, or JSON for programs; none shows what lies behind."""

import pytest

from dashboards.errors import ProblemError
from ioc.errors import MisconfiguredError, RetryError


@pytest.fixture
def failing(web):
    """An address that fails as it is told to."""
    raised = []

    @web.app.get("/fail")
    def fail():
        raise raised[0]

    web.app.testing = False  # as in production: the error is answered
    return web, raised


def test_an_unknown_page_is_a_page_and_an_unknown_address_of_the_api_is_json(web):
    page = web.nobody().get("/nothing", headers={"Accept": "text/html"})
    assert page.status_code == 404
    assert page.content_type.startswith("text/html")
    assert "<script>" not in page.text
    answer = web.nobody().get("/api/v1/nothing")
    assert answer.json["error"]["code"] == "not_found"
    assert "openapi.json" in answer.json["error"]["hint"]


def test_a_program_that_asks_for_json_gets_json_everywhere(web):
    answer = web.nobody().get("/nothing", headers={"Accept": "application/json"})
    assert answer.json["error"]["code"] == "not_found"


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_what_nobody_foresaw_is_logged_and_not_shown(failing, caplog, accept):
    web, raised = failing
    raised.append(ZeroDivisionError("secret inside"))
    answer = web.nobody().get("/fail", headers={"Accept": accept})
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    assert "secret inside" in caplog.text


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_what_is_set_up_wrongly_says_how_to_mend_it_and_is_logged(failing, caplog, accept):
    web, raised = failing
    raised.append(MisconfiguredError("The fonts are missing.", "Run: python -m dashboards.assets"))
    answer = web.nobody().get("/fail?lang=en", headers={"Accept": accept})
    assert answer.status_code == 503
    assert "The fonts are missing." in answer.text
    assert "Run: python -m dashboards.assets" in answer.text
    assert "Try again" not in answer.text
    assert [r.levelname for r in caplog.records if "The fonts are missing. Run: python" in r.message] == ["ERROR"]


def test_what_only_takes_time_says_to_try_again_and_nothing_of_the_inside(failing, caplog):
    web, raised = failing
    raised.append(RetryError("10.0.0.9 does not answer"))
    answer = web.nobody().get("/fail?lang=en", headers={"Accept": "text/html"})
    assert answer.status_code == 503
    assert "Try again in a few seconds." in answer.text
    assert "10.0.0.9" not in answer.text
    assert "10.0.0.9 does not answer" in caplog.text


def test_the_error_page_that_fails_itself_is_still_an_answer(failing, monkeypatch, caplog):
    web, raised = failing
    raised.append(ProblemError(403, "forbidden", "no"))

    def broken(*_args, **_kwargs):
        raise LookupError("no template")

    monkeypatch.setattr("dashboards.errors.render_template", broken)
    answer = web.nobody().get("/fail", headers={"Accept": "text/html"})
    assert answer.status_code == 403
    assert "<h1>" in answer.text


@pytest.mark.parametrize("status", [400, 403, 404, 405, 409, 413, 429, 500, 503])
@pytest.mark.parametrize("language", ["vi", "en", "fr"])
def test_every_error_has_its_page_in_every_language(failing, status, language):
    web, raised = failing
    raised.append(ProblemError(status, "x", "what", "hint"))
    answer = web.nobody().get(f"/fail?lang={language}", headers={"Accept": "text/html"})
    assert answer.status_code == status
    assert f'lang="{language}"' in answer.text
    assert "<h1>" in answer.text


def test_too_large_a_body_is_refused(web):
    answer = web.nobody().post("/login", data={"username": "x" * 2_000_000})
    assert answer.status_code in (400, 413)


def test_an_error_is_kept_by_no_cache(web):
    assert web.nobody().get("/nothing").headers["Cache-Control"] == "no-store"


def test_a_form_that_is_too_old_says_so_in_the_language_of_the_page(web):
    answer = web.nobody().post("/login?lang=vi", data={"username": "bob"}, headers={"Accept": "text/html"})
    assert answer.status_code == 400
    assert "Trang đã quá cũ" in answer.text
    assert "CSRF" not in answer.text
