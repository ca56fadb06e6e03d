import pytest

from ioc.domain import VirtualClock
from ioc.errors import Reason, RejectError, RetryError
from ioc.intake import Quarantine, Reject, Resender
from ioc.intake.keep import FACTS_TOPIC


class Source:
    """A collector's replay that answers as it is told."""

    def __init__(self) -> None:
        self.got: list[tuple[str, bytes]] = []
        self.answer: Exception | None = None

    def replay(self, topic: str, raw: bytes) -> None:
        self.got.append((topic, raw))
        if self.answer:
            raise self.answer


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def lines() -> list[bytes]:
    return []


@pytest.fixture
def facts() -> list[bytes]:
    return []


@pytest.fixture
def resender(
    quarantine: Quarantine, source: Source, lines: list[bytes], facts: list[bytes], clock: VirtualClock
) -> Resender:
    for n in range(2):
        raw = b"message %d" % n
        quarantine.put("mqtt", Reject(Reason.UNKNOWN_METRIC, "no such metric", "a/topic", raw, clock.now_ns()))
    return Resender(quarantine, {"mqtt": source.replay}, lines.append, facts.append)


def test_nothing_is_sent_that_nobody_asked_for(resender: Resender, source: Source) -> None:
    assert resender.poll() == 0
    assert source.got == []


def test_what_goes_through_now_is_closed(resender: Resender, quarantine: Quarantine, source: Source) -> None:
    quarantine.resend(1)
    assert resender.poll() == 1
    assert source.got == [("a/topic", b"message 0")]
    assert quarantine.get(1).state == "resent"
    assert [it.id for it in quarantine.list()] == [2]
    assert resender.poll() == 0


def test_what_still_cannot_be_understood_stays_with_its_new_reason(
    resender: Resender, quarantine: Quarantine, source: Source
) -> None:
    source.answer = RejectError(Reason.UNIT, "degF is no unit of fridge.temp")
    quarantine.resend(1)
    assert resender.poll() == 0
    item = quarantine.get(1)
    assert (item.state, item.reason, item.detail) == ("open", Reason.UNIT, "degF is no unit of fridge.temp")
    assert item.resend_requested_ns is None


def test_while_the_intake_is_full_the_request_stands(
    resender: Resender, quarantine: Quarantine, source: Source
) -> None:
    source.answer = RetryError("full")
    quarantine.resend(1)
    quarantine.resend(2)
    assert resender.poll() == 0
    assert len(source.got) == 1
    source.answer = None
    assert resender.poll() == 2


def test_a_collector_that_fails_on_it_does_not_stop_the_others(
    resender: Resender, quarantine: Quarantine, caplog: pytest.LogCaptureFixture, source: Source
) -> None:
    source.answer = KeyError("message 0")
    quarantine.resend(1)
    assert resender.poll() == 0
    assert quarantine.get(1).reason is Reason.INTERNAL
    assert "could not be sent" in caplog.text


def test_the_item_of_a_source_that_is_gone_says_so(quarantine: Quarantine, resender: Resender) -> None:
    quarantine.put("old", Reject(Reason.JSON, "", "t", b"x", 1))
    quarantine.resend(3)
    resender.poll()
    assert "not configured" in quarantine.get(3).detail


def test_a_line_that_the_store_refused_goes_to_the_store_again(
    quarantine: Quarantine, resender: Resender, lines: list[bytes], source: Source
) -> None:
    quarantine.put("mqtt", Reject(Reason.STORE, "too old", "fridge,device=x", b"fridge,device=x temp=1.0 5", 1))
    quarantine.resend(3)
    assert resender.poll() == 1
    assert (lines, source.got) == ([b"fridge,device=x temp=1.0 5"], [])


def test_a_fact_that_the_census_refused_goes_to_the_census_again(
    quarantine: Quarantine, resender: Resender, lines: list[bytes], facts: list[bytes], source: Source
) -> None:
    quarantine.put("his-bv01", Reject(Reason.STORE, "fails", FACTS_TOPIC, b"[{}]", 1))
    quarantine.resend(3)
    assert resender.poll() == 1
    assert (facts, lines, source.got) == ([b"[{}]"], [], [])
