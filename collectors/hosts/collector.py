"""This machine as a source: looked at every few seconds, on a thread of its own."""

import logging
import socket
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Literal

from sqlalchemy.exc import DBAPIError

from collectors.hosts.centre import Centre
from collectors.hosts.frames import machine_frames
from collectors.hosts.machine import Sample, sample
from ioc.catalogue import Catalogue
from ioc.config import Settings
from ioc.domain import Clock, Frame, SystemClock
from ioc.errors import Reason, RejectError, RetryError
from ioc.intake import Batch, Counts, Health, Intake
from ioc.polling import code_of
from ioc.registry import Registry

log = logging.getLogger(__name__)

RETRY_S = 1.0


class HostsCollector:
    """This machine, and the centre on it. It has no other side that could be away: started, it is ready."""

    name = kind = "hosts"
    lane: Literal["readings"] = "readings"

    def __init__(
        self, look: Callable[[], Sample], centre: Centre, host: str, every_s: float, clock: Clock | None = None
    ) -> None:
        self._look = look
        self._centre = centre
        self._host = host
        self._every_s = every_s
        self._clock = clock or SystemClock()
        self._before: Sample | None = None
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._errors: dict[str, str] = {}  # by what it is of; replaced by the thread, read by others

    def start(self, intake: Intake) -> None:
        """Look at once, and from then on every few seconds."""
        self._thread = threading.Thread(target=self._run, args=(intake,), name=f"collector-{self.name}", daemon=True)
        self._thread.start()

    def ready(self) -> bool:
        """Whether it looks."""
        return self._thread is not None and self._thread.is_alive() and not self._stopping.is_set()

    def stop(self) -> None:
        """End the thread; what was seen and could not be committed is forgotten, as this machine says it anew."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(3.0)

    def health(self) -> Health:
        """How it is now."""
        return Health(self.ready(), " ".join(list(self._errors.values())))

    def sources(self) -> Mapping[str, Callable[[], Health]]:
        """It is its only source."""
        return {self.name: self.health}

    def replay(self, topic: str, raw: bytes) -> None:  # noqa: ARG002 (the contract's)
        """Nothing of it is ever quarantined, so there is nothing to read again."""
        raise RejectError(Reason.TOPIC, "this machine sends no messages: nothing of it is ever quarantined")

    def _run(self, intake: Intake) -> None:
        while not self._stopping.is_set():
            batch = Batch(self.name, self.frames())
            batch.counts = Counts(received=len(batch.frames))
            self._commit(intake, batch)
            self._stopping.wait(self._every_s)
        self._centre.close()

    def frames(self) -> list[Frame]:
        """All that there is to say now. What cannot be looked at is left out, and said in ``health``."""
        now_ns = self._clock.now_ns()
        looks: Sequence[tuple[str, Callable[[int], Iterable[Frame]]]] = (
            ("machine", self._machine),
            ("parts", self._centre.parts),
            ("backup", self._centre.backup),
            ("feeds", self._centre.feeds),
        )
        found: list[Frame] = []
        errors: dict[str, str] = {}
        for name, look in looks:
            try:
                found += look(now_ns)
            except Exception as error:
                what = str(error.orig) if isinstance(error, DBAPIError) else f"{type(error).__name__}: {error}"
                errors[name] = f"The {name} cannot be looked at: {what}."
                if name not in self._errors:
                    log.warning("%s", errors[name], exc_info=not isinstance(error, DBAPIError | OSError))
        self._errors = errors
        return found

    def _machine(self, now_ns: int) -> list[Frame]:
        now = self._look()
        before, self._before = self._before, now
        return list(machine_frames(now, before, self._host, self.name, now_ns))

    def _commit(self, intake: Intake, batch: Batch) -> None:
        """Commit, as often as it takes; meanwhile nothing new is looked at, and what is shown grows old."""
        while not self._stopping.is_set():
            try:
                intake.commit(batch)
            except RetryError as error:
                self._errors = {"intake": f"Nothing is taken: {error} {error.hint}".strip()}
            except Exception:
                log.exception("the intake failed; the batch of %s is kept and tried again", self.name)
                self._errors = {"intake": "Nothing is taken: the intake failed; its log says why."}
            else:
                return
            self._stopping.wait(RETRY_S)


def build(settings: Settings, _catalogue: Catalogue, _registry: Registry) -> HostsCollector:
    """The collector of the machine that this process runs on."""
    host = settings.hosts.name or code_of(socket.gethostname(), "host")
    look = partial(sample, settings.data_dir)
    return HostsCollector(look, Centre(settings, HostsCollector.name), host, float(settings.hosts.every_seconds))
