"""How an asset is, by the readings that name it: what is not known is never called up, nor down, nor 0."""

from dataclasses import replace

import pytest

from dashboards.inventory.present import AssetNow, Group, Status, by_asset, of_kind, present, values_of
from ioc.assets import Asset, AssetKind
from ioc.domain import MINUTE, Quality, State
from ioc.latest import Value
from tests.unit.dashboards.alerting import raise_incident

NOW = 10**18
A = Asset("bv01", "cs1", "a", AssetKind.SERVER, watched=True)


def value(metric: str = "host.up", number: float | None = 1, state: State = State.FRESH, age: int = 0, **tags) -> Value:
    at = None if number is None else NOW - age
    counted = int(number is not None and state is not State.STALE)
    return Value(metric, tags, number, "1", at, at, MINUTE, state, Quality.GOOD, "x", counted, 1)


def bad(value: Value) -> Value:
    return replace(value, quality=Quality.BAD, n=0)


@pytest.mark.parametrize(
    ("values", "watched", "status", "state"),
    [
        ([], True, Status.MISSING, State.MISSING),
        ([], False, Status.UNWATCHED, State.MISSING),
        ([value()], False, Status.UP, State.FRESH),
        ([value(state=State.LATE)], True, Status.UP, State.LATE),
        ([value(state=State.STALE)], True, Status.SILENT, State.STALE),
        ([value(number=0, state=State.STALE)], True, Status.SILENT, State.STALE),
        ([value(number=0)], True, Status.DOWN, State.FRESH),
        ([value(number=None, state=State.MISSING)], True, Status.MISSING, State.MISSING),
        ([value("host.up", 1, age=9), value("svc.up", 0)], True, Status.DOWN, State.FRESH),
        ([value("host.up", 0, age=9), value("svc.up", 1)], True, Status.DOWN, State.FRESH),
        ([value("host.up", 0, age=9), value("host.up", 1)], True, Status.UP, State.FRESH),
        ([value("svc.up", 0, age=9, service="a"), value("svc.up", 1, service="b")], True, Status.DOWN, State.FRESH),
        ([value("host.up", 0, State.STALE), value("svc.up", 1)], True, Status.UP, State.FRESH),
        ([bad(value("host.up", 0)), value("svc.up", 1)], True, Status.UP, State.FRESH),
        ([bad(value("host.up", 1)), value("svc.up", 1, State.STALE)], True, Status.SILENT, State.STALE),
        ([bad(value("host.up", 1))], True, Status.SILENT, State.STALE),
        ([value("host.up", 1, State.STALE), value("svc.up", 0)], True, Status.DOWN, State.FRESH),
        ([value("host.up", 1, State.STALE), value("host.cpu", 5)], True, Status.SILENT, State.STALE),
        ([value("room.temp", 22)], True, Status.UP, State.FRESH),
    ],
)
def test_an_asset_is_what_its_probes_in_date_say(values, watched, status, state):
    now = AssetNow(replace(A, watched=watched), values)
    assert (now.status, now.state) == (status, state)


def test_of_several_disks_the_fullest_in_date_is_shown():
    found = [value("host.disk", 40), value("host.disk", 71), value("host.disk", 99, State.STALE)]
    assert AssetNow(A, found).value("host.disk").value == 71
    assert AssetNow(A, found).value("host.cpu") is None


def test_a_group_counts_each_of_its_assets_once():
    assets = [
        AssetNow(A, [value()]),
        AssetNow(A, [value(number=0)]),
        AssetNow(A, [value(state=State.STALE)]),
        AssetNow(A, []),
        AssetNow(replace(A, watched=False), []),
    ]
    group = Group("server", assets)
    assert (group.total, group.watched, group.up, group.reporting) == (5, 4, 1, 2)
    assert group.counts.total() == 5
    assert group.state is State.FRESH
    assert group.as_of_ns == NOW


def test_a_group_of_which_nothing_is_known_is_missing():
    group = Group("server", [AssetNow(A, [])])
    assert (group.state, group.as_of_ns, group.reporting) == (State.MISSING, None, 0)


def test_a_group_is_divided_in_the_order_of_its_assets():
    found = [AssetNow(replace(A, department=place), []) for place in ("x", "y", "x")]
    assert [(own.code, own.total) for own in Group("server", found).by("department")] == [("x", 2), ("y", 1)]


def test_readings_are_joined_by_facility_and_asset(web):
    web.put("host.up,asset=a,facility=bv01,host=h,site=cs1", 1)
    web.put("host.up,asset=a,facility=bv02,host=h,site=cs1", 0)
    web.put("host.up,asset=b,facility=bv01,host=h,site=cs1", 0)
    web.put("svc.latency,asset=a,facility=bv01,service=s,site=cs1", 3)
    (now,) = present(web.services.present(), [A], [], web.clock.now_ns())
    assert {(v.metric, v.value) for v in now.values} == {("host.up", 1), ("svc.latency", 3)}


def test_the_readings_of_its_device_are_the_assets_too_and_each_counts_once(web):
    web.put("ups.charge,device=ups-01,facility=bv01,site=cs1", 90)
    web.put("ups.charge,asset=a,device=ups-01,facility=bv01,site=cs1", 91, source="exporters")
    ups = replace(A, kind=AssetKind.UPS, device="ups-01")
    found = values_of(web.services.present(), ups, web.clock.now_ns())
    assert sorted(v.value for v in found if v.metric == "ups.charge") == [90, 91]


def test_boards_of_devices_do_not_look_through_the_assets(web):
    web.put("pc.up,asset=mt-1,facility=bv01,site=cs1", 1)
    web.put("ups.charge,asset=a,device=ups-01,facility=bv01,site=cs1", 91)
    lens = web.services.lens(web.services.present(), "bv01", "", "vi", web.clock.now_ns())
    named = [v.tags.get("asset") for v in lens.present.all_values if "asset" in v.tags]
    assert named == ["a"]
    assert [v.value for v in lens.values("pc.up")] == [1]


def test_incidents_belong_to_the_asset_or_the_device_of_their_series(web):
    one = raise_incident(web, id="i1", device="", series="host.disk,asset=a,facility=bv01,host=h,site=cs1,source=x")
    other = raise_incident(web, id="i2", device="", series="room.temp,device=mt-may,facility=bv01,site=cs1,source=x")
    found = by_asset(web.services.alerts().open("bv01", ""))
    assert [each.id for each in found["asset", "a"]] == [one]
    assert [each.id for each in found["device", "mt-may"]] == [other]


def test_kinds_and_sites_are_told_apart():
    assets = [A, replace(A, code="b", site="cs2"), replace(A, code="c", kind=AssetKind.PRINTER)]
    assert of_kind(assets, AssetKind.SERVER, "cs1") == [A]
    assert of_kind(assets, AssetKind.SERVER) == assets[:2]
