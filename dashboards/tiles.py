"""Tiles: what a board shows at one moment, ready to be drawn. Pure: the same book and time, the same tile."""

from dataclasses import dataclass, replace

from dashboards import format as fmt
from dashboards.alarms import Alarms
from dashboards.boards import FeedSpec, GaugeSpec, LinkSpec, TileSpec
from dashboards.reckon import Lens, Shown, limits_of, reckon, source_age, sum_of
from dashboards.snapshot import CENSUS
from ioc.domain import State

GAP = 2  # between two pieces of a rule


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a rule that is cut up, in thousandths."""

    look: str
    at: int
    width: int


@dataclass(frozen=True, slots=True)
class Gauge:
    """The rule of a tile in thousandths of its width: how long the value is, and where the limits stand; or pieces."""

    value: int | None = None
    limits: tuple[int, ...] = ()
    pieces: tuple[Piece, ...] = ()


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
    result: Shown | None = None  # of a lead whose facts are a sum
    gauge: Gauge = Gauge()
    empty: str = ""
    undefined: str = ""  # why there is no number, though all that it takes is known
    oldest: bool = False  # whether its age is that of the oldest of several places, and is called so
    of_his: bool = False  # whether it is the HIS that has to be connected where there is none
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
    in_date = figure.state in (State.FRESH, State.LATE)
    return Tile(
        id=f"tile-{spec.id}",
        size=spec.size,
        title=spec.title.in_(lens.language),
        unit=_unit(spec, lens),
        meaning=spec.definition.in_(lens.language),
        href=_href(spec.link, lens) if spec.link else "",
        figure=figure,
        facts=facts,
        oldest=bool(lens.facilities),
        of_his=CENSUS in lens.catalogue.metrics[figure.metric].producers,
        result=_result(spec, figure, facts, lens) if spec.result else None,
        gauge=_gauge(spec, figure, lens),
        empty=spec.empty.in_(lens.language) if spec.empty and in_date and figure.value == 0 and not facts else "",
        undefined=spec.undefined.in_(lens.language) if spec.undefined and in_date and figure.value is None else "",
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
    href = _href(spec.link, lens) if spec.link else "/sources"
    title = spec.title.in_(lens.language)
    return Feed(spec.id, title, href, figure, beside, bool(spec.source), min(changes, default=None))


def _href(link: LinkSpec, lens: Lens) -> str:
    if link.page:
        return f"/{link.page}/{lens.facility}" + (f"?site={lens.site}" if lens.site else "")
    return f"/devices/{lens.facility}?class={link.class_}" + (f"&site={lens.site}" if lens.site else "")


def _unit(spec: TileSpec, lens: Lens) -> str:
    """What stands beside the name; nothing while the figure in it is not known."""
    unit = spec.unit.in_(lens.language) if spec.unit else ""
    if spec.beside is None:
        return unit
    beside = reckon(spec.beside, lens)
    return unit.replace("{}", beside.brief) if beside.state in (State.FRESH, State.LATE) else ""


def _result(spec: TileSpec, figure: Shown, facts: tuple[Shown, ...], lens: Lens) -> Shown:
    """What the figure and its signed facts come to: no number unless all of them are known."""
    parts = [(1, figure)]
    parts += [
        (-1 if term.sign == "minus" else 1, fact) for term, fact in zip(spec.facts, facts, strict=True) if term.sign
    ]
    numbers = [sign * shown.value for sign, shown in parts if shown.value is not None]
    state = max((shown.state for _, shown in parts), key=_WORST_LAST.index)
    known = len(numbers) == len(parts) and state in (State.FRESH, State.LATE)
    value = sum(numbers) if known else None
    text = fmt.number(value, 0, lens.language) if value is not None else fmt.NO_VALUE
    label = spec.result.in_(lens.language) if spec.result else ""
    return replace(figure, value=value, text=text, brief=text, label=label, state=state, of="", level="")


_WORST_LAST = (State.FRESH, State.LATE, State.STALE, State.MISSING)


def _gauge(spec: TileSpec, figure: Shown, lens: Lens) -> Gauge:
    """How far the rule of a tile is filled, and where its limits stand."""
    if spec.gauge is None or figure.value is None:
        return Gauge()
    if spec.gauge.of:
        return _cut_up(spec.gauge, figure, lens)
    low, high = spec.gauge.low, spec.gauge.high if spec.gauge.high is not None else float(figure.n)
    if high <= low:
        return Gauge()

    def at(value: float) -> int:
        return round(1000 * min(1.0, max(0.0, (value - low) / (high - low))))

    limits = {at(limit) for limit in limits_of(spec.figure, lens) if low < limit < high}
    return Gauge(at(figure.value), tuple(sorted(limits)))


def _cut_up(gauge: GaugeSpec, figure: Shown, lens: Lens) -> Gauge:
    """A rule as long as a sum, and the sums that are part of it, from the left; what is used, from the right."""
    whole = sum_of(gauge.of, lens)
    if not whole:
        return Gauge()
    if not gauge.parts:
        return Gauge(round(1000 * min(1.0, (figure.value or 0.0) / whole)))
    pieces, left = [], 0
    for part in gauge.parts:
        width = min(1000 - left, round(1000 * (sum_of(part.metric, lens) or 0.0) / whole))
        at = 1000 - width if part.look == "used" else left
        if width > GAP:
            pieces.append(Piece(part.look, at + GAP, width - GAP) if at else Piece(part.look, at, width))
        left += width if part.look != "used" else 0
    return Gauge(pieces=tuple(pieces))
