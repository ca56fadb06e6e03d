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
# high; ``equals`` counts those in one state; the others are what they are called.
How = Literal["sum", "min", "max", "mean", "in_range", "out_of_range", "equals"]
COUNTING = ("in_range", "out_of_range", "equals")
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


class GaugeSpec(Shape):
    """The rule above a tile: from where to where it reaches. Limits are the metric's thresholds."""

    low: float = Field(default=0.0, alias="from")
    high: float | None = Field(default=None, alias="to")  # None: as many as were counted


class LinkSpec(Shape):
    """Where a tile leads: the devices of one class."""

    class_: str = Field(alias="class")


class TileSpec(Shape):
    """One tile. ``lead`` spans eight columns and shows its facts as large terms."""

    id: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    title: TextSpec
    unit: TextSpec | None = None
    definition: TextSpec
    size: Literal["normal", "wide", "lead"] = "normal"
    figure: Term
    facts: list[Term] = Field(default_factory=list, max_length=5)
    gauge: GaugeSpec | None = None
    empty: TextSpec | None = None  # what a true 0 means, in one sentence
    covers: TextSpec | None = None  # what "n/m … báo" counts
    link: LinkSpec


class FeedSpec(Shape):
    """One item of the bottom row: the age of a source, or a figure with up to one beside it."""

    id: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    title: TextSpec
    source: str = ""
    figure: Term | None = None
    beside: Term | None = None
    link: LinkSpec | None = None


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

    @property
    def parts(self) -> list[TileSpec | FeedSpec]:
        """Tiles, then feeds."""
        return [*self.spec.tiles, *self.spec.feeds]

    def metrics(self, part: str) -> frozenset[str]:
        """The metrics that a tile or feed of this id takes."""
        terms = self.terms(part)
        others = (term.unless.metric for term in terms if term.unless)
        return frozenset([*(code for term in terms for code in term.metric), *others])

    def terms(self, part: str) -> list[Term]:
        """The figures of a tile or feed."""
        for tile in self.spec.tiles:
            if tile.id == part:
                return [tile.figure, *tile.facts]
        for feed in self.spec.feeds:
            if feed.id == part:
                return [term for term in (feed.figure, feed.beside) if term]
        return []


def load_boards(config_dir: Path, catalogue: Catalogue) -> Mapping[str, Board]:
    """Every board of ``config_dir/boards`` by name; raises RefuseToStartError with all faults of all files."""
    faults = Faults("B")
    boards = {}
    for document in yaml_files(config_dir / "boards", faults):
        spec = validate(BoardSpec, document, faults)
        if spec is not None:
            _Check(document, catalogue, faults).board(spec)
            boards[document.path.stem] = Board(document.path.stem, spec)
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
                self._class(feed.link, (*where, "link"))

    def _ids(self, ids: Iterable[tuple[str, Where, str]]) -> None:
        seen: dict[str, str] = {}
        for name, where, id_ in ids:
            if id_ in seen:
                self._add(10, where, f"{name}: the id {id_!r} is that of {seen[id_]} too.")
            seen.setdefault(id_, name)

    def _tile(self, tile: TileSpec, where: Where) -> None:
        self._term(tile.figure, (*where, "figure"))
        self._class(tile.link, (*where, "link"))
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

    def _class(self, link: LinkSpec, where: Where) -> None:
        classes = {metric.measurement for metric in self._catalogue}
        if link.class_ not in classes:
            hint = hint_for(link.class_, sorted(classes))
            self._add(11, (*where, "class"), f"there is no device class {link.class_!r}.", hint)

    def _term(self, term: Term, where: Where) -> None:
        for code in term.metric:
            metric = self._metric(code, (*where, "metric"))
            if metric is not None:
                self._how(term, metric, where)
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

    def _state(self, state: str, metric: Metric, where: Where) -> None:
        codes = [known.code for known in metric.states]
        if not codes:
            self._add(13, where, f"{metric.code} has no states to count.", "Use sum, min, max or in_range.")
        elif state not in codes:
            self._add(13, where, f"{metric.code} has no state {state!r}.", hint_for(state, codes))
