"""What the kernel says of this process."""

import os
import time
from contextlib import suppress
from pathlib import Path

from ioc.telemetry.meter import Meter

_PAGE = os.sysconf("SC_PAGE_SIZE")
STARTED_S = time.time()  # this module is loaded with the process


def of_process(meter: Meter, files: tuple[Path, ...] = ()) -> None:
    """Put memory, processor time, threads and open files of this process, and the sizes of these databases."""
    times = os.times()
    meter.put("process_start_time_seconds", STARTED_S)
    meter.put("process_cpu_seconds_total", times.user + times.system)
    with suppress(OSError, ValueError, IndexError):
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        meter.put("process_resident_memory_bytes", pages * _PAGE)
    with suppress(OSError):
        meter.put("process_threads", len(list(Path("/proc/self/task").iterdir())))
        meter.put("process_open_fds", len(list(Path("/proc/self/fd").iterdir())))
    for path in files:
        if path.exists():
            meter.put("file_bytes", size_of(path), file=path.name)


def size_of(path: Path) -> int:
    """Bytes of a database with its log."""
    found = 0
    for one in (path, path.with_name(f"{path.name}-wal")):
        with suppress(OSError):
            found += one.stat().st_size
    return found
