"""From samples to frames: rates, codes, and the series that each figure belongs to."""

from collections.abc import Iterator, Mapping

from collectors.hosts.machine import Sample
from ioc.domain import Frame, Quality
from ioc.polling import codes
from ioc.registry import SELF

SITE = next(iter(SELF.sites))
UP = 1.0


def frame(measurement: str, fields: Mapping[str, float | None], time_ns: int, **tags: str) -> Frame:
    """One line of this machine's facility; fields without a value are left out."""
    every = sorted({"facility": SELF.code, "site": SITE, **tags}.items())
    prefix = ",".join([measurement, *(f"{name}={value}" for name, value in every)])
    known = {name: float(value) for name, value in fields.items() if value is not None}
    return Frame(prefix, known, time_ns, Quality.GOOD.value, time_ns)


def machine_frames(now: Sample, before: Sample | None, host: str, source: str, time_ns: int) -> Iterator[Frame]:
    """All that a sample says; what is a rate needs the one before it and is absent without."""
    seconds = now.at - before.at if before else 0.0
    fields = {
        "up": UP,
        "cpu": processors(now, before),
        "load": now.load,
        "mem": now.memory,
        "swap": now.swap,
        "uptime": now.uptime,
        "temp": now.temp,
        "clock_offset": now.clock_offset,
    }
    yield frame("host", fields, time_ns, host=host, source=source)
    for mount, code in codes(now.disks, "root").items():
        disk = now.disks[mount]
        used = {"disk": disk.percent, "disk_free": disk.free}
        yield frame("host", used, time_ns, host=host, mount=code, source=source)
    for name, code in codes(now.traffic, "iface").items():
        after, earlier = now.traffic[name], before.traffic.get(name) if before else None
        if earlier and seconds > 0 and after.received >= earlier.received and after.sent >= earlier.sent:
            received, sent = (after.received - earlier.received) / seconds, (after.sent - earlier.sent) / seconds
            yield frame("host", {"net_rx": received, "net_tx": sent}, time_ns, host=host, iface=code, source=source)


def processors(now: Sample, before: Sample | None) -> float | None:
    """Percent of the time since the sample before that the processors were busy; None where nobody can tell."""
    if before is None or now.all <= before.all:
        return None
    return min(100.0, max(0.0, 100.0 * (now.busy - before.busy) / (now.all - before.all)))
