"""What a metric is, and the catalogue as the other parts ask it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ioc.config import nearest

LANGUAGES = ("vi", "en", "fr")


class Kind(StrEnum):
    """What sort of number a metric is."""

    GAUGE = "gauge"
    COUNTER = "counter"
    RATIO = "ratio"
    DURATION = "duration"
    STATE = "state"


class Adds(StrEnum):
    """How values add up over time or over places. Ratios are never averaged."""

    SUM = "sum"
    LAST_THEN_SUM = "last-then-sum"
    RATIO_OF_SUMS = "ratio-of-sums"
    MEAN = "mean"
    MIN = "min"
    MAX = "max"
    LAST = "last"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Text:
    """One text in the three languages; a language that is not written falls back to English, then Vietnamese."""

    vi: str
    en: str
    fr: str = ""

    def in_(self, language: str) -> str:
        """The text in ``vi``, ``en`` or ``fr``."""
        return {"vi": self.vi, "fr": self.fr}.get(language) or self.en or self.vi


@dataclass(frozen=True, slots=True)
class StateName:
    """One value of a state metric, by its place in the list: its code and its name for people."""

    code: str
    title: Text


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Default limits drawn on gauges and charts; ``None`` where there is none. In the metric's unit."""

    warn_high: float | None = None
    crit_high: float | None = None
    warn_low: float | None = None
    crit_low: float | None = None


@dataclass(frozen=True, slots=True)
class Metric:
    """One entry of the catalogue. ``code`` is measurement + ``.`` + field; ``max_age_ns`` its default."""

    code: str
    title: Text
    definition: Text
    unit: str  # UCUM; "1" for numbers without one
    kind: Kind
    tags: tuple[str, ...]
    over_time: Adds
    over_places: Adds
    max_age_ns: int
    decimals: int = 0
    states: tuple[StateName, ...] = ()
    thresholds: Thresholds = Thresholds()
    numerator: str = ""
    denominator: str = ""
    producers: tuple[str, ...] = ()  # collectors, "census", "derive"; never empty once loaded
    reference: str = ""

    @property
    def measurement(self) -> str:
        """The part before the dot: the device class."""
        return self.code.partition(".")[0]

    @property
    def field(self) -> str:
        """The part after the dot: the key in a message."""
        return self.code.partition(".")[2]

    @property
    def parts(self) -> tuple[str, ...]:
        """The codes of the metrics whose values it takes: its own, or a ratio's numerator and denominator."""
        return (self.numerator, self.denominator) if self.kind is Kind.RATIO else (self.code,)

    @property
    def scale(self) -> float:
        """What numerator over denominator is multiplied by to be in the unit of the ratio."""
        return 100.0 if self.unit == "%" else 1.0


@dataclass(frozen=True)
class Catalogue:
    """Every metric by its code, and the names of the device classes."""

    metrics: Mapping[str, Metric]
    class_titles: Mapping[str, Text] = field(default_factory=dict)
    _classes: dict[str, dict[str, Metric]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        classes: dict[str, dict[str, Metric]] = {}
        for metric in self.metrics.values():
            classes.setdefault(metric.measurement, {})[metric.field] = metric
        object.__setattr__(self, "_classes", classes)

    def __iter__(self) -> Iterator[Metric]:
        return iter(self.metrics.values())

    def __contains__(self, code: str) -> bool:
        return code in self.metrics

    def get(self, code: str) -> Metric | None:
        """The metric of this code, or None."""
        return self.metrics.get(code)

    def fields_of(self, measurement: str) -> Mapping[str, Metric]:
        """The metrics of one device class by the part after the dot; empty where there is no such class."""
        return self._classes.get(measurement, {})

    def nearest(self, code: str) -> str:
        """The code most like this one, or an empty string."""
        return nearest(code, self.metrics)
