"""Counters, gauges and histograms of one process; what they are called is one table."""

import threading
import time
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum

# Upper bounds in seconds. An append to the journal takes about a millisecond, a roll-up some seconds.
BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)

Labels = tuple[tuple[str, str], ...]


class Kind(StrEnum):
    """As Prometheus has them."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


# Named as Prometheus wants it: base units, the unit last, `_total` for counters.
FIGURES: Mapping[str, tuple[Kind, str]] = {
    "journal_append_seconds": (Kind.HISTOGRAM, "Time to have a batch on the disk, before it is acknowledged."),
    "journal_entries": (Kind.GAUGE, "Batches that wait in the journal."),
    "journal_items": (Kind.GAUGE, "Messages and facts that wait in the journal."),
    "journal_bytes": (Kind.GAUGE, "Size of what waits in the journal."),
    "journal_limit_bytes": (Kind.GAUGE, "Size at which the journal is full and senders have to wait."),
    "journal_oldest_age_seconds": (Kind.GAUGE, "How long the oldest entry has waited in the journal."),
    "writer_seconds": (Kind.HISTOGRAM, "Time to write a batch of the journal to the store, or to the census."),
    "writer_failures_total": (Kind.COUNTER, "Batches of the journal that could not be written and are tried again."),
    "latest_write_seconds": (Kind.HISTOGRAM, "Time to write the values of the present that have changed."),
    "job_seconds": (Kind.HISTOGRAM, "Time that a job of the scheduler took."),
    "job_failures_total": (Kind.COUNTER, "Runs of a job that failed, were missed or were skipped."),
    "job_last_success_timestamp_seconds": (Kind.GAUGE, "When a job last ended well, Unix time."),
    "lease_held": (Kind.GAUGE, "Whether this scheduler does the work."),
    "process_start_time_seconds": (Kind.GAUGE, "When the process was started, Unix time."),
    "process_cpu_seconds_total": (Kind.COUNTER, "Processor time of the process."),
    "process_resident_memory_bytes": (Kind.GAUGE, "Memory of the process."),
    "process_threads": (Kind.GAUGE, "Threads of the process."),
    "process_open_fds": (Kind.GAUGE, "Open files of the process."),
    "file_bytes": (Kind.GAUGE, "Size of a database of the data folder, with what is not merged yet."),
}


@dataclass(frozen=True, slots=True)
class Figure:
    """One value. Of a histogram ``value`` is the sum in seconds and ``counts`` says how many fell into each bucket,
    the last being those above all bounds."""

    name: str
    labels: Labels
    value: float
    counts: tuple[int, ...] = ()

    @property
    def count(self) -> int:
        """How many were timed."""
        return sum(self.counts)

    @property
    def mean(self) -> float | None:
        """Seconds of one, on average; None before the first."""
        return self.value / self.count if self.counts and self.count else None

    def quantile(self, share: float) -> float | None:
        """A bound in seconds below which so large a share lies; None before the first, infinite above all bounds."""
        needed, seen = share * self.count, 0
        if not self.count:
            return None
        for bound, count in zip(BUCKETS, self.counts, strict=False):
            seen += count
            if seen >= needed:
                return bound
        return float("inf")


@dataclass(slots=True)
class _Times:
    total: float = 0.0
    counts: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))


class Meter:
    """Safe to use from any thread; every name is one of ``FIGURES``."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[tuple[str, Labels], float] = {}
        self._times: dict[tuple[str, Labels], _Times] = {}

    def add(self, name: str, by: float = 1.0, **labels: str) -> None:
        """Count."""
        key = _key(name, labels)
        with self._lock:
            self._values[key] = self._values.get(key, 0.0) + by

    def put(self, name: str, value: float, **labels: str) -> None:
        """Say what it is now."""
        with self._lock:
            self._values[_key(name, labels)] = value

    def took(self, name: str, seconds: float, **labels: str) -> None:
        """Count how long something took."""
        key = _key(name, labels)
        with self._lock:
            times = self._times.setdefault(key, _Times())
            times.total += seconds
            times.counts[bisect_left(BUCKETS, seconds)] += 1

    @contextmanager
    def timed(self, name: str, **labels: str) -> Iterator[None]:
        """Count how long the block takes, also where it fails."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.took(name, time.perf_counter() - began, **labels)

    def figures(self) -> list[Figure]:
        """All of it as it is now, by name and labels."""
        with self._lock:
            plain = [Figure(name, labels, value) for (name, labels), value in self._values.items()]
            times = [Figure(*key, times.total, tuple(times.counts)) for key, times in self._times.items()]
        return sorted([*plain, *times], key=lambda figure: (figure.name, figure.labels))


def _key(name: str, labels: Mapping[str, str]) -> tuple[str, Labels]:
    if name not in FIGURES:
        raise KeyError(name)
    return name, tuple(sorted(labels.items()))
