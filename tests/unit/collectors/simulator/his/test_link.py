"""How messages get to the other side: one in flight, again until it is accepted, late and doubled as it was asked."""

import json
import socket
from collections import Counter

import pytest

from collectors.simulator.his.feed import AGAIN, AHEAD, LATEST, SILENCE, Feed, load_feed
from collectors.simulator.his.hospital import DAY, HOUR, MINUTE, SECOND
from collectors.simulator.his.mllp import BACK_OFF_S, Client
from collectors.simulator.his.model import Model
from tests.unit.collectors.simulator.his.door import Door, Wire
from tests.unit.collectors.simulator.his.town import LARGE, MONDAY, SMALL, model_of


def feed_of(model: Model | None = None, late: float = 0.0, doubled: float = 0.0) -> tuple[Feed, Door]:
    door = Door()
    feed = Feed(model or model_of(), door, late, doubled)  # type: ignore[arg-type]
    feed.begin()
    return feed, door


def run(feed: Feed, until: int, start: int = MONDAY, every: int = MINUTE) -> None:
    for now in range(start, until + 1, every):
        feed.collect(now)
        while feed.deliver(now):
            pass


def told(door: Door) -> list[tuple[str, bytes]]:
    """What was accepted, signs of life left out."""
    return [(control, message) for control, message in door.taken if "-H" not in control]


def numbers(door: Door) -> list[int]:
    return [int(control.partition("-")[2]) for control, _ in told(door)]


def test_everything_is_delivered_once_and_in_order():
    feed, door = feed_of()
    run(feed, MONDAY + 2 * HOUR)
    assert numbers(door) == list(range(1, len(numbers(door)) + 1))
    assert feed.waiting == 0
    assert feed.delivered == len(numbers(door))


def test_late_ones_come_within_a_quarter_of_an_hour_and_out_of_order():
    feed, door = feed_of(late=0.2)
    run(feed, MONDAY + 8 * HOUR)
    found = numbers(door)
    assert found != sorted(found)
    assert len(set(found)) == len(found)
    run(feed, MONDAY + 8 * HOUR + LATEST, MONDAY + 8 * HOUR)
    assert set(range(1, max(found) + 1)) <= set(numbers(door))


def test_doubled_ones_come_twice_word_for_word():
    feed, door = feed_of(doubled=0.2)
    run(feed, MONDAY + 4 * HOUR)
    run(feed, MONDAY + 4 * HOUR + AGAIN, MONDAY + 4 * HOUR)
    times = Counter(control for control, _ in told(door))
    twice = [control for control, many in times.items() if many == 2]
    assert 0.1 < len(twice) / len(times) < 0.3
    assert max(times.values()) == 2
    for control in twice:
        first, second = (message for sent, message in door.taken if sent == control)
        assert first == second


def test_while_the_door_is_away_time_stands_still_and_is_made_up_for_afterwards():
    feed, door = feed_of()
    door.open = False
    run(feed, MONDAY + 12 * HOUR)
    assert door.taken == []
    assert feed.waiting < AHEAD + 250
    door.open = True
    run(feed, MONDAY + 12 * HOUR + 2 * MINUTE, MONDAY + 12 * HOUR, SECOND)
    other, through = feed_of()
    run(other, MONDAY + 12 * HOUR)
    assert dict(told(through)).items() <= dict(told(door)).items(), "the same, with the times at which it happened"
    assert feed.waiting == 0


def test_after_days_away_the_house_goes_on_as_it_was_left_at_the_same_hour():
    feed, _ = feed_of()
    run(feed, MONDAY + 9 * HOUR)
    before = feed.model.truth()["patients"]
    back = MONDAY + 5 * DAY + 9 * HOUR + MINUTE
    feed.collect(back)
    after = feed.model.truth()["patients"]
    assert sum(abs(after[ward] - before[ward]) for ward in before) < 5
    assert feed.model.world.at == back
    assert feed.model.world.now == MONDAY + 9 * HOUR + MINUTE


def test_a_sign_of_life_is_sent_when_there_is_nothing_to_say():
    feed, door = feed_of(model_of(SMALL))
    feed.collect(MONDAY)
    feed.deliver(MONDAY)
    assert not any("-H" in control for control, _ in door.taken)
    feed.deliver(MONDAY + SILENCE)
    assert "-H" in door.taken[-1][0]
    heard = len(door.taken)
    feed.deliver(MONDAY + SILENCE + SECOND)
    assert len(door.taken) == heard


def test_the_end_sends_what_is_still_on_its_way():
    feed, door = feed_of(late=0.5)
    run(feed, MONDAY + HOUR)
    assert feed.waiting
    while feed.deliver(MONDAY + HOUR, rush=True):
        pass
    assert feed.waiting == 0
    assert sorted(numbers(door)) == list(range(1, len(told(door)) + 1))


def test_what_was_kept_repeats_nothing_but_what_came_after_it_and_that_word_for_word():
    feed, door = feed_of(late=0.1, doubled=0.1)
    run(feed, MONDAY + 2 * HOUR)
    text = json.dumps(feed.dump())
    kept_at = len(door.taken)
    run(feed, MONDAY + 3 * HOUR, MONDAY + 2 * HOUR)  # told, and then it was killed
    again = Door()
    other = load_feed(LARGE, json.loads(text), again, 0.1, 0.1)  # type: ignore[arg-type]
    run(other, MONDAY + 3 * HOUR, MONDAY + 2 * HOUR)
    assert told(again) == [it for it in door.taken[kept_at:] if "-H" not in it[0]]
    assert other.model.truth() == feed.model.truth()


def test_nobody_s_name_is_kept():
    feed, door = feed_of(late=0.3)
    run(feed, MONDAY + 2 * HOUR)
    text = json.dumps([feed.dump(), feed.model.truth()], ensure_ascii=False)
    for _, message in door.taken:
        for segment in message.decode().split("\r"):
            if segment.startswith("PID"):
                fields = segment.split("|")
                family, given, middle = fields[5].split("^")
                for known in (f"{family} {given}", f"{given}^{middle}", fields[11].split("^")[0], fields[13]):
                    assert known not in text
                assert fields[3].split("^")[0] not in text


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def aa(content: bytes) -> list[bytes]:
    return [reply(content, b"AA")]


def reply(content: bytes, code: bytes) -> bytes:
    control = content.split(b"|")[9]
    return b"\x0bMSH|^~\\&|IOC|||||||ACK|1|P|2.5\rMSA|" + code + b"|" + control + b"\r\x1c\r"


@pytest.fixture
def wires(monkeypatch: pytest.MonkeyPatch):
    """The connections that were made; the next ones are in ``coming``: wires, or errors to be raised."""
    coming: list[Wire | OSError] = []
    made: list[Wire] = []

    def connect(*_: object) -> Wire:
        found = coming.pop(0)
        if isinstance(found, OSError):
            raise found
        made.append(found)
        return found

    monkeypatch.setattr(socket, "create_connection", connect)
    return coming, made


MESSAGE = b"MSH|^~\\&|IOC-SIM|BV01|IOC||20261118||ADT^A01|X-1|P|2.5\r"


def client() -> tuple[Client, Clock]:
    clock = Clock()
    return Client("127.0.0.1", 2575, lambda: False, clock), clock


def test_one_connection_serves_until_it_breaks(wires):
    coming, made = wires
    coming.append(Wire(aa))
    sender, _ = client()
    assert all(sender.send(MESSAGE, "X-1") for _ in range(3))
    assert len(made) == 1
    assert made[0].sent == [b"\x0b" + MESSAGE + b"\x1c\r"] * 3


def test_an_answer_may_come_in_pieces(wires):
    coming, _ = wires
    coming.append(Wire(lambda content: [bytes([byte]) for byte in reply(content, b"CA")]))
    sender, _ = client()
    assert sender.send(MESSAGE, "X-1")


@pytest.mark.parametrize("code", [b"AE", b"AR", b"CE", b"CR"])
def test_what_is_not_accepted_is_tried_again_later_and_later(wires, code):
    coming, made = wires
    coming.append(Wire(lambda content: [reply(content, code)]))
    sender, clock = client()
    pauses = []
    for _ in range(9):
        assert not sender.send(MESSAGE, "X-1")
        assert not sender.ready
        begun = clock.now
        while not sender.ready:
            clock.now += 0.25
        pauses.append(clock.now - begun)
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == BACK_OFF_S
    assert len(made) == 1, "the connection is good"
    assert code.decode() in sender.trouble


def test_a_broken_connection_is_made_again_and_the_message_sent_again(wires):
    coming, made = wires
    coming += [Wire(lambda _: [b""]), ConnectionRefusedError(111, "Connection refused"), Wire(aa)]
    sender, _ = client()
    assert not sender.send(MESSAGE, "X-1")
    assert made[0].closed
    assert not sender.send(MESSAGE, "X-1")
    assert "Connection refused" in sender.trouble
    assert sender.send(MESSAGE, "X-1")
    assert sender.trouble == ""
    assert sender.ready


def test_the_answer_to_another_message_is_none(wires):
    coming, made = wires
    coming += [Wire(aa), Wire(aa)]
    sender, _ = client()
    assert not sender.send(MESSAGE, "X-2")
    assert made[0].closed
    assert sender.send(MESSAGE, "X-1")


def test_a_door_that_never_answers_is_left_when_the_end_has_come(wires):
    coming, _ = wires
    coming.append(Wire(lambda _: []))
    clock = Clock()
    sender = Client("127.0.0.1", 2575, lambda: True, clock)
    assert not sender.send(MESSAGE, "X-1")
    assert sender.trouble.startswith("no connection")
