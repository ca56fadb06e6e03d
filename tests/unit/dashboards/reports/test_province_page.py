"""The papers of a province: a line a facility, and only those in date are added up."""

import re

import pytest

from ioc.access import Role, Scope
from tests.unit.dashboards.bedside import Bedside
from tests.unit.dashboards.reports.pdftext import texts_of

HANDOVER = "/reports/handover/province/song-may?lang=en"
SUMMARY = "/reports/summary/province/song-may?lang=en&until=2026-11-23"


@pytest.fixture
def sides(web):
    """Two hospitals: one with a patient, one with two."""
    one, two = Bedside(web), Bedside(web, "bv02")
    one.ward()
    two.beds("noi", {"1": 4})
    one.admit("a", "101", "1", minutes=60)
    two.admit("b", "1", "1", ward="noi", minutes=50)
    two.admit("c", "1", "2", ward="noi", minutes=40)
    one.hear()
    two.hear()
    return one, two


def rows(html, table):
    body = html.split(f'id="{table}"', 1)[1].split("</table>", 1)[0]
    found = [
        re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in re.findall(r"<tr.*?</tr>", body, re.DOTALL)
    ]
    return [[re.sub(r"<[^>]+>", "", cell).strip() for cell in row] for row in found[1:]]


def test_facilities_in_date_are_added_up_and_the_others_have_no_numbers(web, sides):
    html = web.as_("admin").get(HANDOVER).text
    found = rows(html, "balance")
    assert len(found) == 7
    assert [row[9] for row in found] == ["1", "2", "–", "–", "–", "–", "3"]
    assert found[2][0].endswith("HIS not connected")
    assert "2 of 6 facilities are in date" in html


def test_a_facility_that_grew_old_is_in_no_sum(web, sides):
    one, _two = sides
    one.pass_(16 * 60)
    one.hear()
    found = rows(web.as_("admin").get(HANDOVER).text, "balance")
    assert [row[9] for row in found[:2]] == ["1", "–"]
    assert "old, since" in found[1][0]
    assert found[-1][9] == "1"


def test_page_and_pdf_say_the_same(web, sides):
    client = web.as_("admin")
    for page, table in ((HANDOVER, "balance"), (HANDOVER, "beds"), (SUMMARY, "facilities")):
        pdf = texts_of(client.get(f"{page}&format=pdf").data)
        for row in rows(client.get(page).text, table):
            figures = row[1:]
            assert any(pdf[at : at + len(figures)] == figures for at in range(len(pdf))), row


def test_the_summary_has_a_line_a_facility(web, sides):
    html = web.as_("admin").get(SUMMARY).text
    found = rows(html, "facilities")
    assert [row[2] for row in found] == ["1", "2", "–", "–", "–", "–", "3"]
    assert "2 of 6 facilities are in date" in html


def test_a_facility_whose_last_message_is_old_is_in_no_sum_of_the_summary(web, sides):
    one, two = sides
    one.pass_(10 * 24 * 3600)
    two.admit("d", "1", "3", ward="noi")
    two.hear()
    client = web.as_("admin")
    page = SUMMARY.replace("-11-23", "-12-03")
    html = client.get(page).text
    first, second, *_others, total = rows(html, "facilities")
    assert (first[2], first[5]) == ("1", "–")
    assert "old, since" in first[0]
    assert (second[2], second[5]) == ("3", "3")
    assert total[:1] + total[2:6] == ["All in date", "3", "0", "0", "3"]
    assert "1 of 6 facilities are in date" in html
    assert '<tr data-state="stale"' in html
    one.hear()  # it speaks again: how many were in at the end of its silence is not known all the same
    html = client.get(page.replace("-12-03", "-12-02")).text
    first = rows(html, "facilities")[0]
    assert (first[2], first[5]) == ("1", "–")
    assert "0 of 6 facilities are in date" in html


def test_a_province_of_which_nothing_is_known_says_so(web):
    client = web.as_("admin")
    assert "0 of 6 facilities" in client.get(HANDOVER).text
    assert "0 of 6 facilities" in client.get(SUMMARY).text


def test_there_is_no_paper_of_another_province(web):
    client = web.as_("admin")
    assert client.get("/reports/handover/province/elsewhere").status_code == 404
    assert client.get("/reports/summary/province/elsewhere").status_code == 404


def test_the_list_of_reports_shows_what_one_may_see(web):
    assert web.as_("admin").get("/reports").text.count("/reports/summary/") == 7
    assert web.as_("viewer").get("/reports").text.count("/reports/summary/") == 1
    assert web.as_("screen").get("/reports").status_code == 403


def test_who_may_see_one_site_is_led_to_its_papers_only(web):
    scope = Scope("bv02", "cs2")
    web.tokens["site"] = web.services.tokens.create(Role.VIEWER, scope, "site", actor="test")[0]
    client = web.as_("site")
    (handover,) = re.findall(r'href="(/reports/handover/[^"]+)"', client.get("/reports").text)
    assert handover == "/reports/handover/bv02?site=cs2"
    html = client.get(handover).text
    assert 'type="hidden" name="site" value="cs2"' in html
    assert client.get("/reports/handover/bv02").status_code == 403
    assert client.get("/reports/summary/bv02?site=cs1").status_code == 403
