"""Copies of what cannot be made again: the relational database and the configuration, whole or not at all.

A copy is made under another name, written to the disk and renamed last: one that was cut off is never taken for good.
"""

import contextlib
import fcntl
import hashlib
import importlib.metadata
import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError

from ioc.config import Settings
from ioc.database import copy_database, make_engine, migrate
from ioc.domain import MINUTE, parse_rfc3339, rfc3339
from ioc.errors import IocError
from ioc.timeseries import store_file

FORMAT = "ioc.backup/1"
MANIFEST = "manifest.json"
SUMS = "SHA256SUMS"
DATABASE, SERIES, CONFIGS, SECRETS = "ioc.sqlite", "timeseries.sqlite", "configs", "secrets"
HOUR_NS = 60 * MINUTE
SPARE = 256 << 20  # bytes that stay free on the disk: a backup must not be what fills it
_NAME = re.compile(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ")
_UNFINISHED = ".unfinished-"
_BUSY_S = 30.0


@dataclass(frozen=True, slots=True)
class Backup:
    """One complete copy. ``files`` maps what it holds to bytes; ``parts`` names the folders and databases in it."""

    path: Path
    time_ns: int
    version: str
    files: dict[str, int]

    @property
    def size(self) -> int:
        """Bytes in all."""
        return sum(self.files.values())

    @property
    def parts(self) -> list[str]:
        """What is in it: ``ioc.sqlite``, ``configs`` and what was asked for beside them."""
        return list(dict.fromkeys(name.partition("/")[0] for name in self.files))


def is_on(settings: Settings) -> bool:
    """Whether the centre makes copies by itself."""
    return settings.backup.every_hours > 0


def backup_if_due(settings: Settings, now_ns: int) -> Backup | None:
    """A job of the scheduler: make a copy where the newest is older than the settings want, and keep so many."""
    if not is_on(settings):
        return None
    last = newest(settings)
    if last is not None and 0 <= now_ns - last.time_ns < settings.backup.every_hours * HOUR_NS:
        return None
    return back_up(settings, now_ns)


def back_up(
    settings: Settings, now_ns: int, to: Path | None = None, *, series: bool = False, secrets: bool = False
) -> Backup:
    """Copy database and configuration into a new folder of ``to``, by default ``data_dir/backup``.

    What PostgreSQL holds is copied into an SQLite file, so that a copy can be put back on either. In the default
    folder older copies are removed, as the settings say; elsewhere none are, and the folder that ``to`` is in must be
    there. Raises IocError where it is not, there is no room, another copy is being made, or the database cannot be
    read.
    """
    source = _database_file(settings)
    folder = to or settings.data_dir / "backup"
    if to is not None and not to.absolute().parent.is_dir():  # a disk that is not mounted would be the local one
        what = f"There is no folder {to.absolute().parent}, so {to} is not made."
        raise IocError(what, "Mount the disk it is on, or make that folder.")
    folder.mkdir(mode=0o700, parents=to is None, exist_ok=True)
    name = f"{rfc3339(now_ns)[:19].replace(':', '-')}Z"
    with _alone(folder):
        for left in folder.glob(f"{_UNFINISHED}*"):
            shutil.rmtree(left)
        if (folder / name).exists():
            raise IocError(f"There is a backup {folder / name} already.", "Try again in a second.")
        databases = ({DATABASE: source} if source else {}) | (
            {SERIES: store_file(settings)} if series and not settings.influxdb.url else {}
        )
        folders = {CONFIGS: settings.config_dir} | ({SECRETS: settings.data_dir / "secrets"} if secrets else {})
        _make_sure_of_room(folder, [*databases.values(), *folders.values()])
        _make(folder, name, lambda draft: _fill(draft, settings, databases, folders, now_ns))
        _sync(folder)
        if to is None:
            _keep(settings)
    made = read_backup(folder / name)
    assert made is not None
    return made


def _make(folder: Path, name: str, fill: Callable[[Path], None]) -> None:
    """Fill a folder under another name, and give it its own when all of it is there."""
    draft = folder / f"{_UNFINISHED}{name}"
    draft.mkdir(mode=0o700)
    try:
        fill(draft)
        draft.rename(folder / name)
    except IocError:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    except (OSError, sqlite3.Error, shutil.Error, DBAPIError) as error:
        shutil.rmtree(draft, ignore_errors=True)
        why = getattr(error, "orig", error)
        raise IocError(f"The backup could not be made: {why}.", "The copies made before are untouched.") from error


def newest(settings: Settings) -> Backup | None:
    """The newest complete copy in ``data_dir/backup``, None where there is none."""
    folder = settings.data_dir / "backup"
    names = sorted((path.name for path in _folders(folder)), reverse=True)
    return next((found for name in names if (found := read_backup(folder / name))), None)


def read_backup(path: Path) -> Backup | None:
    """What this folder holds; None where it is no copy, or where a file of it is missing or cut short."""
    found = read_manifest(path)
    return None if found is None or first_wrong(found) else found


def first_wrong(found: Backup) -> str:
    """Which of its files is missing or has not the size it was copied with, and what is wrong with it; empty where
    all are there."""
    for name, size in found.files.items():
        try:
            is_now = (found.path / name).stat().st_size
        except (OSError, ValueError):
            return f"{name} is missing or cannot be read"
        if is_now != size:
            return f"{name} has {is_now:,} bytes instead of {size:,}"
    return ""


def read_manifest(path: Path) -> Backup | None:
    """What this folder should hold by its manifest; None where there is none that can be read."""
    try:
        manifest: dict[str, Any] = orjson.loads((path / MANIFEST).read_bytes())
        files = {name: int(entry["size"]) for name, entry in manifest["files"].items()}
        if manifest["format"] != FORMAT:
            return None
        return Backup(path, parse_rfc3339(manifest["made_at"]), str(manifest["version"]), files)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _database_file(settings: Settings) -> Path | None:
    """The file of the database; None where a server keeps it."""
    url = make_url(settings.database.url)
    if url.get_backend_name() != "sqlite":
        return None
    path = Path(url.database or "")
    if not path.is_file():
        raise IocError(f"There is no database {path} yet.", "`ioc run` (or `make run`) makes it at its first start.")
    return path


def _copy_server(settings: Settings, target: Path) -> None:
    """All that the database server holds at one moment, compared row by row with what was written."""
    source, copy = make_engine(settings.database.url), make_engine(f"sqlite:///{target}")
    try:
        migrate(copy)
        copy_database(source, copy)
    finally:
        source.dispose()
        copy.dispose()
    with closing(sqlite3.connect(target, isolation_level=None)) as connection:
        connection.execute("pragma journal_mode = delete")  # one file, which any SQLite can open read-only
    target.chmod(0o600)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One backup at a time: what lies unfinished in the folder is nobody's then."""
    with (folder / ".lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise IocError(f"A backup is being made in {folder} already.", "Wait until it is done.") from None
        yield


def _make_sure_of_room(folder: Path, sources: list[Path]) -> None:
    needed = sum(_size(source) for source in sources)
    free = shutil.disk_usage(folder).free
    if free < needed + SPARE:
        raise IocError(
            f"There is no room for a backup in {folder}: {needed / 2**20:.0f} MiB and {SPARE >> 20} MiB to spare are "
            f"needed, {free / 2**20:.0f} MiB are free.",
            "Make room, keep fewer (IOC_BACKUP__KEEP), or write to another disk: ioc backup --to DIR.",
        )


def _size(path: Path) -> int:
    """What it takes on a disk, about; a database with what it has not merged yet."""
    if path.is_dir():
        return sum(found.stat().st_size for found in path.rglob("*") if found.is_file())
    return sum(found.stat().st_size for found in (path, path.with_name(f"{path.name}-wal")) if found.exists())


def _fill(draft: Path, settings: Settings, databases: dict[str, Path], folders: dict[str, Path], now_ns: int) -> None:
    if DATABASE not in databases:
        _copy_server(settings, draft / DATABASE)
    for name, source in databases.items():
        if source.exists():
            _copy_database(source, draft / name)
    for name, source in folders.items():
        shutil.copytree(source, draft / name, ignore=partial(_inside, draft), ignore_dangling_symlinks=True)
    files = sorted(path for path in draft.rglob("*") if path.is_file())
    entries = {str(path.relative_to(draft)): {"size": path.stat().st_size, "sha256": _digest(path)} for path in files}
    manifest = {
        "format": FORMAT,
        "made_at": rfc3339(now_ns),
        "version": importlib.metadata.version("ioc-hospital"),
        "files": entries,
    }
    (draft / MANIFEST).write_bytes(orjson.dumps(manifest, option=orjson.OPT_INDENT_2) + b"\n")
    sums = {name: entry["sha256"] for name, entry in entries.items()} | {MANIFEST: _digest(draft / MANIFEST)}
    (draft / SUMS).write_text("".join(f"{digest}  {name}\n" for name, digest in sums.items()), encoding="utf-8")
    for path in sorted(draft.rglob("*"), reverse=True):
        _sync(path)
    _sync(draft)


def _inside(draft: Path, folder: str, names: list[str]) -> list[str]:
    """What of a folder leads to the copy itself, where somebody keeps the data among the configuration."""
    return [name for name in names if draft.resolve().is_relative_to(Path(folder, name).resolve())]


def _copy_database(source: Path, target: Path) -> None:
    """As it is at one moment, while others go on writing. Copied in steps, it would begin anew at each write."""
    with closing(sqlite3.connect(source, timeout=_BUSY_S, isolation_level=None)) as connection:
        connection.execute("vacuum into ?", (str(target),))
    with closing(sqlite3.connect(target)) as copy:
        verdict = copy.execute("pragma quick_check(1)").fetchone()[0]
    if verdict != "ok":
        raise sqlite3.DatabaseError(f"the copy of {source.name} is damaged: {verdict}")
    target.chmod(0o600)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _folders(folder: Path) -> list[Path]:
    return [path for path in folder.glob("*") if _NAME.fullmatch(path.name) and path.is_dir()]


def _keep(settings: Settings) -> None:
    """Remove the oldest complete copies over the number wanted. What is not one of ours is nobody's to remove."""
    good = sorted(path for path in _folders(settings.data_dir / "backup") if read_backup(path))
    for path in good[: -settings.backup.keep]:
        with contextlib.suppress(OSError):
            (path / MANIFEST).unlink()  # half removed, it is no copy any more
            shutil.rmtree(path)
