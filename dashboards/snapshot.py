"""What is true of one facility or site at one moment, looked up once for every part, view and language that asks."""

from dataclasses import dataclass
from functools import cached_property

from dashboards.reporting import Reporting, reporting
from ioc.latest import Book, Value
from ioc.registry import Registry

CENSUS = "census"  # the source of all that the census gives


@dataclass(frozen=True)
class Snapshot:
    """The values of a facility or site as of ``now_ns``, missing ones included."""

    book: Book
    registry: Registry
    facility: str
    site: str
    now_ns: int

    @cached_property
    def all_values(self) -> list[Value]:
        """Every value, those of devices that the registry does not know too; what only assets say is asked for by
        metric."""
        return self.book.of_places(self.facility, self.site, self.now_ns)

    @cached_property
    def by_device(self) -> dict[str, list[Value]]:
        """The values of each device, by its code, in the order of the registry; those it does not know come last."""
        found: dict[str, list[Value]] = {}
        for value in self.all_values:
            found.setdefault(value.tags.get("device", ""), []).append(value)
        found.pop("", None)
        return found

    @cached_property
    def report(self) -> Reporting:
        """Who reports, of the devices of the registry: one that nobody confirmed is neither expected nor missed.

        What is simulated and how new it is are said of all that is shown, the census included.
        """
        known = self.registry.device
        devices = {code: own for code, own in self.by_device.items() if known(self.facility, code)}
        return reporting(devices, [value for value in self.all_values if value.source == CENSUS])

    @cached_property
    def turns_ns(self) -> int | None:
        """When the clock alone changes any value of it."""
        return min((t for value in self.all_values if (t := value.next_change_ns) is not None), default=None)

    @cached_property
    def _of_metric(self) -> dict[str, list[Value]]:
        return {}

    def values(self, metric: str) -> list[Value]:
        """Those of one metric; nothing else is looked up for them."""
        found = self._of_metric.get(metric)
        if found is None:
            found = self.book.values(metric=metric, facility=self.facility, site=self.site, now_ns=self.now_ns)
            self._of_metric[metric] = found
        return found

    def of_device(self, code: str) -> list[Value]:
        """Those of one device; nothing else is looked up for them."""
        return self.book.values(facility=self.facility, site=self.site, device=code, now_ns=self.now_ns)


class Snapshots:
    """The snapshots of the present moment: all that is drawn in one turn of the hub shares them."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._moment = (0, 0)
        self._kept: dict[tuple[str, str], Snapshot] = {}

    def at(self, book: Book, facility: str, site: str, now_ns: int) -> Snapshot:
        """The snapshot of this facility or site at this time."""
        moment = (now_ns, book.change)
        if moment != self._moment:
            self._moment, self._kept = moment, {}
        place = (facility, site)
        if place not in self._kept:
            self._kept[place] = Snapshot(book, self._registry, facility, site, now_ns)
        return self._kept[place]
