"""A value as API, stream and pages show it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ioc.domain import SECOND, STALE_AFTER, Quality, State, rfc3339


@dataclass(slots=True)
class Value:
    """What is known now of one series, or that nothing is (``missing``: no value, no time). Never changed once made.

    ``tags`` holds no source. ``n`` of ``m`` inputs are counted in it: of a single series 1 of 1 while it is not
    stale and its quality is not bad, else 0 of 1.
    """

    metric: str
    tags: Mapping[str, str]
    value: float | None
    unit: str
    as_of_ns: int | None
    received_ns: int | None
    max_age_ns: int
    state: State
    quality: Quality
    source: str
    n: int
    m: int

    @property
    def next_change_ns(self) -> int | None:
        """The first nanosecond at which the clock alone makes it late or stale; None when it will not."""
        if self.as_of_ns is None or self.state in (State.STALE, State.MISSING):
            return None
        times = STALE_AFTER if self.state is State.LATE else 1
        return self.as_of_ns + times * self.max_age_ns + 1

    def as_json(self, now_ns: int) -> dict[str, Any]:
        """The outward form (DESIGN 15)."""
        known = self.as_of_ns is not None
        return {
            "metric": self.metric,
            "tags": dict(self.tags),
            "value": self.value,
            "unit": self.unit,
            "as_of": rfc3339(self.as_of_ns) if self.as_of_ns is not None else None,
            "age_s": round(max(0, now_ns - self.as_of_ns) / SECOND, 3) if self.as_of_ns is not None else None,
            "state": self.state.value,
            "quality": self.quality.value if known else None,
            "source": self.source or None,
            "n": self.n,
            "m": self.m,
        }
