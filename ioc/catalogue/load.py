"""Reading ``configs/catalogue/``: one file a device class, named after it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from ioc.catalogue.metric import Adds, Catalogue, Kind, Metric, StateName, Text, Thresholds
from ioc.config import Document, Duration, Faults, Shape, hint_for, validate, validate_each, yaml_files
from ioc.domain import SECOND
from ioc.errors import Fault

TAGS = (
    "province", "facility", "site", "department", "ward", "bed_type", "device", "asset", "host", "service", "mount",
    "iface",
)  # fmt: skip
PRODUCERS = (
    "mqtt", "hosts", "census", "derive", "exporters", "http", "tcp", "tls", "dns", "icmp", "sql", "backups",
)  # fmt: skip
RESERVED = ("quality", "time")  # what stands beside the values in a stored line
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_UNIT = re.compile(r"[!-~]+")


class _Text(Shape):
    vi: str = Field(min_length=1)
    en: str = Field(min_length=1)
    fr: str = Field(min_length=1)

    def text(self) -> Text:
        return Text(self.vi, self.en, self.fr)


class _State(_Text):
    code: str


class _Thresholds(Shape):
    warn_high: float | None = None
    crit_high: float | None = None
    warn_low: float | None = None
    crit_low: float | None = None


class _Metric(Shape):
    title: _Text
    definition: _Text
    unit: str
    kind: Annotated[Kind, Field(strict=False)]
    over_time: Annotated[Adds, Field(strict=False)]
    over_places: Annotated[Adds, Field(strict=False)]
    tags: list[str] | None = None
    max_age: Duration | None = None
    decimals: int = Field(default=0, ge=0, le=6)
    states: tuple[_State, ...] = Field(default=(), strict=False)
    thresholds: _Thresholds = _Thresholds()
    numerator: str = ""
    denominator: str = ""
    producers: list[str] | None = None
    reference: str = ""


class _File(Shape):
    title: _Text
    tags: list[str]
    max_age: Duration
    producers: list[str]
    metrics: dict[str, Any] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class _Entry:
    """A metric with the place where it is written."""

    metric: Metric
    document: Document
    field: str
    sound: bool = True

    def where(self, key: str = "") -> str:
        """The line of one of its keys: the file's own where the metric takes it from there."""
        own = ("metrics", self.field, key)
        return self.document.where((key,) if own not in self.document.lines and (key,) in self.document.lines else own)


def load_catalogue(config_dir: Path) -> Catalogue:
    """The catalogue of ``config_dir``; raises RefuseToStartError with every fault found."""
    catalogue, found = read_catalogue(config_dir)
    faults = Faults("C")
    faults.found = found
    faults.refuse()
    return catalogue


def read_catalogue(config_dir: Path) -> tuple[Catalogue, list[Fault]]:
    """As much of the catalogue as can be read, and every fault: for those who report on more than the catalogue."""
    faults = Faults("C")
    entries: dict[str, _Entry] = {}
    titles: dict[str, Text] = {}
    for document in yaml_files(config_dir / "catalogue", faults):
        if not _NAME.fullmatch(document.path.stem):
            faults.add(10, document.where(), "a catalogue file is named after its class: a-z, 0-9 and _.")
        if file := validate(_File, document, faults):
            titles[document.path.stem] = file.title.text()
        entries |= {entry.metric.code: entry for entry in _entries(document, file, faults)}
    for entry in entries.values():
        if not entry.sound:
            continue
        _check_names(entry, faults)
        _check_kind(entry, entries, faults)
        _check_thresholds(entry, faults)
    return Catalogue({code: entry.metric for code, entry in entries.items()}, titles), faults.found


def _entries(document: Document, file: _File | None, faults: Faults) -> Iterator[_Entry]:
    for name, shape in validate_each(_Metric, document, faults, ("metrics",)).items():
        code = f"{document.path.stem}.{name}"
        if shape and file:
            yield _Entry(_metric(code, shape, file), document, name)
        else:
            yield _Entry(_stand_in(code, document.data["metrics"][name]), document, name, sound=False)


def _metric(code: str, shape: _Metric, file: _File) -> Metric:
    return Metric(
        code=code,
        title=shape.title.text(),
        definition=shape.definition.text(),
        unit=shape.unit,
        kind=shape.kind,
        tags=tuple(file.tags if shape.tags is None else shape.tags),
        over_time=shape.over_time,
        over_places=shape.over_places,
        max_age_ns=shape.max_age or file.max_age,
        decimals=shape.decimals,
        states=tuple(StateName(state.code, state.text()) for state in shape.states),
        thresholds=Thresholds(**shape.thresholds.model_dump()),
        numerator=shape.numerator,
        denominator=shape.denominator,
        producers=tuple(file.producers if shape.producers is None else shape.producers),
        reference=shape.reference,
    )


def _stand_in(code: str, written: Any) -> Metric:
    """In the place of a metric whose entry is faulty, so that what names it is not reported as well."""
    data = written if isinstance(written, dict) else {}
    states = data["states"] if isinstance(data.get("states"), list) else []
    return Metric(
        code=code,
        title=Text(code, code),
        definition=Text("", ""),
        unit="1",
        kind=Kind.STATE if states else Kind.GAUGE,
        tags=(),
        over_time=Adds.NEVER,
        over_places=Adds.NEVER,
        max_age_ns=SECOND,
        states=tuple(StateName(str(state.get("code")), Text("", "")) for state in states if isinstance(state, dict)),
        producers=("derive",) if data.get("producers") == ["derive"] else ("mqtt",),
    )


def _check_names(entry: _Entry, faults: Faults) -> None:
    metric = entry.metric
    if not _NAME.fullmatch(entry.field) or entry.field in RESERVED:
        faults.add(10, entry.where(), f"{entry.field!r} is no name for a metric: a-z, 0-9 and _, not quality or time.")
    if not _UNIT.fullmatch(metric.unit):
        faults.add(11, entry.where("unit"), f"{metric.code}: {metric.unit!r} is no UCUM unit.", 'Without a unit: "1".')
    for tag in metric.tags:
        if tag not in TAGS:
            faults.add(12, entry.where("tags"), f"there is no tag {tag!r}.", hint_for(tag, TAGS))
    if not metric.producers:
        faults.add(
            13,
            entry.where("producers"),
            "there is no producer: nothing would ever bring a value.",
            f"Known: {', '.join(PRODUCERS)}.",
        )
    for producer in metric.producers:
        if producer not in PRODUCERS:
            what = f"there is no producer {producer!r}."
            faults.add(13, entry.where("producers"), what, hint_for(producer, PRODUCERS))


def _check_kind(entry: _Entry, entries: dict[str, _Entry], faults: Faults) -> None:
    metric = entry.metric
    codes = [state.code for state in metric.states]
    if (metric.kind is Kind.STATE) != bool(codes):
        what = "a state needs its names" if metric.kind is Kind.STATE else f"a {metric.kind} has no states"
        faults.add(14, entry.where("states"), f"{metric.code}: {what}.")
    if len(set(codes)) < len(codes) or not all(_NAME.fullmatch(code) for code in codes):
        faults.add(14, entry.where("states"), f"{metric.code}: each state needs a code of its own: a-z, 0-9 and _.")
    parts = {"numerator": metric.numerator, "denominator": metric.denominator}
    for key, code in parts.items():
        if (metric.kind is Kind.RATIO) != bool(code):
            what = f"a ratio needs its {key}" if not code else f"a {metric.kind} has no {key}"
            faults.add(15, entry.where(key), f"{metric.code}: {what}.")
        elif code and code not in entries:
            faults.add(15, entry.where(key), f"{metric.code}: there is no metric {code!r}.", hint_for(code, entries))
    if metric.kind is Kind.RATIO and Adds.MEAN in (metric.over_time, metric.over_places):
        faults.add(15, entry.where(), f"{metric.code}: ratios are never averaged.", "Use ratio-of-sums.")


def _check_thresholds(entry: _Entry, faults: Faults) -> None:
    limits = entry.metric.thresholds
    rising = [limits.crit_low, limits.warn_low, limits.warn_high, limits.crit_high]
    given = [limit for limit in rising if limit is not None]
    if any(low >= high for low, high in pairwise(given)):
        what = f"{entry.metric.code}: thresholds must rise from crit_low over warn_low and warn_high to crit_high."
        faults.add(16, entry.where("thresholds"), what)
