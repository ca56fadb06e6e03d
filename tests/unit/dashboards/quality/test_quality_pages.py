"""Findings counted, listed, and followed to where they were found."""

from dataclasses import replace

import pytest

from dashboards.quality.words import fact_title, finding_title, what_to_do
from ioc.access import Role, Scope
from ioc.census import FindingKind
from ioc.domain import SECOND, FactKind, Spot
from tests.unit.dashboards.bedside import ICU, WARD, Bedside


@pytest.fixture
def side(web):
    made = Bedside(web)
    made.ward()
    return made


def get(web, path, who="viewer"):
    answer = web.as_(who).get(path)
    assert answer.status_code == 200, path
    return answer.text


@pytest.fixture
def faults(side):
    """One of several kinds; gives the message of an unknown bed."""
    side.admit("two", ward=ICU, room="1", bed="1", minutes=30)
    side.admit("too", ward=ICU, room="1", bed="1", minutes=20)
    side.leave("ghost", "101", "2", minutes=15)
    twice = side.fact(FactKind.ADMITTED, 12, visit="t", patient="pt", spot=Spot(WARD, "101", "1"))
    side.say(twice)
    side.say(replace(twice, received_ns=twice.received_ns + SECOND))
    return side.admit("lost", "101", "99", minutes=10)


def test_every_kind_has_a_title_and_says_what_to_do_in_every_language(web):
    for language in ("vi", "en", "fr"):
        with web.app.test_request_context(f"/?lang={language}"):
            assert all(finding_title(kind) and what_to_do(kind) for kind in FindingKind)
            assert all(fact_title(kind) for kind in FactKind)


def test_findings_are_counted_by_facility_and_kind(web, faults):
    html = get(web, "/quality?lang=en")
    assert 'data-facility="bv01"' in html
    assert "bv02" not in html  # another's
    for kind in ("unknown_bed", "conflict", "no_beginning", "doubled"):
        assert f'data-kind="{kind}"' in html, kind


def test_each_finding_is_a_sentence_with_what_to_do_and_leads_on(web, faults):
    html = get(web, "/quality/bv01?lang=en")
    assert "2 patients lie in " in html
    assert "1 message came twice." in html
    assert "names the bed Medicine 1 · 101 · 99" in html
    assert "Ask the ward who lies there" in html
    assert f'href="/quality/bv01/ward/{WARD}"' in html
    assert 'href="/quality/bv01/visit/ghost"' in html
    assert 'href="/quality/bv01/visit/t"' not in html  # what came twice is a message


def test_the_list_can_be_narrowed_to_a_kind(web, faults):
    html = get(web, "/quality/bv01?kind=doubled")
    assert html.count('data-kind="doubled"') == 1
    assert 'data-kind="conflict"' not in html
    assert web.as_("viewer").get("/quality/bv01?kind=nonsense").status_code == 400
    assert web.as_("viewer").get("/quality/bv01?state=nonsense").status_code == 400
    assert web.as_("viewer").get("/quality/bv01?before=nonsense").status_code == 400


def test_a_long_list_has_further_pages(web, side):
    for n in range(60):
        side.leave(f"ghost{n:02}", "101", "2", minutes=15)
    first = get(web, "/quality/bv01?kind=no_beginning")
    assert first.count('data-kind="no_beginning"') == 50
    older = first.split('<a class="btn" href="')[1].split('"')[0].replace("&amp;", "&")
    assert get(web, older).count('data-kind="no_beginning"') == 10


def test_what_is_over_is_shown_on_demand(web, faults, side):
    side.admit("ghost", "101", "2", minutes=60)
    assert 'data-kind="no_beginning"' not in get(web, "/quality/bv01")
    assert "data-over" in get(web, "/quality/bv01?state=all&kind=no_beginning")


def test_a_visit_shows_what_was_said_of_it_in_order_by_keys(web, side):
    fact = side.admit("v1", "101", "1", minutes=30)
    side.say(side.fact(FactKind.TRANSFERRED, 20, visit="v1", spot=Spot(ICU, "1", "1"), prior=Spot(WARD, "101", "1")))
    side.leave("v1", "1", "1", ward=ICU, minutes=10)
    html = get(web, "/quality/bv01/visit/v1?lang=en")
    order = [html.index(f'data-fact="{kind}"') for kind in ("admitted", "transferred", "discharged")]
    assert order == sorted(order)
    assert "Medicine 1 · 101 · 1" in html
    assert "07:30:00" in html
    assert f'href="/quality/bv01/message/{fact.message}"' in html
    assert fact.patient not in html
    message = get(web, f"/quality/bv01/message/{fact.message}")
    assert message.count("data-fact=") == 1
    assert 'href="/quality/bv01/visit/v1"' in message


def test_what_is_not_known_or_belongs_to_another_facility_is_not_found(web, side):
    side.admit("v1", "101", "1")
    for path in ("/quality/bv01/visit/v2", "/quality/bv01/message/v1", "/quality/bv01/visit/%3Cb%3E"):
        assert web.as_("viewer").get(path).status_code == 404, path
    assert web.as_("admin").get("/quality/bv02/visit/v1").status_code == 404
    assert web.as_("viewer").get("/quality/bv02/visit/v1").status_code == 403


def test_an_empty_list_says_that_nothing_stands_open(web):
    assert 'class="blank"' in get(web, "/quality/bv01")


def test_the_pages_are_in_the_head_of_who_may_see_them(web):
    assert 'href="/quality/bv01"' in get(web, "/sources")
    assert 'href="/quality"' in get(web, "/sources", "admin")
    assert 'href="/beds/bv01"' in get(web, "/sources")
    web.tokens["site"] = web.services.tokens.create(Role.VIEWER, Scope("bv02", "cs1"), "site", actor="test")[0]
    html = get(web, "/sources", "site")
    assert "/quality" not in html
    assert 'href="/beds/bv02?site=cs1"' in html
