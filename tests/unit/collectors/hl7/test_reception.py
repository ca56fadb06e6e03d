"""What becomes of a piece of the stream: facts, quarantine, answers."""

import ipaddress
import re
from dataclasses import replace

import pytest

from collectors.hl7.ack import Verdict
from collectors.hl7.framing import Framer, wrap
from collectors.hl7.message import Message
from collectors.hl7.reception import Reception, Taken, split
from collectors.hl7.sources import Source, Sources
from ioc.domain import MINUTE, VirtualClock
from ioc.errors import Reason
from tests.unit.collectors.hl7.messages import IDENTITY, NOW, PID, SOURCE, adt, msh, pv1

GOOD = adt("A01", PID, pv1())
ELSEWHERE = Source("closed", "bv02", sender="BV02", allowed=False)


def reception(*sources: Source) -> Reception:
    return Reception(Sources(sources or (SOURCE, ELSEWHERE)), IDENTITY, VirtualClock(NOW))


def received(stream: bytes, made: Reception | None = None, at_most: int = 10_000) -> list[Taken]:
    made = made or reception()
    framer = Framer(at_most)
    return [taken for piece in framer.feed(stream) + framer.finish() for taken in made.receive(piece, "10.0.0.9")]


def one(stream: bytes, made: Reception | None = None, at_most: int = 10_000) -> Taken:
    (only,) = received(stream, made, at_most)
    return only


def reason(taken: Taken) -> Reason:
    assert taken.reject is not None
    return taken.reject.reason


def test_a_good_message_is_facts_of_its_source() -> None:
    taken = one(wrap(GOOD))
    assert (taken.source, taken.verdict, taken.reject) == ("his", Verdict.ACCEPT, None)
    assert [fact.kind for fact in taken.facts] == ["admitted"]


def test_what_could_not_be_kept_is_to_be_sent_again() -> None:
    made = reception()
    taken = one(wrap(GOOD), made)
    taken.kept = False
    assert taken.verdict is Verdict.ERROR
    assert b"MSA|AE|MSG7|cannot be kept now and has to be sent again\r" in made.answer(taken)
    assert not taken.unsaid


def test_a_message_that_means_nothing_to_us_is_quarantined_and_acknowledged() -> None:
    made = reception()
    taken = one(wrap(adt("A01", PID)), made)
    assert (taken.source, reason(taken), taken.verdict) == ("his", Reason.SEGMENT, Verdict.ACCEPT)
    assert taken.reject is not None
    assert (taken.reject.topic, taken.reject.facility, taken.reject.raw) == (
        "mllp/10.0.0.9/ADT^A01", "bv01", adt("A01", PID),
    )  # fmt: skip
    assert b"MSA|AA|MSG7\r" in made.answer(taken)


@pytest.mark.parametrize(
    ("stream", "source", "words"),
    [
        (GOOD.replace(b"BV01", b"BV09"), "hl7", "no source has the sender 'HIS' (MSH-3), 'BV09' (MSH-4)"),
        (GOOD.replace(b"|BV01|", "|Nguyễn Bình|".encode()), "hl7", "'HIS' (MSH-3), that is no code (MSH-4)"),
        (GOOD.replace(b"BV01", b"BV02"), "closed", "closed is not allowed to send"),
    ],
)
def test_who_may_not_send_is_refused_and_his_message_quarantined(stream: bytes, source: str, words: str) -> None:
    made = reception()
    taken = one(wrap(stream), made)
    assert (taken.source, reason(taken), taken.verdict) == (source, Reason.UNKNOWN_SENDER, Verdict.REJECT)
    assert taken.reject is not None
    assert words in taken.reject.detail
    assert taken.facts == ()
    assert b"MSA|AR|MSG7|this sender" in made.answer(taken)


def test_a_sender_at_another_address_is_refused() -> None:
    here, there = (ipaddress.ip_network(it) for it in ("10.0.0.0/24", "10.0.1.0/24"))
    elsewhere = reception(replace(SOURCE, peers=(there,)))
    assert reason(one(wrap(GOOD), elsewhere)) is Reason.UNKNOWN_SENDER
    two = reception(replace(SOURCE, peers=(there,)), replace(SOURCE, name="near", peers=(here,)))
    assert one(wrap(GOOD), two).source == "near"


@pytest.mark.parametrize("data", [b"hello", b"\x00\xff", b"MSH|", b"PID|1\rMSX|2", b"MSH|^~\\&|HIS|BV01|||||| |"])
def test_what_has_no_header_is_refused_and_quarantined(data: bytes) -> None:
    made = reception()
    taken = one(wrap(data), made)
    assert (taken.source, reason(taken), taken.verdict) == ("hl7", Reason.HEADER, Verdict.REJECT)
    assert b"MSA|AR|" in made.answer(taken)


def test_an_empty_frame_is_refused_and_leaves_nothing() -> None:
    taken = one(wrap(b"\r\n"))
    assert (taken.reject, taken.verdict) == (None, Verdict.REJECT)


def test_a_message_that_is_too_large_is_acknowledged_and_its_beginning_kept() -> None:
    made = reception()
    taken, after = received(wrap(GOOD + b"\rOBX|1|" + b"x" * 20_000) + wrap(GOOD), made)
    assert (taken.source, reason(taken), taken.verdict) == ("his", Reason.TOO_LARGE, Verdict.ACCEPT)
    assert taken.reject is not None
    assert taken.reject.raw.startswith(GOOD)
    assert len(taken.reject.raw) == 4_096
    assert b"MSA|AA|MSG7|too large\r" in made.answer(taken)
    assert after.facts


@pytest.mark.parametrize(("head", "source"), [(GOOD.replace(b"BV01", b"BV09"), "hl7"), (b"no header", "hl7")])
def test_one_that_is_too_large_and_may_not_be_sent_is_refused(head: bytes, source: str) -> None:
    taken = one(wrap(head + b"x" * 20_000))
    assert (taken.source, taken.verdict) == (source, Verdict.REJECT)


@pytest.mark.parametrize("stream", [b"GET / HTTP/1.1\r\n", b"\x0bhalf" + wrap(GOOD)])
def test_what_stands_outside_or_was_cut_off_is_quarantined_and_nobody_answered(stream: bytes) -> None:
    made = reception()
    taken = received(stream, made)[0]
    assert reason(taken) is Reason.HEADER
    assert made.answer(taken) == b""
    assert not taken.unsaid


def answers(made: Reception, taken: list[Taken]) -> list[bytes]:
    return [piece.data for piece in Framer(10_000).feed(b"".join(made.answer(it) for it in taken))]


THREE = [adt("A01", PID, pv1(number=f"V{number}"), control=f"C{number}") for number in range(3)]


def test_several_messages_in_one_frame_have_an_answer_each() -> None:
    made = reception()
    taken = received(wrap(b"\r".join(THREE)), made)
    assert [fact.visit for it in taken for fact in it.facts] == [IDENTITY.visit("bv01", f"V{n}") for n in range(3)]
    assert [re.findall(rb"MSA\|(\w+\|\w+)", answer) for answer in answers(made, taken)] == [
        [b"AA|C0"], [b"AA|C1"], [b"AA|C2"],
    ]  # fmt: skip


@pytest.mark.parametrize("end", [b"\r", b"\r\n", b"\n"])
@pytest.mark.parametrize("file", [b"", b"FHS|^~\\&|HIS\r"])
def test_a_batch_is_answered_by_one_frame(file: bytes, end: bytes) -> None:
    made = reception()
    stranger = THREE[1].replace(b"BV01", b"BV09")
    batch = (file + b"BHS|^~\\&|HIS|BV01|||||||B1", THREE[0], stranger, THREE[2], b"BTS|3", b"FTS|1")
    taken = received(wrap(b"\r".join(batch).replace(b"\r", end)), made)
    (answer,) = answers(made, taken)
    assert answer.startswith(b"BHS|^~\\&|IOC||HIS|BV01|")
    assert answer.split(b"\r")[0].endswith(b"|B1|B1")
    assert re.findall(rb"MSA\|(\w+\|\w+)", answer) == [b"AA|C0", b"AR|C1", b"AA|C2"]
    assert answer.endswith(b"BTS|3\r")


def test_a_batch_without_a_message_is_refused() -> None:
    assert reason(one(wrap(b"BHS|^~\\&|HIS\rBTS|0"))) is Reason.EMPTY


def test_the_messages_of_a_batch_end_where_the_next_begins() -> None:
    header, messages = split(b"FHS|^~\\&\rBHS|^~\\&|A\rMSH|1\rPV1|1\rMSH|2\rBTS|2\rBHS|^~\\&|B\rMSH|3\rBTS\rFTS\rnoise")
    assert header == b"BHS|^~\\&|A"
    assert messages == [b"MSH|1\rPV1|1", b"MSH|2", b"MSH|3"]


def test_who_wants_no_answer_is_told_nothing_and_loss_is_unsaid() -> None:
    made = reception()
    taken = one(wrap(msh("ORU^R01", rest="P|2.5|||NE|NE").encode()), made)
    assert made.answer(taken) == b""
    assert not taken.unsaid
    taken.kept = False
    assert taken.unsaid


def test_answers_have_numbers_that_rise() -> None:
    made = reception()
    first, second = (int(Message(made.answer(one(wrap(GOOD), made))[1:]).header(10)) for _ in range(2))
    assert second == first + 1


def test_how_far_a_source_is_behind_is_known() -> None:
    made = reception()
    assert made.lags == {}
    one(wrap(GOOD), made)
    assert made.lags["his"].behind_ns == MINUTE
