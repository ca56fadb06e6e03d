"""Rules with ``over``: what the store says of their windows, asked beside the ticks that judge the present."""

import threading
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean

from alerts.engine import Observation
from alerts.event import Labels
from alerts.rules import Rule, Take
from ioc.domain import SECOND, Quality
from ioc.errors import RetryError
from ioc.timeseries import Store

EVERY_NS = 15 * SECOND
SETTLE_NS = 5 * SECOND  # late values may still come
REGISTRY_ONLY = "use"  # what ``where`` may ask of the registry and no store knows; the series are chosen already

Asked = Sequence[tuple[Rule, Mapping[str, Labels]]]
_TAKES: Mapping[Take, Callable[[Sequence[float]], float]] = {
    Take.LAST: lambda values: values[-1],
    Take.MIN: min,
    Take.MAX: max,
    Take.MEAN: fmean,
    Take.SUM: sum,
    Take.COUNT: len,
}


class Windows:
    """What one thread asks for (``ask``), another looks up (``look``), and the first takes (``taken``)."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._asked: Asked = ()
        self._found: list[Observation] = []

    def ask(self, asked: Asked) -> None:
        """From now on look up these rules' series."""
        self._asked = asked

    def look(self, now_ns: int) -> None:
        """Look up the windows that end now; raises RetryError where the store cannot, once all rules were asked for."""
        stop_ns = now_ns - SETTLE_NS
        failed: RetryError | None = None
        for rule, labels in self._asked:
            if not labels:
                continue
            try:
                found = self._observations(rule, labels, stop_ns)
            except RetryError as error:  # one that always fails keeps no other from being judged
                failed = error
                continue
            with self._lock:
                self._found += found
        if failed is not None:
            raise failed

    def taken(self) -> list[Observation]:
        """What was found since the last call."""
        if not self._found:
            return []
        with self._lock:
            found, self._found = self._found, []
        return found

    def _observations(self, rule: Rule, labels: Mapping[str, Labels], stop_ns: int) -> Sequence[Observation]:
        where = {name: values for name, values in rule.read.where if name != REGISTRY_ONLY}
        rows = self._store.raw(rule.read.metric, where, stop_ns - rule.read.over_ns, stop_ns)
        found = []
        for series, points in rows:
            counted = [(value, quality) for _, value, quality in points if quality is not Quality.BAD]
            if series.key in labels and counted:
                value = float(_TAKES[rule.read.take]([value for value, _ in counted]))
                quality = _worst([quality for _, quality in counted])
                found.append(Observation(rule.id, labels[series.key], value, stop_ns, quality, series.key))
        return found


def _worst(qualities: Sequence[Quality]) -> Quality:
    """Simulated where anything is, else a test where anything is."""
    return next((each for each in (Quality.SIM, Quality.TEST) if each in qualities), Quality.GOOD)
