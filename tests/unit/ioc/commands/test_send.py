import base64
import io
import json

import pytest
from click.testing import CliRunner

from ioc.commands import send
from ioc.commands.send import BadLineError, Report, command, lines_of, parse_line, shift_to, time_of
from ioc.domain import parse_rfc3339
from ioc.errors import RetryError

NOW = parse_rfc3339("2026-11-21T10:00:00.123Z")


class Publisher:
    """A broker that acknowledges all, or as many as it is told."""

    acknowledges = 10**9
    room = 10**9
    connects = True
    made = None

    def __init__(self, url):
        self.url, self.error = url, "cannot reach it: refused"
        self.connected = self.connects
        self.messages = []
        type(self).made = self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    @property
    def sent(self):
        return len(self.messages)

    @property
    def acknowledged(self):
        return min(self.sent, self.acknowledges)

    def publish(self, topic, payload, *, retain, timeout):
        if "#" in topic:
            raise ValueError("not a topic to publish on")
        if self.sent >= self.room:
            raise RetryError("it does not acknowledge")
        self.messages.append((topic, payload, retain))

    def flush(self, timeout):
        return self.sent - self.acknowledged


@pytest.fixture
def publisher(monkeypatch):
    kind = type("Mine", (Publisher,), {})
    monkeypatch.setattr(send, "Publisher", kind)
    monkeypatch.setattr(send, "WAIT_S", 0.0)
    return kind


def sending(text, *words):
    return CliRunner().invoke(command, ["-", "--to", "mqtt://127.0.0.1:1883", *words], input=text)


def test_an_object_becomes_json_and_text_and_base64_are_sent_as_they_are():
    assert json.loads(parse_line(b'{"topic": "a", "payload": {"x": 1}}').encoded()) == {"x": 1}
    assert parse_line(b'{"topic": "a", "payload": "{broken"}').encoded() == b"{broken"
    raw = base64.b64encode(b"\xff\x00").decode()
    assert parse_line(json.dumps({"topic": "a", "payload_base64": raw}).encode()).encoded() == b"\xff\x00"
    assert parse_line(b'{"topic": "a", "payload": ""}').encoded() == b""
    assert parse_line(b'{"topic": "a", "payload": null}').encoded() == b"null"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"{", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[1]", "must be an object"),
        (b'{"payload": 1}', '"topic" is missing'),
        (b'{"topic": "", "payload": 1}', '"topic" is missing'),
        (b'{"topic": "a"}', '"payload" is missing'),
        (b'{"topic": "a", "payload_base64": "!"}', "not base64"),
        (b'{"topic": "a", "payload_base64": 7}', "not base64"),
        (b'{"topic": "a", "payload": 1, "retain": "yes"}', '"retain" must be'),
    ],
)
def test_a_line_that_cannot_be_sent_says_what_is_wrong(text, said):
    with pytest.raises(BadLineError, match=said):
        parse_line(text)


def test_the_newest_time_of_a_file_is_moved_to_now_and_the_others_with_it():
    times = ["2020-01-01T00:00:00.500Z", "2020-01-01T07:01:00.5+07:00", "yesterday", None, 5]
    file = io.BytesIO(
        "\n".join(json.dumps({"topic": "a", "payload": {"ts": ts}}) for ts in times).encode() + b"\nbad\n"
    )
    shift = shift_to(NOW, file)
    report = Report("f", "to")
    moved = [line.payload["ts"] for _, line in lines_of(file, report, shift)]
    assert moved == ["2026-11-21T09:59:00.123Z", "2026-11-21T10:00:00.123Z", "yesterday", None, 5]
    assert [text[:14] for text in report.bad_lines] == ["f:6: not JSON:"]


def test_a_shift_keeps_what_a_sequence_stands_in_for():
    file = io.BytesIO(b'{"topic": "a", "payload": {"ts": "2020-01-01T00:00:00.000000123Z"}}')
    assert shift_to(NOW, file) % 1_000_000 == 0


def test_a_file_without_times_is_not_moved():
    assert shift_to(NOW, io.BytesIO(b'{"topic": "a", "payload": "x"}')) == 0


def test_a_payload_that_is_no_object_has_no_time():
    assert time_of(parse_line(b'{"topic": "a", "payload": [1]}')) is None


def test_what_was_acknowledged_is_told(publisher):
    result = sending('{"topic": "a", "payload": 1, "retain": true}\n\n{"topic": "b", "payload": 2}\n')
    assert result.exit_code == 0
    assert result.stdout.startswith("2 acknowledged, 0 failed, 0 bad lines")
    assert publisher.made.messages == [("a", b"1", True), ("b", b"2", False)]


def test_bad_lines_are_named_and_the_others_sent(publisher):
    result = sending('x\n{"topic": "a", "payload": 1}\n{"topic": "a/#", "payload": 1}\n', "--json")
    report = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (report["lines"], report["acknowledged"], len(report["bad_lines"])) == (3, 1, 2)
    assert report["bad_lines"][1].startswith("<stdin>:3: not a topic")


def test_what_is_not_acknowledged_in_the_end_has_failed(publisher):
    publisher.acknowledges = 1
    result = sending('{"topic": "a", "payload": 1}\n' * 3)
    assert result.exit_code == 1
    assert "1 acknowledged, 2 failed" in result.stdout


def test_a_broker_that_stops_taking_ends_it_with_the_line(publisher):
    publisher.room = 2
    result = sending('{"topic": "a", "payload": 1}\n' * 5)
    assert result.exit_code == 1
    assert "stopped at <stdin>:3: it does not acknowledge" in result.stderr


def test_no_broker_is_an_error_with_its_cause(publisher):
    publisher.connects = False
    result = sending('{"topic": "a", "payload": 1}\n')
    assert str(result.exception) == "cannot reach it: refused"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://127.0.0.1", "a door is written as mllp://host:port, mqtt://host:port or mqtts://host:port"),
        ("127.0.0.1:1883", "a door is written as"),
        ("mqtt://127.0.0.1/x", "nothing may follow the port"),
        ("mllp://127.0.0.1/x", "nothing but host and port"),
        ("mllp://", "is written as mllp://host:2575"),
        ("mllp://h:x", "not the address of a door for HL7"),
    ],
)
def test_another_door_is_wrong_use(url, said):
    result = CliRunner().invoke(command, ["-", "--to", url], input="", terminal_width=200)
    assert result.exit_code == 2
    assert said in result.stderr


def test_several_connections_are_for_hl7(publisher):
    result = sending('{"topic": "a", "payload": 1}', "--connections", "2")
    assert result.exit_code == 2
    assert "--connections is for HL7" in result.stderr


def test_a_file_that_is_not_there_is_wrong_use(tmp_path):
    result = CliRunner().invoke(command, [str(tmp_path / "none"), "--to", "mqtt://127.0.0.1"])
    assert result.exit_code == 2
    assert "No such file" in result.stderr


def test_a_stream_is_copied_only_when_it_has_to_be_read_twice():
    class Pipe(io.BytesIO):
        def seekable(self):
            return False

    with send.rewindable(Pipe(b"a\nb\n")) as lines:
        assert lines.read() == b"a\nb\n"
        lines.seek(0)
        assert lines.read() == b"a\nb\n"
    file = io.BytesIO(b"x")
    with send.rewindable(file) as lines:
        assert lines is file


def test_a_rate_holds_messages_back(publisher, monkeypatch):
    slept = []
    monkeypatch.setattr(send.time, "sleep", slept.append)
    sending('{"topic": "a", "payload": 1}\n' * 3, "--rate", "10")
    assert [round(seconds, 1) for seconds in slept] == [0.0, 0.1, 0.2]


def test_progress_is_told_now_and_then(publisher, monkeypatch, capsys):
    times = iter([0.0, 1.0, 5.5, 6.0])
    monkeypatch.setattr(send.time, "monotonic", lambda: next(times))
    made = publisher("url")
    progress = send.Progress(made)
    for _ in range(3):
        made.messages.append(1)
        progress.show()
    assert capsys.readouterr().err == "sent 2, acknowledged 2, 0/s\n"


def test_progress_says_of_how_many_where_that_is_known(publisher, monkeypatch, capsys):
    times = iter([0.0, 5.0])
    monkeypatch.setattr(send.time, "monotonic", lambda: next(times))
    send.Progress(publisher("url"), 728).show()
    assert capsys.readouterr().err == "sent 0 of 728, acknowledged 0, 0/s\n"
