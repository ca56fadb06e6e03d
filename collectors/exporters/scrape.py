"""One page of an exporter, and the values that its mapping makes of it."""

import http.client
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import Field

from collectors.exporters.figures import Raw, raw, state, values
from collectors.exporters.mapping import NameMap
from collectors.exporters.page import Sample, Samples, samples_of
from ioc.catalogue import Catalogue
from ioc.domain import SECOND
from ioc.polling import Deadline, Found, Line, Page, Target, WebShape, codes, get, said, thing

MOST = 8 << 20
ACCEPT = "text/plain;version=0.0.4;q=1,*/*;q=0.1"
FALLBACK = {"mount": "root"}


class ExporterShape(WebShape):
    """An exporter. ``mapping`` is the file that knows its names; ``only`` keeps the samples with these labels, where
    its page speaks of several things."""

    mapping: str = "node_exporter"
    only: dict[str, str] = Field(default_factory=dict)


@dataclass(slots=True)
class _Before:
    """What the page before said of each rate, by metric, and when (monotonic s)."""

    at: float = 0.0
    rates: dict[str, Raw] = field(default_factory=dict)


class _FailedError(Exception):
    """No samples, and why; ``down`` where that means that the machine is."""

    def __init__(self, what: str, *, down: bool) -> None:
        super().__init__(what)
        self.down = down


class Scrape:
    """Asks for pages and keeps the last of each target, for rates."""

    def __init__(
        self,
        pages: Mapping[str, Page],
        mappings: Mapping[str, NameMap],
        catalogue: Catalogue,
        tick: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pages = pages
        self._mappings = mappings
        self._catalogue = catalogue
        self._tick = tick
        self._before: dict[str, _Before] = {}

    def __call__(self, target: Target[ExporterShape], now_ns: int) -> Found:
        """Ask for the page of this target, and read it."""
        mapping = self._mappings[target.ask.mapping]
        try:
            samples = self._samples(target, mapping)
        except _FailedError as error:
            return Found(tuple(_up(target, mapping, 0.0)) if error.down else (), str(error))
        lines = self.lines(target, samples, now_ns)
        error_text = "" if lines else f"its page has nothing that {mapping.name} names"
        return Found((*_up(target, mapping, 1.0), *lines) if lines else (), error_text)

    def _samples(self, target: Target[ExporterShape], mapping: NameMap) -> Samples:
        """Those of its page that are wanted; raises _FailedError."""
        try:
            answer = get(self._pages[target.name], Deadline(target.timeout_s), MOST)
        except OSError as error:
            raise _FailedError(said(error), down=not mapping.proxy) from None
        except http.client.HTTPException as error:
            what = f"its answer is no HTTP: {type(error).__name__}"
            raise _FailedError(what, down=not mapping.proxy) from None
        if answer.status != http.client.OK:
            down = not mapping.proxy or answer.status >= http.client.INTERNAL_SERVER_ERROR
            raise _FailedError(f"it answers {answer.status}", down=down)
        if not answer.whole:
            raise _FailedError(f"its page has more than {MOST >> 20} MiB", down=False)
        try:
            return _only(target.ask.only, samples_of(answer.body, mapping.names))
        except ValueError as error:
            what = f"its page cannot be read: {error or 'no Prometheus text'}"
            raise _FailedError(what, down=False) from None

    def lines(self, target: Target[ExporterShape], samples: Samples, now_ns: int) -> list[Line]:
        """What the samples say, by the catalogue."""
        before, now = self._before.get(target.name, _Before()), _Before(self._tick())
        found: dict[tuple[str, str, str], dict[str, float | None]] = {}
        for code, ways in self._mappings[target.ask.mapping].metrics.items():
            metric = self._catalogue.metrics[code]
            for figure in ways:
                if figure.states:
                    number = state(figure, samples, [it.code for it in metric.states])
                    groups = {} if number is None else {"": number}
                else:
                    said_now = raw(figure, samples)
                    if figure.how == "rate" and said_now:
                        now.rates[code] = said_now
                    seconds = now.at - before.at
                    groups = values(figure, said_now, before.rates.get(code, {}), seconds, now_ns / SECOND)
                for group, value in groups.items():
                    tag = next(iter(figure.by), "")
                    found.setdefault((metric.measurement, tag, group), {})[metric.field] = value
                if groups or code in now.rates:
                    break
        self._before[target.name] = now
        return list(_with_tags(target, found))


def _up(target: Target[ExporterShape], mapping: NameMap, value: float) -> Iterator[Line]:
    if mapping.up:
        measurement, _, name = mapping.up.partition(".")
        yield thing(measurement, target, {name: value})


def _with_tags(
    target: Target[ExporterShape], found: Mapping[tuple[str, str, str], Mapping[str, float | None]]
) -> Iterator[Line]:
    """Labels become codes: of the same label always all together, so that no two become one."""
    names = {
        tag: codes({group for _, its, group in found if its == tag}, FALLBACK.get(tag, tag)) for _, tag, _ in found
    }
    for (measurement, tag, group), fields in found.items():
        own = thing(measurement, target, fields)
        yield Line(measurement, fields, {**own.tags, tag: names[tag][group]}) if tag else own


def _only(labels: Mapping[str, str], samples: Samples) -> Samples:
    if not labels:
        return samples

    def fits(sample: Sample) -> bool:
        return all(sample.labels.get(name, value) == value for name, value in labels.items())

    kept: dict[str, Sequence[Sample]] = {name: [it for it in every if fits(it)] for name, every in samples.items()}
    return {name: list(its) for name, its in kept.items() if its}
