"""Puts a copy of ``ioc backup`` back: looked through first, made ready beside what is there, and then put in its place.

Nothing is thrown away: what stood there before lies in ``before-restore-TIME`` of the data folder. What a copy does not
hold stays: the journal, whose messages the next worker stores, the broker's queue, the keys and the values over time
where the copy has none.
"""

import fcntl
import hashlib
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, MetaData, Table, make_url, select
from sqlalchemy.exc import DBAPIError

from ioc.backup import CONFIGS, DATABASE, MANIFEST, SECRETS, SERIES, SUMS, Backup, first_wrong, read_manifest
from ioc.config import Settings
from ioc.database import copy_database, make_engine, migrate, reading, shown_url
from ioc.domain import SECOND, rfc3339
from ioc.errors import IocError
from ioc.pidfile import process_id
from ioc.telemetry import ALIVE_NS, Pulses
from ioc.timeseries import store_file

PARTS = ("supervisor", "worker", "scheduler", "web")
STAGE = ".restoring"
SPARE = 64 << 20  # bytes that stay free
WORTH_A_WORD = 10_000  # rows of a table
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back, and where what was there before lies now; None where nothing was."""

    backup: Backup
    parts: list[str]
    aside: Path | None


def look_through(path: Path) -> Backup:
    """The copy in this folder, each of its files compared with its check sum; raises IocError where it is damaged."""
    found = read_manifest(path)
    if found is None:
        raise IocError(
            f"{path} is no complete copy: its {MANIFEST} is missing or cannot be read.",
            "`ioc backup` makes copies in folders named after their time; give one of those.",
        )
    if wrong := first_wrong(found):
        raise IocError(f"{path} is no complete copy: {wrong}.", _OTHER)
    sums = _sums(path)
    if set(sums) != {*found.files, MANIFEST}:
        raise IocError(f"{path / SUMS} does not name what {MANIFEST} names: the copy is damaged.", _OTHER)
    for name, digest in sums.items():
        if not (path / name).resolve().is_relative_to(path.resolve()):
            raise IocError(f"{name} lies outside of {path}: this copy was not made by `ioc backup`.", _OTHER)
        with (path / name).open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != digest:
                raise IocError(f"{path / name} does not match its check sum: the copy is damaged.", _OTHER)
    return found


_OTHER = "Take another copy."


def in_the_way(settings: Settings, found: Backup, *, configs: bool = True) -> list[str]:
    """What is there now and would be replaced, for a person to agree to."""
    names = []
    if not _on_file(settings) and DATABASE in found.parts:
        engine = make_engine(settings.database.url)
        try:
            if _has_rows(engine):
                names.append(shown_url(settings.database.url))
        finally:
            engine.dispose()
    paths = [target for _, target in _targets(settings, found, configs=configs)]
    return names + [str(path) for path in paths if path.exists() and (path.is_file() or any(path.iterdir()))]


def restore(settings: Settings, found: Backup, now_ns: int, *, configs: bool = True, say: Say) -> Restored:
    """Put the copy back in the places of these settings; raises IocError, and then nothing has changed.

    To be called with a copy that ``look_through`` has approved. The parts of the centre must not run, and cannot be
    started by `ioc run` meanwhile. A copy of an older version is brought to this one's schema.
    """
    with _alone(settings):
        stage = settings.data_dir / STAGE
        shutil.rmtree(stage, ignore_errors=True)
        parts = [name for name in (DATABASE, SERIES, SECRETS, CONFIGS) if name in found.parts]
        parts = parts if configs else [name for name in parts if name != CONFIGS]
        targets = _targets(settings, found, configs=configs)
        _make_sure_of_room(settings, found)
        stage.mkdir(mode=0o700)
        try:
            for name in parts:
                say(f"copying {name}")
                _copy(found, name, stage)
            if DATABASE in found.parts:
                _ready(found, stage / DATABASE, say)
            aside = settings.data_dir / f"before-restore-{rfc3339(now_ns)[:19].replace(':', '-')}Z"
            with _put_in_place(targets, stage, aside):
                if DATABASE in found.parts and not _on_file(settings):
                    _into_server(settings, stage / DATABASE, aside, now_ns, say)
                _hand_over(settings, targets)
        except (OSError, sqlite3.Error, shutil.Error, DBAPIError) as error:
            why = getattr(error, "orig", error)
            raise IocError(f"The copy could not be put back: {why}.", "Mend that and do it again.") from error
        finally:
            shutil.rmtree(stage, ignore_errors=True)
    return Restored(found, parts, aside if aside.exists() else None)


def _targets(settings: Settings, found: Backup, *, configs: bool) -> list[tuple[str, Path]]:
    """Which files and folders of the copy go where, by the settings of today."""
    wanted = {SERIES: store_file(settings), SECRETS: settings.data_dir / "secrets"}
    if _on_file(settings):
        wanted = {DATABASE: Path(make_url(settings.database.url).database or "")} | wanted
    if configs:
        wanted |= {CONFIGS: settings.config_dir}
    return [(name, path) for name, path in wanted.items() if name in found.parts]


def _ready(found: Backup, database: Path, say: Say) -> None:
    """See that the database is sound, and bring it to the schema of this program."""
    with closing(sqlite3.connect(database)) as connection:
        verdict = connection.execute("pragma integrity_check(1)").fetchone()[0]
    if verdict != "ok":
        raise IocError(f"The database of {found.path} is damaged: {verdict}.", _OTHER)
    say("bringing the database to this version")
    engine = make_engine(f"sqlite:///{database}")
    try:
        migrate(engine)
    except IocError as error:
        raise IocError(
            f"{found.path} was made by version {found.version}, which is newer than this program.",
            "Install that version or a newer one first.",
        ) from error
    finally:
        engine.dispose()
    for beside in _beside(database):
        beside.unlink(missing_ok=True)


@contextmanager
def _put_in_place(targets: Sequence[tuple[str, Path]], stage: Path, aside: Path) -> Iterator[None]:
    """Move what is there aside and what is ready to its place; where that or the block fails, all is as it was. The
    contents of folders are moved and not the folders: these may be where a disk or a volume is mounted."""
    done: list[tuple[Path, Path]] = []
    try:
        for path, place in list(_moves(targets, stage, aside)):
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            shutil.move(path, place)
            done.append((path, place))
        yield
    except BaseException:
        for path, place in reversed(done):
            shutil.move(place, path)
        raise
    os.sync()


def _moves(targets: Sequence[tuple[str, Path]], stage: Path, aside: Path) -> Iterator[tuple[Path, Path]]:
    """What is moved where: first all of what is there, then what takes its place."""
    for name, target in targets:
        for path in sorted(target.iterdir()) if target.is_dir() else [target, *_beside(target)]:
            if path.exists() and not stage.is_relative_to(path):
                yield path, aside / name / path.name if target.is_dir() else aside / path.name
    for name, target in targets:
        folder = (stage / name).is_dir()
        for path in sorted((stage / name).iterdir()) if folder else [stage / name]:
            yield path, target / path.name if folder else target


def _into_server(settings: Settings, ready: Path, aside: Path, now_ns: int, say: Say) -> None:
    """Copy the database into the server's and delete in the same transaction what it held: a file has that first."""
    server, new = make_engine(settings.database.url), make_engine(f"sqlite:///{ready}")
    old = make_engine(f"sqlite:///{aside / DATABASE}")
    held = ""

    def tell(table: str, done: int, total: int) -> None:
        if done and total >= WORTH_A_WORD:
            say(f"{table}: {done:,} of {total:,} rows")

    try:
        migrate(server)
        _must_rest(server, now_ns)
        if _has_rows(server):
            aside.mkdir(mode=0o700, parents=True, exist_ok=True)
            say(f"copying what the server holds to {aside / DATABASE}")
            migrate(old)
            copy_database(server, old, tell)
            held = f" A copy of what it holds is in {aside}."
        copy_database(new, server, tell, replace=True)
    except (DBAPIError, IocError) as error:
        why, hint = getattr(error, "orig", error), getattr(error, "hint", "") or "Mend that and do it again."
        what = f"The copy could not be put back, and the server has what it had: {str(why).strip().rstrip('.')}."
        raise IocError(what, f"{hint}{held}") from error
    finally:
        for engine in (server, new, old):
            engine.dispose()


def _has_rows(engine: Engine) -> bool:
    with reading(engine) as connection:
        return any(connection.execute(select(table).limit(1)).first() is not None for table in _tables(connection))


def _must_rest(server: Engine, now_ns: int) -> None:
    """What a centre on another machine or in another container writes meanwhile would be lost."""
    if at_work := [it for it in Pulses(server).alive(now_ns) if it.at_ns <= now_ns + ALIVE_NS]:
        who = ", ".join(f"{it.part} on {it.host} (process {it.pid})" for it in at_work)
        hint = f"Stop it, wait {ALIVE_NS // SECOND} seconds, and do it again."
        raise IocError(f"The centre is at work on it: {who}.", hint)


def _hand_over(settings: Settings, targets: Sequence[tuple[str, Path]]) -> None:
    """What root has put in place belongs to whose folder it is in, and of the configuration each may read what the
    folder lets him read: the centre runs as a user of its own."""
    if os.geteuid() != 0:
        return
    for name, target in targets:
        folder = (settings.config_dir if name == CONFIGS else settings.data_dir).stat()
        for path in [target, *target.rglob("*")]:
            if name == CONFIGS and path.is_relative_to(settings.data_dir):
                continue  # somebody keeps the data among the configuration
            os.chown(path, folder.st_uid, folder.st_gid, follow_symlinks=False)
            if name == CONFIGS and path != target and not path.is_symlink():
                path.chmod(folder.st_mode & (0o777 if path.is_dir() else 0o666))


def _tables(connection: Connection) -> list[Table]:
    """Those of the centre; its version is none of them."""
    found = MetaData()
    found.reflect(connection)
    return [table for table in found.sorted_tables if table.name != "alembic_version"]


def _on_file(settings: Settings) -> bool:
    return settings.database.url.startswith("sqlite")


def _beside(database: Path) -> tuple[Path, Path]:
    """What SQLite keeps beside a database: of another file, it would damage the one put there."""
    return database.with_name(f"{database.name}-wal"), database.with_name(f"{database.name}-shm")


def _copy(found: Backup, part: str, stage: Path) -> None:
    """The files of this part that the manifest names, and no others."""
    for name in found.files:
        if name.partition("/")[0] == part:
            (stage / name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            shutil.copy2(found.path / name, stage / name)


def _sums(path: Path) -> dict[str, str]:
    try:
        lines = (path / SUMS).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise IocError(f"{path / SUMS} cannot be read: {error}.", _OTHER) from error
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines)}


def _make_sure_of_room(settings: Settings, found: Backup) -> None:
    free = shutil.disk_usage(settings.data_dir).free
    if free < found.size + SPARE:
        raise IocError(
            f"There is no room in {settings.data_dir}: {found.size / 2**20:.0f} MiB are needed beside what is there, "
            f"{free / 2**20:.0f} MiB are free.",
            "Make room; what was there before is kept until you remove it.",
        )


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """Nothing of the centre runs, and `ioc run` does not start meanwhile."""
    run = settings.data_dir / "run"
    run.mkdir(parents=True, exist_ok=True)
    with (run / "supervisor.lock").open("a") as lock:
        _hand_over(settings, [("run", run)])
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise IocError(f"The centre runs with the data in {settings.data_dir}.", _STOP) from None
        if alive := [part for part in PARTS if process_id(settings.data_dir, part)]:
            raise IocError(f"Still running with the data in {settings.data_dir}: {', '.join(alive)}.", _STOP)
        yield


_STOP = "Stop it first: Ctrl-C, or `systemctl stop` of its units."
