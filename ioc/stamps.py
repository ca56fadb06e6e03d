"""What jobs elsewhere say of themselves: that a backup was made, or restored for a test. One row a job."""

from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, Engine, String, Table, func, select

from ioc.database import metadata, reading, writing
from ioc.errors import IocError
from ioc.upsert import upsert

MOST = 500  # names of one facility: a job that makes up a name each night fills no database

stamps = Table(
    "backup_stamp",
    metadata,
    Column("facility", String(64), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("backup_ns", BigInteger),
    Column("restore_ns", BigInteger),
)


class TooManyError(IocError):
    """The facility has so many names already that one more is a mistake."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """When the job last said that it made a backup, and that it restored one (ns); None where it never did."""

    backup_ns: int | None = None
    restore_ns: int | None = None


class Stamps:
    """The table of them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get(self, facility: str, name: str) -> Stamp:
        """What a job has said."""
        query = select(stamps.c.backup_ns, stamps.c.restore_ns).where(
            stamps.c.facility == facility, stamps.c.name == name
        )
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        return Stamp(*row) if row else Stamp()

    def put(self, facility: str, name: str, said: Stamp) -> Stamp:
        """Note what a job says; what it said of a later time stays. Gives what is known now; raises TooManyError."""
        with writing(self._engine) as connection:
            own = (stamps.c.facility == facility) & (stamps.c.name == name)
            row = connection.execute(select(stamps.c.backup_ns, stamps.c.restore_ns).where(own)).one_or_none()
            if row is None:
                count = select(func.count()).select_from(stamps).where(stamps.c.facility == facility)
                if connection.execute(count).scalar_one() >= MOST:
                    what = f"{facility} has the names of {MOST} jobs already."
                    raise TooManyError(what, "A job keeps one name: do not put a date into it.")
            before = Stamp(*row) if row else Stamp()
            now = Stamp(_later(before.backup_ns, said.backup_ns), _later(before.restore_ns, said.restore_ns))
            values = {"backup_ns": now.backup_ns, "restore_ns": now.restore_ns}
            upsert(connection, stamps, [{"facility": facility, "name": name} | values])
        return now


def _later(before: int | None, now: int | None) -> int | None:
    known = [it for it in (before, now) if it is not None]
    return max(known, default=None)
