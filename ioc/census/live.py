"""The census's numbers as they are now, told to the present: at once where one changed."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sqlalchemy.exc import DBAPIError

from ioc.census.model import Census, Feed
from ioc.census.numbers import SOURCE, Numbers, numbers_of
from ioc.domain import SECOND, Clock, Frame, Quality, Series, SystemClock
from ioc.registry import Registry

log = logging.getLogger(__name__)

ANEW_NS = 10 * SECOND  # beds become clean, visits end and days begin by the clock alone
AS_OF_NS = SECOND  # numbers that are the same are told with their new time at most so often
PAUSE_S = 0.05  # between two looks, and at least LEISURE times what a look took: others need the interpreter too
LEISURE = 4
RETRY_S = 1.0

Offer = Callable[[Sequence[Frame]], None]


class Reader(Protocol):
    """What is needed of ``CensusReader``."""

    def feeds(self) -> Mapping[str, Feed]:
        """Every facility that was ever heard of."""
        ...

    def at(self, facility: str, at_ns: int, now_ns: int) -> Census:
        """A facility at one moment."""
        ...


@dataclass(slots=True)
class _Told:
    """What was last reckoned of a facility, and when all of it was last told."""

    changed: int = -1
    reckoned_ns: int = -ANEW_NS
    numbers: Numbers = field(default_factory=dict)
    quality: Quality = Quality.GOOD
    as_of_ns: int = -1
    told_ns: int = -AS_OF_NS


class Publisher:
    """Offers each facility's numbers to the present, as of its feed's last message; one thread calls ``run``.

    ``known`` are the keys of the series that the present holds: a ward of which nobody speaks any more (a code
    mistyped and corrected, a ward taken off the registry) goes on as zeros, else it would look silent for ever.
    """

    def __init__(
        self, reader: Reader, registry: Registry, offer: Offer, known: Iterable[str] = (), clock: Clock | None = None
    ) -> None:
        self._reader = reader
        self._registry = registry
        self._offer = offer
        self._clock = clock or SystemClock()
        self._arrived = threading.Event()
        self._told: dict[str, _Told] = {}
        self._ever: dict[str, Numbers] = {}  # zeros for every prefix there ever was, by facility
        for key in known:
            self._remember(Series.parse(key))
        self._failing: set[str] = set()
        self._unread = ""

    @property
    def error(self) -> str:
        """What is wrong now, for people; empty when all is well."""
        failing = f"The census of {', '.join(sorted(self._failing))} cannot be reckoned." if self._failing else ""
        return self._unread or failing

    def changed(self) -> None:
        """Facts were kept: look soon. Never blocks."""
        self._arrived.set()

    def run(self, stop: threading.Event) -> None:
        """Publish until ``stop`` is set; call ``changed`` to end the wait."""
        while not stop.is_set():
            self._arrived.clear()
            started = time.monotonic()
            try:
                waits = self.look()
            except DBAPIError as error:
                if not self._unread:
                    log.warning("The census cannot be read: %s. It is tried again each second.", error.orig)
                self._unread = f"The census cannot be read from the database: {error.orig}."
                stop.wait(RETRY_S)
                continue
            self._unread = ""
            stop.wait(max(PAUSE_S, LEISURE * (time.monotonic() - started)))
            self._arrived.wait(waits)

    def look(self) -> float:
        """Tell what there is to tell; gives the seconds after which to look again where nothing is heard before."""
        now_ns = self._clock.now_ns()
        held_back = False
        failing: set[str] = set()
        for facility, feed in self._reader.feeds().items():
            if facility not in self._registry.facilities:
                continue
            try:
                held_back |= self._look_at(facility, feed, now_ns)
            except DBAPIError:
                raise
            except Exception:
                failing.add(facility)
                if facility not in self._failing:
                    log.exception("The census of %s cannot be reckoned; the others go on", facility)
        self._failing = failing
        return (AS_OF_NS if held_back else ANEW_NS) / SECOND

    def _look_at(self, facility: str, feed: Feed, now_ns: int) -> bool:
        """Tell what changed of a facility, or all of it anew; whether a new time is held back."""
        told = self._told.setdefault(facility, _Told())
        telling: Numbers = {}
        if told.changed != feed.changed or not 0 <= now_ns - told.reckoned_ns < ANEW_NS:
            numbers = self._numbers(facility, now_ns)
            telling = {prefix: fields for prefix, fields in numbers.items() if told.numbers.get(prefix) != fields}
            told.changed, told.reckoned_ns, told.numbers = feed.changed, now_ns, numbers
        aged = (told.as_of_ns, told.quality) != (feed.as_of_ns, feed.quality)
        if aged and not 0 <= now_ns - told.told_ns < AS_OF_NS:
            telling, aged = told.numbers, False
            told.as_of_ns, told.quality, told.told_ns = feed.as_of_ns, feed.quality, now_ns
        if telling:
            quality = feed.quality.value
            self._offer([Frame(prefix, fields, feed.as_of_ns, quality, now_ns) for prefix, fields in telling.items()])
        return aged

    def _numbers(self, facility: str, now_ns: int) -> Numbers:
        current = numbers_of(self._reader.at(facility, now_ns, now_ns))
        ever = self._ever.setdefault(facility, {})
        for prefix in current.keys() - ever.keys():
            ever[prefix] = dict.fromkeys(current[prefix], 0.0)
        return ever | current

    def _remember(self, series: Series) -> None:
        if series.tag("source") == SOURCE and series.tag("site"):
            measurement, _, name = series.metric.partition(".")
            prefix = ",".join([measurement, *(f"{tag}={value}" for tag, value in series.tags)])
            self._ever.setdefault(series.tag("facility"), {}).setdefault(prefix, {})[name] = 0.0
