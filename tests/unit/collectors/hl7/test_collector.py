"""The door as the worker sees it, without a socket."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from collectors.hl7 import collector as module
from collectors.hl7.collector import Hl7Collector, build
from collectors.hl7.framing import Piece, Shape
from collectors.hl7.server import Limits
from collectors.hl7.sources import Sources
from ioc.catalogue import Catalogue
from ioc.config import Address, ensure_secrets, load_settings
from ioc.domain import MINUTE, SECOND, VirtualClock
from ioc.errors import Reason, RefuseToStartError, RejectError
from ioc.intake import Batch, Health
from ioc.registry import Registry
from tests.unit.collectors.hl7.messages import IDENTITY, NOW, PID, SOURCE, adt, pv1

GOOD = adt("A01", PID, pv1())


class Kept:
    """An intake that only remembers."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []

    def commit_all(self, batches: Sequence[Batch]) -> None:
        self.batches += batches


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(NOW)


@pytest.fixture
def collector(clock: VirtualClock, monkeypatch: pytest.MonkeyPatch) -> Hl7Collector:
    """Started, but for its threads."""
    monkeypatch.setattr(module.threading.Thread, "start", lambda _: None)
    monkeypatch.setattr(module.threading.Thread, "join", lambda *_: None)
    made = Hl7Collector(Address("127.0.0.1", 0), Limits(10_000, 60.0), Sources([SOURCE]), IDENTITY, clock)
    made.start(Kept())  # type: ignore[arg-type] # no more of an intake is needed
    return made


def say(collector: Hl7Collector, raw: bytes = GOOD) -> None:
    list(collector._reception.receive(Piece(Shape.MESSAGE, raw, len(raw)), "10.0.0.9"))


def his(collector: Hl7Collector) -> Health:
    return collector.sources()["his"]()


def test_the_door_is_a_source_and_each_sender_is_one(collector: Hl7Collector) -> None:
    assert list(collector.sources()) == ["hl7", "his"]
    assert (collector.name, collector.kind, collector.lane) == ("hl7", "hl7", "facts")


def test_a_sender_is_there_while_it_speaks_now_and_then(collector: Hl7Collector, clock: VirtualClock) -> None:
    assert his(collector) == Health(connected=False)
    say(collector)
    assert his(collector) == Health(connected=True)
    clock.advance(5 * MINUTE)
    assert his(collector) == Health(connected=False)
    assert collector._server is not None
    collector._server._speaking["his"] += 1
    assert his(collector) == Health(connected=True)


def test_a_backlog_is_said_while_it_comes(collector: Hl7Collector, clock: VirtualClock) -> None:
    clock.advance(46 * MINUTE)
    say(collector)
    assert his(collector).error == "Catching up: what comes now was sent 47 min ago."
    clock.advance(61 * SECOND)
    assert his(collector).error == ""
    say(collector)
    say(collector, GOOD.replace(b"20261120075900", b"20261120084500"))
    assert his(collector).error == ""


def test_a_full_journal_is_said_of_the_door_and_of_each_sender(collector: Hl7Collector) -> None:
    assert collector._committer is not None
    collector._committer.error = "Nothing is taken: the journal is full."
    assert collector.health().error == his(collector).error == "Nothing is taken: the journal is full."


def test_a_door_without_senders_says_so(clock: VirtualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.threading.Thread, "start", lambda _: None)
    empty = Hl7Collector(Address("127.0.0.1", 0), Limits(10_000, 60.0), Sources(), IDENTITY, clock)
    empty.start(Kept())  # type: ignore[arg-type] # as above
    assert empty.health().error == "No sender is configured in collectors/hl7.yaml: every message is refused."


def test_a_quarantined_message_goes_through_once_its_sender_is_known(collector: Hl7Collector) -> None:
    collector.replay("mllp/10.0.0.9/ADT^A01", GOOD)
    assert isinstance(collector._intake, Kept)
    (batch,) = collector._intake.batches
    assert (batch.source, batch.facts[0].kind) == ("his", "admitted")


@pytest.mark.parametrize(
    ("topic", "raw", "reason"),
    [
        ("mllp/10.0.0.9/ADT^A01", GOOD.replace(b"BV01", b"BV09"), Reason.UNKNOWN_SENDER),
        ("mllp/10.0.0.9/ADT^A01", adt("A01", PID), Reason.SEGMENT),
        ("mllp/10.0.0.9/cut", GOOD, Reason.TOO_LARGE),
        ("nonsense", b"\xff\x00", Reason.HEADER),
    ],
)
def test_one_that_still_cannot_be_read_is_rejected_again(
    collector: Hl7Collector, topic: str, raw: bytes, reason: Reason
) -> None:
    with pytest.raises(RejectError) as error:
        collector.replay(topic, raw)
    assert error.value.reason is reason
    assert isinstance(collector._intake, Kept)
    assert collector._intake.batches == []


def test_it_is_built_of_the_settings_and_the_file(tmp_path: Path) -> None:
    settings = load_settings({
        "IOC_DATA_DIR": str(tmp_path), "IOC_CONFIG_DIR": str(tmp_path), "IOC_MLLP__BIND": "127.0.0.1:2999",
        "IOC_MLLP__MAX_MESSAGE": "2KiB", "IOC_MLLP__IDLE_SECONDS": "7",
    })  # fmt: skip
    ensure_secrets(settings)
    built = build(settings, Catalogue({}), Registry({}, {}, {}))
    assert (str(built._address), built._limits.max_message, built._limits.idle_s) == ("127.0.0.1:2999", 2_048, 7.0)
    (tmp_path / "collectors").mkdir()
    (tmp_path / "collectors" / "hl7.yaml").write_text("sources:\n  his: {facility: bv99, sender: {facility: X}}\n")
    with pytest.raises(RefuseToStartError, match="no facility 'bv99'"):
        build(settings, Catalogue({}), Registry({}, {}, {}))
