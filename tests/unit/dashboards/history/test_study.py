"""What a page of history shows: its numbers are those of the store, and what a spreadsheet is given is the same."""

import csv
import io
import re
from datetime import datetime

import openpyxl
import pytest

from ioc.domain import MINUTE, Quality
from tests.unit.dashboards.alerting import raise_incident
from tests.unit.dashboards.history.past import DAY, HOUR, at, beds, data, fridge, reading

MS = 3_600_000
RANGE = "from=2026-11-09T00:00&to=2026-11-23T00:00"
TWO_WEEKS = f"metric=bed.occ_staffed&facility=bv01&every=1h&{RANGE}"
START, STOP = at("2026-11-09T00:00"), at("2026-11-23T00:00")


def text(html):
    """What a person reads of the parts around the chart."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html.replace("\u00a0", " ")))


def by_day(values):
    """A function of time: the value of each day of the two weeks."""
    return lambda time_ns: values[(time_ns - START) // DAY % len(values)]


def test_a_ratio_is_a_sum_over_a_sum_and_never_a_mean_of_ratios(web):
    beds(web, "bv01", START, START + DAY, lambda _: 50, staffed=100)
    beds(web, "bv01", START + DAY, START + 2 * DAY, lambda _: 270, staffed=300)
    found = data(web, TWO_WEEKS)
    assert found["figure"]["lines"][0]["y"][0] == 50
    assert found["figure"]["lines"][0]["y"][-1] == 90
    assert "Trung bình 80,0 %" in text(found["html"])  # 320 of 400, not 70 %
    assert re.search(r"Giường đang dùng 160,0 .* Giường vận hành 200,0", text(found["html"]))


def test_the_mean_of_what_is_averaged_weighs_every_value(web):
    start = at("2026-11-22T00:00")
    fridge(web, "tl-01", [(start, 2.0), (start + MINUTE, 2.0), (start + 2 * MINUTE, 2.0), (start + HOUR, 6.0)])
    query = "metric=fridge.temp&facility=bv01&device=tl-01&how=mean&every=1h&from=2026-11-22T00:00&to=2026-11-22T06:00"
    found = data(web, query)
    assert found["figure"]["lines"][0]["y"] == [2.0, 6.0]
    assert "Trung bình 3,00 °C" in text(found["html"])
    assert "2/6" in text(found["html"])


def test_a_mean_does_not_hide_that_a_refrigerator_froze(web):
    start = at("2026-11-22T00:00")
    fridge(web, "tl-01", [(start, 4.0), (start + MINUTE, -2.0), (start + HOUR, 5.0), (start + HOUR + MINUTE, 9.0)])
    query = "metric=fridge.temp&facility=bv01&how=mean&every=1h&from=2026-11-22T00:00&to=2026-11-22T06:00"
    found = data(web, f"{query}&device=tl-01")
    assert found["figure"]["lines"][0]["y"] == [1.0, 7.0]
    assert "Cao nhất 9,00 °C, 01:00 22/11 Thấp nhất −2,00 °C, 00:00 22/11" in text(found["html"])
    fridge(web, "tl-02", [(start, 5.0)])
    assert "Trung bình cao nhất 7,00 °C" in text(data(web, query)["html"])


def test_a_median_and_a_high_share_are_asked_of_the_store(web):
    start = at("2026-11-22T00:00")
    fridge(web, "tl-01", [(start + n * MINUTE, float(n)) for n in range(1, 11)])
    query = "metric=fridge.temp&facility=bv01&device=tl-01&every=1h&from=2026-11-22T00:00&to=2026-11-22T06:00"
    assert data(web, f"{query}&how=median")["figure"]["lines"][0]["y"] == [5.0]
    assert data(web, f"{query}&how=p90")["figure"]["lines"][0]["y"] == [9.0]


def test_where_nothing_came_there_is_a_gap_that_is_not_0_and_tells_what_is_known_of_it(web):
    beds(web, "bv01", START, START + 2 * DAY, lambda _: 80)
    beds(web, "bv01", START + 2 * DAY + 8 * HOUR, STOP, lambda _: 80)
    raise_incident(
        web, metric="it.feed_age", series="", site="", device="", title='{"vi": "HIS im lặng", "en": "HIS silent"}',
        status="resolved", opened_ns=START + 2 * DAY, opened_at_ns=START + 2 * DAY + 1,
        resolved_ns=START + 2 * DAY + 8 * HOUR, resolved_at_ns=START + 2 * DAY + 8 * HOUR,
    )  # fmt: skip
    found = data(web, TWO_WEEKS)
    figure = found["figure"]
    (gap,) = figure["gaps"]
    first = figure["start"] + 48 * MS
    assert (gap["start"], gap["stop"], gap["why"]) == (first, first + 8 * MS, "HIS im lặng")
    assert gap["when"] == "00:00–08:00"
    line = figure["lines"][0]
    assert line["y"].count(None) == 1
    assert 0 not in line["y"]
    assert "328/336" in text(found["html"])
    assert figure["happened"] == []  # it is about the source, and is listed below
    assert "HIS im lặng" in found["html"]


def test_nothing_at_all_says_so(web):
    found = data(web, TWO_WEEKS)
    assert found["figure"]["lines"] == []
    assert "Không có số trong khoảng này." in found["html"]


def test_what_is_beyond_a_limit_is_counted_and_drawn_where_it_is_crossed(web):
    beds(web, "bv01", START, STOP, by_day([80, 90]))
    found = data(web, TWO_WEEKS)
    assert {area["level"] for area in found["figure"]["areas"]} == {"warning"}
    assert len(found["figure"]["areas"]) == 7
    assert re.search(r"85 % .*168 giờ", text(found["html"]))


def test_a_day_a_week_or_a_year_earlier_lies_over_the_present_hour_by_hour(web):
    beds(web, "bv01", START - 14 * DAY, START, lambda _: 60)
    beds(web, "bv01", START, STOP, lambda _: 75)
    found = data(web, f"{TWO_WEEKS}&vs=before")
    line, before = found["figure"]["lines"][0], found["figure"]["before"]
    assert before["x"] == line["x"]
    assert set(before["y"]) == {60.0}
    assert "+15,0 điểm" in text(found["html"]) or "+15,0 points" in text(found["html"])
    year = START - 365 * DAY
    beds(web, "bv01", year, year + DAY, lambda _: 40)
    found = data(web, f"{TWO_WEEKS}&vs=year")
    assert found["figure"]["before"]["x"][:24] == line["x"][:24]


def test_the_same_period_of_last_year_keeps_its_dates_over_a_29th_of_february(web):
    beds(web, "bv01", at("2027-03-01T00:00"), at("2027-03-02T00:00"), lambda _: 40)
    beds(web, "bv01", at("2028-03-01T00:00"), at("2028-03-02T00:00"), lambda _: 50)
    web.clock.advance(600 * DAY)
    query = "metric=bed.occ_staffed&facility=bv01&every=1h&vs=year&from=2028-03-01T00:00&to=2028-03-02T00:00"
    figure = data(web, query)["figure"]
    assert figure["before"]["x"] == figure["lines"][0]["x"]


def test_hours_and_weekdays_are_shown_as_a_pattern(web):
    beds(web, "bv01", START, STOP, lambda ns: 96 if (ns - START) // HOUR % 24 == 9 else 70)
    html = data(web, TWO_WEEKS)["html"]
    assert html.count('class="critical" title="T2, 9: 96,0 %"'.replace(" %", "\u00a0%")) == 1
    week = html.split('class="heat narrow"')[1]
    assert week.split("</table>")[0].count('class="critical"') == 7
    days = html.split('class="heat"')[1].split("</table>")[0]
    assert days.count('class="g') + days.count('class="warning"') == 12 * 14
    assert "8–10, CN 22/11: 83,0" in days  # 96 and 70: two hours together


def test_what_is_still_to_come_is_no_gap(web):
    now = web.clock.now_ns()
    beds(web, "bv01", now - 10 * DAY, now, lambda _: 70)
    html = data(web, "metric=bed.occ_staffed&facility=bv01&range=7d&every=1h")["html"]
    days = html.split('class="heat"')[1].split("</table>")[0]
    assert days.count('class="ahead"') == 7  # from 10 o'clock on: it is 8


def test_facilities_stand_side_by_side_the_one_that_is_asked_about_first(web):
    for number, code in enumerate(("bv01", "bv02", "bv03")):
        beds(web, code, START, STOP, lambda _, number=number: 70 + number)
    found = data(web, f"{TWO_WEEKS.replace('bv01', 'bv02')}&vs=places", who="admin")
    lines = found["figure"]["lines"]
    assert [line["y"][0] for line in lines] == [71, 70, 72]
    assert [line["role"] for line in lines] == ["own", "beside", "beside"]
    assert found["html"].count('<td class="who">') == 3
    assert "BV" in text(found["html"]).split("Không có số :")[-1] or "TTYT" in found["html"]


def test_who_sees_one_facility_compares_it_with_none(web):
    beds(web, "bv02", START, STOP, lambda _: 99)
    beds(web, "bv01", START, STOP, lambda _: 70)
    found = data(web, f"{TWO_WEEKS}&vs=places")
    assert len(found["figure"]["lines"]) == 1
    page = web.browser("viewer").get(f"/history?{TWO_WEEKS}").get_data(as_text=True)
    assert "vs=places" not in page
    assert "province:" not in page


def test_a_province_is_the_roll_up_of_the_census_and_of_devices_each_of_its_facilities(web):
    key = "bed.{},province=song-may,source=census"
    web.services.store.write([reading(key.format("occupied"), START, 700), reading(key.format("staffed"), START, 1000)])
    beds(web, "bv01", START, STOP, lambda _: 99)
    query = f"metric=bed.occ_staffed&every=1h&{RANGE}"
    found = data(web, f"{query}&province=song-may", who="admin")
    assert found["figure"]["lines"][0]["y"] == [70.0]
    assert data(web, f"{query}&facility=province:song-may", who="admin") == found
    fridge(web, "tl-01", [(START + HOUR, 4.0)])
    found = data(web, f"metric=fridge.temp&every=1h&province=song-may&{RANGE}", who="admin")
    assert [line["y"] for line in found["figure"]["lines"]] == [[4.0]]
    assert web.browser("viewer").get(f"/history/data?{query}&province=song-may").status_code == 403
    assert web.browser("admin").get(f"/history/data?{query}&province=nowhere").status_code == 400


def test_a_site_adds_up_its_wards_and_a_ward_has_its_own(web):
    for ward, value in (("noi", 30), ("ngoai", 12)):
        key = f"facility=bv02,site=cs1,source=census,ward={ward}"
        web.services.store.write([reading(f"bed.occupied,{key}", START + n * MINUTE, value) for n in range(3)])
    query = f"metric=bed.occupied&facility=bv02&site=cs1&every=1h&{RANGE}"
    found = data(web, query, who="admin")
    assert found["figure"]["lines"][0]["y"] == [42]
    assert data(web, f"{query}&ward=noi", who="admin")["figure"]["lines"][0]["y"] == [30]
    page = web.browser("admin").get(f"/history?{query}").get_data(as_text=True)
    assert 'value="max"' not in page  # the highest of a sum is not the sum of the highest
    assert 'value="last"' in page


def test_several_devices_are_several_lines_with_their_names(web):
    start = at("2026-11-22T00:00")
    fridge(web, "tl-01", [(start, 4.0)])
    fridge(web, "tl-02", [(start, 5.0)], Quality.SIM)
    query = "metric=fridge.temp&facility=bv01&every=1h&from=2026-11-22T00:00&to=2026-11-22T06:00"
    figure = data(web, query)["figure"]
    assert [line["name"] for line in figure["lines"]] == ["Tủ vắc xin TL-01", "Tủ vắc xin TL-02"]
    assert [line["simulated"] for line in figure["lines"]] == [False, True]
    assert figure["simulated"] is True
    assert figure["areas"] == []


def test_of_a_crowd_of_devices_the_first_are_shown_and_a_greater_crowd_is_refused(web):
    start = at("2026-11-22T00:00")
    for number in range(70):
        fridge(web, f"x-{number:03}", [(start, 4.0)])
    query = "metric=fridge.temp&facility=bv01&how=mean&every=1h&from=2026-11-22T00:00&to=2026-11-22T06:00"
    found = data(web, query)
    assert len(found["figure"]["lines"]) == 60
    assert {line["role"] for line in found["figure"]["lines"]} == {"own", "thin"}
    assert "Chỉ vẽ 60 trong 70 chuỗi đầu." in found["html"]
    wide = query.replace("every=1h&from=2026-11-22T00:00", "every=5m&from=2026-11-12T00:00")
    answer = web.browser("viewer").get(f"/history/data?{wide}", headers={"Accept": "application/json"})
    assert answer.status_code == 400
    assert answer.get_json()["error"]["code"] == "too_many_points"


def test_a_state_has_its_share_of_the_time_and_no_mean(web):
    start = at("2026-11-22T00:00")
    key = "fridge.door,device=tl-01,facility=bv01,site=cs1,source=mqtt"
    web.services.store.write([reading(key, start + n * HOUR, float(n == 3)) for n in range(4)])
    query = "metric=fridge.door&facility=bv01&device=tl-01&every=1h&from=2026-11-22T00:00&to=2026-11-22T04:00"
    found = data(web, query)
    assert "đóng 75,0 %" in text(found["html"])
    assert "Trung bình" not in found["html"]
    assert found["figure"]["axis"]["zero"] is True


def test_values_as_they_came_leave_out_the_bad_ones(web):
    start = at("2026-11-22T00:00")
    fridge(web, "tl-01", [(start, 4.0), (start + 2 * MINUTE, 5.0)])
    fridge(web, "tl-01", [(start + MINUTE, 99.0)], Quality.BAD)
    query = "metric=fridge.temp&facility=bv01&device=tl-01&every=raw&from=2026-11-22T00:00&to=2026-11-22T06:00"
    assert [y for y in data(web, query)["figure"]["lines"][0]["y"] if y is not None] == [4.0, 5.0]


@pytest.mark.parametrize(
    ("asked", "first"),
    [
        ("from=2026-11-22T00:00&to=2026-11-22T06:00", "00:00<br>22/11"),
        (RANGE, "T2<br>09/11"),
        ("from=2026-09-01T00:00&to=2026-11-23T00:00", "07/09"),
        ("from=2025-11-23T00:00&to=2026-11-23T00:00", "12/2025"),
    ],
)
def test_the_time_axis_is_written_in_hours_days_weeks_or_months(web, asked, first):
    figure = data(web, f"metric=bed.occ_staffed&facility=bv01&{asked}")["figure"]
    assert figure["ticks"][0][1] == first
    assert all(figure["start"] <= place <= figure["stop"] for place, _ in figure["ticks"])


def table(web, query, kind):
    answer = web.browser("viewer").get(f"/history/table.{kind}?{query}")
    assert answer.status_code == 200
    assert f'filename="bed-occ_staffed-bv01-20261123.{kind}"' in answer.headers["Content-Disposition"]
    return answer.data


def test_the_tables_have_the_figures_of_the_chart_and_empty_cells_where_nothing_is(web):
    beds(web, "bv01", START - 14 * DAY, START + DAY, by_day([80, 85]))
    query = f"{TWO_WEEKS}&vs=before"
    drawn = data(web, query)["figure"]["lines"][0]
    rows = list(csv.reader(io.StringIO(table(web, query, "csv").decode("utf-8-sig"))))
    book = openpyxl.load_workbook(io.BytesIO(table(web, query, "xlsx")))
    sheet = list(book.worksheets[0].values)
    assert len(rows) == len(sheet) == 1 + 14 * 24
    assert rows[0] == list(sheet[0])
    assert rows[0][2:4] == ["Giường đang dùng", "Giường vận hành"]
    assert [float(row[1]) for row in rows[1:25]] == drawn["y"][:24] == [row[1] for row in sheet[1:25]]
    assert sheet[1][:4] == (datetime(2026, 11, 9), 80, 80, 100)  # noqa: DTZ001 - Excel knows no zones
    assert rows[25][1:4] == ["", "", ""]
    assert sheet[25][1] is None
    assert sheet[1][-3] == datetime(2026, 10, 26)  # noqa: DTZ001 - likewise
    about = dict(book.worksheets[1].values)
    assert any("bed.occ_staffed" in str(value) for value in about.values())
    assert "Asia/Ho_Chi_Minh" in about.values()


def test_there_is_no_table_of_another_kind(web):
    assert web.browser("viewer").get(f"/history/table.pdf?{TWO_WEEKS}").status_code == 404
