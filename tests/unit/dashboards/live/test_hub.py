"""The hub: what it sends, when, and to whom. Time is moved by the test; nothing runs by itself."""

import json
from collections.abc import Iterable

import pytest

from dashboards.live.client import QUEUE
from dashboards.live.hub import Hub, TooManyStreamsError
from dashboards.live.release import release
from ioc.domain import MILLISECOND, SECOND, Quality, Series, VirtualClock
from ioc.latest import Present

START_NS = 1_795_000_000 * SECOND
A, B = Series.of("fridge.temp", device="a"), Series.of("fridge.temp", device="b")
TICK = 200 * MILLISECOND


class FakeBook:
    """The present as the test says."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {"a": "0", "b": "0"}
        self.changed: list[Present] = []
        self.change = 0
        self.fault: Exception | None = None

    def say(self, part: str, text: str) -> None:
        self.texts[part] = text
        self.touch(part)

    def touch(self, part: str) -> None:
        self.change += 1
        series = A if part == "a" else B
        self.changed.append(Present(series.key, 0.0, Quality.GOOD, 0, 0, 0, self.change))

    def refresh(self) -> list[Present]:
        if self.fault:
            raise self.fault
        changed, self.changed = self.changed, []
        return changed


class FakeIncidents:
    """What changed, as the test says; an incident is any object here."""

    def __init__(self) -> None:
        self.changed: list[str] = []
        self.fault: Exception | None = None

    def refresh(self) -> list[str]:
        if self.fault:
            raise self.fault
        changed, self.changed = self.changed, []
        return changed


class FakeView:
    """Two parts; the text of each is the book's, and its end by the clock is what the test says."""

    facility, site, action = "bv01", "", "board"

    def __init__(self, name: str = "fake") -> None:
        self.key = (name, "bv01")
        self.ends: dict[str, int] = {}
        self.rendered: list[str] = []
        self.broken = ""

    def parts(self) -> list[str]:
        return ["a", "b"]

    def touched(self, series: Series) -> Iterable[str]:
        return (series.tag("device"),)

    def render(self, part: str, book: FakeBook, now_ns: int) -> tuple[str, int | None]:
        self.rendered.append(part)
        if part == self.broken:
            raise ZeroDivisionError
        end = self.ends.get(part)
        late = end is not None and now_ns >= end
        return book.texts[part] + (" late" if late else ""), None if late else end


class AlertedView(FakeView):
    """Its part ``a`` shows incidents."""

    def alerted(self, incident: str) -> Iterable[str]:
        return ("a",) if incident == "mine" else ()


class Rig:
    def __init__(self) -> None:
        self.clock = VirtualClock(START_NS)
        self.book = FakeBook()
        self.incidents = FakeIncidents()
        self.hub = Hub(self.book, self.incidents, self.clock)
        self.view = FakeView()

    def pass_(self, ns: int) -> None:
        """Let time pass as the hub's greenlet would: from pause to pause."""
        end = self.clock.now_ns() + ns
        while (left := end - self.clock.now_ns()) > 0:
            self.clock.advance(min(left, self.hub.pause_ns()))
            self.hub.step()


@pytest.fixture
def rig() -> Rig:
    made = Rig()
    made.hub.step()
    return made


def read(rig: Rig, client, view=None) -> list[tuple[str, dict]]:
    """The events that wait for this client, without heartbeats."""
    found = []
    for block in rig.hub.take(view or rig.view, client).decode().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines())
        if fields and fields["event"] != "heartbeat":
            found.append((fields["event"], {**json.loads(fields["data"]), "id": fields.get("id", "")}))
    return found


def parts(events) -> list[dict]:
    return [data["parts"] for _, data in events]


def test_a_new_screen_gets_a_snapshot_with_everything_and_the_servers_time(rig):
    client = rig.hub.subscribe(rig.view, "token:1")
    ((name, data),) = read(rig, client)
    assert name == "snapshot"
    assert data["parts"] == {"a": "0", "b": "0"}
    assert data["now_ms"] == rig.clock.now_ns() // MILLISECOND
    assert data["now"].endswith("Z")
    assert data["id"]


def test_a_change_of_a_quiet_part_is_sent_at_the_next_tick(rig):
    client = rig.hub.subscribe(rig.view, "token:1")
    rig.pass_(5 * SECOND)
    read(rig, client)
    rig.book.say("a", "1")
    rig.pass_(TICK)
    ((name, data),) = read(rig, client)
    assert (name, data["parts"]) == ("delta", {"a": "1"})
    assert data["change"] == rig.book.change


def test_a_part_is_sent_once_a_second_at_most_and_ends_with_the_newest(rig):
    client = rig.hub.subscribe(rig.view, "token:1")
    rig.pass_(5 * SECOND)
    read(rig, client)
    for number in range(50):
        rig.book.say("a", str(number))
        rig.pass_(100 * MILLISECOND)
    rig.pass_(2 * SECOND)
    sent = parts(read(rig, client))
    assert 5 <= len(sent) <= 7
    assert sent[-1] == {"a": "49"}


def test_parts_do_not_wait_for_each_other(rig):
    client = rig.hub.subscribe(rig.view, "token:1")
    rig.pass_(5 * SECOND)
    rig.book.say("a", "1")
    rig.pass_(TICK)
    read(rig, client)
    rig.book.say("b", "1")
    rig.pass_(TICK)
    assert parts(read(rig, client)) == [{"b": "1"}]


def test_nothing_is_sent_when_nothing_looks_different(rig):
    client = rig.hub.subscribe(rig.view, "token:1")
    rig.pass_(5 * SECOND)
    read(rig, client)
    rig.book.touch("a")
    rig.pass_(3 * SECOND)
    assert read(rig, client) == []


def test_a_part_that_grows_old_is_sent_at_that_moment_without_any_change(rig):
    rig.view.ends["a"] = START_NS + 30 * SECOND + 123 * MILLISECOND
    client = rig.hub.subscribe(rig.view, "token:1")
    rig.pass_(30 * SECOND)
    assert parts(read(rig, client)) == [{"a": "0", "b": "0"}]
    rig.pass_(TICK)
    ((_, data),) = read(rig, client)
    assert data["parts"] == {"a": "0 late"}
    assert abs(data["now_ms"] * MILLISECOND - rig.view.ends["a"]) <= 5 * MILLISECOND


def test_growing_old_waits_for_no_second_to_pass(rig):
    client = rig.hub.subscribe(rig.view, "token:1")
    rig.pass_(5 * SECOND)
    rig.view.ends["a"] = rig.clock.now_ns() + 500 * MILLISECOND
    rig.book.say("a", "1")
    rig.pass_(TICK)
    rig.pass_(500 * MILLISECOND)
    assert parts(read(rig, client))[1:] == [{"a": "1"}, {"a": "1 late"}]


def test_a_new_value_puts_the_end_off(rig):
    rig.view.ends["a"] = START_NS + 10 * SECOND
    client = rig.hub.subscribe(rig.view, "token:1")
    rig.view.ends["a"] = START_NS + 20 * SECOND
    rig.book.say("a", "1")
    rig.pass_(12 * SECOND)
    assert parts(read(rig, client))[1:] == [{"a": "1"}]


def test_one_rendering_serves_all_screens_of_a_view(rig):
    screens = [rig.hub.subscribe(FakeView(), f"token:{n}") for n in range(20)]
    rig.pass_(5 * SECOND)
    before = rig.hub.counts["renders"]
    rig.book.say("a", "1")
    rig.pass_(TICK)
    assert rig.hub.counts["renders"] == before + 1
    assert rig.hub.views == 1
    assert [parts(read(rig, client))[-1] for client in screens] == [{"a": "1"}] * 20


def test_views_of_another_scope_or_language_share_nothing(rig):
    other = FakeView("other")
    rig.hub.subscribe(rig.view, "token:1")
    rig.hub.subscribe(other, "token:1")
    assert rig.hub.views == 2


def test_a_screen_that_comes_back_gets_what_it_missed(rig):
    client = rig.hub.subscribe(rig.view, "token:1")
    rig.pass_(5 * SECOND)
    rig.book.say("a", "1")
    rig.pass_(TICK)
    last = read(rig, client)[-1][1]["id"]
    rig.hub.unsubscribe(rig.view, client)
    rig.book.say("b", "2")
    rig.pass_(2 * SECOND)
    again = rig.hub.subscribe(rig.view, "token:1", last)
    assert [(name, data["parts"]) for name, data in read(rig, again)] == [("delta", {"b": "2"})]
    up_to_date = rig.hub.subscribe(rig.view, "token:1", read(rig, rig.hub.subscribe(rig.view, "x", last))[-1][1]["id"])
    assert read(rig, up_to_date) == []


@pytest.mark.parametrize("last_id", ["x", "-", "abc-1", "{epoch}-999", "{epoch}--1", "{epoch}-١", "{epoch}-"])
def test_an_id_that_is_not_known_gets_a_snapshot(rig, last_id):
    client = rig.hub.subscribe(rig.view, "token:1")
    epoch = read(rig, client)[0][1]["id"].partition("-")[0]
    again = rig.hub.subscribe(rig.view, "token:1", last_id.format(epoch=epoch))
    assert [name for name, _ in read(rig, again)] == ["snapshot"]


def test_who_was_away_too_long_gets_a_snapshot(rig):
    client = rig.hub.subscribe(rig.view, "token:1")
    first = read(rig, client)[0][1]["id"]
    for number in range(200):
        rig.book.say("a", str(number))
        rig.pass_(1200 * MILLISECOND)
        read(rig, client)
    again = rig.hub.subscribe(rig.view, "token:1", first)
    ((name, data),) = read(rig, again)
    assert (name, data["parts"]) == ("snapshot", {"a": "199", "b": "0"})


def test_a_slow_screen_falls_behind_alone_and_gets_a_snapshot(rig):
    slow, quick = (rig.hub.subscribe(rig.view, f"token:{n}") for n in (1, 2))
    seen = 0
    for number in range(2 * QUEUE):
        rig.book.say("a", f"n{number}")
        rig.pass_(1200 * MILLISECOND)
        seen += len(read(rig, quick))
    assert seen == 2 * QUEUE + 1
    ((name, data),) = read(rig, slow)
    assert (name, data["parts"]["a"]) == ("snapshot", f"n{2 * QUEUE - 1}")
    assert rig.hub.counts["fallbacks"] == 1
    rig.book.say("a", "on")
    rig.pass_(1200 * MILLISECOND)
    assert parts(read(rig, slow)) == [{"a": "on"}]


def test_hearts_beat_every_five_seconds_and_not_while_the_database_is_away(rig):
    client = rig.hub.subscribe(rig.view, "token:1")
    rig.hub.take(rig.view, client)

    def beats() -> int:
        return rig.hub.take(rig.view, client).count(b"event: heartbeat")

    rig.pass_(20 * SECOND)
    assert beats() == 4
    from ioc.errors import RetryError

    rig.book.fault = RetryError("no such file")
    rig.pass_(20 * SECOND)
    assert beats() == 0
    assert not rig.hub.reading
    rig.book.fault = None
    rig.pass_(6 * SECOND)
    assert beats() >= 1


def test_values_grow_old_even_while_the_database_is_away(rig):
    from ioc.errors import RetryError

    rig.view.ends["a"] = START_NS + 10 * SECOND
    client = rig.hub.subscribe(rig.view, "token:1")
    rig.book.fault = RetryError("no such file")
    rig.pass_(11 * SECOND)
    assert parts(read(rig, client))[-1] == {"a": "0 late"}


def test_one_broken_tile_stops_no_other(rig):
    client = rig.hub.subscribe(rig.view, "token:1")
    rig.pass_(5 * SECOND)
    read(rig, client)
    rig.view.broken = "a"
    rig.book.say("a", "1")
    rig.book.say("b", "1")
    rig.pass_(3 * SECOND)
    assert parts(read(rig, client)) == [{"b": "1"}]
    assert rig.hub.counts["errors"] == 1
    rig.view.broken = ""
    rig.book.say("a", "2")
    rig.pass_(3 * SECOND)
    assert parts(read(rig, client)) == [{"a": "2"}]


def test_a_view_without_screens_is_forgotten_after_a_minute(rig):
    client = rig.hub.subscribe(rig.view, "token:1")
    rig.hub.unsubscribe(rig.view, client)
    rig.hub.unsubscribe(rig.view, client)
    assert rig.hub.clients == 0
    rig.pass_(59 * SECOND)
    assert rig.hub.views == 1
    rig.pass_(2 * SECOND)
    assert rig.hub.views == 0


def test_ever_new_views_are_not_all_kept(rig, monkeypatch):
    monkeypatch.setattr("dashboards.live.hub.LINGERING", 3)
    for n in range(10):
        view = FakeView(f"fake{n}")
        rig.hub.unsubscribe(view, rig.hub.subscribe(view, "token:1"))
    rig.hub.step()
    assert rig.hub.views == 3


def test_what_could_not_be_rendered_is_tried_again_though_nothing_touches_it(rig):
    client = rig.hub.subscribe(rig.view, "token:1")
    rig.view.broken = "a"
    rig.pass_(2 * SECOND)
    rig.book.say("a", "1")
    rig.pass_(2 * SECOND)
    rig.view.broken = ""
    read(rig, client)
    rig.pass_(11 * SECOND)
    assert parts(read(rig, client)) == [{"a": "1"}]


def test_one_principal_has_a_limit_of_streams(rig, monkeypatch):
    monkeypatch.setattr("dashboards.live.hub.STREAMS_EACH", 3)
    clients = [rig.hub.subscribe(rig.view, "token:1") for _ in range(3)]
    with pytest.raises(TooManyStreamsError):
        rig.hub.subscribe(rig.view, "token:1")
    rig.hub.subscribe(rig.view, "token:2")
    rig.hub.unsubscribe(rig.view, clients[0])
    rig.hub.subscribe(rig.view, "token:1")
    assert rig.hub.clients == 4


def test_stopping_ends_every_stream_and_lets_no_new_one_in(rig):
    client = rig.hub.subscribe(rig.view, "token:1")
    rig.hub.stop()
    assert client.closed
    assert not client.wait(0)
    assert rig.hub.subscribe(rig.view, "token:1").closed


def test_a_page_made_before_an_update_is_told_to_load_anew(rig):
    client = rig.hub.subscribe(rig.view, "token:1", "0123456789abcdef-7")
    assert [name for name, _ in read(rig, client)] == ["snapshot", "reload"]
    same = rig.hub.subscribe(rig.view, "token:1", release() + "01234567-7")
    assert [name for name, _ in read(rig, same)] == ["snapshot"]


def test_the_release_changes_with_any_file_of_the_pages(tmp_path):
    (tmp_path / "tile.html").write_text("one")
    before = release(tmp_path)
    (tmp_path / "tile.html").write_text("two")
    release.cache_clear()
    assert release(tmp_path) != before
    assert len(before) == 8


def test_a_clock_that_is_set_back_stops_nothing(rig):
    client = rig.hub.subscribe(rig.view, "token:1")
    rig.pass_(5 * SECOND)
    rig.clock.advance(-3600 * SECOND)
    rig.book.say("a", "1")
    rig.pass_(TICK)
    assert parts(read(rig, client))[-1] == {"a": "1"}


def test_the_first_screen_does_not_begin_with_an_empty_present():
    rig = Rig()
    rig.book.say("a", "there")
    client = rig.hub.subscribe(rig.view, "token:1")
    assert rig.book.changed == []
    assert parts(read(rig, client)) == [{"a": "there", "b": "0"}]


def test_an_incident_is_shown_at_the_next_tick_by_the_views_that_show_any(rig):
    alerted = AlertedView("alerted")
    client, other = rig.hub.subscribe(alerted, "token:1"), rig.hub.subscribe(rig.view, "token:1")
    rig.pass_(5 * SECOND)
    read(rig, client, alerted)
    read(rig, other)
    rig.book.texts["a"] = "alarm"
    rig.incidents.changed.append("mine")
    rig.pass_(TICK)
    assert parts(read(rig, client, alerted)) == [{"a": "alarm"}]
    assert read(rig, other) == []


def test_an_incident_of_another_place_renders_nothing(rig):
    alerted = AlertedView("alerted")
    rig.hub.subscribe(alerted, "token:1")
    rig.pass_(5 * SECOND)
    alerted.rendered.clear()
    rig.incidents.changed.append("another's")
    rig.pass_(2 * SECOND)
    assert alerted.rendered == []


def test_what_was_read_before_the_database_failed_is_told_when_it_answers_again(rig):
    from ioc.errors import RetryError

    client = rig.hub.subscribe(rig.view, "token:1")
    rig.pass_(5 * SECOND)
    read(rig, client)
    rig.incidents.fault = RetryError("locked")
    rig.book.say("a", "1")
    rig.pass_(2 * SECOND)
    assert read(rig, client) == []
    assert not rig.hub.reading
    rig.incidents.fault = None
    rig.pass_(TICK)
    assert parts(read(rig, client)) == [{"a": "1"}]
    assert rig.hub.reading
