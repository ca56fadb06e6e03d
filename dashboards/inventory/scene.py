"""What the IT board shows, with its words: built from the register and the present for one language and moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from dashboards import format as fmt
from dashboards.devices.rows import shown
from dashboards.inventory.present import FIGURES, AssetNow, Group, Status, of_kind, present
from dashboards.inventory.words import day_of, kind_title, status_word
from dashboards.reckon import Lens, Shown
from dashboards.services import Services
from ioc.assets import Asset, AssetKind
from ioc.catalogue import Metric
from ioc.domain import SECOND, STALE_AFTER, Quality, State
from ioc.latest import Value
from ioc.registry import Facility

SERVERS_AT_ONCE = 40  # cells that can be read; more of them are counted
ROOMS_AT_ONCE = 5
CONTRACT_DAYS = 90  # how long before its end a contract is shown
STRIP, GAP = 1000, 3  # how long the strip is, and what parts two departments
ENOUGH = 10  # machines of a department, to compare it with others
BELOW = (AssetKind.RENTED_SERVER, AssetKind.SERVICE, AssetKind.NETWORK, AssetKind.UPS)
# What mostly says whether an asset of a kind works.
METRICS = {
    AssetKind.SERVER: "host.up",
    AssetKind.RENTED_SERVER: "svc.up",
    AssetKind.SERVICE: "svc.up",
    AssetKind.NETWORK: "svc.up",
    AssetKind.UPS: "ups.status",
    AssetKind.ROOM: "room.temp",
    AssetKind.WORKSTATION: "pc.up",
    AssetKind.PRINTER: "printer.up",
}
ROOM_FIGURES = ("room.temp", "room.humidity")


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of a cell: its short name, itself, and its level by the limits of the catalogue."""

    label: str
    text: str
    level: str
    share: int  # of a hundred, for the rule


@dataclass(frozen=True, slots=True)
class Cell:
    """A server or a room, ready to be drawn."""

    id: str
    metric: str
    scope: str
    title: str
    href: str
    status: Status
    word: str
    state: State
    quality: str
    figures: tuple[Figure, ...]
    level: str = ""
    alert: str = ""
    real: bool = False
    as_of_ns: int | None = None
    late_ns: int | None = None
    stale_ns: int | None = None
    ago: str = ""


@dataclass(frozen=True, slots=True)
class Segment:
    """The machines of a department on the strip, in thousandths of its width: those that work from the left, then
    those of which nothing is known now; the rest is off or not watched. ``n`` of ``m`` watched ones work."""

    title: str
    at: int
    width: int
    up: int
    unknown: int
    n: int
    m: int


@dataclass(frozen=True, slots=True)
class Count:
    """Many assets of one kind: how many work of how many are watched."""

    id: str
    metric: str
    scope: str
    title: str
    href: str
    group: Group
    up: str
    watched: str
    facts: tuple[tuple[str, str], ...]
    segments: tuple[Segment, ...] = ()
    ago: str = ""

    @property
    def quality(self) -> str:
        """Simulated or good."""
        return "sim" if self.group.sim else "good"

    @property
    def least(self) -> Segment | None:
        """The department in which the smallest share works, of those that have enough to speak of one."""
        enough = [each for each in self.segments if each.m >= ENOUGH]
        return min(enough, key=lambda each: each.n / each.m, default=None) if self.group.reporting else None

    @property
    def gauge(self) -> int:
        """How many of them work, in thousandths."""
        return round(1000 * self.group.up / self.group.watched) if self.group.watched else 0


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract that ends soon or has ended."""

    title: str
    href: str
    day: str
    days: int


@dataclass(frozen=True)
class Desk:
    """What the board of one facility or site is drawn from, part by part: nothing is reckoned that is not asked for."""

    own: Services
    facility: Facility
    site: str
    lens: Lens

    @property
    def _assets(self) -> list[Asset]:
        return list(self.own.assets.assets(self.facility.code).at(self.lens.now_ns))

    def now(self, kind: AssetKind) -> list[AssetNow]:
        """The assets of a kind as they are now."""
        incidents = self.own.incidents.open(self.facility.code, self.site)
        found = of_kind(self._assets, kind, self.site)
        return present(self.lens.present.book, found, incidents, self.lens.now_ns)

    def servers(self) -> tuple[list[Cell], Group]:
        """A cell for each, in the order of the register, and all of them together."""
        found = self.now(AssetKind.SERVER)
        return [self._cell(each, FIGURES) for each in found[:SERVERS_AT_ONCE]], Group("server", found)

    def rooms(self) -> list[Cell]:
        """The rooms with their climate."""
        found = self.now(AssetKind.ROOM)
        return [self._cell(each, ROOM_FIGURES) for each in found[:ROOMS_AT_ONCE]]

    def count(self, kind: AssetKind) -> Count:
        """Assets that are too many to be named."""
        group = self.own.offload(self._group, kind)
        facts = [(status_word(s), self._number(group.counts[s])) for s in (Status.DOWN, Status.SILENT)]
        facts += [
            (status_word(s), self._number(n)) for s in (Status.MISSING, Status.UNWATCHED) if (n := group.counts[s])
        ]
        at = group.as_of_ns
        return Count(
            id=f"it-{kind.value}",
            metric=METRICS[kind],
            scope=self.lens.scope,
            title=kind_title(kind),
            href=f"/inventory/{self.facility.code}?kind={kind.value}" + (f"&site={self.site}" if self.site else ""),
            group=group,
            up=self._number(group.up),
            watched=self._number(group.watched),
            facts=tuple(facts),
            segments=self._segments(group),
            ago="" if at is None else fmt.ago(at, self.lens.now_ns, self.lens.language, self.lens.zone),
        )

    def _group(self, kind: AssetKind) -> Group:
        """Thousands of them are counted beside the loop."""
        return Group(kind.value, self.now(kind)).counted()

    def below(self) -> list[Count]:
        """The kinds that have a number in the bottom row."""
        found = (self.count(kind) for kind in BELOW)
        return [each for each in found if each.group.total]

    def contracts(self) -> list[Contract]:
        """Those that end within three months or have ended, the earliest first."""
        today = self.today()
        ending = [a for a in self._assets if a.contract_end and self.site in ("", a.site)]
        ending = [a for a in ending if a.contract_end and (a.contract_end - today).days <= CONTRACT_DAYS]
        ending.sort(key=lambda asset: (asset.contract_end or today, asset.code))
        return [
            Contract(a.title, self._href(a), day_of(a.contract_end, self.lens.language), (a.contract_end - today).days)
            for a in ending
            if a.contract_end
        ]

    def today(self) -> date:
        """The day it is in the zone of the centre."""
        return datetime.fromtimestamp(self.lens.now_ns // SECOND, ZoneInfo(self.lens.zone)).date()

    def sim(self, *groups: Group) -> str:
        """Whether all, some or none (empty) of what was heard of is simulated."""
        heard = [each.sim for group in groups for each in group.assets if each.values and each.as_of_ns]
        return "" if not any(heard) else "all" if all(heard) else "some"

    def _href(self, asset: Asset) -> str:
        return f"/asset/{self.facility.code}/{asset.code}"

    def _number(self, value: int) -> str:
        return fmt.number(value, 0, self.lens.language)

    def _cell(self, each: AssetNow, metrics: Sequence[str]) -> Cell:
        incident, told = each.incident, [v for v in each.values if v.as_of_ns is not None]
        newest = max(told, key=lambda v: v.as_of_ns or 0, default=None)
        at = each.as_of_ns
        figures = [f for metric in metrics if (value := each.value(metric)) and (f := self._figure(value))]
        figures.sort(key=lambda figure: figure.level == "")  # what is beyond a limit is drawn first
        fresh = each.state is State.FRESH
        limit = newest.max_age_ns if newest else 0
        return Cell(
            id=f"it-{each.asset.code}",
            metric=METRICS[each.asset.kind],
            scope=f"facility:{self.facility.code}/asset:{each.asset.code}",
            title=each.asset.title,
            href=self._href(each.asset),
            status=each.status,
            word=status_word(each.status),
            state=each.state,
            quality="sim" if each.sim else Quality.GOOD.value,
            figures=tuple(figures),
            level=incident.level.word if incident else "",
            alert=incident.id if incident else "",
            real=incident is not None and not incident.simulated,
            as_of_ns=at,
            late_ns=at + limit + 1 if at is not None and fresh else None,
            stale_ns=at + STALE_AFTER * limit + 1 if at is not None else None,
            ago="" if at is None else fmt.ago(at, self.lens.now_ns, self.lens.language, self.lens.zone),
        )

    def _figure(self, value: Value) -> Figure | None:
        metric = self.lens.catalogue.get(value.metric)
        if metric is None or value.value is None:
            return None
        line: Shown = shown(value, self.lens)
        short = {"host.cpu": "CPU", "host.mem": "RAM"}.get(metric.code, metric.title.in_(self.lens.language))
        brief = line.brief
        if metric.unit == "%":  # what can be read from afar
            brief = fmt.quantity(value.value, metric.unit, 0, self.lens.language)
        return Figure(short, brief, beyond(metric, value.value), round(max(0.0, min(100.0, value.value))))

    def _segments(self, group: Group) -> tuple[Segment, ...]:
        """A piece for each department, as wide as it has machines."""
        if not group.total:
            return ()
        found, at = [], 0.0
        for own in group.by("department"):
            share = STRIP / group.total
            start, end = round(at), round(at + share * own.total) - GAP
            up, unknown = own.up, own.counts[Status.SILENT] + own.counts[Status.MISSING]
            fill = max(1, end - start) / own.total
            place = self.facility.places.get(own.code)
            title = place.title.in_(self.lens.language) if place else own.code
            found.append(
                Segment(
                    title=title,
                    at=start,
                    width=max(1, end - start),
                    up=round(up * fill),
                    unknown=round(unknown * fill),
                    n=up,
                    m=own.watched,
                )
            )
            at += share * own.total
        return tuple(found)


def beyond(metric: Metric, value: float) -> str:
    """The level of a value by the limits of the catalogue."""
    t = metric.thresholds
    if (t.crit_high is not None and value >= t.crit_high) or (t.crit_low is not None and value <= t.crit_low):
        return "critical"
    if (t.warn_high is not None and value >= t.warn_high) or (t.warn_low is not None and value <= t.warn_low):
        return "warning"
    return ""
