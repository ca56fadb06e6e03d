"""``configs/collectors/mappings/<exporter>.yaml``: an exporter's names as metrics of the catalogue. Data only."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from ioc.catalogue import Catalogue, Metric
from ioc.config import Document, Faults, Shape, hint_for, load_yaml, validate, validate_each
from ioc.errors import Fault
from ioc.polling import IDENTITY

FOLDER = Path("collectors") / "mappings"
_SUM = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*(?: [+-] [a-zA-Z_:][a-zA-Z0-9_:]*)*")


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"{text!r} is no pattern: {error}") from None
    return text


Patterns = dict[str, Annotated[str, AfterValidator(_pattern)]]


class Term(Shape):
    """One name of the exporter, or a sum such as ``size - free``; in short just that text.

    ``where`` and ``without`` choose by patterns over whole labels. ``pick`` makes one number of several samples.
    """

    sum: str
    where: Patterns = Field(default_factory=dict)
    without: Patterns = Field(default_factory=dict)
    pick: Literal["sum", "max", "min", "count"] = "sum"

    @model_validator(mode="after")
    def _is_a_sum(self) -> "Term":
        if not _SUM.fullmatch(self.sum):
            raise ValueError(f"{self.sum!r} is no name of an exporter, and no sum such as 'size - free'")
        return self

    @property
    def names(self) -> Iterator[tuple[float, str]]:
        """The names with their signs."""
        words = self.sum.split()
        yield 1.0, words[0]
        for sign, name in zip(words[1::2], words[2::2], strict=True):
            yield (-1.0 if sign == "-" else 1.0), name


def _in_short(value: object) -> object:
    return {"sum": value} if isinstance(value, str) else value


AnyTerm = Annotated[Term, BeforeValidator(_in_short)]


class StateShape(Shape):
    """It holds where a sample of ``take`` with these labels has the value ``value``; the first that holds counts."""

    state: str
    where: Patterns = Field(default_factory=dict)
    value: float = Field(default=1.0, strict=False)


class Figure(Shape):
    """One way to a metric: ``take``, over ``over`` where there is one; ``how`` says of what: the values themselves,
    their increase a second since the last page, or their distance from now (of a time in seconds).

    ``rest`` is 1 minus that. ``by`` makes a series for each value of a label, which becomes the tag named.
    ``each`` reckons for each value of a label and takes the lowest that is not negative. ``only_if`` keeps silent
    unless it is more than 0.
    """

    take: AnyTerm
    over: AnyTerm | None = None
    how: Literal["value", "rate", "age"] = "value"
    rest: bool = False
    scale: float = Field(default=1.0, strict=False)
    absolute: bool = False
    by: dict[str, str] = Field(default_factory=dict, max_length=1)
    each: str = ""
    only_if: AnyTerm | None = None
    states: list[StateShape] = Field(default_factory=list)


class _Way(Shape):
    """What stands under a metric: one way to it, or several of which the first that gives something is taken."""

    ways: list[Figure] = Field(min_length=1)


class _Entry(_Way):
    @model_validator(mode="before")
    @classmethod
    def _one_or_more(cls, value: Any) -> Any:
        return {"ways": value if isinstance(value, list) else [value]}


class _File(Shape):
    up: str = ""
    proxy: bool = False
    metrics: dict[str, Any] = Field(min_length=1)  # each an _Entry


@dataclass(frozen=True, slots=True)
class NameMap:
    """A mapping. ``up`` is the metric that says whether the page could be had, empty where none does. A ``proxy``
    speaks for other machines: only an error that it answers with says that such a machine is down."""

    name: str
    up: str
    proxy: bool
    metrics: dict[str, list[Figure]]

    @property
    def names(self) -> set[str]:
        """Every name of the exporter that is read."""
        figures = [figure for ways in self.metrics.values() for figure in ways]
        terms = [term for figure in figures for term in (figure.take, figure.over, figure.only_if) if term]
        return {name for term in terms for _, name in term.names}

    @property
    def codes(self) -> tuple[str, ...]:
        """The metrics that it gives."""
        return (*self.metrics, *([self.up] if self.up else []))


def read_mappings(config_dir: Path, catalogue: Catalogue) -> tuple[dict[str, NameMap], list[Fault]]:
    """Every mapping that can be read, by its name, and every fault of the others."""
    faults = Faults("N")
    found: dict[str, NameMap] = {}
    for path in sorted((config_dir / FOLDER).glob("*.yaml")):
        with faults.collecting():
            if mapping := _read(load_yaml(path, faults.area), catalogue, faults):
                found[path.stem] = mapping
    return found, faults.found


def _read(document: Document, catalogue: Catalogue, faults: Faults) -> NameMap | None:
    file = validate(_File, document, faults)
    entries = validate_each(_Entry, document, faults, ("metrics",))
    if file is None:
        return None
    for code, entry in entries.items():
        metric = catalogue.get(code)
        if metric is None:
            what = f"there is no metric {code!r}."
            faults.add(30, document.where(("metrics", code)), what, hint_for(code, catalogue.metrics))
        elif entry:
            _check(entry.ways, metric, document, faults)
    if file.up and file.up not in catalogue:
        what = f"there is no metric {file.up!r}."
        faults.add(30, document.where(("up",)), what, hint_for(file.up, catalogue.metrics))
    ways = {code: entry.ways for code, entry in entries.items() if entry}
    return NameMap(document.path.stem, file.up, file.proxy, ways)


def _check(ways: list[Figure], metric: Metric, document: Document, faults: Faults) -> None:
    at = document.where(("metrics", metric.code))
    states = [state.code for state in metric.states]
    own = {"facility", "site", "asset", IDENTITY.get(metric.measurement)}
    wanted = set(metric.tags) - own
    for figure in ways:
        if set(figure.by) != wanted:
            what = f"{metric.code} has the tags {', '.join(sorted(wanted)) or 'of its target alone'}."
            faults.add(31, at, what, "Write by: {tag: label}." if wanted else "Leave out by.")
        for state in figure.states:
            if state.state not in states:
                what = f"{metric.code} has no state {state.state!r}."
                faults.add(32, at, what, hint_for(state.state, states))
