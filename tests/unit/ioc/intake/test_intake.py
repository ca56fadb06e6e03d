import pytest

from ioc.domain import Frame, VirtualClock
from ioc.errors import Reason, RetryError
from ioc.intake import Batch, Counts, Health, Intake, Journal, Kind, Reject, Sealer, Sighting, SourceStatus
from ioc.intake.facts import unpack_facts
from ioc.intake.records import unpack


class Hearing:
    """A listener that remembers."""

    def __init__(self) -> None:
        self.heard: list[Frame] = []
        self.flushed = 0

    def offer(self, frames) -> None:
        self.heard += frames

    def flush(self) -> None:
        self.flushed += 1


@pytest.fixture
def hearing() -> Hearing:
    return Hearing()


@pytest.fixture
def intake(journal: Journal, sealer: Sealer, hearing: Hearing, clock: VirtualClock) -> Intake:
    return Intake(journal, sealer, [hearing], clock)


def reject(raw: bytes = b"{", reason: Reason = Reason.JSON) -> Reject:
    return Reject(reason, "not JSON", "ioc/v1/bv01/x", raw, 5, "bv01")


def test_a_committed_batch_is_in_the_journal_and_then_heard(intake: Intake, journal: Journal, hearing, frame) -> None:
    frames = [frame(0), frame(1)]
    intake.commit(Batch("mqtt", frames))
    [entry] = journal.read(0, 10)
    assert (entry.kind, entry.source, entry.count) == (Kind.FRAMES, "mqtt", 2)
    assert entry.body.decode().split("\n") == [it.line() for it in frames]
    assert hearing.heard == frames


def test_history_is_journalled_and_never_heard(intake: Intake, journal: Journal, hearing, frame) -> None:
    intake.commit(Batch("mqtt", [frame(0), frame(1, hist=True)]))
    intake.commit(Batch("mqtt", [frame(2, hist=True)]))
    assert [(it.kind, it.count) for it in journal.read(0, 10)] == [
        (Kind.FRAMES, 1),
        (Kind.HISTORY, 1),
        (Kind.HISTORY, 1),
    ]
    assert hearing.heard == [frame(0)]


def test_a_reject_lies_in_the_journal_encrypted(intake: Intake, journal: Journal, sealer: Sealer) -> None:
    name = "Nguyễn Văn An".encode()
    intake.commit(Batch("mqtt", rejects=[reject(name)]))
    [entry] = journal.read(0, 10)
    assert entry.kind is Kind.QUARANTINE
    assert name not in entry.body
    assert b"bv01" not in entry.body
    assert unpack(sealer.open(entry.body)) == [reject(name)]


def test_facts_lie_in_the_journal_encrypted_and_are_counted(
    intake: Intake, journal: Journal, sealer: Sealer, hearing, fact
) -> None:
    facts = [fact(0), fact(1)]
    intake.commit(Batch("his-bv01", facts=facts, rejects=[reject()], counts=Counts(3)))
    entry, rejected = journal.read(0, 10)
    assert (entry.kind, entry.source, entry.count, rejected.kind) == (Kind.FACTS, "his-bv01", 2, Kind.QUARANTINE)
    assert b"admitted" not in entry.body
    assert unpack_facts(sealer.open(entry.body)) == facts
    assert hearing.heard == []
    assert [(it.received, it.accepted) for it in intake.statuses()] == [(3, 2)]


def test_what_came_through_one_door_is_committed_in_one_step_or_not_at_all(
    intake: Intake, journal: Journal, hearing, frame, fact
) -> None:
    batches = [Batch("a", [frame(0)]), Batch("b", facts=[fact()]), Batch("c", [frame(1), frame(2, hist=True)])]
    intake.commit_all(batches)
    assert [(it.kind, it.source) for it in journal.read(0, 10)] == [
        (Kind.FRAMES, "a"),
        (Kind.FACTS, "b"),
        (Kind.FRAMES, "c"),
        (Kind.HISTORY, "c"),
    ]
    assert hearing.heard == [frame(0), frame(1)]
    assert {it.name: it.accepted for it in intake.statuses()} == {"a": 1, "b": 1, "c": 2}
    journal.max_bytes = journal.backlog().bytes + 10
    with pytest.raises(RetryError):
        intake.commit_all([Batch("b", facts=[fact(7)]), Batch("d", [frame(3)])])
    assert (len(journal.read(0, 10)), len(hearing.heard), len(intake.statuses())) == (4, 2, 3)


def test_a_full_journal_means_try_again_and_nobody_hears_or_counts_anything(
    intake: Intake, journal: Journal, hearing, frame
) -> None:
    journal.max_bytes = 10
    with pytest.raises(RetryError):
        intake.commit(Batch("mqtt", [frame()], seen=[Sighting("device", "bv01", "x", "t")]))
    assert hearing.heard == []
    assert intake.statuses() == []
    assert intake.take_seen() == []


def test_a_batch_of_which_nothing_is_to_keep_touches_no_disk(intake: Intake, journal: Journal) -> None:
    intake.commit(Batch("mqtt", counts=Counts(received=3, ignored=3)))
    assert journal.last_id == 0
    assert intake.statuses()[0].ignored == 3


def test_everything_is_counted_for_its_source(intake: Intake, clock: VirtualClock, frame) -> None:
    known = SourceStatus("mqtt", "mqtt", received=100, accepted=90)
    intake.register(known, lambda: Health(connected=True, error="slow", queued=4))
    intake.commit(Batch("mqtt", [frame(0), frame(1)], rejects=[reject(), reject()], counts=Counts(5, 1, 2)))
    intake.commit(Batch("mqtt", rejects=[reject(reason=Reason.UNIT)], counts=Counts(1)))
    [status] = intake.statuses()
    assert (status.received, status.accepted, status.ignored, status.gaps) == (106, 92, 1, 2)
    assert status.quarantined == {"json": 2, "unit": 1}
    assert status.last_message_ns == clock.now_ns()
    assert (status.connected, status.error, status.backlog) == (True, "slow", 4)


def test_a_source_that_nobody_registered_is_counted_too(intake: Intake, frame) -> None:
    intake.commit(Batch("other", [frame()], counts=Counts(1)))
    assert [(it.name, it.received) for it in intake.statuses()] == [("other", 1)]


def test_unconfirmed_things_are_handed_out_once(intake: Intake) -> None:
    seen = [Sighting("device", "bv01", "tl-99", "ioc/v1/bv01/icu/fridge/tl-99/tele")]
    intake.commit(Batch("mqtt", seen=seen))
    assert intake.take_seen() == seen
    assert intake.take_seen() == []


def test_settling_has_the_listeners_keep_what_they_heard(intake: Intake, hearing) -> None:
    intake.settle()
    assert hearing.flushed == 1
