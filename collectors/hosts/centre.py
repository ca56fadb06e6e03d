"""What the centre can say of its own parts: which run, how its feeds do, how old the newest backup is."""

from collections.abc import Iterator
from contextlib import suppress

from sqlalchemy import Engine

from collectors.hosts.frames import frame
from ioc.backup import is_on, newest
from ioc.config import Settings
from ioc.database import make_engine
from ioc.domain import MINUTE, SECOND, Frame
from ioc.intake import SourceStatus, SourceStatuses, quarantined_by_source
from ioc.pidfile import process_id

HOUR_NS = 60 * MINUTE
PARTS = ("worker", "scheduler", "web")
EMBEDDED = ("broker", *PARTS)
ALIVE_NS = MINUTE  # the worker writes the row of a source each second; an older row is of a source that is no more
JOURNAL = "journal"


class Centre:
    """Looks at pid files, at the database and at the backups; called by one thread, and may block."""

    def __init__(self, settings: Settings, source: str) -> None:
        self._settings = settings
        self._source = source
        self._parts = PARTS if settings.mqtt.url else EMBEDDED
        self._seen: set[str] = set()
        self._engine: Engine | None = None

    def parts(self, now_ns: int) -> Iterator[Frame]:
        """Which processes are alive. One that is not is down where it belongs here: where `ioc run` looks after
        the parts, and where it was seen before; elsewhere it may run on another machine, and nothing is said."""
        supervised = bool(process_id(self._settings.data_dir, "supervisor"))
        for part in self._parts:
            alive = bool(process_id(self._settings.data_dir, part))
            if alive:
                self._seen.add(part)
            if alive or supervised or part in self._seen:
                yield frame("svc", {"up": alive}, now_ns, service=part, source=self._source)

    def backup(self, now_ns: int) -> Iterator[Frame]:
        """How old the newest backup is, or the installation where there never was one."""
        if not is_on(self._settings):
            return
        last = newest(self._settings)
        since = last.time_ns if last else self._installed_ns()
        if since is not None:
            age = max(0.0, (now_ns - since) / HOUR_NS)
            yield frame("svc", {"backup_age": age}, now_ns, service="database", source=self._source)

    def feeds(self, now_ns: int) -> Iterator[Frame]:
        """What each source and the journal do; raises DBAPIError where the database cannot be read."""
        if self._engine is None:
            self._engine = make_engine(self._settings.database.url)
        waiting = quarantined_by_source(self._engine)
        for status in SourceStatuses(self._engine).all():
            if now_ns - status.updated_ns <= ALIVE_NS:
                yield frame("it", _fields(status, waiting.get(status.name, 0), now_ns), now_ns, source=status.name)

    def close(self) -> None:
        """Let go of the database."""
        if self._engine is not None:
            self._engine.dispose()

    def _installed_ns(self) -> int | None:
        """When the first start made its keys."""
        with suppress(OSError):
            return (self._settings.data_dir / "secrets" / "web.key").stat().st_mtime_ns
        return None


def _fields(status: SourceStatus, quarantined: int, now_ns: int) -> dict[str, float | None]:
    if status.kind == JOURNAL:
        return {"backlog": status.backlog}
    last = status.last_message_ns
    return {
        "feed_age": None if last is None else max(0.0, (now_ns - last) / SECOND),
        "gap": status.gaps,
        "rejected": status.quarantined.total(),
        "quarantined": quarantined,
        "backlog": status.backlog,
    }
