"""The whole present in memory, for a process that shows it."""

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ioc.catalogue import Catalogue
from ioc.domain import Clock, Quality, State, SystemClock, state_at
from ioc.latest.ages import UNKNOWN_MAX_AGE
from ioc.latest.present import LatestReader, Present
from ioc.latest.value import Value
from ioc.registry import Registry


@dataclass(slots=True)
class _Thing:
    """One series whatever its source: what the registry expects and what came, by source."""

    metric: str
    tags: Mapping[str, str]
    max_age_ns: int
    rows: dict[str, Present] = field(default_factory=dict)


_Group = dict[tuple[str, tuple[tuple[str, str], ...]], _Thing]  # by metric and tags


class Book:
    """Every series that has a value or should have one.

    ``refresh`` may block on the database and is called by one thread at a time; the others only read. They need no
    lock: rows are replaced whole, and a copy of a dict's values is one step for the interpreter.
    """

    def __init__(
        self, reader: LatestReader, registry: Registry, catalogue: Catalogue, clock: Clock | None = None
    ) -> None:
        self._reader = reader
        self._catalogue = catalogue
        self._clock = clock or SystemClock()
        self._refreshing = threading.Lock()
        self._change = 0
        self._things: dict[str, _Group] = {}
        self._seen: dict[str, tuple[_Thing, str]] = {}  # by key: the thing and the source
        self._of_device: dict[tuple[str, str], list[_Thing]] = {}  # by facility and code
        self._of_asset: dict[tuple[str, str], list[_Thing]] = {}  # likewise
        self._of_metric: dict[tuple[str, str], list[_Thing]] = {}  # by facility and metric
        self._of_place: dict[str, list[_Thing]] = {}  # by facility, without what belongs to assets
        for expected in registry.expected():
            self._thing(expected.series.metric, dict(expected.series.tags), expected.max_age_ns)

    @property
    def change(self) -> int:
        """The change number up to which this is the present."""
        return self._change

    def refresh(self) -> list[Present]:
        """Read what changed since the last call, and return it."""
        with self._refreshing:
            rows, self._change = self._reader.since(self._change)
            for row in rows:
                self._put(row)
            return rows

    def values(
        self,
        metric: str = "",
        facility: str = "",
        site: str = "",
        device: str = "",
        source: str = "",
        now_ns: int | None = None,
        *,
        asset: str = "",
    ) -> list[Value]:
        """What matches, missing ones included (unless a source is asked for), in the registry's order."""
        now_ns = self._clock.now_ns() if now_ns is None else now_ns
        wanted = {name: value for name, value in (("site", site), ("device", device), ("asset", asset)) if value}
        found: list[Value] = []
        for thing in self._candidates(facility, device, metric, asset):
            if metric and thing.metric != metric:
                continue
            if any(thing.tags.get(name) != value for name, value in wanted.items()):
                continue
            for name, row in list(thing.rows.items()):
                if not source or name == source:
                    found.append(self._value(thing, name, row, now_ns))
            if not thing.rows and not source:
                found.append(self._missing(thing))
        return found

    def of_places(self, facility: str, site: str, now_ns: int) -> list[Value]:
        """All but what names an asset and no device, of a facility or of all, in the registry's order.

        Assets are thousands of machines, which a board of beds and devices need not look through.
        """
        groups = [self._of_place.get(facility, [])] if facility else list(self._of_place.values())
        things = [thing for group in groups for thing in list(group) if site in ("", thing.tags.get("site"))]
        return [value for thing in things for value in self._all_of(thing, now_ns)]

    def _all_of(self, thing: _Thing, now_ns: int) -> list[Value]:
        rows = list(thing.rows.items())
        return [self._value(thing, name, row, now_ns) for name, row in rows] or [self._missing(thing)]

    def value(
        self,
        metric: str,
        facility: str = "",
        site: str = "",
        device: str = "",
        source: str = "",
        now_ns: int | None = None,
    ) -> Value:
        """The newest value of those that match; missing when there is none."""
        values = self.values(metric, facility, site, device, source, now_ns)
        if values:
            return max(values, key=lambda value: value.as_of_ns or -1)
        tags = {"device": device, "facility": facility, "site": site}
        entry = self._catalogue.get(metric)
        max_age_ns = entry.max_age_ns if entry else UNKNOWN_MAX_AGE
        return self._missing(_Thing(metric, {k: v for k, v in tags.items() if v}, max_age_ns))

    def _candidates(self, facility: str, device: str, metric: str, asset: str) -> Iterator[_Thing]:
        if facility and asset:
            return iter(list(self._of_asset.get((facility, asset), [])))
        if facility and device:
            return iter(list(self._of_device.get((facility, device), [])))
        if facility and metric:
            return iter(list(self._of_metric.get((facility, metric), [])))
        groups = [self._things.get(facility, {})] if facility else list(self._things.values())
        return (thing for group in groups for thing in list(group.values()))

    def _put(self, row: Present) -> None:
        seen = self._seen.get(row.key)
        if seen is None:
            seen = self._seen[row.key] = self._place(row)
        thing, source = seen
        thing.rows[source] = row

    def _place(self, row: Present) -> tuple[_Thing, str]:
        """Where a series that was not seen before belongs."""
        tags = dict(row.series.tags)
        source = tags.pop("source", "")
        return self._thing(row.series.metric, tags, row.max_age_ns), source

    def _thing(self, metric: str, tags: dict[str, str], max_age_ns: int) -> _Thing:
        """The one of this metric and these tags, made where there is none."""
        facility = tags.get("facility", "")
        group = self._things.setdefault(facility, {})
        key = (metric, tuple(tags.items()))
        if key not in group:
            group[key] = _Thing(metric, tags, max_age_ns)
            self._of_device.setdefault((facility, tags.get("device", "")), []).append(group[key])
            self._of_metric.setdefault((facility, metric), []).append(group[key])
            if asset := tags.get("asset"):
                self._of_asset.setdefault((facility, asset), []).append(group[key])
            if not asset or "device" in tags:
                self._of_place.setdefault(facility, []).append(group[key])
        return group[key]

    def _value(self, thing: _Thing, source: str, row: Present, now_ns: int) -> Value:
        state = state_at(row.as_of_ns, row.max_age_ns, now_ns)
        counted = state is not State.STALE and row.quality is not Quality.BAD
        return Value(
            metric=thing.metric,
            tags=thing.tags,
            value=row.value,
            unit=self._unit(thing.metric),
            as_of_ns=row.as_of_ns,
            received_ns=row.received_ns,
            max_age_ns=row.max_age_ns,
            state=state,
            quality=row.quality,
            source=source,
            n=int(counted),
            m=1,
        )

    def _missing(self, thing: _Thing) -> Value:
        return Value(
            metric=thing.metric,
            tags=thing.tags,
            value=None,
            unit=self._unit(thing.metric),
            as_of_ns=None,
            received_ns=None,
            max_age_ns=thing.max_age_ns,
            state=State.MISSING,
            quality=Quality.GOOD,
            source="",
            n=0,
            m=1,
        )

    def _unit(self, metric: str) -> str:
        entry = self._catalogue.get(metric)
        return entry.unit if entry else ""
