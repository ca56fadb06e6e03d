"""What one look at a target gives: lines of values, and one sentence where something is wrong."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Literal, TypeAlias, TypeVar

from ioc.domain import Frame, Quality
from ioc.polling.targets import Target, TargetShape

S = TypeVar("S", bound=TargetShape)
Alive: TypeAlias = Literal["service", "host", "printer", "pc"]  # what a plain probe may speak of
ALIVE: Mapping[str, str] = {"service": "svc", "host": "host", "printer": "printer", "pc": "pc"}
IDENTITY = {"host": "host", "printer": "host", "svc": "service", "sql": "service", "ups": "device"}


@dataclass(frozen=True, slots=True)
class Line:
    """Values of one measurement at one moment, in the units of the catalogue; None where there is nothing to say.
    ``tags`` are those beside facility, site, asset and source."""

    measurement: str
    fields: Mapping[str, float | None]
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """The outcome of one look. ``error`` is a sentence without its full stop, empty where all is well.

    What the target does wrong is a value and an error (``up`` 0); what we are set up wrongly for is an error alone,
    as then nobody knows how the target is.
    """

    lines: tuple[Line, ...] = ()
    error: str = ""


Look: TypeAlias = Callable[[Target[S], int], Found]
"""How a kind of collector looks at one target now (ns); ends within the target's ``timeout_s`` whatever the other side
does. Of one target never called twice at once."""


def thing(measurement: str, target: Target[S], fields: Mapping[str, float | None]) -> Line:
    """A line of the target itself: the tag that tells one host, service or device from another is its name."""
    tag = IDENTITY.get(measurement)
    return Line(measurement, fields, {tag: target.name} if tag else {})


def frame_of(line: Line, target: Target[S], source: str, time_ns: int) -> Frame | None:
    """The line as the intake takes it; None where it has no value."""
    fields = {name: float(value) for name, value in line.fields.items() if value is not None and isfinite(value)}
    if not fields:
        return None
    tags = {"facility": target.facility, "site": target.site, "asset": target.ask.asset, "source": source, **line.tags}
    prefix = ",".join([line.measurement, *(f"{name}={value}" for name, value in sorted(tags.items()) if value)])
    return Frame(prefix, fields, time_ns, Quality.GOOD.value, time_ns)
