"""The door for HL7 as a collector: one listener, and as many sources as the file names."""

import logging
import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import Literal

from collectors.hl7.committer import Committer, batches_of
from collectors.hl7.identity import Identity
from collectors.hl7.reception import CUT, DOOR, Reception
from collectors.hl7.server import Limits, Server
from collectors.hl7.sources import FILE, Sources, load_sources
from ioc.catalogue import Catalogue
from ioc.config import Address, Settings, read_secret
from ioc.domain import MINUTE, Clock, SystemClock
from ioc.errors import Reason, RejectError
from ioc.intake import Health, Intake
from ioc.registry import Registry

log = logging.getLogger(__name__)

BEHIND_NS = 15 * MINUTE  # what was sent so long before it came is a backlog
LATELY_NS = 5 * MINUTE  # some connect for each message: they are not gone in between
BACKLOG_SAID_NS = MINUTE
END_WITHIN_S = 1.5  # for each of the two threads


class Hl7Collector:
    """Everything that comes over MLLP."""

    name = DOOR
    kind = "hl7"
    lane: Literal["readings", "facts"] = "facts"

    def __init__(
        self, address: Address, limits: Limits, sources: Sources, identity: Identity, clock: Clock | None = None
    ) -> None:
        self._address = address
        self._limits = limits
        self._sources = sources
        self._clock = clock or SystemClock()
        self._reception = Reception(sources, identity, self._clock)
        self._intake: Intake | None = None
        self._committer: Committer | None = None
        self._server: Server | None = None
        self._threads: list[threading.Thread] = []

    @property
    def listening(self) -> Address | None:
        """Where it listens, None while it does not."""
        return self._server.listening if self._server is not None else None

    def start(self, intake: Intake) -> None:
        """Listen, and commit what comes to ``intake``."""
        self._intake = intake
        self._committer = Committer(intake)
        self._server = Server(self._address, self._limits, self._reception, self._committer)
        parts: list[tuple[str, Callable[[], None]]] = [("committer", self._committer.run), ("server", self._server.run)]
        for part, run in parts:
            thread = threading.Thread(target=run, name=f"collector-{self.name}-{part}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def ready(self) -> bool:
        """Whether senders can connect."""
        return self.listening is not None

    def stop(self) -> None:
        """Close the door. What was not answered is sent again."""
        if self._server is not None and self._committer is not None:
            self._server.stop()
            self._committer.stop()
        for thread in reversed(self._threads):
            thread.join(END_WITHIN_S)

    def health(self) -> Health:
        """How the door is now."""
        if self._server is None or self._committer is None:
            return Health(connected=False)
        nobody = "" if len(self._sources) else f"No sender is configured in {FILE}: every message is refused."
        error = self._server.error or self._committer.error or nobody
        return Health(self.ready(), error, self._committer.waiting)

    def sources(self) -> Mapping[str, Callable[[], Health]]:
        """The door itself, for what no configured sender sent, and each sender."""
        each = {source.name: partial(self._health_of, source.name) for source in self._sources}
        return {self.name: self.health, **each}

    def replay(self, topic: str, raw: bytes) -> None:
        """Commit what this message gives now; raises RejectError with what is still wrong with it."""
        assert self._intake is not None
        _, _, rest = topic.partition("/")
        peer, _, what = rest.partition("/")
        if what == CUT:
            raise RejectError(Reason.TOO_LARGE, "only its beginning was kept", "Have its sender send it again.")
        taken = self._reception.message(raw, peer, self._clock.now_ns())
        if taken.reject is not None:
            raise RejectError(taken.reject.reason, taken.reject.detail)
        self._intake.commit_all(batches_of([taken]))

    def _health_of(self, source: str) -> Health:
        """How one sender is: connected or lately heard, and whether it is catching up."""
        if self._server is None or self._committer is None:
            return Health(connected=False)
        lag = self._reception.lags.get(source)
        since_ns = self._clock.now_ns() - lag.received_ns if lag else LATELY_NS
        error = self._committer.error
        if not error and lag and lag.behind_ns > BEHIND_NS and since_ns < BACKLOG_SAID_NS:
            error = f"Catching up: what comes now was sent {lag.behind_ns // MINUTE} min ago."
        return Health(self._server.speaks(source) or since_ns < LATELY_NS, error)


def build(settings: Settings, _catalogue: Catalogue, registry: Registry) -> Hl7Collector:
    """The collector of ``mllp.bind`` and of the file of sources; raises RefuseToStartError with all faults of it."""
    sources = load_sources(settings.config_dir, registry, settings.timezone)
    identity = Identity(read_secret(settings, "identity").reveal())
    limits = Limits(settings.mllp.max_message, float(settings.mllp.idle_seconds))
    return Hl7Collector(settings.mllp.bind, limits, sources, identity)
