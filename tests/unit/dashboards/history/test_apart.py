"""What tells series apart in a history: hosts, mounts and sources by address and name, places by how they add up."""

import csv
import io
import re

from dashboards.history import panels
from ioc.domain import MINUTE, Quality
from tests.unit.dashboards.alerting import raise_incident
from tests.unit.dashboards.history.past import DAY, HOUR, at, data, reading

START = at("2026-11-22T00:00")
HOURS = "every=1h&from=2026-11-22T00:00&to=2026-11-22T06:00"


def write(web, key, *values, start=START, step=HOUR, quality=Quality.GOOD):
    web.services.store.write([reading(key, start + n * step, value, quality) for n, value in enumerate(values)])


def lines(web, query, who="admin"):
    return data(web, query, who)["figure"]["lines"]


def host(web, name, value, mount=""):
    key = f"asset={name},facility=bv01,host={name}{',mount=' + mount if mount else ''},site=cs1,source=exporters"
    write(web, f"host.{'disk' if mount else 'up'},{key}", value)
    return f"host.{'disk' if mount else 'up'},{key}"


def test_the_alert_of_a_host_leads_to_that_host_and_its_name_stands_above(web):
    series = [host(web, name, value) for name, value in (("srv-01", 1.0), ("srv-02", 0.0))]
    code = raise_incident(web, metric="host.up", series=series[1], limits="[]", device="")
    page = web.browser("viewer").get(f"/history?incident={code}").get_data(as_text=True)
    assert "asset=srv-02&amp;host=srv-02" in page
    assert '<input type="checkbox" name="host" value="srv-02" checked>' in page
    (line,) = lines(web, f"metric=host.up&facility=bv01&host=srv-02&{HOURS}")
    assert (line["name"], line["y"][0]) == ("srv-02", 0.0)


def test_an_alert_of_one_host_does_not_stand_in_the_chart_of_another(web):
    series = host(web, "srv-02", 0.0)
    now_ns = START + HOUR
    raise_incident(web, metric="host.up", series=series, limits="[]", device="", opened_ns=now_ns)
    for name, bars in (("srv-01", 0), ("srv-02", 1)):
        found = data(web, f"metric=host.up&facility=bv01&host={name}&{HOURS}")["figure"]
        assert len(found["happened"]) == bars


def test_lines_are_called_by_the_tags_in_which_they_differ(web):
    for name, mount in (("srv-01", "root"), ("srv-01", "data"), ("srv-02", "root")):
        host(web, name, 50.0, mount)
    found = lines(web, f"metric=host.disk&facility=bv01&{HOURS}")
    assert {line["name"] for line in found} == {"srv-01, root", "srv-01, data", "srv-02, root"}
    assert len(lines(web, f"metric=host.disk&facility=bv01&host=srv-01&mount=data&{HOURS}")) == 1


def tanks(web, field):
    for number, values in enumerate(((100.0, 90.0), (30.0, 20.0)), 1):
        write(web, f"o2.{field},device=o2-0{number},facility=bv01,site=cs1,source=mqtt", *values)
    write(web, f"o2.{field},device=o2-09,facility=bv02,site=cs1,source=mqtt", 70.0, 70.0)


def test_side_by_side_two_tanks_are_added_up_where_the_metric_adds_up(web):
    tanks(web, "stock")
    query = f"metric=o2.stock&facility=bv01&vs=places&{HOURS}"
    assert [line["y"] for line in lines(web, query)] == [[130.0, 110.0], [70.0, 70.0]]
    assert [line["y"][0] for line in lines(web, f"{query}&how=max")] == [130.0, 70.0]  # the highest of a sum is none
    page = web.browser("admin").get(f"/history?{query}").get_data(as_text=True)
    assert 'value="max"' not in page
    of_province = f"metric=o2.stock&province=song-may&{HOURS}"
    assert sorted(line["y"][0] for line in lines(web, of_province)) == [70.0, 130.0]


def test_what_never_adds_up_is_not_offered_side_by_side_and_in_a_province_each_tank_is_a_line(web):
    tanks(web, "level")
    page = web.browser("admin").get(f"/history?metric=o2.level&facility=bv01&device=o2-01&{HOURS}")
    assert "vs=places" not in page.get_data(as_text=True)
    found = lines(web, f"metric=o2.level&province=song-may&{HOURS}")
    assert [line["y"][0] for line in found] == [100.0, 30.0, 70.0]
    assert len({line["name"] for line in found}) == 3


def test_the_lowest_of_a_facility_is_that_of_all_its_devices_and_no_other_way_is_offered(web):
    tanks(web, "purity")
    query = f"metric=o2.purity&facility=bv01&vs=places&how=mean&{HOURS}"
    assert [line["y"] for line in lines(web, query)] == [[30.0, 20.0], [70.0, 70.0]]


def test_the_time_from_a_limit_on_does_not_count_what_is_below_the_lower_one(web):
    limits = web.services.catalogue.get("mains.voltage").thresholds
    assert limits.warn_low is not None
    assert limits.warn_high is not None
    values = (limits.warn_high + 1, limits.warn_low - 1, limits.warn_low - 1, limits.warn_low + 1)
    write(web, "mains.voltage,device=m-01,facility=bv01,site=cs1,source=mqtt", *values)
    html = data(web, f"metric=mains.voltage&facility=bv01&device=m-01&{HOURS}")["html"].replace("\u00a0", " ")
    with web.app.test_request_context():
        writer = panels.Writer(web.services.catalogue.get("mains.voltage"), "mean", "UTC")
        limit = writer.exact(limits.warn_high).replace("\u00a0", " ")
    assert re.search(rf"{re.escape(limit)}.{{0,60}}?1 giờ", html, re.DOTALL)


def test_an_exported_comparison_with_simulated_values_says_so(web):
    key = "fridge.temp,device=tl-01,facility=bv01,site=cs1,source=mqtt"
    write(web, key, 4.0, 4.0)
    write(web, key, 5.0, start=START - DAY, quality=Quality.SIM)
    query = f"metric=fridge.temp&facility=bv01&device=tl-01&vs=day&{HOURS}"
    content = web.browser("viewer").get(f"/history/table.csv?{query}").data.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(content)))
    assert [row[-1] for row in rows[1:4]] == ["sim", "good", ""]


def test_patterns_of_sums_are_the_same_at_every_resolution(web):
    start = at("2026-11-09T00:00")
    key = "fridge.temp,device=tl-01,facility=bv01,site=cs1,source=mqtt"
    write(web, key, *[4.0] * (8 * 24 * 12), start=start, step=5 * MINUTE)
    query = "metric=fridge.temp&facility=bv01&device=tl-01&how=count&from=2026-11-09T00:00&to=2026-11-17T00:00"
    for every in ("5m", "1h", "1d"):
        days, week = data(web, f"{query}&every={every}")["html"].split('class="heat narrow"')
        assert "8–10, T2 09/11: 24" in days  # twelve values an hour, two hours a cell
        assert "T2, 9: 12" in week
