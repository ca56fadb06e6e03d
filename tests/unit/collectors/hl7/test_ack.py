"""Answers, as senders expect them."""

import pytest

from collectors.hl7.ack import BatchReply, Reply, Verdict
from collectors.hl7.message import Message
from ioc.domain import parse_rfc3339
from tests.unit.collectors.hl7.messages import msh

AT = parse_rfc3339("2026-11-20T08:00:00+07:00")


def reply(accept: str = "", application: str = "", kind: str = "ADT^A01") -> Reply:
    return Reply.to(Message(msh(kind, rest=f"P|2.5|||{accept}|{application}||UNICODE UTF-8").encode()))


def test_sender_and_receiver_change_places_and_the_control_id_is_repeated() -> None:
    assert reply().render(Verdict.ACCEPT, 17, AT) == (
        b"MSH|^~\\&|IOC|SO-Y-TE|HIS|BV01|20261120010000+0000||ACK^A01^ACK|17|P|2.5||||||UNICODE UTF-8\rMSA|AA|MSG7\r"
    )


@pytest.mark.parametrize(
    ("accept", "application", "codes"),
    [
        ("", "", ("AA", "AE", "AR")),
        ("AL", "NE", ("CA", "CE", "CR")),
        ("AL", "", ("CA", "CE", "CR")),
        ("AL", "AL", ("CA", "CE", "CR")),
        ("NE", "AL", ("AA", "AE", "AR")),
        ("", "AL", ("AA", "AE", "AR")),
        ("ER", "NE", ("", "CE", "CR")),
        ("SU", "NE", ("CA", "", "")),
        ("NE", "ER", ("", "AE", "AR")),
        ("NE", "NE", ("", "", "")),
        ("al", "", ("CA", "CE", "CR")),
        ("always", "", ("CA", "CE", "CR")),
    ],
)
def test_the_mode_is_that_which_the_sender_asks_for(accept: str, application: str, codes: tuple[str, ...]) -> None:
    made = reply(accept, application)
    assert tuple(made.code(verdict) for verdict in Verdict) == codes
    assert [bool(made.render(verdict, 1, AT)) for verdict in Verdict] == [bool(code) for code in codes]


def test_the_answer_has_the_delimiters_of_the_question() -> None:
    message = Message(b"MSH#$%!@#HIS#BV01#IOC#SYT#20261120##ADT$A01#7#T#2.3")
    answer = Reply.to(message).render(Verdict.REJECT, 1, AT, b"because")
    assert answer == b"MSH#$%!@#IOC#SYT#HIS#BV01#20261120010000+0000##ACK$A01$ACK#1#T#2.3\rMSA#AR#7#because\r"


def test_bytes_of_any_character_set_are_repeated_as_they_came() -> None:
    message = Message("MSH|^~\\&|HIS|Nội|IOC||||ADT^A01|số 7|P|2.5".encode("cp1258", "replace"))
    assert b"|" + message.head[4] + b"|" in Reply.to(message).render(Verdict.ACCEPT, 1, AT)


def test_what_has_no_header_has_a_plain_answer() -> None:
    assert Reply().render(Verdict.REJECT, 1, AT) == b"MSH|^~\\&|IOC||||20261120010000+0000||ACK|1|P|2.5\rMSA|AR|\r"


def test_a_kind_without_a_trigger_is_answered_without_one() -> None:
    assert b"||ACK|" in reply(kind="ADT").render(Verdict.ACCEPT, 1, AT)


def test_our_answer_can_be_read_by_our_own_parser() -> None:
    answer = Message(reply().render(Verdict.ERROR, 3, AT, b"later"))
    msa = answer.find(b"MSA")
    assert msa is not None
    assert answer.header(9) == "ACK"
    assert [answer.text(msa, number) for number in (1, 2, 3)] == ["AE", "MSG7", "later"]


def test_a_batch_is_answered_by_a_batch_that_names_it() -> None:
    batch = BatchReply(b"BHS|^~\\&|HIS|BV01|IOC|SYT|20261120||x|y|B42", 2)
    assert batch.opening(AT) == b"BHS|^~\\&|IOC|SYT|HIS|BV01|20261120010000+0000||||B42|B42\r"
    assert batch.closing == b"BTS|2\r"
    assert BatchReply(b"FHS|^~\\&", 0).opening(AT) == b"BHS|^~\\&|IOC||||20261120010000+0000|||||\r"
