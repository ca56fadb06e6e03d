import subprocess
import sys

import pytest

from ioc.domain import MINUTE, SECOND, Frame, Quality, State, VirtualClock
from ioc.latest import Book, LatestWriter

TL01 = "fridge,device=tl-01,facility=bv01,site=cs1,source=mqtt"


@pytest.fixture
def publish(writer: LatestWriter, clock: VirtualClock):
    def send(prefix: str = TL01, quality: str = "good", **fields: float) -> None:
        writer.offer([Frame(prefix, fields, clock.now_ns(), quality, clock.now_ns())])
        writer.flush()

    return send


def states(book: Book, **where: str) -> dict[str, str]:
    return {f"{it.tags['facility']}/{it.tags['device']}/{it.metric}": it.state.value for it in book.values(**where)}


def test_what_the_registry_expects_and_never_came_is_missing(book: Book) -> None:
    assert states(book) == {
        "bv01/tl-01/fridge.temp": "missing",
        "bv01/tl-01/fridge.door": "missing",
        "bv01/tl-02/fridge.temp": "missing",
        "bv02/tl-01/fridge.temp": "missing",
    }
    value = book.value("fridge.temp", facility="bv01", device="tl-01")
    assert (value.value, value.as_of_ns, value.n, value.m, value.unit) == (None, None, 0, 1, "Cel")
    assert value.max_age_ns == MINUTE


def test_what_came_takes_the_place_of_the_missing_one(book: Book, publish) -> None:
    publish(temp=4.5)
    assert [row.key for row in book.refresh()] == ["fridge.temp,device=tl-01,facility=bv01,site=cs1,source=mqtt"]
    assert states(book, facility="bv01") == {
        "bv01/tl-01/fridge.temp": "fresh",
        "bv01/tl-01/fridge.door": "missing",
        "bv01/tl-02/fridge.temp": "missing",
    }
    assert book.refresh() == []


def test_it_shows_nothing_new_before_it_was_refreshed(book: Book, publish) -> None:
    publish(temp=4.5)
    assert book.value("fridge.temp", device="tl-01", facility="bv01").state is State.MISSING


def test_a_value_turns_late_and_stale_by_the_clock_at_the_very_nanosecond_that_was_told(
    book: Book, publish, clock: VirtualClock
) -> None:
    publish(temp=4.5)
    book.refresh()
    seen = []
    while True:
        value = book.value("fridge.temp", facility="bv01", device="tl-01")
        before = book.value("fridge.temp", facility="bv01", device="tl-01", now_ns=clock.now_ns() - 1)
        seen.append((before.state.value, value.state.value, value.n))
        if value.next_change_ns is None:
            break
        clock.advance(value.next_change_ns - clock.now_ns())
    assert seen == [("fresh", "fresh", 1), ("fresh", "late", 1), ("late", "stale", 0)]
    assert book.refresh() == []


def test_filters_pick_by_every_tag(book: Book, publish) -> None:
    publish(temp=4.5, door=1.0)
    publish(TL01.replace("mqtt", "hl7"), temp=5.5)
    book.refresh()
    assert len(book.values(metric="fridge.temp", facility="bv01", device="tl-01")) == 2
    assert [it.value for it in book.values(source="hl7")] == [5.5]
    assert [it.metric for it in book.values(source="mqtt")] == ["fridge.temp", "fridge.door"]
    assert book.values(site="cs2") == []
    assert len(book.values(site="cs1", facility="bv02")) == 1
    assert book.values(facility="bv77") == []


def test_of_several_sources_the_newest_value_counts(book: Book, publish, clock: VirtualClock) -> None:
    publish(TL01.replace("mqtt", "hl7"), temp=5.5)
    clock.advance(SECOND)
    publish(temp=4.5)
    book.refresh()
    assert book.value("fridge.temp", facility="bv01", device="tl-01").source == "mqtt"


def test_a_device_that_the_registry_does_not_know_is_there_too(book: Book, publish) -> None:
    publish("fridge,device=tl-99,facility=bv01,site=unknown,source=mqtt", temp=4.5)
    book.refresh()
    value = book.value("fridge.temp", facility="bv01", device="tl-99")
    assert (value.state, value.max_age_ns) == (State.FRESH, 10 * MINUTE)


def test_what_nobody_expects_and_nobody_sent_is_missing(book: Book) -> None:
    value = book.value("no.such", facility="bv01", device="x")
    assert (value.state, value.unit, value.tags) == (State.MISSING, "", {"device": "x", "facility": "bv01"})


def test_bad_values_are_shown_and_never_counted(book: Book, publish) -> None:
    publish(temp=-99.0, quality="bad")
    book.refresh()
    value = book.value("fridge.temp", facility="bv01", device="tl-01")
    assert (value.value, value.quality, value.state, value.n, value.m) == (-99.0, Quality.BAD, State.FRESH, 0, 1)


def test_the_outward_form_has_exactly_the_promised_names(book: Book, publish, clock: VirtualClock) -> None:
    publish(temp=4.5, quality="sim")
    book.refresh()
    clock.advance(61_250_000_000)
    value = book.value("fridge.temp", facility="bv01", device="tl-01")
    assert value.as_json(clock.now_ns()) == {
        "metric": "fridge.temp",
        "tags": {"device": "tl-01", "facility": "bv01", "site": "cs1"},
        "value": 4.5,
        "unit": "Cel",
        "as_of": "2026-11-23T01:00:00.000Z",
        "age_s": 61.25,
        "state": "late",
        "quality": "sim",
        "source": "mqtt",
        "n": 1,
        "m": 1,
    }


def test_a_missing_value_is_null_and_never_zero(book: Book, clock: VirtualClock) -> None:
    shown = book.value("fridge.temp", facility="bv02", device="tl-01").as_json(clock.now_ns())
    assert (shown["value"], shown["as_of"], shown["age_s"], shown["state"]) == (None, None, None, "missing")
    assert (shown["quality"], shown["source"], shown["n"], shown["m"]) == (None, None, 0, 1)


def test_a_clock_that_is_a_little_behind_shows_no_negative_age(book: Book, publish, clock: VirtualClock) -> None:
    publish(temp=4.5)
    book.refresh()
    now_ns = clock.now_ns() - 30 * SECOND
    value = book.value("fridge.temp", facility="bv01", device="tl-01", now_ns=now_ns)
    assert (value.state, value.as_json(now_ns)["age_s"]) == (State.FRESH, 0)


def test_the_present_can_be_read_without_a_web_server() -> None:
    code = "import sys, ioc.latest; sys.exit(any(name.startswith('gevent') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
