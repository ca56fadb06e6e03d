"""``/sources``: what each source does, what nobody has confirmed yet, and how to connect one."""

from dataclasses import dataclass

from flask import Blueprint, render_template

from dashboards.access import authorise
from dashboards.hospital.live import how_to_connect
from dashboards.render import now_ns
from dashboards.services import services
from ioc.domain import MINUTE, SECOND, State, rfc3339, state_at
from ioc.intake import SourceStatus, SourceStatuses, Unconfirmed

bp = Blueprint("sources", __name__)
ALIVE_NS = 10 * SECOND  # the worker writes each source's row about every second
FEED_MAX_AGE = MINUTE


@dataclass(frozen=True, slots=True)
class Row:
    """One source."""

    name: str
    kind: str
    connected: bool
    alive: bool
    state: State
    last_message_ns: int | None
    received: int
    accepted: int
    ignored: int
    total_quarantined: int
    gaps: int
    backlog: int
    error: str


@bp.get("/sources")
def index() -> str:
    """The list, and what to do while nothing is connected."""
    principal = authorise("sources")
    own = services()
    sources = [_row(status, now_ns()) for status in SourceStatuses(own.engine).all()]
    unconfirmed = Unconfirmed(own.engine, own.clock).list(principal.scope.facility)
    code = principal.scope.facility or next(iter(own.registry.facilities), "bv01")
    address, _topic = how_to_connect(own, code)
    example = f'{{"ts":"{rfc3339(now_ns())}","m":{{"temp":{{"v":4.2,"u":"Cel"}}}}}}'
    return render_template(
        "sources.html",
        sources=sources,
        unconfirmed=unconfirmed,
        connected=any(source.last_message_ns is not None for source in sources),
        address=address,
        example=example,
    )


def _row(status: SourceStatus, now: int) -> Row:
    return Row(
        name=status.name,
        kind=status.kind,
        connected=status.connected,
        alive=now - status.updated_ns <= ALIVE_NS,
        state=state_at(status.last_message_ns, FEED_MAX_AGE, now),
        last_message_ns=status.last_message_ns,
        received=status.received,
        accepted=status.accepted,
        ignored=status.ignored,
        total_quarantined=status.quarantined.total(),
        gaps=status.gaps,
        backlog=status.backlog,
        error=status.error,
    )
