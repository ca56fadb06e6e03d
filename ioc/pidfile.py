"""Pid files under ``data_dir/run``: one number each, for people and programs that look after the centre.

Nothing of ours is ever killed by such a number alone: it may belong to another program by now.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def pid_path(data_dir: Path, name: str) -> Path:
    """``data_dir/run/worker.pid``."""
    return data_dir / "run" / f"{name}.pid"


def write_pid(data_dir: Path, name: str, pid: int) -> None:
    """Write it whole or not at all."""
    path = pid_path(data_dir, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}")
    draft.write_text(f"{pid}\n", encoding="ascii")
    draft.replace(path)


def remove_pid(data_dir: Path, name: str, pid: int) -> None:
    """Take the file away where it still names this process."""
    path = pid_path(data_dir, name)
    with suppress(OSError):
        if path.read_text(encoding="ascii").strip() == str(pid):
            path.unlink()


@contextmanager
def pid_file(data_dir: Path, name: str) -> Iterator[None]:
    """Name this process in ``data_dir/run/NAME.pid`` for as long as the block lasts."""
    write_pid(data_dir, name, os.getpid())
    try:
        yield
    finally:
        remove_pid(data_dir, name, os.getpid())


def process_id(data_dir: Path, name: str) -> int:
    """The process of this part, 0 where none is alive."""
    try:
        pid = int(pid_path(data_dir, name).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0
    return pid if identity(pid) else 0


def identity(pid: int) -> str:
    """What tells a process from every other one that had or will have its number; empty where it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        state, *fields = stat.rpartition(")")[2].split()
        return "" if state == "Z" else f"{_BOOT_ID.read_text(encoding='ascii').strip()} {fields[18]}"
    except (OSError, IndexError):
        return ""
