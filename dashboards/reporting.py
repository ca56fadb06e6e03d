"""Who reports: n of m devices of a facility or site, and whether any of it is simulated."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ioc.domain import Quality, State
from ioc.latest import Value

_WORST_FIRST = (State.STALE, State.LATE, State.FRESH)


@dataclass(frozen=True, slots=True)
class Reporting:
    """``states`` counts devices by state; ``sim`` is ``all``, ``some`` or empty."""

    states: Counter[State]
    sim: str = ""
    newest_ns: int | None = None

    @property
    def m(self) -> int:
        """How many there are."""
        return self.states.total()

    @property
    def n(self) -> int:
        """How many report: their values are still in date."""
        return self.states[State.FRESH] + self.states[State.LATE]

    @property
    def worst(self) -> State:
        """The worst state of any device that ever reported; missing where none did."""
        return next((state for state in _WORST_FIRST if self.states[state]), State.MISSING)


def state_of_device(values: Iterable[Value]) -> State:
    """A device is as old as the oldest value that it ever gave; missing where it gave none."""
    seen = {value.state for value in values}
    return next((state for state in _WORST_FIRST if state in seen), State.MISSING)


def reporting(devices: Mapping[str, Iterable[Value]], others: Iterable[Value] = ()) -> Reporting:
    """What the values of some devices, by their codes, say of them, and of what is shown beside them."""
    states = Counter(state_of_device(own) for own in devices.values())
    known = [value for own in devices.values() for value in own if value.value is not None]
    known += others
    newest = max((value.as_of_ns for value in known if value.as_of_ns is not None), default=None)
    return Reporting(states, simulated(known), newest)


def simulated(known: Iterable[Value]) -> str:
    """Whether ``all``, ``some`` or none (empty) of these values are simulated."""
    ones = [value.quality == Quality.SIM for value in known if value.value is not None]
    return "" if not any(ones) else "all" if all(ones) else "some"
