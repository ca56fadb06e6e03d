"""What /healthz looks at: database, store, hub, worker and whether alerts are judged."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

import gevent
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from dashboards.services import Services
from ioc.database import reading
from ioc.domain import MINUTE, SECOND
from ioc.errors import IocError
from ioc.intake import SourceStatuses

_log = logging.getLogger(__name__)

PATIENCE_S = 3.0
HUB_LATE_NS = 5 * SECOND
UNJUDGED_NS = 15 * SECOND  # another scheduler takes over within a lease of 5 s
WORKER_LATE_NS = 15 * SECOND  # it writes about each second; a busy disk may hold it up


@dataclass(frozen=True, slots=True)
class Check:
    """One part: whether it works, and a sentence where it does not."""

    ok: bool
    detail: str = ""
    age_s: float | None = None


def checks(parts: Services) -> dict[str, Check]:
    """Every check by the name of its part; each is given three seconds."""
    return {
        "database": _try(parts, _database),
        "store": _try(parts, _store),
        "hub": _hub(parts),
        "worker": _try(parts, _worker),
        "alerts": _try(parts, _alerts),
    }


def _try(parts: Services, look: Callable[[Services], Check]) -> Check:
    try:
        with gevent.Timeout(PATIENCE_S):
            return parts.offload(look, parts)
    except gevent.Timeout:
        return Check(ok=False, detail=f"no answer within {PATIENCE_S:.0f} s")
    except SQLAlchemyError as error:
        _log.warning("/healthz: %s", error)
        return Check(ok=False, detail="the database does not answer; the server's log says why")
    except IocError as error:
        _log.warning("/healthz: %s", error)
        return Check(ok=False, detail="it does not answer; the server's log says why")


def _database(parts: Services) -> Check:
    with reading(parts.engine) as connection:
        connection.execute(text("select count(*) from users"))
    return Check(ok=True)


def _store(parts: Services) -> Check:
    metric = next(iter(parts.catalogue)).code
    parts.store.latest(metric, {"device": "none"}, MINUTE)
    return Check(ok=True)


def _hub(parts: Services) -> Check:
    hub = parts.hub
    if not hub.running or hub.last_tick_ns is None:
        return Check(ok=True, detail="not started: no screen has asked yet")
    age_ns = parts.clock.now_ns() - hub.last_tick_ns
    ok = hub.reading and age_ns <= HUB_LATE_NS
    return Check(ok, "" if ok else "screens are not being fed", age_ns / SECOND)


def _worker(parts: Services) -> Check:
    statuses = SourceStatuses(parts.engine).all()
    if not statuses:
        return Check(ok=False, detail="no worker has been here; start it with `ioc run` or `ioc worker`")
    age_ns = parts.clock.now_ns() - max(status.updated_ns for status in statuses)
    ok = age_ns <= WORKER_LATE_NS
    return Check(ok, "" if ok else "the worker has stopped: values are not taken in", age_ns / SECOND)


def _alerts(parts: Services) -> Check:
    until_ns = parts.incident_reader.judged_until_ns()
    if not until_ns:
        return Check(ok=False, detail="no scheduler is at work; start it with `ioc run` or `ioc scheduler`")
    age_ns = parts.clock.now_ns() - until_ns
    ok = age_ns <= UNJUDGED_NS
    return Check(ok, "" if ok else "the scheduler has stopped: alerts are not judged", max(0, age_ns) / SECOND)
