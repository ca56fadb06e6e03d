"""One commit for all that waits, and what those are told that it fails for."""

from collections.abc import Sequence

import pytest

from collectors.hl7.ack import Reply
from collectors.hl7.committer import AT_ONCE, Committer, batches_of
from collectors.hl7.decode import Decoded
from collectors.hl7.reception import Taken
from ioc.errors import Reason, RetryError
from ioc.intake import Batch, Reject
from tests.unit.collectors.hl7.messages import NOW, PID, adt, fact, msh, pv1


class Disk:
    """Takes batches, or fails as it is told."""

    def __init__(self) -> None:
        self.commits: list[Sequence[Batch]] = []
        self.trouble: Exception | None = None

    def commit_all(self, batches: Sequence[Batch]) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.commits.append(batches)


def admitted(source: str = "his", number: int = 1) -> Taken:
    return Taken(source, Reply(), Decoded((fact(adt("A01", PID, pv1(number=f"V{number}"))),)))


def heard(at: str, source: str = "his") -> Taken:
    return Taken(source, Reply(), Decoded((fact(msh("ORU^R01", at=at).encode()),), ignored=True))


def run(disk: Disk, *jobs: Sequence[Taken]) -> tuple[Committer, list[int]]:
    committer = Committer(disk)  # type: ignore[arg-type] # no more of an intake is needed
    done: list[int] = []
    for number, job in enumerate(jobs):
        committer.submit(job, lambda number=number: done.append(number))  # type: ignore[misc]
    committer.stop()
    committer.run()
    return committer, done


def test_what_waits_is_committed_together_and_each_is_told_in_its_order() -> None:
    disk = Disk()
    _, done = run(disk, [admitted()], [admitted("other"), admitted()], [admitted()])
    (commit,) = disk.commits
    assert [(batch.source, len(batch.facts)) for batch in commit] == [("his", 3), ("other", 1)]
    assert done == [0, 1, 2]


def test_one_commit_does_not_grow_without_end() -> None:
    disk = Disk()
    _, done = run(disk, *[[admitted()]] * (AT_ONCE + 10))
    assert [sum(len(batch.facts) for batch in commit) for commit in disk.commits] == [AT_ONCE, 10]
    assert len(done) == AT_ONCE + 10


@pytest.mark.parametrize("trouble", [RetryError("The journal is full.", "Look at the store."), OSError("disk")])
def test_when_nothing_can_be_kept_everybody_is_told_and_so_are_we(
    trouble: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    disk = Disk()
    disk.trouble = trouble
    job = [admitted(), admitted("other")]
    committer, done = run(disk, job)
    assert [taken.kept for taken in job] == [False, False]
    assert done == [0]
    assert committer.error.startswith("Nothing is taken")
    disk.trouble = None
    committer.submit([again := admitted()], lambda: done.append(1))
    committer.stop()
    committer.run()
    assert again.kept
    assert committer.error == ""
    assert "taken again" in caplog.text


def test_of_mere_signs_of_life_the_newest_is_enough() -> None:
    job = [heard("20261120075500"), heard("20261120075900"), heard("20261120075700"), heard("20261120070000", "other")]
    his, other = batches_of([*job, admitted()])
    assert (his.counts.received, his.counts.ignored) == (4, 3)
    assert [fact.kind for fact in his.facts] == ["admitted", "heard"]
    assert his.facts[1].sent_ns == job[1].facts[0].sent_ns
    assert (other.counts.received, other.counts.ignored, len(other.facts)) == (1, 1, 1)


def test_a_reject_counts_for_its_source() -> None:
    reject = Reject(Reason.HEADER, "no header", "mllp/x/unreadable", b"", NOW)
    (batch,) = batches_of([Taken("hl7", None, reject=reject, refused=True)])
    assert (batch.source, batch.rejects, batch.counts.received, batch.facts) == ("hl7", [reject], 1, [])
