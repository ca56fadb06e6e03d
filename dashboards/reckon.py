"""What a term of a board comes to at one moment. Pure: the same book and time, the same figure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from dashboards import format as fmt
from dashboards.boards import COUNTING, Term, Unless
from dashboards.reporting import Reporting
from dashboards.snapshot import CENSUS, Snapshot
from ioc.catalogue import Catalogue, Kind, Metric
from ioc.derive import Ratio, Total, ratio, total
from ioc.domain import MINUTE, STALE_AFTER, Quality, State, state_at
from ioc.latest import Value
from ioc.registry import Device, Registry

FEED_MAX_AGE = MINUTE  # a source that says nothing for a minute is late (catalogue, it.feed_age)


FIGURE_ROOM = 262  # of a tile's figure with its unit, in pixels of the wall
_DIGIT, _MARK, _UNIT = 62, 28, 27  # about how wide they are


@dataclass(frozen=True)
class Lens:
    """Through what a board is seen: whose present, in which language, in which zone."""

    present: Snapshot
    catalogue: Catalogue
    language: str
    zone: str

    @property
    def registry(self) -> Registry:
        """What there should be."""
        return self.present.registry

    @property
    def facility(self) -> str:
        """Whose."""
        return self.present.facility

    @property
    def site(self) -> str:
        """Which site of it; empty for all."""
        return self.present.site

    @property
    def now_ns(self) -> int:
        """At which moment."""
        return self.present.now_ns

    @property
    def report(self) -> Reporting:
        """Who reports."""
        return self.present.report

    @property
    def turns_ns(self) -> int | None:
        """When the clock alone changes any value of it."""
        return self.present.turns_ns

    @property
    def facilities(self) -> Sequence[str]:
        """Those that it is over, where what is counted are facilities and not values."""
        return ()

    def values(self, metric: str) -> list[Value]:
        """Those of one metric."""
        return self.present.values(metric)

    @property
    def scope(self) -> str:
        """``facility:bv01`` or ``facility:bv01/site:cs1``, as in ``data-scope``."""
        return f"facility:{self.facility}" + (f"/site:{self.site}" if self.site else "")


class Input(NamedTuple):
    """What a figure takes of a value; where the term counts, ``value`` is 1 if this one counts, else 0."""

    value: float | None
    as_of_ns: int | None
    max_age_ns: int
    quality: Quality
    state: State
    facility: str


@dataclass(frozen=True, slots=True)
class Shown:
    """One figure, ready to be drawn. ``late_ns`` and ``stale_ns`` say when it turns if nothing new comes."""

    metric: str
    scope: str
    state: State
    quality: str
    value: float | None
    text: str
    unit: str = ""
    brief: str = ""  # number and unit together, as facts write it
    label: str = ""
    of: str = ""  # "/24"
    word: bool = False  # a state's name and not a number
    n: int = 0
    m: int = 0
    as_of_ns: int | None = None
    late_ns: int | None = None
    stale_ns: int | None = None
    turns_ns: int | None = None  # when the first of its values turns late or stale
    max_age_ns: int = 0
    level: str = ""
    alert: str = ""  # the incident behind the level
    real: bool = False  # whether that is no exercise, though the value may be in part
    key: str = ""  # what tells it from others of the same device
    ago: str = ""  # "40 giây trước"
    due: str = ""  # "10 ph": how often it should come
    since: str = ""  # "13:45"
    ago_short: str = ""  # "40 s"

    @property
    def history(self) -> str:
        """Where its past is shown."""
        return f"/history?metric={self.metric}&{self.scope.replace('/', '&').replace(':', '=')}"

    @property
    def wide(self) -> bool:
        """Whether figure and unit need a smaller size to stand beside the facts."""
        marks = sum(not sign.isdigit() for sign in self.text)
        width = _DIGIT * (len(self.text) - marks) + _MARK * marks + _UNIT * len(self.of or self.unit)
        return width > FIGURE_ROOM


def reckon(term: Term, lens: Lens) -> Shown:
    """What a term comes to: only values still in date count, and what is not counted is said (n of m)."""
    metric = lens.catalogue.metrics[term.metric[0]]
    got, values = _ratio(metric, lens) if term.how == "ratio" else _total(term, lens)
    number, n = got.value, got.n
    if got.state is State.STALE:
        number, n = _last(term, metric, lens)
    shown = _written(term, metric, number, n, lens)
    counted = [v for v in values if v.as_of_ns and v.state in (State.FRESH, State.LATE) and v.quality != Quality.BAD]
    late = [v.as_of_ns + v.max_age_ns + 1 for v in counted if v.as_of_ns and v.state is State.FRESH]
    stale = [v.as_of_ns + STALE_AFTER * v.max_age_ns + 1 for v in counted if v.as_of_ns]
    facilities = {v.facility for v in counted}
    shown = replace(
        shown,
        state=got.state,
        quality=str(got.quality),
        n=len(facilities) if lens.facilities else got.n,
        m=len(lens.facilities) or got.m,
        as_of_ns=got.as_of_ns,
        late_ns=min(late, default=None) if got.state is State.FRESH else None,
        stale_ns=max(stale, default=None),
        turns_ns=got.next_change_ns,
        max_age_ns=min((v.max_age_ns for v in values), default=0),
        level="warning" if _beyond(term, got.value) else "",
    )
    return aged(shown, lens)


def _total(term: Term, lens: Lens) -> tuple[Total, list[Input]]:
    values = list(_values(term, lens))
    return total(values, "sum" if term.how in COUNTING else term.how, lens.now_ns), values


def _ratio(metric: Metric, lens: Lens) -> tuple[Ratio, list[Input]]:
    above, below = (lens.values(code) for code in metric.parts)
    values = [
        Input(v.value, v.as_of_ns, v.max_age_ns, v.quality, v.state, v.tags.get("facility", ""))
        for v in (*above, *below)
    ]
    return ratio(above, below, lens.now_ns, metric.scale), values


def _beyond(term: Term, value: float | None) -> bool:
    return term.warn_above is not None and value is not None and value > term.warn_above


def aged(shown: Shown, lens: Lens) -> Shown:
    """The figure with its age in words."""
    if shown.as_of_ns is None:
        return shown
    at, language, zone = shown.as_of_ns, lens.language, lens.zone
    old = lens.now_ns - at >= fmt.DAY
    return replace(
        shown,
        ago=fmt.ago(at, lens.now_ns, language, zone),
        ago_short=fmt.age(at, lens.now_ns, language, zone),
        due=fmt.span(shown.max_age_ns, language),
        since=fmt.moment(at, language, zone) if old else fmt.clock(at, zone),
    )


def _values(term: Term, lens: Lens, *, old_too: bool = False) -> Iterable[Input]:
    """The values of the devices meant."""
    able = _able(term.unless, lens, old_too=old_too) if term.unless else None
    for code in term.metric:
        metric = lens.catalogue.get(code)
        of_devices = metric is None or "device" in metric.tags
        for value in lens.values(code):
            facility = value.tags.get("facility", "")
            device = lens.registry.device(facility, value.tags.get("device", "")) if of_devices else None
            if of_devices and (device is None or (term.use and device.use not in term.use)):
                continue
            number = value.value
            if term.how in COUNTING and number is not None:
                known = able is None or (device is not None and device.code in able)
                number = float(_fits(term, number, metric, device) and known)
            yield Input(number, value.as_of_ns, value.max_age_ns, value.quality, value.state, facility)


def _able(unless: Unless, lens: Lens, *, old_too: bool) -> set[str]:
    """The devices of which it is known that they are not in that state."""
    metric = lens.catalogue.metrics[unless.metric]
    barred = next(place for place, state in enumerate(metric.states) if state.code == unless.state)
    return {
        value.tags.get("device", "")
        for value in lens.values(unless.metric)
        if (value.n or old_too) and value.value is not None and round(value.value) != barred
    }


def _fits(term: Term, value: float, metric: Metric | None, device: Device | None) -> bool:
    """Whether a value is one of those that a counting term counts."""
    if term.how == "equals":
        codes = [state.code for state in metric.states] if metric else []
        return 0 <= round(value) < len(codes) and codes[round(value)] in term.state
    low, high = (device.low, device.high) if device else (None, None)
    inside = (low is None or value >= low) and (high is None or value <= high)
    return inside if term.how == "in_range" else not inside


def _last(term: Term, metric: Metric, lens: Lens) -> tuple[float | None, int]:
    """What the figure was when its values still counted, and how many they were."""
    if term.how == "ratio":
        above, below = (_known(lens.values(code)) for code in metric.parts)
        return (metric.scale * sum(above) / sum(below) if sum(below) else None), len(above)
    numbers = _known(_values(term, lens, old_too=True))
    if not numbers:
        return None, 0
    if term.how == "mean":
        return sum(numbers) / len(numbers), len(numbers)
    return {"min": min, "max": max}.get(term.how, sum)(numbers), len(numbers)


def _known(values: Iterable[Input | Value]) -> list[float]:
    return [v.value for v in values if v.value is not None and v.quality != Quality.BAD]


def _written(term: Term, metric: Metric, value: float | None, n: int, lens: Lens) -> Shown:
    """A number as people read it."""
    shown = Shown(metric.code, lens.scope, State.MISSING, "good", value, fmt.NO_VALUE, brief=fmt.NO_VALUE)
    shown = replace(shown, label=term.title.in_(lens.language) if term.title else "")
    if value is None:
        return shown
    if metric.kind is Kind.STATE and term.how not in COUNTING:
        place = min(max(round(value), 0), len(metric.states) - 1)
        title = metric.states[place].title.in_(lens.language)
        title = title[:1].upper() + title[1:]
        return replace(shown, text=title, brief=title, word=True)
    counting = term.how in COUNTING
    decimals = 0 if counting else metric.decimals if term.decimals is None else term.decimals
    code = "1" if counting else metric.unit
    of = f"/{n}" if term.of else _over(term, lens)
    sign = {"plus": "+", "minus": "−"}.get(term.sign or "", "") if value else ""
    text = sign + fmt.number(value, decimals, lens.language)
    brief = fmt.quantity(value, code, decimals, lens.language) + of
    return replace(shown, text=text, unit=fmt.unit(code, lens.language, long=True), brief=brief, of=of)


def _over(term: Term, lens: Lens) -> str:
    """``/540``: the sum of another metric, where it is known."""
    if not term.over:
        return ""
    whole = sum_of(term.over, lens)
    return "" if whole is None else f"/{fmt.number(whole, 0, lens.language)}"


def sum_of(metric: str, lens: Lens) -> float | None:
    """What all values of a metric come to that are in date; None where none is."""
    return total(lens.values(metric), "sum", lens.now_ns).value


def limits_of(term: Term, lens: Lens) -> list[float]:
    """The limits of a figure: the metric's thresholds, or its devices' own range where all have the same."""
    if term.how in COUNTING:
        return []
    t = lens.catalogue.metrics[term.metric[0]].thresholds
    limits = [limit for limit in (t.crit_low, t.warn_low, t.warn_high, t.crit_high) if limit is not None]
    if limits:
        return limits
    tags = [value.tags for value in lens.values(term.metric[0])]
    devices = [lens.registry.device(tag.get("facility", ""), tag.get("device", "")) for tag in tags]
    ranges = {(d.low, d.high) for d in devices if d is not None and (not term.use or d.use in term.use)}
    return [limit for limit in ranges.pop() if limit is not None] if len(ranges) == 1 else []


def source_age(source: str, lens: Lens) -> Shown:
    """How long ago a source last brought anything for this facility; the census, when its HIS last spoke."""
    census = source == CENSUS
    times = [
        (at, value)
        for value in lens.present.all_values
        if value.source == source and (at := value.as_of_ns if census else value.received_ns)
    ]
    at, newest = max(times, key=lambda found: found[0], default=(None, None))
    max_age = newest.max_age_ns if newest and census else FEED_MAX_AGE
    state = state_at(at, max_age, lens.now_ns)
    text = fmt.NO_VALUE if at is None else fmt.age(at, lens.now_ns, lens.language, lens.zone)
    shown = Shown("it.feed_age", lens.scope, state, str(newest.quality) if newest else "good", None, text)
    if at is None:
        return shown
    late, stale = at + max_age + 1, at + STALE_AFTER * max_age + 1
    shown = replace(
        shown,
        as_of_ns=at,
        late_ns=late if state is State.FRESH else None,
        stale_ns=stale,
        max_age_ns=max_age,
        turns_ns={State.FRESH: late, State.LATE: stale}.get(state),
    )
    return aged(shown, lens)
