"""Tiles made up for the sheet; none of these figures is anybody's."""

from dataclasses import dataclass, replace

from dashboards import format as fmt
from dashboards.alerts.rows import AlertRow
from dashboards.alerts.strip import Item, size_of
from dashboards.reckon import Shown
from dashboards.tiles import Feed, Gauge, Tile
from ioc.domain import MINUTE, SECOND, State

SCOPE = "facility:_sheet"
CONDITIONS = (
    "fresh",
    "late",
    "stale",
    "missing",
    "sim",
    "test",
    "bad",
    "warning",
    "critical",
    "empty",
    "loading",
    "error",
)
AGES = {State.FRESH: 15 * SECOND, State.LATE: 5 * MINUTE, State.STALE: 47 * MINUTE}
MAX_AGE = 2 * MINUTE


@dataclass(frozen=True, slots=True)
class Words:
    """The few texts that the samples need, already in the language of the page."""

    number: str
    number_unit: str
    facts: tuple[str, str, str]
    count: str
    count_unit: str
    lead: str
    terms: tuple[str, str, str, str]
    feed: str
    nothing: str
    covers: str
    alert: str


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes samples as of one moment, in one language and zone."""

    words: Words
    language: str
    zone: str
    now_ns: int

    def _shown(self, condition: str, value: float, decimals: int, unit: str, **more: object) -> Shown:
        state = State(condition) if condition in list(State) else State.FRESH
        quality = condition if condition in ("sim", "test", "bad") else "good"
        level = condition if condition in ("warning", "critical") else ""
        if state is State.MISSING or condition in ("loading", "error"):
            return Shown("fridge.temp", SCOPE, State.MISSING, "good", None, fmt.NO_VALUE, brief=fmt.NO_VALUE)
        if condition == "empty":
            value, decimals = 0.0, 0
        at = self.now_ns - AGES[state]
        counted = 0 if state is State.STALE or quality == "bad" else 2
        text = fmt.number(value, decimals, self.language)
        brief = fmt.quantity(value, unit, decimals, self.language) + str(more.get("of", ""))
        shown = Shown("fridge.temp", SCOPE, state, quality, value, text, brief=brief, level=level, as_of_ns=at)
        spoken = fmt.unit(unit, self.language, long=True)
        shown = replace(shown, unit=spoken, max_age_ns=MAX_AGE, n=counted, m=2, **more)  # type: ignore[arg-type]  # named fields of Shown
        return replace(
            shown,
            ago=fmt.ago(at, self.now_ns, self.language, self.zone),
            ago_short=fmt.age(at, self.now_ns, self.language, self.zone),
            due=fmt.span(MAX_AGE, self.language),
            since=fmt.clock(at, self.zone),
        )

    def number(self, condition: str) -> Tile:
        """A number with a unit, a gauge with limits and three facts."""
        value = {"warning": 8.9, "critical": 11.4}.get(condition, 5.2)
        figure = self._shown(condition, value, 1, "Cel")
        facts = tuple(
            replace(self._shown(condition, v, d, u), label=label, level="")
            for label, v, d, u in zip(self.words.facts, (6.1, 0, 92), (1, 0, 0), ("Cel", "1", "%"), strict=True)
        )
        gauge = Gauge(round(value / 12 * 1000), (167, 667)) if figure.value else Gauge()
        return self._tile("number", condition, (self.words.number, self.words.number_unit), figure, facts, gauge)

    def count(self, condition: str) -> Tile:
        """So many of so many."""
        value = {"warning": 20, "critical": 14}.get(condition, 23)
        figure = self._shown(condition, value, 0, "1", of="/24")
        return self._tile(
            "count", condition, (self.words.count, self.words.count_unit), figure, (), Gauge(round(value / 24 * 1000))
        )

    def lead(self, condition: str) -> Tile:
        """The large tile: a figure and its terms."""
        figure = replace(self._shown(condition, 21, 0, "1", of="/24"), label=self.words.terms[0])
        values = ((7.8, 1, "Cel"), (2.6, 1, "Cel"), (1, 0, "1"))
        facts = tuple(
            replace(self._shown(condition, v, d, u), label=label, level="")
            for label, (v, d, u) in zip(self.words.terms[1:], values, strict=True)
        )
        return self._tile("lead", condition, (self.words.lead, ""), figure, facts, Gauge(875))

    def feed(self, condition: str) -> Feed:
        """An item of the bottom row."""
        return Feed(f"feed-{condition}", self.words.feed, "", self._shown(condition, 228, 0, "V"))

    def alert(self, condition: str) -> Item:
        """An item of the strip: not taken, taken, simulated, silent."""
        opened_ns = self.now_ns - 27 * MINUTE
        taken = condition == "critical"
        silent = condition == "silent"
        row = AlertRow(
            id=f"sheet-{condition}",
            rule="",
            title=self.words.alert,
            href="/alerts",
            group="owned" if taken else "unowned",
            status="missing" if silent else "firing",
            level="critical" if taken else "warning",
            quality="sim" if condition == "sim" else "good",
            metric="fridge.temp",
            scope=SCOPE,
            state=State.STALE if silent else State.FRESH,
            opened_ns=opened_ns,
            opened=fmt.clock(opened_ns, self.zone),
            ago=fmt.age(opened_ns, self.now_ns, self.language, self.zone),
            silent_ns=opened_ns if silent else None,
            silent=fmt.clock(opened_ns, self.zone) if silent else "",
            taken=fmt.clock(opened_ns + 7 * MINUTE, self.zone) if taken else "",
        )
        return Item(row, size_of(row.title))

    def _tile(
        self, kind: str, condition: str, name: tuple[str, str], figure: Shown, facts: tuple[Shown, ...], gauge: Gauge
    ) -> Tile:
        own = condition if condition in ("loading", "error") else ""
        return Tile(
            id=f"{kind}-{condition}",
            size="lead" if kind == "lead" else "normal",
            title=name[0],
            unit=name[1],
            meaning="",
            href="",
            figure=figure,
            facts=() if condition == "empty" and kind != "lead" else facts,
            gauge=gauge if figure.value else Gauge(),
            empty=self.words.nothing if condition == "empty" else "",
            covers=self.words.covers,
            condition=own,
            code="IOC-T001" if own == "error" else "",
        )
