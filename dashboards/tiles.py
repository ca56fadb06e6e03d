"""Tiles: what a board shows at one moment, ready to be drawn. Pure: the same book and time, the same tile."""

from dataclasses import dataclass

from dashboards.alarms import Alarms
from dashboards.boards import FeedSpec, TileSpec
from dashboards.reckon import Lens, Shown, limits_of, reckon, source_age
from ioc.domain import State


@dataclass(frozen=True, slots=True)
class Gauge:
    """The rule of a tile in thousandths of its width: how long the value is, and where the limits stand."""

    value: int | None = None
    limits: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Tile:
    """One tile, ready to be drawn."""

    id: str
    size: str
    title: str
    unit: str
    meaning: str
    href: str
    figure: Shown
    facts: tuple[Shown, ...] = ()
    gauge: Gauge = Gauge()
    empty: str = ""
    covers: str = ""
    condition: str = ""  # loading or error: the page's own, not the value's
    code: str = ""  # of an error
    next_change_ns: int | None = None
    alarm: str = ""  # the worst level of all that its figures take
    real: bool = False  # whether that is no exercise

    @property
    def level(self) -> str:
        """That, or the level of its figure."""
        return self.alarm or self.figure.level


@dataclass(frozen=True, slots=True)
class Feed:
    """One item of the bottom row."""

    id: str
    title: str
    href: str
    figure: Shown
    beside: Shown | None = None
    ages: bool = False  # its figure is how long ago the source spoke
    next_change_ns: int | None = None


def build_tile(spec: TileSpec, lens: Lens, alarms: Alarms) -> Tile:
    """The tile of ``spec`` as of ``lens.now_ns``."""
    figure = alarms.on_term(reckon(spec.figure, lens), spec.figure)
    facts = tuple(alarms.on_term(reckon(term, lens), term) for term in spec.facts)
    changes = [t for shown in (figure, *facts) if (t := shown.turns_ns) is not None]
    worst = alarms.worst(spec.figure, *spec.facts)
    nothing = figure.value == 0 and figure.state in (State.FRESH, State.LATE)
    return Tile(
        id=f"tile-{spec.id}",
        size=spec.size,
        title=spec.title.in_(lens.language),
        unit=spec.unit.in_(lens.language) if spec.unit else "",
        meaning=spec.definition.in_(lens.language),
        href=_href(spec.link.class_, lens),
        figure=figure,
        facts=facts,
        gauge=_gauge(spec, figure, lens),
        empty=spec.empty.in_(lens.language) if spec.empty and nothing and not facts else "",
        covers=spec.covers.in_(lens.language) if spec.covers else "",
        next_change_ns=min(changes, default=None),
        alarm=worst.level.word if worst else "",
        real=worst is not None and not worst.simulated,
    )


def build_feed(spec: FeedSpec, lens: Lens, alarms: Alarms) -> Feed:
    """The item of ``spec`` as of ``lens.now_ns``."""
    own = spec.figure
    figure = alarms.on_term(reckon(own, lens), own) if own else source_age(spec.source, lens)
    beside = alarms.on_term(reckon(spec.beside, lens), spec.beside) if spec.beside else None
    changes = [t for shown in (figure, beside) if shown and (t := shown.turns_ns) is not None]
    href = _href(spec.link.class_, lens) if spec.link else "/sources"
    title = spec.title.in_(lens.language)
    return Feed(spec.id, title, href, figure, beside, bool(spec.source), min(changes, default=None))


def _href(device_class: str, lens: Lens) -> str:
    site = f"&site={lens.site}" if lens.site else ""
    return f"/devices/{lens.facility}?class={device_class}{site}"


def _gauge(spec: TileSpec, figure: Shown, lens: Lens) -> Gauge:
    """How far the rule of a tile is filled, and where its limits stand."""
    if spec.gauge is None or figure.value is None:
        return Gauge()
    low, high = spec.gauge.low, spec.gauge.high if spec.gauge.high is not None else float(figure.n)
    if high <= low:
        return Gauge()

    def at(value: float) -> int:
        return round(1000 * min(1.0, max(0.0, (value - low) / (high - low))))

    limits = {at(limit) for limit in limits_of(spec.figure, lens) if low < limit < high}
    return Gauge(at(figure.value), tuple(sorted(limits)))
