"""Headers of every answer, and the policy for scripts and styles."""

import base64
import hashlib

import pytest

from dashboards.security import csp_for, plotly_style_hashes


def directives(policy):
    return dict(part.split(" ", 1) for part in policy.split("; "))


@pytest.mark.parametrize("path", ["/login", "/nothing", "/api/v1/latest", "/healthz", "/"])
def test_every_answer_is_hardened_errors_too(web, path):
    headers = web.nobody().get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    policy = directives(headers["Content-Security-Policy"])
    assert policy["script-src"] == "'self'"
    assert policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["object-src"] == "'none'"


def test_no_policy_allows_inline_eval_or_another_host():
    for page in ("page", "history"):
        policy = csp_for(page)
        assert "unsafe" not in policy
        assert "http" not in policy
        assert "*" not in policy


def test_what_plotly_needs_is_allowed_only_where_it_is_loaded(web):
    assert "sha256-" not in csp_for()
    history = web.as_("viewer").get("/history?facility=bv01&metric=fridge.temp")
    assert history.status_code == 200
    assert history.headers["Content-Security-Policy"] == csp_for("history")
    assert "blob:" in directives(csp_for("history"))["img-src"]
    assert "blob:" not in directives(csp_for())["img-src"]


def test_the_hashes_are_those_of_the_installed_plotly():
    hashes = plotly_style_hashes()
    empty = base64.b64encode(hashlib.sha256(b"").digest()).decode()
    assert hashes[0] == f"'sha256-{empty}'"
    assert len(hashes) == 2  # the empty one and MapLibre's: another number means that plotly has changed


def test_a_style_is_hashed_as_the_browser_will_see_it(tmp_path):
    script = tmp_path / "plotly.js"
    script.write_text(
        r"""x=document.createElement("style");x.id="a",x.textContent='a{content:"\\2713 \'\n\u00e9"}',y()"""
    )
    expected = base64.b64encode(hashlib.sha256('a{content:"\\2713 \'\né"}'.encode()).digest()).decode()
    assert plotly_style_hashes(script)[1] == f"'sha256-{expected}'"


def test_no_answer_with_data_is_kept_by_a_cache(web):
    assert web.as_("viewer").get("/api/v1/latest").headers["Cache-Control"] == "no-store"
    assert web.nobody().get("/login").headers["Cache-Control"] == "no-store"
