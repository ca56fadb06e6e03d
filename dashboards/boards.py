"""Boards are data: which tiles a wall shows, which metric each figure takes and how it is put together.

The grammar is closed. What a board file may say stands in the models below; an unknown metric, ``how``, state or
class is refused at start with file, line and the nearest valid name.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from ioc.catalogue import LANGUAGES, Catalogue, Kind, Metric, Text
from ioc.config import Document, Faults, Shape, hint_for, validate, yaml_files
from ioc.config.files import Where

# How the values of many devices become one figure. ``in_range`` counts those within their device's own low and
# high; ``equals`` counts those in one state; ``ratio`` is sum over sum; the others are what they are called.
How = Literal["sum", "min", "max", "mean", "in_range", "out_of_range", "equals", "ratio"]
COUNTING = ("in_range", "out_of_range", "equals")
RANGED = ("in_range", "out_of_range")
LABEL_MAX = 16  # letters of the label of a fact (FACE, "Tile anatomy")
LEAD_LABEL_MAX = 20


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Words = Annotated[tuple[str, ...], BeforeValidator(lambda value: tuple(_as_list(value)))]


class TextSpec(Shape):
    """One text in three languages."""

    vi: str = Field(min_length=1)
    en: str = Field(min_length=1)
    fr: str = ""

    def in_(self, language: str) -> str:
        """The text in this language."""
        return Text(self.vi, self.en, self.fr).in_(language)


class Unless(Shape):
    """Takes away the devices that are in this state of another metric, or whose state is not known now."""

    metric: str
    state: str


class Term(Shape):
    """One figure: the metrics it takes, of which devices, and how they become one number."""

    metric: Words = Field(min_length=1)
    how: How
    use: Words = ()  # what the registry says a device is for; empty: any
    state: Words = ()  # with ``equals``: the codes of the states that are counted
    unless: Unless | None = None
    title: TextSpec | None = None
    decimals: int | None = Field(default=None, ge=0, le=3)
    of: bool = False  # show "/ how many were counted" beside it
    over: str = ""  # show "/ the sum of this metric" beside it
    warn_above: float | None = None  # what it cannot be beyond without somebody acting
    sign: Literal["plus", "minus"] | None = None  # of a lead's fact: how it goes into the result

    @property
    def names(self) -> tuple[str, ...]:
        """Every metric that it names."""
        return (*self.metric, *((self.over,) if self.over else ()), *((self.unless.metric,) if self.unless else ()))


class PartSpec(Shape):
    """A piece of a rule that is cut up: a sum, and what it looks like. ``used`` stands at the right end."""

    metric: str
    look: Literal["free", "todo", "used"]


class GaugeSpec(Shape):
    """The rule above a tile: from where to where it reaches. Limits are the metric's thresholds.

    Without ``to`` it reaches as far as many were counted, or to the sum of the metric ``of``; then ``parts`` may cut
    it up.
    """

    low: float = Field(default=0.0, alias="from")
    high: float | None = Field(default=None, alias="to")
    of: str = ""
    parts: list[PartSpec] = Field(default_factory=list, max_length=4)


class LinkSpec(Shape):
    """Where a tile leads: the devices of one class, or a page of the facility."""

    class_: str = Field(default="", alias="class")
    page: Literal["", "beds"] = ""


class TileSpec(Shape):
    """One tile. ``lead`` spans eight columns and shows its facts as large terms, those with a sign as a sum."""

    id: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    title: TextSpec
    unit: TextSpec | None = None  # {} stands for ``beside``
    beside: Term | None = None
    definition: TextSpec
    size: Literal["normal", "wide", "lead"] = "normal"
    figure: Term
    facts: list[Term] = Field(default_factory=list, max_length=5)
    result: TextSpec | None = None  # what figure and signed facts come to is called so
    gauge: GaugeSpec | None = None
    empty: TextSpec | None = None  # what a true 0 means, in one sentence
    undefined: TextSpec | None = None  # what a ratio over nothing means
    covers: TextSpec | None = None  # what "n/m … báo" counts
    link: LinkSpec | None = None

    @property
    def terms(self) -> list[Term]:
        """All of its figures."""
        return [self.figure, *self.facts, *([self.beside] if self.beside else [])]

    @property
    def names(self) -> frozenset[str]:
        """Every metric that it names."""
        gauge = self.gauge
        more = [gauge.of, *(part.metric for part in gauge.parts)] if gauge else []
        return frozenset(code for code in (*(n for term in self.terms for n in term.names), *more) if code)


class FeedSpec(Shape):
    """One item of the bottom row: the age of a source, or a figure with up to one beside it."""

    id: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    title: TextSpec
    source: str = ""
    figure: Term | None = None
    beside: Term | None = None
    link: LinkSpec | None = None

    @property
    def names(self) -> frozenset[str]:
        """Every metric that it names."""
        return frozenset(name for term in (self.figure, self.beside) if term for name in term.names)


class BoardSpec(Shape):
    """One file of ``configs/boards/``."""

    title: TextSpec
    tiles: list[TileSpec] = Field(min_length=1, max_length=12)
    feeds: list[FeedSpec] = Field(default_factory=list, max_length=9)


@dataclass(frozen=True, slots=True)
class Board:
    """A board that has been checked against the catalogue."""

    name: str
    spec: BoardSpec
    catalogue: Catalogue

    @property
    def parts(self) -> list[TileSpec | FeedSpec]:
        """Tiles, then feeds."""
        return [*self.spec.tiles, *self.spec.feeds]

    def metrics(self, part: TileSpec | FeedSpec) -> frozenset[str]:
        """The metrics whose series a tile or feed takes; of a ratio its numerator and denominator."""
        return frozenset(code for name in part.names for code in self.catalogue.metrics[name].parts)


def load_boards(config_dir: Path, catalogue: Catalogue) -> Mapping[str, Board]:
    """Every board of ``config_dir/boards`` by name; raises RefuseToStartError with all faults of all files."""
    faults = Faults("B")
    boards = {}
    for document in yaml_files(config_dir / "boards", faults):
        spec = validate(BoardSpec, document, faults)
        if spec is not None:
            _Check(document, catalogue, faults).board(spec)
            boards[document.path.stem] = Board(document.path.stem, spec, catalogue)
    faults.refuse()
    return boards


class _Check:
    """What the shapes cannot say: names that must exist elsewhere."""

    def __init__(self, document: Document, catalogue: Catalogue, faults: Faults) -> None:
        self._document = document
        self._catalogue = catalogue
        self._faults = faults

    def _add(self, number: int, where: Where, what: str, hint: str = "") -> None:
        self._faults.add(number, self._document.where(where), what, hint)

    def board(self, spec: BoardSpec) -> None:
        """Every tile and feed."""
        self._ids((f"tiles.{n}", ("tiles", n, "id"), tile.id) for n, tile in enumerate(spec.tiles))
        self._ids((f"feeds.{n}", ("feeds", n, "id"), feed.id) for n, feed in enumerate(spec.feeds))
        for n, tile in enumerate(spec.tiles):
            self._tile(tile, ("tiles", n))
        for n, feed in enumerate(spec.feeds):
            where: Where = ("feeds", n)
            if bool(feed.source) == bool(feed.figure):
                self._add(14, where, f"the feed {feed.id!r} needs either a source or a figure.")
            for key, term in (("figure", feed.figure), ("beside", feed.beside)):
                if term:
                    self._term(term, (*where, key))
            if feed.link:
                self._link(feed.link, (*where, "link"))

    def _ids(self, ids: Iterable[tuple[str, Where, str]]) -> None:
        seen: dict[str, str] = {}
        for name, where, id_ in ids:
            if id_ in seen:
                self._add(10, where, f"{name}: the id {id_!r} is that of {seen[id_]} too.")
            seen.setdefault(id_, name)

    def _tile(self, tile: TileSpec, where: Where) -> None:
        self._term(tile.figure, (*where, "figure"))
        if tile.link:
            self._link(tile.link, (*where, "link"))
        self._around(tile, where)
        if tile.size != "lead" and len(tile.facts) > 3:
            self._add(15, (*where, "facts"), f"the tile {tile.id!r} has {len(tile.facts)} facts; it has room for 3.")
        for n, fact in enumerate(tile.facts):
            at: Where = (*where, "facts", n)
            self._term(fact, at)
            if fact.title is None:
                self._add(5, at, f"facts.{n}.title is missing.")
                continue
            room = LEAD_LABEL_MAX if tile.size == "lead" else LABEL_MAX
            for language in LANGUAGES:
                if len(label := fact.title.in_(language)) > room:
                    self._add(16, (*at, "title"), f"{label!r} has {len(label)} letters; there is room for {room}.")

    def _around(self, tile: TileSpec, where: Where) -> None:
        """What stands beside the figure, above it and after it."""
        if tile.beside:
            self._term(tile.beside, (*where, "beside"))
        if (tile.beside is not None) != (tile.unit is not None and "{}" in tile.unit.vi):
            self._add(17, (*where, "unit"), f"the tile {tile.id!r}: beside stands where its unit has {{}}.")
        if tile.result and (tile.size != "lead" or not any(fact.sign for fact in tile.facts)):
            self._add(
                18, (*where, "result"), f"the tile {tile.id!r}: a result needs a lead with facts that have a sign."
            )
        gauge = tile.gauge
        if gauge is None:
            return
        if gauge.of:
            self._metric(gauge.of, (*where, "gauge", "of"))
        for n, part in enumerate(gauge.parts):
            self._metric(part.metric, (*where, "gauge", "parts", n, "metric"))
        if (gauge.parts and not gauge.of) or (gauge.of and gauge.high is not None):
            self._add(
                19, (*where, "gauge"), f"the tile {tile.id!r}: a rule reaches to a number or to a metric, with parts."
            )

    def _link(self, link: LinkSpec, where: Where) -> None:
        if bool(link.class_) == bool(link.page):
            self._add(20, where, "a link leads to a class or to a page.", "Write class: fridge, or page: beds.")
        if not link.class_:
            return
        classes = {metric.measurement for metric in self._catalogue}
        if link.class_ not in classes:
            hint = hint_for(link.class_, sorted(classes))
            self._add(11, (*where, "class"), f"there is no device class {link.class_!r}.", hint)

    def _term(self, term: Term, where: Where) -> None:
        for code in term.metric:
            metric = self._metric(code, (*where, "metric"))
            if metric is not None:
                self._how(term, metric, where)
        if term.over:
            self._metric(term.over, (*where, "over"))
        if term.unless is not None:
            other = self._metric(term.unless.metric, (*where, "unless", "metric"))
            if term.how != "equals":
                self._add(13, (*where, "unless"), f"unless goes with how: equals, not {term.how!r}.")
            if other is not None:
                self._state(term.unless.state, other, (*where, "unless", "state"))

    def _metric(self, code: str, where: Where) -> Metric | None:
        metric = self._catalogue.get(code)
        if metric is None:
            self._add(12, where, f"there is no metric {code!r}.", hint_for(code, self._catalogue.metrics))
        return metric

    def _how(self, term: Term, metric: Metric, where: Where) -> None:
        if metric.tags:  # of one whose entry in the catalogue is faulty, that is told there
            self._fits(term, metric, where)
        if term.how != "equals":
            if term.state:
                self._add(13, (*where, "state"), f"a state goes with how: equals, not {term.how!r}.")
            if metric.kind is Kind.STATE and term.how in ("sum", "mean", "in_range", "out_of_range"):
                hint = "Count one state with how: equals, or take min or max."
                self._add(13, (*where, "how"), f"states have no {term.how}: {metric.code}.", hint)
            return
        if not term.state:
            self._add(5, where, "state is missing: how: equals counts one state or several.")
        for state in term.state:
            self._state(state, metric, (*where, "state"))

    def _fits(self, term: Term, metric: Metric, where: Where) -> None:
        if (metric.kind is Kind.RATIO) != (term.how == "ratio"):
            what = f"{metric.code} is a ratio" if metric.kind is Kind.RATIO else f"{metric.code} is no ratio"
            self._add(13, (*where, "how"), f"{what}.", "how: ratio goes with ratios, and nothing else does.")
        if "device" not in metric.tags and (term.use or term.how in RANGED):
            self._add(13, where, f"{metric.code} is of no device: it has no use and no range.")

    def _state(self, state: str, metric: Metric, where: Where) -> None:
        codes = [known.code for known in metric.states]
        if not codes:
            self._add(13, where, f"{metric.code} has no states to count.", "Use sum, min, max or in_range.")
        elif state not in codes:
            self._add(13, where, f"{metric.code} has no state {state!r}.", hint_for(state, codes))
