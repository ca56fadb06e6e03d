"""`ioc send` at the door for HL7: answers are counted, and what was not taken is sent again for a while."""

import json
import os
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

import pytest
from click.testing import CliRunner

from ioc.commands import send_hl7
from ioc.commands.hl7_file import header
from ioc.commands.mllp_client import Answer, MllpUrl, answers_of
from ioc.commands.send import command
from ioc.commands.send_hl7 import Player
from ioc.intake import SourceStatus, SourceStatuses
from ioc.pidfile import write_pid

URL = MllpUrl("127.0.0.1", 2575)


def message(number: int, facility: str = "BV-MAU") -> bytes:
    return rb"MSH|^~\&|HIS|%b|IOC|X|20261120083000+0700||ADT^A01|%d|P|2.5" % (facility.encode(), number) + b"\r"


@dataclass
class Door:
    """Where messages arrive: what it answers is told by message and time of asking, AA where nothing is told."""

    answers: dict[bytes, list[object]] = field(default_factory=dict)
    taken: list[bytes] = field(default_factory=list)
    opened: int = 0
    at_once: int = 0
    most_at_once: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def open(self, url: MllpUrl, _timeout: float) -> "FakeConnection":
        assert url.host == URL.host
        with self.lock:
            self.opened += 1
        return FakeConnection(self)


@dataclass
class FakeConnection:
    door: Door

    def close(self) -> None:
        pass

    def exchange(self, data: bytes) -> list[Answer]:
        control = header(data).control
        with self.door.lock:
            self.door.at_once += 1
            self.door.most_at_once = max(self.door.at_once, self.door.most_at_once)
            told = self.door.answers.get(control)
            answer = told.pop(0) if told else "AA"
            self.door.taken.append(control)
        time.sleep(0)
        with self.door.lock:
            self.door.at_once -= 1
        if isinstance(answer, OSError):
            raise answer
        return answer if isinstance(answer, list) else [Answer(str(answer), control)]


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr(send_hl7, "FIRST_PAUSE_S", 0.0)
    monkeypatch.setattr(send_hl7, "WAIT_S", 0.0)
    monkeypatch.setattr(send_hl7, "SEEN_S", 0.0)


@pytest.fixture
def door(monkeypatch) -> Door:
    door = Door()
    monkeypatch.setattr(send_hl7, "Connection", door.open)
    return door


def played(door: Door, count: int = 3, **more) -> Player:
    player = Player(URL, [message(n) for n in range(count)], open_=door.open, **more)
    player.play(lambda: None)
    return player


def test_messages_go_in_order_over_one_connection_each_after_the_answer_to_the_one_before():
    door = Door()
    player = played(door, 5)
    assert door.taken == [b"0", b"1", b"2", b"3", b"4"]
    assert (door.opened, door.most_at_once) == (1, 1)
    assert (player.sent, player.accepted, player.answers) == (5, 5, {"AA": 5})


def test_several_connections_share_the_messages():
    door = Door()
    player = played(door, 200, connections=8)
    assert sorted(door.taken, key=int) == [b"%d" % n for n in range(200)]
    assert door.opened <= 8
    assert player.accepted == 200


def test_what_cannot_be_kept_now_is_sent_again_and_every_answer_is_counted():
    door = Door({b"1": ["AE", "CE"], b"2": [ConnectionResetError("gone"), TimeoutError("timed out")]})
    player = played(door)
    assert (player.accepted, player.refused, player.repeated) == (3, 0, 4)
    assert player.answers == {"AA": 3, "AE": 1, "CE": 1}
    assert door.opened == 3
    assert player.error == ""


def test_what_is_refused_is_not_sent_again():
    player = played(Door({b"0": ["AR"], b"1": ["CR"], b"2": ["??"]}))
    assert (player.accepted, player.refused, player.repeated) == (0, 3, 0)
    assert player.answers == {"AR": 1, "CR": 1, "??": 1}


def test_an_answer_to_another_message_is_none_to_this_one():
    late = [Answer("AA", b"77")]
    player = played(Door({b"1": [late]}))
    assert (player.accepted, player.repeated, player.answers) == (3, 1, {"AA": 3})


def test_a_batch_in_one_frame_has_an_answer_to_each_of_it():
    both = [Answer("AA", b"1"), Answer("AR", b"1b")]
    player = played(Door({b"1": [both]}))
    assert (player.accepted, player.refused, player.answers) == (2, 1, {"AA": 3, "AR": 1})


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        (["AE"] * 9, "stopped at message 2: mllp://127.0.0.1:2575 answers AE: it cannot keep anything now."),
        ([OSError("no route")] * 9, "stopped at message 2: mllp://127.0.0.1:2575: no route."),
    ],
)
def test_after_a_while_it_stops_and_says_where(answers, why):
    player = played(Door({b"1": answers}), patience=0.0)
    assert player.error == why
    assert (player.accepted, player.sent) == (1, 2)


def test_a_rate_holds_messages_back(monkeypatch):
    waited = []
    monkeypatch.setattr(send_hl7.threading.Event, "wait", lambda self, seconds=None: waited.append(seconds))
    Player(URL, [message(n) for n in range(3)], rate=10.0, open_=Door().open)._work()
    monkeypatch.undo()
    assert len(waited) == 3
    assert all(seconds == 0.0 for seconds in waited)  # they are long overdue: it never began


@pytest.fixture(autouse=True)
def usual_door(environment, monkeypatch):
    monkeypatch.setenv("IOC_MLLP__BIND", str(URL)[len("mllp://") :])


def sending(*words, data=None):
    text = data if data is not None else b"\r\n".join(message(n) for n in range(3))
    return CliRunner().invoke(command, ["-", "--to", "mllp://127.0.0.1:2575", *words], input=text)


def test_the_report_counts_answers_by_code(door, environment):
    door.answers = {b"1": ["AE"]}
    result = sending()
    assert result.exit_code == 0
    first, second, third = result.stdout.splitlines()
    assert first.startswith("3 of 3 messages accepted, 0 refused, 0 without an answer (")
    assert second == "Answers: 3 AA, 1 AE; 1 sent again."
    assert third.startswith("What was quarantined: see `ioc quarantine list`")


def test_a_refused_message_makes_it_fail(door, environment):
    door.answers = {b"1": ["AR"]}
    result = sending("--json", "--connections", "2")
    report = json.loads(result.stdout)
    assert result.exit_code == 1
    assert report["answers"] == {"AA": 2, "AR": 1}
    assert (report["messages"], report["accepted"], report["refused"], report["failed"]) == (3, 2, 1, 0)
    assert report["quarantined"] is None


def test_what_was_stopped_is_said_with_the_message(door, environment, monkeypatch):
    monkeypatch.setattr(send_hl7, "PATIENCE_S", 0.0)
    door.answers = {b"1": ["CE"] * 9}
    result = sending()
    assert result.exit_code == 1
    assert "1 of 3 messages accepted, 0 refused, 2 without an answer" in result.stdout
    assert "stopped at message 2" in result.stderr


def test_what_was_quarantined_is_told_where_the_door_is_our_own(door, centre, monkeypatch):
    def save(updated_ns, **counts):
        found = [SourceStatus(name.replace("_", "-"), "hl7", quarantined=Counter(of)) for name, of in counts.items()]
        SourceStatuses(centre.engine).save(found, updated_ns)

    def exchange(connection, data):
        late = time.time_ns() + 10**12
        save(late, his_bv_mau={"test_message": 2}, his_bv01={"field": 9}, hl7={"unknown_sender": 6})
        return taking(connection, data)

    save(1, his_bv_mau={}, his_bv01={"field": 7}, hl7={"unknown_sender": 5})
    taking = FakeConnection.exchange
    monkeypatch.setattr(FakeConnection, "exchange", exchange)
    first = sending()
    assert (
        "Quarantined: 2 test_message, 1 unknown_sender; see `ioc quarantine list --source his-bv-mau` or "
        in first.stdout
    )
    assert json.loads(sending("--json").stdout)["quarantined"] == {}
    assert "Quarantined: none." in sending().stdout


def test_another_door_than_our_own_tells_nothing_of_the_quarantine(door, centre, monkeypatch):
    SourceStatuses(centre.engine).save([SourceStatus("his-bv-mau", "hl7")], 1)
    monkeypatch.setenv("IOC_MLLP__BIND", "127.0.0.1:2576")
    assert "see `ioc quarantine list` where the centre runs" in sending().stdout


def test_the_door_is_the_one_that_the_running_worker_was_told(centre, monkeypatch):
    write_pid(centre.settings.data_dir, "worker", os.getpid())
    monkeypatch.setattr(send_hl7, "told", lambda *_: "127.0.0.1:2599")
    assert send_hl7._is_ours(MllpUrl("localhost", 2599), centre.settings)
    assert not send_hl7._is_ours(MllpUrl("127.0.0.1", 2575), centre.settings)
    assert not send_hl7._is_ours(MllpUrl("10.1.2.3", 2599), centre.settings)
    assert not send_hl7._is_ours(MllpUrl("centre.lan", 2599), centre.settings)


def test_a_file_without_messages_is_an_error(door, environment):
    assert str(sending(data=b'{"topic": "a"}\n').exception) == "There is no HL7 message in <stdin>."


def test_no_door_is_an_error_with_its_cause(environment, monkeypatch):
    def refuse(url, timeout):
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(send_hl7, "Connection", refuse)
    result = sending()
    assert str(result.exception) == "mllp://127.0.0.1:2575 does not answer: Connection refused."


def test_times_without_a_zone_are_those_of_the_sender(own_configs):
    file = own_configs / "collectors" / "hl7.yaml"
    file.write_text(
        "sources:\n  his-far: {facility: simulated-hospital, sender: {facility: SFAC}, timezone: Europe/London}\n"
    )
    settings, sources = send_hl7._here()
    zone_of = send_hl7._zones(settings, sources)
    assert zone_of(b"SIMHOSP", b"SFAC").key == "Europe/London"
    assert zone_of(b"HIS", b"BV-MAU").key == zone_of(b"\xff", b"nobody").key == "Asia/Ho_Chi_Minh"


def test_a_shift_moves_what_is_sent(door, environment, monkeypatch):
    moved = []
    monkeypatch.setattr(FakeConnection, "exchange", lambda self, data: moved.append(data) or [Answer("AA", b"")])
    assert sending("--shift-to-now").exit_code == 0
    year = time.strftime("%Y%m%d", time.gmtime(time.time() + 7 * 3_600)).encode()
    assert all(header(one).sent[:8] == year for one in moved)


def test_answers_are_read_whatever_ends_their_segments():
    frame = rb"MSH|^~\&|IOC|X" + b"\rMSA|AA|7|fine\r"
    for end in (b"\r", b"\n", b"\r\n"):
        assert answers_of(frame.replace(b"\r", end)) == [Answer("AA", b"7")]
    assert answers_of(rb"MSH#^~\&#IOC" + b"\rMSA#ca#7\rMSA#CR") == [Answer("CA", b"7"), Answer("CR", b"")]
    assert answers_of(b"") == answers_of(b"MSA") == []
