"""What psutil says is taken with care: real file systems and interfaces only, and nothing invented."""

from collections import namedtuple
from pathlib import Path
from types import SimpleNamespace

import pytest

from collectors.hosts import machine
from collectors.hosts.machine import Disk, Traffic, disks, mounts, sample, temperature, traffic

Part = namedtuple("Part", "device mountpoint fstype opts")  # noqa: PYI024 - as psutil's own
ROOT = Part("/dev/sda1", "/", "ext4", "rw,relatime")


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> list[Part]:
    """What is mounted; every mount point is a folder."""
    found: list[Part] = [ROOT]
    monkeypatch.setattr(machine.psutil, "disk_partitions", lambda: found)
    monkeypatch.setattr(Path, "is_dir", lambda path: not str(path).startswith("/etc/"))
    monkeypatch.setattr(Path, "is_mount", lambda path: str(path) in {"/", *(part.mountpoint for part in found)})
    return found


def test_each_device_counts_once_by_its_shortest_path(parts) -> None:
    parts += [
        Part("/dev/sdb1", "/srv/a/long/path", "xfs", "rw"),
        Part("/dev/sdb1", "/srv", "xfs", "rw"),
        Part("/dev/sda1", "/var/snap/bind", "ext4", "rw"),
    ]
    assert mounts(Path("/data")) == ["/", "/srv"]


@pytest.mark.parametrize(
    "part",
    [
        Part("/dev/loop1", "/snap/core/1", "squashfs", "ro,nodev"),
        Part("/dev/sr0", "/media/cd", "iso9660", "rw"),
        Part("/dev/sdc1", "/opt/image", "ext4", "ro,noatime"),
        Part("/dev/sda9", "/etc/hosts", "ext4", "rw"),  # a file that a container has mounted
    ],
)
def test_images_read_only_file_systems_and_mounted_files_are_left_out(parts, part) -> None:
    parts.append(part)
    assert mounts(Path("/data")) == ["/"]


def test_in_a_container_the_root_is_looked_at_though_no_device_is_under_it(parts) -> None:
    parts[:] = []
    assert mounts(Path("/data")) == ["/"]


def test_the_file_system_of_the_data_is_looked_at_whatever_it_is(parts, monkeypatch) -> None:
    monkeypatch.setattr(Path, "is_mount", lambda path: str(path) in ("/", "/nas"))
    assert mounts(Path("/nas/ioc/data")) == ["/", "/nas"]


def test_a_root_that_cannot_be_written_is_no_disk_that_fills(parts) -> None:
    parts[:] = [ROOT._replace(opts="ro"), Part("/dev/sda2", "/var", "ext4", "rw")]
    assert mounts(Path("/var/ioc")) == ["/var"]


def test_one_file_system_under_two_paths_is_one_disk_and_a_lost_one_none(parts, monkeypatch) -> None:
    parts += [
        Part("/dev/x", "/same", "ext4", "rw"),
        Part("/dev/y", "/lost", "ext4", "rw"),
        Part("/dev/z", "/o", "ext4", "rw"),
    ]
    numbers = {"/": 1, "/same": 1, "/o": 2}

    def stat(path: Path) -> SimpleNamespace:
        if str(path) not in numbers:
            raise OSError("Transport endpoint is not connected")
        return SimpleNamespace(st_dev=numbers[str(path)])

    monkeypatch.setattr(Path, "stat", stat)
    monkeypatch.setattr(machine.psutil, "disk_usage", lambda mount: SimpleNamespace(percent=9.5, free=7, total=70))
    assert dict(disks(Path("/data"))) == {"/": Disk(9.5, 7), "/o": Disk(9.5, 7)}


def nics(monkeypatch, tmp_path, hardware: tuple[str, ...] = (), down: tuple[str, ...] = (), **counted: int) -> None:
    for name in hardware:
        (tmp_path / name / "device").mkdir(parents=True)
    monkeypatch.setattr(machine, "NET", tmp_path)
    counters = {name: SimpleNamespace(bytes_recv=n, bytes_sent=2 * n) for name, n in counted.items()}
    states = {name: SimpleNamespace(isup=name not in down) for name in counted}
    monkeypatch.setattr(machine.psutil, "net_io_counters", lambda pernic: counters)
    monkeypatch.setattr(machine.psutil, "net_if_stats", lambda: states)


def test_only_interfaces_of_hardware_that_are_up_are_counted(monkeypatch, tmp_path) -> None:
    nics(monkeypatch, tmp_path, ("eno1", "eno2"), ("eno2",), lo=9, eno1=5, eno2=6, bond0=5, docker0=7, veth12ab=8)
    assert traffic() == {"eno1": Traffic(5, 10)}


def test_in_a_container_what_looks_like_one_is_counted(monkeypatch, tmp_path) -> None:
    nics(monkeypatch, tmp_path, lo=9, eth0=5, tun0=4)
    assert traffic() == {"eth0": Traffic(5, 10)}


def test_where_interfaces_cannot_be_asked_for_there_are_none(monkeypatch) -> None:
    def refused(**_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(machine.psutil, "net_io_counters", refused)
    assert traffic() == {}


@pytest.mark.parametrize(
    ("chips", "hottest"),
    [
        ({}, None),
        ({"acpitz": [27.8, None], "coretemp": [50.0, 61.5], "nvme": [70.0]}, 61.5),
        ({"nvme": [40.0], "acpitz": [0.0, 33.0]}, 40.0),
        ({"coretemp": [-273.0, 255.0, 0.0]}, None),
    ],
)
def test_the_hottest_sensor_of_the_processors_counts_and_nonsense_does_not(monkeypatch, chips, hottest) -> None:
    found = {chip: [SimpleNamespace(current=value) for value in values] for chip, values in chips.items()}
    monkeypatch.setattr(machine.psutil, "sensors_temperatures", lambda: found, raising=False)
    assert temperature() == hottest


def test_a_system_that_knows_no_sensors_has_no_temperature(monkeypatch) -> None:
    monkeypatch.delattr(machine.psutil, "sensors_temperatures", raising=False)
    assert temperature() is None


def test_waiting_for_a_disk_is_not_being_busy_and_guests_are_counted_once(monkeypatch, tmp_path) -> None:
    Times = namedtuple("Times", "user nice system idle iowait steal guest guest_nice")  # noqa: PYI024 - as psutil's
    monkeypatch.setattr(machine.psutil, "cpu_times", lambda: Times(30.0, 1.0, 9.0, 50.0, 8.0, 2.0, 20.0, 1.0))
    monkeypatch.setattr(machine.psutil, "swap_memory", lambda: SimpleNamespace(total=0, percent=0.0))
    monkeypatch.setattr(machine.psutil, "getloadavg", lambda: (6.0, 1.0, 1.0))
    monkeypatch.setattr(machine.psutil, "cpu_count", lambda: 4)
    found = sample(tmp_path)
    assert (found.busy, found.all, found.load, found.swap) == (42.0, 100.0, 1.5, None)


def test_this_machine_can_be_looked_at(tmp_path) -> None:
    found = sample(tmp_path)
    assert 0 < found.busy < found.all
    assert 0 < found.memory < 100
    assert found.uptime > 0
    assert found.disks
    assert all(disk.free > 0 for disk in found.disks.values())
