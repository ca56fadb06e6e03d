"""``/sources``: what each source does, what nobody has confirmed yet, and how to connect one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from flask import Blueprint, Flask, current_app, get_template_attribute, render_template
from flask_babel import force_locale

from dashboards import format as fmt
from dashboards.access import authorise
from dashboards.hospital.live import how_to_connect
from dashboards.render import address as url_of
from dashboards.render import language, now_ns
from dashboards.services import Services, services
from ioc.catalogue import LANGUAGES
from ioc.domain import MINUTE, SECOND, Series, State, rfc3339, state_at
from ioc.intake import SourceStatus, SourceStatuses, Unconfirmed
from ioc.latest import Book

bp = Blueprint("sources", __name__)
ALIVE_NS = 10 * SECOND  # the worker writes each source's row about every second
FEED_MAX_AGE = MINUTE
LOOK_NS = 2 * SECOND
LIST = "sources"
OWN = ("hosts", "journal")  # of the centre itself: that they speak does not mean that a device does


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
    ago: str


@dataclass(frozen=True)
class SourcesView:
    """The list of sources as the hub sees it: no value touches it, so it looks by itself."""

    action: ClassVar[str] = "sources"
    services: Services
    facility: str
    site: str
    language: str

    @property
    def key(self) -> tuple[str, ...]:
        """What tells this view from every other."""
        return ("sources", self.facility, self.site, self.language)

    def parts(self) -> Sequence[str]:
        """The list, whole."""
        return (LIST,)

    def touched(self, _series: Series) -> Iterable[str]:
        """Nothing: what the worker counts stands in a row of its own."""
        return ()

    def render(self, _part: str, _book: Book, now_ns: int) -> tuple[str, int | None]:
        """The list, and when to look again."""
        with force_locale(self.language):
            return get_template_attribute("page-parts.html", LIST)(self.rows(now_ns)), now_ns + LOOK_NS

    def rows(self, now_ns: int) -> list[Row]:
        """Every source."""
        zone = self.services.settings.timezone
        return [_row(status, now_ns, self.language, zone) for status in SourceStatuses(self.services.engine).all()]


def sources_view(app: Flask, arguments: Mapping[str, str]) -> SourcesView:
    """The view that a stream asks for with ``facility``, ``site`` (the asker's scope) and ``lang``."""
    own: Services = app.extensions["ioc"]
    spoken = arguments.get("lang", "")
    spoken = spoken if spoken in LANGUAGES else own.settings.language
    return SourcesView(own, arguments.get("facility", ""), arguments.get("site", ""), spoken)


@bp.get("/sources")
def index() -> str:
    """The list, and what to do while nothing is connected."""
    principal = authorise("sources")
    own = services()
    asked = {"facility": principal.scope.facility, "site": principal.scope.site, "lang": language()}
    sources = sources_view(current_app, asked).rows(now_ns())
    unconfirmed = Unconfirmed(own.engine, own.clock).list(principal.scope.facility)
    code = principal.scope.facility or next(iter(own.registry.facilities), "bv01")
    address, _topic = how_to_connect(own, code)
    example = f'{{"ts":"{rfc3339(now_ns() // SECOND * SECOND)}","m":{{"temp":{{"v":4.2,"u":"Cel"}}}}}}'
    return render_template(
        "sources.html",
        sources=sources,
        unconfirmed=unconfirmed,
        connected=any(source.last_message_ns is not None for source in sources if source.kind not in OWN),
        address=address,
        example=example,
        stream=url_of("api.stream", {"view": "sources", **asked}),
    )


def _row(status: SourceStatus, now: int, spoken: str, zone: str) -> Row:
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
        ago="" if status.last_message_ns is None else fmt.ago(status.last_message_ns, now, spoken, zone),
    )
