"""What to do with a damaged journal: find out, set it aside, and save what can still be read."""

import contextlib
import sqlite3
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

COLUMNS = "kind, source, count, received_ns, size, crc, body"
SIDE_FILES = ("-wal", "-shm", "-journal")

Row = tuple[str, str, int, int, int, int, bytes]


def find_fault(path: Path) -> str:
    """What is wrong with the file, empty when nothing is, or when there is no file yet."""
    if not path.exists():
        return ""
    try:
        with _opened(path) as connection:
            verdict: str = connection.execute("pragma quick_check(1)").fetchone()[0]
            if verdict != "ok":
                return verdict
            if not connection.execute("select 1 from sqlite_master where name = 'entry'").fetchone():
                return ""
            for id_, crc, body in connection.execute("select id, crc, body from entry order by id"):
                if zlib.crc32(body) != crc:
                    return f"entry {id_} does not match its checksum"
    except sqlite3.OperationalError:
        raise  # the disk, not the file
    except (sqlite3.DatabaseError, TypeError) as error:
        return str(error)
    return ""


def set_aside(path: Path) -> Path:
    """Rename the file, with what SQLite keeps beside it; returns the new name."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    aside, number = path.with_name(f"{path.stem}.damaged-{stamp}{path.suffix}"), 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.stem}.damaged-{stamp}-{number}{path.suffix}")
    for side in SIDE_FILES:
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + side).rename(aside.with_name(aside.name + side))
    return path.rename(aside)


def set_aside_files(path: Path) -> Iterator[Path]:
    """Every damaged journal that lies beside ``path``."""
    return path.parent.glob(f"{path.stem}.damaged-*{path.suffix}")


def readable_rows(path: Path) -> list[Row]:
    """The rows that can be read and match their checksum, in their order: from both ends to where it breaks."""
    found: dict[int, Row] = {}
    with contextlib.suppress(sqlite3.DatabaseError), _opened(path) as connection:
        for order in ("asc", "desc"):
            with contextlib.suppress(sqlite3.DatabaseError):
                for id_, *row in connection.execute(f"select id, {COLUMNS} from entry order by id {order}"):  # noqa: S608 - our own words
                    if id_ in found:
                        break
                    if isinstance(row[6], bytes) and zlib.crc32(row[6]) == row[5]:
                        found[id_] = tuple(row)
    return [found[id_] for id_ in sorted(found)]


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(path, timeout=5, isolation_level=None)) as connection:
        yield connection
