"""The pulse of a process: its figures, written to the database every few seconds, for whoever is asked for them."""

import logging
import os
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import orjson
from sqlalchemy import Engine, delete, select
from sqlalchemy.exc import SQLAlchemyError

from ioc.database import reading, writing
from ioc.domain import MINUTE, SECOND, Clock
from ioc.errors import IocError
from ioc.telemetry.meter import Figure, Meter
from ioc.telemetry.process import of_process
from ioc.telemetry.tables import pulses
from ioc.upsert import upsert

log = logging.getLogger(__name__)

BEAT_NS = 5 * SECOND
ALIVE_NS = 20 * SECOND  # one that has not beaten for so long is not at work
GONE_NS = 10 * MINUTE  # and is forgotten after so long


@dataclass(frozen=True, slots=True)
class Pulse:
    """One process: which part of the centre on which machine, and its figures at ``at_ns``."""

    part: str
    host: str
    pid: int
    at_ns: int
    figures: tuple[Figure, ...]

    def one(self, name: str, **labels: str) -> Figure | None:
        """The figure of this name and these labels; None where there is none."""
        wanted = tuple(sorted(labels.items()))
        return next((it for it in self.figures if it.name == name and it.labels == wanted), None)

    def all(self, name: str) -> list[Figure]:
        """Every figure of this name."""
        return [figure for figure in self.figures if figure.name == name]


class Pulses:
    """The table of them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def save(self, pulse: Pulse) -> None:
        """Write it, and forget those of processes that are long gone."""
        figures = [[it.name, it.labels, it.value, it.counts] for it in pulse.figures]
        row = {"part": pulse.part, "host": pulse.host, "pid": pulse.pid, "at_ns": pulse.at_ns}
        with writing(self._engine) as connection:
            upsert(connection, pulses, [row | {"figures": orjson.dumps(figures).decode()}])
            connection.execute(delete(pulses).where(pulses.c.at_ns < pulse.at_ns - GONE_NS))

    def forget(self, part: str, host: str, pid: int) -> None:
        """The process ends."""
        its = (pulses.c.part == part) & (pulses.c.host == host) & (pulses.c.pid == pid)
        with writing(self._engine) as connection:
            connection.execute(delete(pulses).where(its))

    def alive(self, now_ns: int, within_ns: int = ALIVE_NS) -> list[Pulse]:
        """Those that have beaten so lately, by part, host and number: by default those at work now."""
        query = select(pulses).order_by(pulses.c.part, pulses.c.host, pulses.c.pid)
        with reading(self._engine) as connection:
            rows = connection.execute(query.where(pulses.c.at_ns >= now_ns - within_ns)).all()
        return [Pulse(row.part, row.host, row.pid, row.at_ns, _figures(row.figures)) for row in rows]


def _figures(text: str) -> tuple[Figure, ...]:
    return tuple(
        Figure(name, tuple((label, word) for label, word in labels), value, tuple(counts))
        for name, labels, value, counts in orjson.loads(text)
    )


class Heart:
    """Has a process beat: ``look`` puts what is not counted as it happens. Called by one thread."""

    def __init__(
        self, engine: Engine, part: str, meter: Meter, clock: Clock, look: Sequence[Callable[[], object]] = ()
    ) -> None:
        self._pulses = Pulses(engine)
        self._part = part
        self._meter = meter
        self._clock = clock
        self._look = look
        self._host = socket.gethostname()
        self._due_ns = 0
        self._error = ""

    def beat(self) -> None:
        """Write the figures where it is time to. Nobody's work waits for them: what fails is said, once."""
        now_ns = self._clock.now_ns()
        if now_ns < self._due_ns <= now_ns + BEAT_NS:
            return
        self._due_ns = now_ns + BEAT_NS
        try:
            of_process(self._meter)
            for look in self._look:
                look()
            self._pulses.save(Pulse(self._part, self._host, os.getpid(), now_ns, tuple(self._meter.figures())))
        except (SQLAlchemyError, IocError, OSError) as error:
            if not self._error:
                log.warning("The figures of this process cannot be written: %s", getattr(error, "orig", error))
            self._error = str(error)
        else:
            self._error = ""

    def stop(self) -> None:
        """The process ends, and is no more at work."""
        try:
            self._pulses.forget(self._part, self._host, os.getpid())
        except SQLAlchemyError as error:
            why = getattr(error, "orig", error)
            log.info("The figures of this process stay for %d s: %s", ALIVE_NS // SECOND, why)
