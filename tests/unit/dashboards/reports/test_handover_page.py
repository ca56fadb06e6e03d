"""The handover as page and PDF: its numbers are those of the walls, of the census and of the interface."""

import re

import pytest

from ioc.census import CensusReader, Publisher
from ioc.domain import Disposition, FactKind, Quality, Spot
from ioc.registry import Registry
from tests.unit.dashboards.alerting import raise_incident
from tests.unit.dashboards.bedside import ICU, WARD, Bedside
from tests.unit.dashboards.reports.pdftext import pages_of, texts_of

PAGE = "/reports/handover/bv01?lang=en"
FIGURE = re.compile(r'data-metric="([a-z_.]+)" data-scope="([^"]+)" data-state="(\w+)"[^>]*>([^<]*)<')


@pytest.fixture
def side(web):
    """A night: one stays, one moves to intensive care, one goes home, one to another hospital."""
    made = Bedside(web)
    made.ward()
    for visit, bed, minutes in (("a", "1", 1_000), ("b", "2", 300), ("c", "3", 200), ("d", "3", 100)):
        made.admit(visit, "101", bed, minutes=minutes)
    made.say(made.fact(FactKind.TRANSFERRED, 90, visit="b", spot=Spot(ICU, "1", "1"), prior=Spot(WARD, "101", "2")))
    made.leave("c", "101", "3", minutes=60)
    elsewhere = {"spot": Spot(WARD, "101", "3"), "disposition": Disposition.ELSEWHERE}
    made.say(made.fact(FactKind.DISCHARGED, 50, visit="d", **elsewhere))
    made.hear()
    return made


def cells(html, code, table):
    """The figures of a ward's row, or of the total."""
    body = html.split(f'id="{table}"', 1)[1].split("</table>", 1)[0]
    where = f'data-ward="{code}"' if code else 'class="total"'
    row = next(row for row in re.findall(r"<tr.*?</tr>", body, re.DOTALL) if where in row)
    return [re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<td.*?</td>", row, re.DOTALL)]


def figures(html):
    """By metric, what the page says of the whole facility: its total rows and its large figures."""
    found = {}
    for metric, scope, _state, text in FIGURE.findall(html):
        found.setdefault((metric, scope), set()).add(text.replace("\u202f", "").replace("\xa0", " "))
    return found


def publish(web):
    """The walls' numbers, as the worker publishes them from the same facts."""
    own = web.services
    reader = CensusReader(own.engine, own.registry, own.beds, own.settings, own.catalogue)
    registry = Registry(own.registry.provinces, {"bv01": own.registry.facilities["bv01"]}, own.registry.devices)
    Publisher(reader, registry, lambda frames: (web.writer.offer(frames), web.writer.flush()), clock=web.clock).look()


def test_who_came_and_went_is_written_ward_by_ward(web, side):
    html = web.as_("viewer").get(PAGE).text
    assert cells(html, WARD, "balance") == ["1", "3", "0", "1", "1", "1", "0", "0", "1", "6", "−5"]
    assert cells(html, ICU, "balance") == ["0", "0", "1", "0", "0", "0", "0", "0", "1", "2", "−1"]
    assert cells(html, "", "balance") == ["1", "3", "1", "1", "1", "1", "0", "0", "2", "8", "−6"]


def test_page_pdf_walls_and_interface_say_the_same_numbers_at_one_moment(web, side):
    publish(web)
    client = web.as_("admin")
    html = client.get(PAGE).text
    said = figures(html)
    census = client.get("/api/v1/census?facility=bv01").json
    wards, days = census["wards"], census["balance"].values()
    whole = {
        "pt.inpatient": sum(ward["patients"] for ward in wards),
        "bed.actual": sum(ward["actual"] for ward in wards),
        "bed.staffed": sum(ward["staffed"] for ward in wards),
        "bed.avail": sum(ward["available"] for ward in wards),
        "bed.occupied": sum(ward["beds_occupied"] for ward in wards),
        "pt.admitted": sum(day["admitted"] for day in days),
        "pt.transfer_in": sum(day["transferred_in"] for day in days),
        "ed.census": census["emergency"]["patients"],
    }
    latest = client.get("/api/v1/latest?facility=bv01&source=census&limit=1000").json["items"]
    for metric, number in whole.items():
        assert said[metric, "facility:bv01"] == {str(number)}, metric
        assert sum(item["value"] for item in latest if item["metric"] == metric) == number, metric
    pdf = texts_of(client.get(f"{PAGE}&format=pdf").data)
    for code, table in ((WARD, "balance"), (ICU, "balance"), ("", "balance"), (WARD, "beds"), ("", "beds")):
        row = cells(html, code, table)
        starts = [at for at in range(len(pdf)) if pdf[at : at + len(row)] == row]
        assert starts, (code, table, row)


def test_what_the_wall_shows_is_what_the_paper_shows(web, side):
    publish(web)
    client = web.as_("admin")
    paper = figures(client.get(PAGE).text)
    wall = client.get("/wall/bv01?lang=en").text
    for tile, metric in (("tile-beds", "bed.avail"), ("tile-balance", "pt.inpatient"), ("tile-emergency", "ed.census")):
        drawn = wall.split(f'id="{tile}"', 1)[1]
        number = re.search(r'class="fig[^"]*"><b>(?:<a[^>]*>)?([^<]+)<', drawn)
        assert number is not None
        assert paper[metric, "facility:bv01"] == {number[1]}, metric
    occupancy = re.search(r'id="tile-occupancy".*?class="fig[^"]*"><b>(?:<a[^>]*>)?([^<]+)<', wall, re.DOTALL)
    assert occupancy is not None
    assert paper["bed.occ_staffed", "facility:bv01"] == {f"{occupancy[1]}%"}


def test_an_earlier_day_is_not_taken_for_the_present(web, side):
    html = web.as_("viewer").get(f"{PAGE}&date=2026-11-22").text
    assert "data-metric" not in html.split('id="report"')[1]
    assert cells(html, "", "balance")[:2] == ["0", "1"]
    assert "22 Nov 2026" in html


def test_the_24_hours_to_the_morning_pass_midnight(web, side):
    html = web.as_("viewer").get(f"{PAGE}&at=07:00").text
    assert cells(html, WARD, "balance")[:2] == ["0", "4"]


def test_a_simulated_hospital_is_marked_on_page_and_paper(web, side):
    side.hear(Quality.SIM)
    client = web.as_("viewer")
    assert 'class="plate sim"' in client.get(PAGE).text
    assert any("SIMULATED" in text for text in texts_of(client.get(f"{PAGE}&format=pdf").data))


def test_old_numbers_are_said_to_be_old(web, side):
    side.pass_(16 * 60)
    client = web.as_("viewer")
    html = client.get(PAGE).text
    assert "OLD NUMBERS" in html
    assert {state for _, _, state, _ in FIGURE.findall(html)} == {"stale"}
    assert any("OLD NUMBERS" in text for text in texts_of(client.get(f"{PAGE}&format=pdf").data))


def test_a_page_that_stays_open_knows_when_it_grows_old(web, side):
    report = re.search(r'id="report"[^>]*', web.as_("viewer").get(PAGE).text)
    assert report is not None
    assert "data-late-ms" in report[0]
    assert "data-stale-ms" in report[0]


def test_where_nothing_was_ever_heard_there_are_no_numbers(web):
    client = web.as_("viewer")
    html = client.get(PAGE).text
    assert "there are no numbers" in html
    assert 'id="balance"' not in html
    assert "there are no numbers" in " ".join(texts_of(client.get(f"{PAGE}&format=pdf").data))


def test_open_alerts_stand_with_who_has_them(web, side):
    raise_incident(web)
    raise_incident(web, id="i1", opened_ns=web.clock.now_ns() - 10**12, acked_by="lan", level="warning")
    raise_incident(web, id="i2", facility="bv02")
    html = web.as_("viewer").get(PAGE).text
    alerts = html.split('id="alerts"', 1)[1].split("</table>", 1)[0]
    assert alerts.count("<tr") == 3
    assert "nobody" in alerts
    assert ">lan<" in alerts
    assert "1 critical, 1 warnings" in html


def test_more_alerts_than_fit_are_counted(web, side):
    for n in range(23):
        raise_incident(web, id=f"i{n}")
    html = web.as_("viewer").get(PAGE).text
    assert "And 3 more." in html
    assert html.split('id="alerts"', 1)[1].split("</table>", 1)[0].count("<tr") == 21


def test_the_file_is_an_a4_with_numbered_pages_that_names_itself(web, side):
    answer = web.as_("viewer").get(f"{PAGE}&format=pdf")
    assert answer.mimetype == "application/pdf"
    assert answer.headers["Content-Disposition"] == 'inline; filename="handover-bv01-2026-11-23.pdf"'
    assert b"595.28 841.89" in answer.data
    assert "Page 1 of 1" in "".join(texts_of(answer.data))
    assert pages_of(answer.data) == 1


def test_a_long_paper_repeats_its_heads_and_counts_its_pages(web, side):
    side.beds(WARD, {"9": 1})
    for n in range(70):
        side.admit(f"v{n}", ward=f"khoa-{n}", minutes=20)
    pdf = web.as_("viewer").get(f"{PAGE}&format=pdf").data
    assert pages_of(pdf) == 4
    texts = texts_of(pdf)
    assert all(f"Page {n} of 4" in "".join(texts) for n in range(1, 5))
    assert texts.count("Ward") == 5  # of one table on three pages, and of one on two


def test_a_site_has_its_own_paper(web, side):
    client = web.as_("viewer")
    html = client.get(f"{PAGE}&site=cs1").text
    assert 'data-scope="facility:bv01/site:cs1"' in html
    assert cells(html, WARD, "balance")[0] == "1"
    unknown = client.get(f"{PAGE}&site=cs9")
    assert (unknown.status_code, "site: bv01 has no site" in unknown.text) == (400, True)


@pytest.mark.parametrize("query", ["&date=tomorrow", "&at=99:00", "&format=docx"])
def test_what_cannot_be_is_refused(web, query):
    assert web.as_("viewer").get(PAGE + query).status_code == 400
