"""The summary of some days as page and PDF."""

import re

import pytest

from ioc.domain import MINUTE, Quality, Reading, Series
from tests.unit.dashboards.alerting import raise_incident
from tests.unit.dashboards.bedside import WARD, Bedside
from tests.unit.dashboards.reports.pdftext import texts_of

TODAY = "/reports/summary/bv01?lang=en&until=2026-11-23"
HOUR = 60 * MINUTE


@pytest.fixture
def side(web):
    made = Bedside(web)
    made.ward()
    made.admit("a", "101", "1", minutes=6 * 60)
    made.admit("b", "101", "2", minutes=5 * 60)
    made.leave("a", "101", "1", minutes=60)
    made.hear()
    return made


def sample(web, key, value, *, hours, quality=Quality.GOOD):
    series = Series.parse(key)
    now_ns = web.clock.now_ns()
    web.services.store.write([Reading(series, now_ns - hour * HOUR, value, quality) for hour in hours])


def rows(html, table):
    body = html.split(f'id="{table}"', 1)[1].split("</table>", 1)[0]
    found = [
        re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in re.findall(r"<tr.*?</tr>", body, re.DOTALL)
    ]
    return [[re.sub(r"<[^>]+>", "", cell).strip() for cell in row] for row in found[1:]]


def test_each_day_has_its_line_and_what_is_not_known_has_no_numbers(web, side):
    days = rows(web.as_("viewer").get(TODAY).text, "days")
    assert len(days) == 14
    assert days[0][1:] == [*["–"] * 7, "0.0%"]
    assert (days[-1][0], days[-1][1:6]) == ("Monday 23 Nov 2026", ["2", "1", "0", "1", "0"])


def test_wards_have_their_balance_and_their_average_stay(web, side):
    ward = next(row for row in rows(web.as_("viewer").get(TODAY).text, "wards") if "1" in row[1:])
    assert ward[1:] == ["0", "2", "0", "1", "0", "0", "0", "0", "1", "6", "−5", "1", "0.2"]


def test_occupancy_is_that_of_all_minutes_together(web, side):
    for name, values in (("occupied", (80.0, 90.0)), ("staffed", (100.0, 100.0))):
        for value, hour in zip(values, (3, 2), strict=True):
            sample(web, f"bed.{name},facility=bv01,source=census", value, hours=[hour])
    html = web.as_("viewer").get(TODAY).text
    assert rows(html, "days")[-1][6:8] == ["85.0%", "90.0%"]
    assert re.search(r"<dd><span>85\.0%</span></dd><dt>Occupancy</dt>", html)


def test_alerts_are_counted_with_the_time_until_somebody_took_them(web, side):
    opened = web.clock.now_ns() - 2 * HOUR
    for n, wait in enumerate((5, 10, 60)):
        taken = opened + wait * MINUTE
        raise_incident(web, id=f"c{n}", opened_ns=opened, opened_at_ns=opened, first_acked_at_ns=taken, acked_by="lan")
    raise_incident(web, id="w", level="warning", opened_ns=opened, opened_at_ns=opened)
    html = web.as_("viewer").get(TODAY).text
    critical, warning = rows(html, "answers")
    assert [cell.replace("\xa0", " ") for cell in critical[1:]] == ["3", "3", "0", "0", "10 min", "60 min"]
    assert warning[1:] == ["1", "0", "1", "0", "–", "–"]
    assert rows(html, "often")[0][1] == "4"


def test_devices_are_heard_by_class_and_the_silent_ones_named(web, side):
    sample(web, "fridge.temp,device=tl-01,facility=bv01,site=cs1,source=mqtt", 4.0, hours=range(5))
    devices = {row[0]: row[1:] for row in rows(web.as_("viewer").get(TODAY).text, "devices")}
    count, share, silent = next(row for row in devices.values() if row[1] != "0.0%")
    assert float(share[:-1]) > 0
    assert silent.endswith(f"and {int(count) - 7} more")


def test_the_silences_of_the_feed_are_counted(web, side):
    html = web.as_("viewer").get(TODAY).text.replace("\xa0", " ")
    assert "It was silent 3 times, the longest time for 3 h 45" in html


def test_nothing_is_said_of_silences_without_a_feed_or_while_it_is_silent(web):
    client = web.as_("viewer")
    assert "It was" not in client.get(TODAY).text
    side = Bedside(web)
    side.admit("a", "101", "1")
    assert "It was never silent" in client.get(TODAY).text
    side.pass_(2 * 3600)
    html = client.get(TODAY).text
    assert "OLD NUMBERS" in html
    assert "It was" not in html


def test_a_paper_on_which_anything_is_simulated_is_marked(web, side):
    client = web.as_("viewer")
    assert "SIMULATED" not in client.get(TODAY).text
    key = "fridge.temp,device=tl-01,facility=bv01,site=cs1,source=mqtt"
    sample(web, key, 4.0, hours=[1], quality=Quality.SIM)
    assert "SIMULATED" in client.get(TODAY).text
    assert any("SIMULATED" in text for text in texts_of(client.get(f"{TODAY}&format=pdf").data))


def test_a_simulated_alert_is_marked_and_so_is_its_paper(web, side):
    opened = web.clock.now_ns() - 2 * HOUR
    raise_incident(web, opened_ns=opened, opened_at_ns=opened, quality="sim")
    client = web.as_("viewer")
    html = client.get(TODAY).text
    assert "SIMULATED" in html
    assert rows(html, "often")[0][0].endswith("Simulated")
    assert "SIMULATED" in client.get("/reports/handover/bv01?lang=en").text


def test_simulated_beds_of_an_earlier_day_mark_the_paper(web, side):
    for name in ("occupied", "staffed"):
        sample(web, f"bed.{name},facility=bv01,source=census", 90.0, hours=[30], quality=Quality.SIM)
    assert "SIMULATED" in web.as_("viewer").get(TODAY).text


@pytest.mark.parametrize(
    "given", ["endpoint=x", "_external=1", "_anchor=x", "_scheme=ftp", "_method=PUT", "facility=x"]
)
def test_an_address_with_words_of_the_machinery_is_answered_all_the_same(web, given):
    answer = web.as_("viewer").get(f"{TODAY}&{given}")
    assert answer.status_code == 200
    assert 'href="/reports/summary/bv01?' in answer.text
    assert "ftp:" not in answer.text


def test_page_and_pdf_say_the_same(web, side):
    client = web.as_("viewer")
    html, pdf = client.get(TODAY).text, texts_of(client.get(f"{TODAY}&format=pdf").data)
    for table in ("days", "wards", "answers"):
        for row in rows(html, table):
            figures = row[1:]
            assert any(pdf[at : at + len(figures)] == figures for at in range(len(pdf))), (table, row)


def test_where_nothing_was_ever_heard_only_devices_and_alerts_are_told(web):
    html = web.as_("viewer").get(TODAY).text
    assert "there are no numbers" in html
    assert 'id="days"' not in html
    assert 'id="answers"' in html
    assert 'id="devices"' in html


def test_its_length_and_its_end_are_asked_for(web, side):
    client = web.as_("viewer")
    assert "09/11/2026 – 22/11/2026" in client.get("/reports/summary/bv01?lang=vi").text
    assert len(rows(client.get(f"{TODAY}&days=3").text, "days")) == 3
    assert client.get(f"{TODAY}&days=99").status_code == 400


def test_a_site_has_its_own_summary(web, side):
    html = web.as_("viewer").get(f"{TODAY}&site=cs1").text
    assert f'data-ward="{WARD}"' in html
    assert rows(html, "days")[-1][1:4] == ["2", "1", "0"]
