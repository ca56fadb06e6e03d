"""All hospitals on one thread: what it keeps, the truth it tells, and how it goes on."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from collectors.simulator.his import HisSimulator, Options
from collectors.simulator.his import simulator as module
from collectors.simulator.his.hospital import DAY, HOUR, SECOND, midnight_before
from tests.unit.collectors.simulator.his.door import Door
from tests.unit.collectors.simulator.his.town import LARGE, MONDAY, SMALL

NOON = MONDAY + 12 * HOUR


class Town:
    """Two hospitals, a door for each, and a clock that is moved."""

    def __init__(self, folder: Path, doors: list[Door], **more: object) -> None:
        self.now = NOON
        self.folder = folder
        self.simulator = HisSimulator(
            [LARGE, SMALL],
            Options("127.0.0.1", 2575, folder, **more),
            lambda: self.now * 1_000_000,  # type: ignore[arg-type]
        )
        self.doors = doors

    def run(self, seconds: int, *, end: bool = True) -> None:
        """Live so many seconds, one by one; then the end, or a power cut."""
        waits = iter([False] * seconds + [True])

        def wait(_: float) -> bool:
            self.now += SECOND
            return next(waits)

        self.simulator.stop.wait = wait  # type: ignore[method-assign]
        if not end:
            self.simulator._end = lambda: None  # type: ignore[method-assign]
        self.simulator.run()

    @property
    def truth(self) -> dict[str, object]:
        return json.loads((self.folder / "his-truth.json").read_text())

    @property
    def kept(self) -> dict[str, object]:
        return json.loads((self.folder / "his.json").read_text())


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Town]:
    made: list[Door] = []

    def door(*_: object) -> Door:
        made.append(Door())
        return made[-1]

    monkeypatch.setattr(module, "Client", door)
    return lambda **more: Town(tmp_path, made, **more)


def messages(town: Town) -> list[tuple[str, bytes]]:
    return [taken for door in town.doors for taken in door.taken]


def sender_and_number(message: bytes) -> tuple[bytes, bytes]:
    fields = message.split(b"|")
    return fields[3], fields[9]


def test_a_first_day_is_told_from_its_midnight_on(town):
    here = town()
    here.run(60)
    truth = here.truth
    assert truth["at"].startswith("2026-11-18T12:01:0")
    assert truth["waiting"] == 0
    assert set(truth["facilities"]) == {"bv01", "bv05"}
    (midnight,) = {m.split(b"|")[6] for c, m in messages(here) if c.endswith("-0000001")}
    assert midnight == b"20261118000000.000+0700"
    for ward, day in truth["facilities"]["bv01"]["balance"].items():
        assert day["end"] == truth["facilities"]["bv01"]["patients"][ward]
        assert day["start"] > 0
    assert midnight_before(NOON) == MONDAY


def test_without_a_history_it_begins_now(town):
    here = town(history=False)
    here.run(30)
    day = here.truth["facilities"]["bv01"]["balance"]["noi"]
    assert (day["start"], day["admitted"] > 40) == (0, True)


def test_another_start_goes_on_and_announces_nobody_twice(town):
    here = town()
    here.run(120)
    before, truth = {sender_and_number(message) for _, message in messages(here)}, here.truth
    again = town()
    again.now = here.now
    again.doors.clear()
    again.run(120)
    news = {sender_and_number(message) for control, message in messages(again) if "-H" not in control}
    assert not news & before
    assert len(news) < 40
    ended = again.truth["facilities"]["bv01"]["patients"]
    assert sum(abs(ended[ward] - truth["facilities"]["bv01"]["patients"][ward]) for ward in ended) < 10


def test_after_a_power_cut_it_repeats_at_most_what_came_since_it_was_kept_last(town):
    here = town(speed=200.0, late=0.0, doubled=0.0)
    here.run(44, end=False)
    before = {sender_and_number(message): message for _, message in messages(here)}
    again = town(speed=200.0, late=0.0, doubled=0.0)
    again.now = here.now
    again.doors.clear()
    again.run(10)
    news = {sender_and_number(message): message for control, message in messages(again) if "-H" not in control}
    repeated = news.keys() & before.keys()
    assert repeated
    assert news.keys() - before.keys()
    assert {key: news[key] for key in repeated} == {key: before[key] for key in repeated}


def test_with_another_speed_it_goes_on_from_now(town):
    here = town()
    here.run(30)
    again = town(speed=500.0)
    again.now = here.now + HOUR
    again.doors.clear()
    again.run(1)
    told = [message for control, message in messages(again) if "-H" not in control]
    assert all(message.split(b"|")[6] >= b"20261118130030" for message in told)


def test_what_cannot_be_read_is_begun_anew(town, caplog):
    here = town()
    for content in ("{", "[]", '{"bv01": {"model": {}}}'):
        (here.folder / "his.json").write_text(content)
        fresh = town()
        fresh.run(2)
        assert set(fresh.kept) == {"bv01", "bv05"}
    assert "begins anew" in caplog.text


def test_a_door_that_is_away_is_said_once(town, caplog):
    caplog.set_level("INFO")
    here = town(history=False)
    here.run(0, end=False)
    for door in here.doors:
        door.open = False
    here.simulator.stop.wait = lambda _: True  # type: ignore[method-assign]
    for _ in range(5):
        here.now += HOUR
        here.simulator.turn()
    assert caplog.text.count("HIS messages wait") == 1
    for door in here.doors:
        door.open = True
    here.simulator.turn()
    assert caplog.text.count("get through") == 1


def test_a_folder_that_cannot_be_written_ends_nothing(town, caplog):
    here = town()
    here.folder.joinpath("his.json.new").unlink(missing_ok=True)
    (here.folder / "his.new").mkdir()
    here.run(20)
    assert "his.json cannot be written" in caplog.text
    assert messages(here)


def test_the_truth_follows_the_day(town):
    here = town()
    here.now = MONDAY + DAY - 5 * SECOND
    here.run(20)
    for hospital in here.truth["facilities"].values():
        for day in hospital["balance"].values():
            assert abs(day["start"] - day["end"]) <= 2
