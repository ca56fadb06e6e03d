"""What is true at one moment, shared by all that is drawn in it."""

import pytest

from dashboards.snapshot import Snapshots


@pytest.fixture
def snapshots(web):
    return Snapshots(web.services.registry)


def test_one_moment_and_place_is_looked_up_once(web, snapshots):
    book, now_ns = web.services.book, web.clock.now_ns()
    first = snapshots.at(book, "bv01", "", now_ns)
    assert snapshots.at(book, "bv01", "", now_ns) is first
    assert first.values("fridge.temp") is first.values("fridge.temp")
    assert snapshots.at(book, "bv02", "cs1", now_ns) is not first


def test_a_later_moment_and_a_newer_value_are_looked_up_anew(web, snapshots):
    book, now_ns = web.services.book, web.clock.now_ns()
    first = snapshots.at(book, "bv01", "", now_ns)
    assert snapshots.at(book, "bv01", "", now_ns + 1) is not first
    second = snapshots.at(book, "bv01", "", now_ns)
    web.put("fridge.temp,device=tl-01,facility=bv01,site=cs1", 4.0)
    book.refresh()
    third = snapshots.at(book, "bv01", "", now_ns)
    assert third is not second
    assert next(value.value for value in third.of_device("tl-01")) == 4.0


def test_every_way_in_gives_the_same_values(web, snapshots):
    web.put("fridge.temp,device=tl-01,facility=bv01,site=cs1", 4.0)
    web.services.book.refresh()
    seen = snapshots.at(web.services.book, "bv01", "", web.clock.now_ns())
    by_metric = {id(value.tags) for value in seen.values("fridge.temp")}
    assert by_metric == {id(value.tags) for value in seen.all_values if value.metric == "fridge.temp"}
    assert seen.by_device["tl-01"] == seen.of_device("tl-01")
