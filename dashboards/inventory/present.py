"""How assets are now: the register joined with the present values by facility and asset. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from alerts import Incident
from dashboards.alarms import worst_of
from ioc.assets import Asset, AssetKind
from ioc.domain import Quality, Series, State
from ioc.latest import Book, Value

# Whether an asset works: 0 is down. Whatever else names it says only that it was heard of.
UPS = ("host.up", "svc.up", "sql.up", "printer.up", "pc.up")
# The others that the board shows of a server.
FIGURES = ("host.cpu", "host.mem", "host.disk")
_BEST_FIRST = (State.FRESH, State.LATE, State.STALE)


class Status(StrEnum):
    """What can be said of an asset, from the best to the least.

    ``silent`` has old readings only, ``missing`` none though they are expected, ``unwatched`` none and none are.
    """

    UP = "up"
    DOWN = "down"
    SILENT = "silent"
    MISSING = "missing"
    UNWATCHED = "unwatched"


@dataclass(frozen=True)
class AssetNow:
    """An asset with its present values and its worst open incident."""

    asset: Asset
    values: Sequence[Value]
    incident: Incident | None = None

    @cached_property
    def state(self) -> State:
        """As old as what says whether it works; without that, as the newest of its values.

        Of a bad one nothing is known but that it came: an asset with no others is stale.
        """
        told = {value.state for value in self._told or self.values if value.quality is not Quality.BAD}
        came = State.STALE if any(value.value is not None for value in self.values) else State.MISSING
        return next((state for state in _BEST_FIRST if state in told), came)

    @cached_property
    def status(self) -> Status:
        """Up only where something in date says so."""
        if self.state in (State.FRESH, State.LATE):
            return Status.DOWN if self._down else Status.UP
        if self.state is State.STALE:
            return Status.SILENT
        return Status.MISSING if self.asset.watched else Status.UNWATCHED

    @cached_property
    def _told(self) -> list[Value]:
        """The newest that each probe says; several may ask one asset, each at its own times."""
        newest: dict[tuple[str, str, str], Value] = {}
        for value in sorted(self.values, key=lambda value: value.as_of_ns or 0):
            if value.metric in UPS and value.value is not None and value.quality is not Quality.BAD:
                newest[value.metric, value.source, value.tags.get("service", "")] = value
        return list(newest.values())

    @property
    def _down(self) -> bool:
        """Whether any probe in date says so, whichever asked last."""
        return any(value.value == 0 and value.state in (State.FRESH, State.LATE) for value in self._told)

    @cached_property
    def as_of_ns(self) -> int | None:
        """The time of the newest of what its state is told by."""
        return max((t for value in self._told or self.values if (t := value.as_of_ns) is not None), default=None)

    @property
    def sim(self) -> bool:
        """Whether any of it is simulated."""
        return any(value.quality is Quality.SIM for value in self.values)

    def value(self, metric: str) -> Value | None:
        """The highest of a metric that is in date: of several disks the fullest."""
        found = [v for v in self.values if v.metric == metric and v.n and v.value is not None]
        return max(found, key=lambda v: v.value or 0.0, default=None)


@dataclass(frozen=True)
class Group:
    """Assets that are counted together."""

    code: str
    assets: Sequence[AssetNow]

    @cached_property
    def counts(self) -> Counter[Status]:
        """How many there are of each status."""
        return Counter(each.status for each in self.assets)

    def counted(self) -> "Group":
        """The same; what is kept of it is reckoned already."""
        _ = self.counts, self.state, self.as_of_ns, self.sim
        return self

    @property
    def total(self) -> int:
        """All of them."""
        return len(self.assets)

    @property
    def up(self) -> int:
        """Those that work."""
        return self.counts[Status.UP]

    @property
    def watched(self) -> int:
        """Those of which readings are expected or came."""
        return self.total - self.counts[Status.UNWATCHED]

    @property
    def reporting(self) -> int:
        """Those that are known to work or not to."""
        return self.up + self.counts[Status.DOWN]

    @cached_property
    def state(self) -> State:
        """As fresh as the newest of them; of a group in which none was ever heard of, missing."""
        states = {each.state for each in self.assets}
        return next((state for state in _BEST_FIRST if state in states), State.MISSING)

    @cached_property
    def as_of_ns(self) -> int | None:
        """When any of them was heard of last."""
        return max((t for each in self.assets if (t := each.as_of_ns) is not None), default=None)

    @cached_property
    def sim(self) -> bool:
        """Whether any of it is simulated."""
        return any(each.sim for each in self.assets)

    def by(self, field: str) -> list["Group"]:
        """The same by site or department, in the order in which they first come."""
        found: dict[str, list[AssetNow]] = {}
        for each in self.assets:
            found.setdefault(getattr(each.asset, field), []).append(each)
        return [Group(code, own) for code, own in found.items()]


def present(book: Book, assets: Iterable[Asset], incidents: Iterable[Incident], now_ns: int) -> list[AssetNow]:
    """Each asset as it is now; a value that a device brings belongs to the asset that names the device."""
    named = by_asset(incidents)
    return [
        AssetNow(
            asset,
            values_of(book, asset, now_ns),
            worst_of((*named.get(("asset", asset.code), ()), *_of_device(named, asset))) if named else None,
        )
        for asset in assets
    ]


def values_of(book: Book, asset: Asset, now_ns: int) -> list[Value]:
    """The present values of an asset."""
    own = book.values(facility=asset.facility, asset=asset.code, now_ns=now_ns)
    if not asset.device:
        return own
    return own + [
        value
        for value in book.values(facility=asset.facility, device=asset.device, now_ns=now_ns)
        if value.tags.get("asset") != asset.code
    ]


def by_asset(incidents: Iterable[Incident]) -> Mapping[tuple[str, str], list[Incident]]:
    """Open incidents by the asset or the device that their series names."""
    found: dict[tuple[str, str], list[Incident]] = {}
    for incident in incidents:
        tags = dict(Series.parse(incident.series).tags) if incident.series else incident.labels
        for name in ("asset", "device"):
            if code := tags.get(name) or incident.labels.get(name):
                found.setdefault((name, code), []).append(incident)
                break
    return found


def _of_device(named: Mapping[tuple[str, str], list[Incident]], asset: Asset) -> Sequence[Incident]:
    return named.get(("device", asset.device), ()) if asset.device else ()


def of_kind(assets: Iterable[Asset], kind: AssetKind, site: str = "") -> list[Asset]:
    """Those of a kind, of one site where it is named."""
    return [asset for asset in assets if asset.kind is kind and site in ("", asset.site)]
