"""HL7 messages in files: every message is found, and moving its times leaves every other byte alone."""

import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ioc.commands.hl7_file import header, messages_of, shift_to, shifted
from ioc.domain import SECOND, parse_rfc3339

NOW = parse_rfc3339("2026-11-23T08:00:00.900Z")
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
HEAD = rb"MSH|^~\&|HIS|BV-MAU|IOC|SO-Y-TE|%b||ADT^A01^ADT_A01|0001-000040|P|2.5"
PV1 = b"PV1|1|I|NOI^P01^G1" + b"|" * 41


def message(sent: bytes = b"20261120083000+0700", *segments: bytes, end: bytes = b"\r") -> bytes:
    return end.join([HEAD % sent, *segments, b""])


def local(*_: bytes) -> ZoneInfo:
    return ZONE


A, B = message(b"20261120083000", b"PID|1"), message(b"20261120083100", b"PV1|1|I")


@pytest.mark.parametrize(
    "data",
    [
        A + b"\n" + B + b"\n",
        A + b"\r\n" + B,
        A + B,
        A.rstrip(b"\r") + b"\r\r\n\n\n" + B.rstrip(b"\r"),
        b"\xef\xbb\xbf" + A + B,
        b"\x0b" + A + b"\x1c\r\x0b" + B + b"\x1c\r",
        b"\x0b" + A + b"\x1c\x0b" + B + b"\x1c",
        rb"FHS|^~\&|HIS" + b"\r" + rb"BHS|^~\&|HIS" + b"\r" + A + B + b"BTS|2\rFTS|1\r",
        b"what an editor left here\r\n" + A + B,
    ],
)
def test_the_messages_of_a_file_are_found_however_they_stand_in_it(data: bytes) -> None:
    assert messages_of(data) == [A, B]


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"])
def test_a_message_ends_as_its_segments_do(end: bytes) -> None:
    one, two = message(b"20261120083000", b"PID|1", end=end), message(b"20261120083100", end=end)
    assert messages_of(one + end + two + end) == [one, two]


def test_a_frame_is_taken_byte_for_byte_whatever_it_holds() -> None:
    assert messages_of(b"\x0bnonsense\r\n\n\x1c\r\x0b\x1c\r") == [b"nonsense\r\n\n", b""]


def test_a_file_without_messages_has_none() -> None:
    assert messages_of(b"") == messages_of(b'{"topic": "a"}\n') == []


def test_the_sender_the_time_and_the_control_id_are_read() -> None:
    head = header(message())
    assert (head.application, head.facility, head.control) == (b"HIS", b"BV-MAU", b"0001-000040")
    assert head.sent == b"20261120083000+0700"
    other = header(message().replace(b"|", b"#").replace(b"^", b"$").replace(b"HIS", b"HIS$1"))
    assert (other.application, other.control) == (b"HIS", b"0001-000040")
    assert header(b"PID|1").control == header(b"").control == header(b"MSH").control == b""


@pytest.mark.parametrize(
    ("text", "moved"),
    [
        (b"20261120235950+0700", b"20261121000000+0700"),
        (b"20261120235950.1234-0500", b"20261121000000.1234-0500"),
        (b"20261120235950", b"20261121000000"),
        (b"202611202359", b"202611202359"),
        (b"20261231", b"20261231"),
        (b"20261120235950^S", b"20261121000000^S"),
        (b"20261120235950~20261120235950", b"20261121000000~20261120235950"),
        (b'""', b'""'),
        (b"", b""),
        (b"20261320235950", b"20261320235950"),
        (b"yesterday", b"yesterday"),
        (b"99991231235959", b"99991231235959"),
    ],
)
def test_a_time_keeps_its_precision_and_its_zone(text: bytes, moved: bytes) -> None:
    assert shifted(message(text), 10) == message(moved)


def test_what_is_written_without_seconds_moves_by_whole_days_and_minutes() -> None:
    assert shifted(message(b"20261231"), 86_400) == message(b"20270101")
    assert shifted(message(b"202612312359"), 60) == message(b"202701010000")


def test_only_the_times_of_the_event_move() -> None:
    before = message(
        b"20261120080000",
        b"EVN|A01|20261120080001|20261120080002|||20261120080003",
        b"PID|1||||Name^X||19800101|F",
        PV1 + b"20261120080004|20261120080005|20261120080006",
        b"PV1|2" + PV1[5:] + b"20261120080007",
        b"ZZZ|20261120080000",
    )
    after = shifted(before, 60)
    assert re.findall(rb"202611200(\d{5})", before) == [b"8000%d" % n for n in (0, 1, 2, 3, 4, 5, 6, 7, 0)]
    moved = [b"80100", b"80101", b"80002", b"80103", b"80104", b"80105", b"80006", b"80107", b"80000"]
    assert re.findall(rb"202611200(\d{5})", after) == moved
    assert re.sub(rb"202611200\d{5}", b"", after) == re.sub(rb"202611200\d{5}", b"", before)


def test_the_newest_message_is_moved_to_now_by_whole_seconds() -> None:
    sent = [b"20261120100000+0700", b"20261120100000", b"20261120040000Z", b"", b"2026-11-20"]
    seconds = shift_to(NOW, [message(text) for text in sent], local)
    assert seconds == (NOW - parse_rfc3339("2026-11-20T10:00:00+07:00")) // SECOND
    assert shift_to(NOW, [message(b"20261120100000.95")], lambda *_: ZoneInfo("UTC")) == 3 * 86_400 - 2 * 3_600 - 1


def test_a_file_without_times_is_not_moved() -> None:
    assert shift_to(NOW, [message(b""), b"", b"MSH", message(b"20261120100000+9959")], local) == 0


@given(st.binary(max_size=300), st.integers(-(10**9), 10**9))
def test_whatever_the_bytes_nothing_breaks(data: bytes, seconds: int) -> None:
    for one in (data, b"MSH|" + data, b"MSH" + data):
        header(one)
        messages_of(one)
        assert len(shifted(one, seconds)) == len(one)
        assert shifted(one, 0) == one


@pytest.mark.parametrize("name", ["day/day.hl7", "day/day-late-and-doubled.hl7", "simhospital.hl7"])
def test_the_samples_are_moved_and_moved_back(shared: Path, name: str) -> None:
    data = (shared / "samples" / "hl7" / name).read_bytes()
    found = messages_of(data)
    assert len(found) == data.count(b"MSH|^~")
    seconds = shift_to(NOW, found, local)
    moved = [shifted(one, seconds) for one in found]
    assert shift_to(NOW, moved, local) == 0
    assert [shifted(one, -seconds) for one in moved] == found
