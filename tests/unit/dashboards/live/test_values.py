"""The plain stream of the API: which values it sends, and that it says what the API says."""

import json

import pytest

from dashboards.live.values import Filter, ValuesView
from ioc.domain import SECOND, Series
from ioc.latest import max_age_ns

FRIDGE = "fridge.temp,device=tl-01,facility=bv01,site=cs1"
OTHER = "fridge.temp,device=tl-02,facility=bv01,site=cs1"
FAR = "fridge.temp,device=tl-01,facility=bv02,site=cs1"


@pytest.fixture
def screen(web):
    """A stream of the fridges of bv01, and a way to read it."""
    hub, clock = web.services.hub, web.clock
    hub.step()
    view = ValuesView(Filter("fridge.temp", "bv01"), web.services.book, clock.now_ns())
    client = hub.subscribe(view, "token:1")

    def read():
        found = []
        for block in hub.take(view, client).decode().split("\n\n"):
            if "event: delta" in block or "event: snapshot" in block:
                found += json.loads(block[block.index("{") :])["values"]
        return found

    return read


def pass_(web, ns):
    end = web.clock.now_ns() + ns
    while (left := end - web.clock.now_ns()) > 0:
        web.clock.advance(min(left, web.services.hub.pause_ns()))
        web.services.hub.step()


def test_it_begins_with_every_value_there_is_or_should_be(web, screen):
    values = screen()
    assert values == web.as_("admin").get("/api/v1/latest?metric=fridge.temp&facility=bv01").json["items"]
    assert {value["state"] for value in values} == {"missing"}
    assert len(values) > 1


def test_it_goes_on_with_what_changed_within_the_filter_and_nothing_else(web, screen):
    screen()
    pass_(web, 2 * SECOND)
    web.put(FRIDGE, 4.5)
    web.put(FAR, 9.0)
    web.put("fridge.door,device=tl-01,facility=bv01,site=cs1", 1.0)
    pass_(web, SECOND)
    (value,) = screen()
    assert (value["tags"]["device"], value["value"], value["state"]) == ("tl-01", 4.5, "fresh")


def test_two_sources_of_one_series_are_two_values(web, screen):
    screen()
    pass_(web, 2 * SECOND)
    web.put(FRIDGE, 4.5)
    web.put(FRIDGE, 4.6, source="gateway")
    pass_(web, SECOND)
    assert sorted(value["source"] for value in screen()) == ["gateway", "mqtt"]


def test_a_device_that_the_registry_does_not_know_comes_in_when_it_speaks(web, screen):
    screen()
    web.put("fridge.temp,device=new,facility=bv01,site=unknown", 3.0)
    pass_(web, SECOND)
    assert [value["tags"]["device"] for value in screen()] == ["new"]


def test_late_and_stale_come_in_the_same_nanosecond_as_in_the_api(web, screen):
    web.put(FRIDGE, 4.0)
    pass_(web, 2 * SECOND)
    screen()
    limit = max_age_ns(Series.parse(FRIDGE), web.services.catalogue, web.services.registry)
    web.clock.advance(limit - 2 * SECOND - 10_000_000)
    web.services.hub.step()
    told = []
    for _ in range(10):
        web.clock.advance(web.services.hub.pause_ns())
        web.services.hub.step()
        api = web.as_("admin").get("/api/v1/latest?device=tl-01&facility=bv01&metric=fridge.temp").json["items"]
        sent = screen()
        if sent:
            told.append((sent, api))
    ((sent, api),) = told
    assert sent == api
    assert sent[0]["state"] == "late"


def test_ages_are_those_of_the_moment_of_sending(web, screen):
    web.put(FRIDGE, 4.0, age_s=3.0)
    pass_(web, SECOND)
    values = [value for value in screen() if value["tags"]["device"] == "tl-01"]
    assert 3.0 <= values[-1]["age_s"] <= 4.0
    web.clock.advance(5 * SECOND)
    view = ValuesView(Filter("fridge.temp", "bv01"), web.services.book, web.clock.now_ns())
    client = web.services.hub.subscribe(view, "token:2")
    snapshot = web.services.hub.take(view, client).decode()
    values = json.loads(snapshot[snapshot.index("{") : snapshot.index("\n\n")])["values"]
    assert next(value["age_s"] for value in values if value["tags"]["device"] == "tl-01") == 9.0


def test_the_key_holds_everything_that_the_filter_does(web):
    filters = [Filter(), Filter("m"), Filter("", "m"), Filter("", "", "m"), Filter(device="m"), Filter(source="m")]
    keys = {ValuesView(wanted, web.services.book, 0).key for wanted in filters}
    assert len(keys) == len(filters)
