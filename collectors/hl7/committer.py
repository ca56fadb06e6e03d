"""One thread that commits what waits, of all connections together: few writes to the disk, however many senders."""

import logging
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import NamedTuple

from collectors.hl7.reception import Taken
from ioc.domain import Fact
from ioc.errors import RetryError
from ioc.intake import Batch, Intake

log = logging.getLogger(__name__)

AT_ONCE = 256  # messages of one commit


class _Job(NamedTuple):
    taken: Sequence[Taken]
    done: Callable[[], None]


class Committer:
    """Takes messages from any thread; ``run`` is its own."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self.error = ""  # why nothing is taken, empty while all is well

    @property
    def waiting(self) -> int:
        """How many groups of messages wait, about."""
        return self._jobs.qsize()

    def submit(self, taken: Sequence[Taken], done: Callable[[], None]) -> None:
        """Have them committed; then, in this thread, ``done``. Those that were not kept say so (``Taken.kept``)."""
        self._jobs.put(_Job(taken, done))

    def stop(self) -> None:
        """Have ``run`` end, once it has done what came before."""
        self._jobs.put(None)

    def run(self) -> None:
        """Commit until told to stop."""
        going = True
        while going:
            job = self._jobs.get()
            jobs: list[_Job] = []
            while job is not None:
                jobs.append(job)
                if sum(len(it.taken) for it in jobs) >= AT_ONCE:
                    break
                try:
                    job = self._jobs.get_nowait()
                except Empty:
                    break
            going = job is not None
            self._commit([taken for it in jobs for taken in it.taken])
            for it in jobs:
                it.done()

    def _commit(self, taken: Sequence[Taken]) -> None:
        """All of it in one step, or nothing: then each is to be sent again."""
        if not taken:
            return
        try:
            self._intake.commit_all(batches_of(taken))
        except RetryError as error:
            self._fail(taken, f"Nothing is taken: {error} {error.hint}".strip())
        except Exception:
            log.exception("the intake failed; the senders of %d messages are asked to repeat them", len(taken))
            self._fail(taken, "Nothing is taken: the intake failed; its log says why.")
        else:
            if self.error:
                log.warning("HL7 messages are taken again")
                self.error = ""

    def _fail(self, taken: Sequence[Taken], error: str) -> None:
        if error != self.error:
            log.error("%s", error)
        self.error = error
        for it in taken:
            it.kept = False


def batches_of(taken: Sequence[Taken]) -> list[Batch]:
    """One batch for each source. Of its mere signs of life the newest is enough."""
    batches: dict[str, Batch] = {}
    heard: dict[str, Fact] = {}
    for it in taken:
        batch = batches.setdefault(it.source, Batch(it.source))
        batch.counts.received += 1
        if it.reject is not None:
            batch.rejects.append(it.reject)
        if not it.decoded.ignored:
            batch.facts += it.facts
            continue
        batch.counts.ignored += 1
        (fact,) = it.facts
        if it.source not in heard or fact.sent_ns >= heard[it.source].sent_ns:
            heard[it.source] = fact
    for source, fact in heard.items():
        batches[source].facts.append(fact)
    return list(batches.values())
