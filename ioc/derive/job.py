"""What the registry says is computed for its devices, every few seconds, written like any other value."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from ioc.catalogue import Catalogue
from ioc.derive.devices import BURN_OVER, Derived, Points, breach, burn, hours_left, worst
from ioc.derive.disks import DISK_LOOKS_BACK, days_until_full
from ioc.domain import MINUTE, STALE_AFTER, Frame, Quality, Series
from ioc.registry import Device, Registry
from ioc.timeseries import DAY, How, Store

SOURCE = "derive"
BREACH_LOOKS_BACK = 14 * DAY
DISK_STEP = 30 * MINUTE


class Present(Protocol):
    """Where live values are told; ``ioc.latest.LatestWriter`` is one."""

    def offer(self, frames: Sequence[Frame]) -> None:
        """Take live frames."""
        ...

    def flush(self) -> None:
        """Write what was taken."""
        ...


def derive_all(store: Store, registry: Registry, catalogue: Catalogue, present: Present, now_ns: int) -> int:
    """Compute and write what there is to compute; gives how many frames. The store has them before the present."""
    frames = [*_oxygen(store, registry, catalogue, now_ns), *_cold(store, registry, catalogue, now_ns)]
    return _write(store, present, frames)


def derive_disks(store: Store, catalogue: Catalogue, present: Present, now_ns: int) -> int:
    """Compute and write when the disks will be full; for every few minutes, as it looks back over days."""
    return _write(store, present, list(_disks(store, catalogue, now_ns)))


def _write(store: Store, present: Present, frames: list[Frame]) -> int:
    if frames:
        store.write_lines([frame.line() for frame in frames])
        present.offer(frames)
        present.flush()
    return len(frames)


def _oxygen(store: Store, registry: Registry, catalogue: Catalogue, now_ns: int) -> Iterator[Frame]:
    for series, points in _newest_source(store, "o2.stock", now_ns - BURN_OVER, now_ns):
        device = _device(registry, series, "burn")
        last = next((point for point in reversed(points) if point[2] is not Quality.BAD), None)
        if device is None or last is None or now_ns - last[0] > _silence(device, "stock", catalogue):
            continue
        consumption = burn(points)
        if consumption is None:
            continue
        fields = {"burn": consumption}
        left = hours_left(last, consumption)
        if left is not None and "tte" in device.derived:
            fields["tte"] = left
        yield _frame(series, fields, now_ns)


def _cold(store: Store, registry: Registry, catalogue: Catalogue, now_ns: int) -> Iterator[Frame]:
    """The last readings of all; more only of the few devices that are outside through all of them."""
    metric = catalogue.get("fridge.temp")
    lately = now_ns - 2 * STALE_AFTER * (metric.max_age_ns if metric else 10 * MINUTE)
    for series, points in _newest_source(store, "fridge.temp", lately, now_ns):
        device = _device(registry, series, "breach")
        if device is None:
            continue
        silence = _silence(device, "temp", catalogue)
        found = breach(points, device.low, device.high, silence)
        if found is not None and found.value and _begins_before(points, found, silence):
            longer = store.raw(series.metric, dict(series.tags), max(0, now_ns - BREACH_LOOKS_BACK), now_ns + 1)
            found = breach(longer[0][1], device.low, device.high, silence)
        if found is not None and now_ns - found.as_of_ns <= silence:
            yield _frame(series, {"breach": found}, now_ns)


def _disks(store: Store, catalogue: Catalogue, now_ns: int) -> Iterator[Frame]:
    """Half hours from the buckets, and the newest value itself, of each file system that is still looked at."""
    metric = catalogue.get("host.disk_free")
    silence = STALE_AFTER * (metric.max_age_ns if metric else 2 * MINUTE)
    for last in store.latest("host.disk_free", None, silence):
        tags, start = dict(last.series.tags), max(0, now_ns - DISK_LOOKS_BACK)
        windows = store.window("host.disk_free", tags, start, last.time_ns, every=DISK_STEP, how=How.LAST)
        halves = (point for window in windows for point in window.points)
        ends = [(at + DISK_STEP, left, quality) for at, left, quality in halves if left is not None]
        past = [point for point in ends if point[0] < last.time_ns]
        found = days_until_full([*past, (last.time_ns, last.value, last.quality)])
        if found is not None:
            yield _frame(last.series, {"disk_days": found}, now_ns)


def _begins_before(points: Points, found: Derived, silence_ns: int) -> bool:
    """Whether an event may reach back beyond the points that were asked for."""
    return found.as_of_ns - round(found.value * MINUTE) - silence_ns <= points[0][0]


def _newest_source(store: Store, metric: str, start: int, now_ns: int) -> list[tuple[Series, Points]]:
    """The points of each device since ``start``; of two sources those of the one that spoke last."""
    newest: dict[tuple[str, str], tuple[Series, Points]] = {}
    for series, points in store.raw(metric, None, max(start, 0), now_ns + 1):
        key = (series.tag("facility"), series.tag("device"))
        if key not in newest or newest[key][1][-1][0] < points[-1][0]:
            newest[key] = (series, points)
    return list(newest.values())


def _device(registry: Registry, series: Series, derived: str) -> Device | None:
    device = registry.device(series.tag("facility"), series.tag("device"))
    return device if device is not None and derived in device.derived else None


def _silence(device: Device, key: str, catalogue: Catalogue) -> int:
    """How long ago an input may lie: older is stale, and nothing is reckoned from it anew."""
    metric = catalogue.get(f"{device.device_class}.{key}")
    default = metric.max_age_ns if metric else 10 * MINUTE
    return STALE_AFTER * device.max_age_ns.get(key, default)


def _frame(series: Series, fields: dict[str, Derived], now_ns: int) -> Frame:
    tags = sorted({**dict(series.tags), "source": SOURCE}.items())
    prefix = ",".join([series.metric.partition(".")[0], *(f"{name}={value}" for name, value in tags)])
    quality = worst([derived.quality for derived in fields.values()])
    at = min(derived.as_of_ns for derived in fields.values())
    return Frame(prefix, {name: derived.value for name, derived in fields.items()}, at, quality, now_ns)
