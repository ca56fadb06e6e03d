"""Delimiters, segments, fields and escapes."""

import pytest

from collectors.hl7.message import Message
from ioc.errors import Reason, RejectError

HEAD = b"MSH|^~\\&|HIS|BV01|IOC|SYT|20261120||ADT^A01|7|P|2.5"


def message(*segments: bytes, head: bytes = HEAD) -> Message:
    return Message(b"\r".join((head, *segments)))


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n", b"\r\r", b"\n\r"])
def test_segments_end_in_any_usual_way(end: bytes) -> None:
    made = Message(end.join((HEAD, b"PID|1||4711", b"PV1|1|I|NOI")) + end)
    assert made.header(10) == "7"
    assert [list(fields) for fields in made.all(b"PID")] == [[b"PID", b"1", b"", b"4711"]]
    pv1 = made.find(b"PV1")
    assert pv1 is not None
    assert made.text(pv1, 3) == "NOI"


def test_a_byte_order_mark_and_blank_lines_around_are_left_out() -> None:
    assert Message(b"\r\n\xef\xbb\xbf" + HEAD + b"\r\n\r\n").raw == HEAD


@pytest.mark.parametrize(
    "head",
    [b"MSH#$%!@#HIS#BV01#IOC#SYT#20261120##ADT$A01#7#P#2.5", b"MSH|^~}|HIS|BV01|IOC|SYT|20261120||ADT^A01|7|P|2.3"],
)
def test_delimiters_are_those_that_the_message_names(head: bytes) -> None:
    made = message(head=head)
    assert (made.header(4), made.header(9, 1), made.header(9, 2), made.header(10)) == ("BV01", "ADT", "A01", "7")


@pytest.mark.parametrize(
    "raw",
    [b"", b"MSH", b"MSH|", b"PID|1", b"MSH|^^~&|A|B|C|D|E||ADT^A01|1", b"MSHA^~\\&AHIS", b"MSH||A|B|C|D|E||ADT^A01|1",
     b"MSH|^~\\&|A|B|C|D|E|||1", b"MSH|^~\\&|A|B", HEAD.replace(b"BV01", b"x" * 251), b"\xff\xfeM\0S\0H\0|\0"],
)  # fmt: skip
def test_a_header_that_cannot_be_read_is_refused(raw: bytes) -> None:
    with pytest.raises(RejectError) as error:
        Message(raw)
    assert error.value.reason is Reason.HEADER


def test_what_is_absent_or_to_be_emptied_is_empty() -> None:
    made = message(b'PV1|1|""|^^|')
    pv1 = made.find(b"PV1")
    assert pv1 is not None
    assert [made.text(pv1, number, part) for number, part in ((2, 1), (3, 1), (3, 9), (19, 1))] == [""] * 4
    assert made.find(b"NPU") is None


def test_repetitions_are_taken_apart() -> None:
    made = message(b"PID|1||A^^^X^PI~B^^^Y^HC")
    pid = made.find(b"PID")
    assert pid is not None
    assert [made.part(each, 1) for each in made.repetitions(pid, 3)] == ["A", "B"]
    assert made.text(pid, 3) == "A"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (rb"K\T\N", "K&N"), (rb"\F\\S\\R\\E\x", "|^~\\x"), (rb"A\X4E\B", "ANB"), (rb"\H\NOI\N\ 2", "NOI 2"),
        (rb"a\.br\b", "a b"), (rb"\.sp\NOI\.br\ ", "NOI"),
        (rb"a\Zfoo\b", "ab"), (rb"open\end", r"open\end"), (rb"\Xzz\a", "a"), (b"A&1", "A&1"),
    ],
)  # fmt: skip
def test_escapes_are_read_in_the_fields_that_are_used(written: bytes, meant: str) -> None:
    made = message(b"PV1|1|I|" + written)
    pv1 = made.find(b"PV1")
    assert pv1 is not None
    assert made.text(pv1, 3) == meant


def test_what_stands_after_the_signs_of_the_header_spoils_no_escape() -> None:
    made = Message(b"MSH|^~\\&\xff|H\\T\\S|BV|||20261120080000||ADT^A01|1|P|2.5\r")
    assert made.header(3) == "H&S"


def test_a_name_in_a_wrong_character_set_spoils_nothing_else() -> None:
    made = message(b"PID|1||4711||Nguy\xe3n", b"PV1|1|I|NOI", head=HEAD + b"||||||UNICODE UTF-8")
    made.settle_charset("utf-8")
    pid, pv1 = made.find(b"PID"), made.find(b"PV1")
    assert pid is not None
    assert pv1 is not None
    assert made.text(pv1, 3) == "NOI"
    with pytest.raises(RejectError) as error:
        made.text(pid, 5)
    assert error.value.reason is Reason.ENCODING
    assert "Nguy" not in str(error.value)


@pytest.mark.parametrize(
    ("named", "usual"),
    [(b"UNICODE UTF-8", "cp1258"), (b"ASCII", "cp1258"), (b"", "utf-8"), (b"EBCDIC", "utf-8")],
)
def test_the_character_set_is_that_of_the_message_or_the_usual_one(named: bytes, usual: str) -> None:
    made = message("PV1|1|I|Nội".encode(), head=HEAD + b"||||||" + named)
    made.settle_charset(usual)
    pv1 = made.find(b"PV1")
    assert pv1 is not None
    assert made.text(pv1, 3) == "Nội"


@pytest.mark.parametrize("named", [b"CP1258", b"WINDOWS-1258", b"ASCII", b""])
def test_a_vietnamese_ward_in_its_old_code_page_is_the_same_ward(named: bytes) -> None:
    made = message(b"PV1|1|I|N\xf4\xf2i", head=HEAD + b"||||||" + named)
    made.settle_charset("cp1258")
    pv1 = made.find(b"PV1")
    assert pv1 is not None
    assert made.text(pv1, 3) == "Nội"
