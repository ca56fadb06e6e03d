"""What goes into a step of the engine beside the present, and what comes out of it."""

from dataclasses import dataclass, field

from alerts.event import Event, Labels, TrackState
from ioc.domain import Quality


@dataclass(frozen=True, slots=True)
class Observation:
    """What the store says of one series over a rule's window; ``event_ns`` is the window's end.

    ``labels`` are the incident's, as ``Engine.series_of`` gives them; ``series`` is the key of the series.
    """

    rule: str
    labels: Labels
    value: float
    event_ns: int
    quality: Quality = Quality.GOOD
    series: str = ""


@dataclass(slots=True)
class Step:
    """What happened, in order, and every state that has to be kept anew. Falsy where there is nothing of either."""

    events: list[Event] = field(default_factory=list)
    states: list[TrackState] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.events or self.states)


def is_quiet(state: TrackState) -> bool:
    """Whether nothing has to be remembered of it: its record may be deleted."""
    return not (state.level or state.incident or state.pending or state.leaving or state.missing_since_ns)
