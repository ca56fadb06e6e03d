"""The language of a page: asked for, kept, or the setting's."""

import pytest


def language_of(answer) -> str:
    return answer.text.split('lang="', 1)[1][:2]


def test_without_a_wish_it_is_the_settings(web):
    assert language_of(web.nobody().get("/login")) == "vi"


@pytest.mark.parametrize("wish", ["vi", "en", "fr"])
def test_a_wish_is_kept(web, wish):
    client = web.nobody()
    assert language_of(client.get(f"/login?lang={wish}")) == wish
    assert language_of(client.get("/login")) == wish


@pytest.mark.parametrize("wish", ["de", "", "../en", "vi_VN", "<x>"])
def test_a_wish_that_cannot_be_met_changes_nothing(web, wish):
    client = web.nobody()
    assert language_of(client.get("/login", query_string={"lang": wish})) == "vi"
    assert client.get_cookie("lang") is None


def test_a_cookie_that_was_tampered_with_changes_nothing(web):
    client = web.nobody()
    client.set_cookie("lang", "xx")
    assert language_of(client.get("/login")) == "vi"


def test_programs_are_given_no_cookie(web):
    answer = web.as_("viewer").get("/api/v1/latest?lang=en")
    assert "Set-Cookie" not in answer.headers
