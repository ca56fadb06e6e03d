"""What the operating system says of this machine. The only module that imports psutil."""

import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from collectors.hosts.kernel_clock import clock_offset_ms

IMAGES = frozenset(("squashfs", "iso9660", "udf", "erofs", "cramfs"))  # full by nature
NET = Path("/sys/class/net")
NOT_PHYSICAL = (
    "lo", "veth", "docker", "br-", "virbr", "vnet", "tap", "tun", "wg", "ifb", "dummy", "cni", "cali", "flannel", "lxc",
    "lxd", "kube", "podman", "vxlan", "sit",
)  # fmt: skip
PROCESSOR = ("coretemp", "k10temp", "zenpower", "cpu_thermal", "cpu-thermal", "soc_thermal")
HOT = 150.0  # Cel; a sensor that says more is broken


@dataclass(frozen=True, slots=True)
class Disk:
    """A file system: the share in use of what ordinary programs may have, in percent, and what they still may."""

    percent: float
    free: int


@dataclass(frozen=True, slots=True)
class Traffic:
    """Bytes through a network interface since the machine was started."""

    received: int
    sent: int


@dataclass(frozen=True, slots=True)
class Sample:
    """This machine at one moment. ``at``, ``busy`` and ``all`` are seconds and mean something only beside another
    sample; ``swap``, ``temp`` and ``clock_offset`` (ms) are None where there is nothing to say."""

    at: float
    busy: float
    all: float
    load: float
    memory: float
    swap: float | None
    uptime: float
    temp: float | None
    clock_offset: float | None
    disks: Mapping[str, Disk]
    traffic: Mapping[str, Traffic]


def sample(data_dir: Path) -> Sample:
    """Look at everything once; the file system that holds ``data_dir`` is among the disks in any case."""
    times = psutil.cpu_times()._asdict()
    every = sum(value for name, value in times.items() if not name.startswith("guest"))  # user has the guests' time
    swap = psutil.swap_memory()
    return Sample(
        at=time.monotonic(),
        busy=every - times["idle"] - times.get("iowait", 0.0),
        all=every,
        load=psutil.getloadavg()[0] / (psutil.cpu_count() or 1),
        memory=psutil.virtual_memory().percent,
        swap=swap.percent if swap.total else None,
        uptime=max(0.0, time.time() - psutil.boot_time()),
        temp=temperature(),
        clock_offset=clock_offset_ms(),
        disks=dict(disks(data_dir)),
        traffic=traffic(),
    )


def disks(data_dir: Path) -> Iterator[tuple[str, Disk]]:
    """Each real file system that can be written to, by its mount point; one that is mounted twice, once."""
    seen: set[int] = set()
    for mount in mounts(data_dir):
        with suppress(OSError):
            device = Path(mount).stat().st_dev
            usage = psutil.disk_usage(mount)
            if device not in seen and usage.total:
                seen.add(device)
                yield mount, Disk(usage.percent, usage.free)


def mounts(data_dir: Path) -> list[str]:
    """Where they are mounted, the shortest path of each device first. What a container lays over files is left out."""
    parts = sorted(psutil.disk_partitions(), key=lambda part: (len(part.mountpoint), part.mountpoint))
    read_only = {part.mountpoint for part in parts if "ro" in part.opts.split(",") or part.fstype in IMAGES}
    by_device: dict[str, str] = {}
    for part in parts:
        if part.mountpoint not in read_only and Path(part.mountpoint).is_dir():
            by_device.setdefault(part.device, part.mountpoint)
    root = [] if "/" in read_only else ["/"]  # in a container it is on no device
    own = next(str(path) for path in (data_dir.absolute(), *data_dir.absolute().parents) if path.is_mount())
    return list(dict.fromkeys([*root, *by_device.values(), own]))


def traffic() -> dict[str, Traffic]:
    """The interfaces of real hardware that are up; where there are none, as in a container, those that look like it."""
    counters, states = {}, {}
    with suppress(OSError):
        counters, states = psutil.net_io_counters(pernic=True), psutil.net_if_stats()
    up = [name for name in counters if name in states and states[name].isup and not name.startswith(NOT_PHYSICAL)]
    names = [name for name in up if (NET / name / "device").exists()] or up
    return {name: Traffic(counters[name].bytes_recv, counters[name].bytes_sent) for name in names}


def temperature() -> float | None:
    """The hottest sensor of the processors, else of the board; None where there is no sensor that makes sense."""
    if not hasattr(psutil, "sensors_temperatures"):
        return None
    chips: dict[str, list[float]] = {}
    with suppress(OSError):
        for chip, sensors in psutil.sensors_temperatures().items():
            chips[chip] = [one.current for one in sensors if one.current and 0.0 < one.current < HOT]
    own = [value for chip in PROCESSOR for value in chips.get(chip, ())]
    return max(own or [value for values in chips.values() for value in values], default=None)
