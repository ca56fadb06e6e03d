"""A machine to look at, for the tests beside this."""

from collectors.hosts.machine import Disk, Sample, Traffic

GIB = 2**30


def sample(**more: object) -> Sample:
    """A quiet machine; what matters to the test is given."""
    given: dict = {
        "at": 100.0,
        "busy": 500.0,
        "all": 1_000.0,
        "load": 0.5,
        "memory": 42.0,
        "swap": 3.0,
        "uptime": 3_600.0,
        "temp": 51.5,
        "clock_offset": 0.8,
        "disks": {"/": Disk(14.5, 80 * GIB)},
        "traffic": {"eth0": Traffic(1_000, 500)},
    }
    return Sample(**given | more)
