"""One of many: a lease in the relational database, for work that may be done by one process at a time."""

from sqlalchemy import BigInteger, Column, ColumnElement, Connection, Engine, String, Table, insert, select, update
from sqlalchemy.exc import IntegrityError

from ioc.database import metadata, reading, writing
from ioc.domain import SECOND, Clock, SystemClock
from ioc.errors import IocError

TTL_NS = 5 * SECOND

leases = Table(
    "lease",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("owner", String(120), nullable=False),
    Column("token", BigInteger, nullable=False),
    Column("expires_at_ns", BigInteger, nullable=False),
)


class LeaseLostError(IocError):
    """Another has taken the lease since: nothing may be written in its name."""


class Lease:
    """A named lease as one process sees it. All who want it must go by the same clock.

    It is valid while its end lies ahead by at most ``TTL_NS``: an end that lies further ahead was written before
    the clock was set back, and binds nobody. ``token`` rises with every new holder, so that whoever is written to
    can refuse a holder of before.
    """

    def __init__(self, engine: Engine, name: str, owner: str, clock: Clock | None = None) -> None:
        self._engine = engine
        self._clock = clock or SystemClock()
        self.name = name
        self.owner = owner
        self.token = 0
        self._expires_at_ns = 0

    def held(self) -> bool:
        """Whether it is ours now. Asked before each piece of work, never remembered."""
        return self._valid(self._expires_at_ns)

    def acquire(self) -> bool:
        """Take it where nobody holds it, or renew it where we do; whether it is ours then."""
        return self.renew() if self.held() else self._take()

    def renew(self) -> bool:
        """Hold it for longer; whether it is still ours. What has ended or was taken is not brought back."""
        if not self.held():
            return False
        expires_at_ns = self._clock.now_ns() + TTL_NS
        ours = (leases.c.name == self.name) & (leases.c.token == self.token) & (leases.c.owner == self.owner)
        with writing(self._engine, lane=None) as connection:
            renewed = self.held() and bool(  # waiting for the lock may have taken longer than was left
                connection.execute(update(leases).where(ours).values(expires_at_ns=expires_at_ns)).rowcount
            )
        self._expires_at_ns = expires_at_ns if renewed else 0
        return renewed

    def release(self) -> None:
        """Let another take it at once."""
        if self._expires_at_ns:
            ours = (leases.c.name == self.name) & (leases.c.token == self.token) & (leases.c.owner == self.owner)
            self._expires_at_ns = 0
            with writing(self._engine, lane=None) as connection:
                connection.execute(update(leases).where(ours).values(expires_at_ns=0))

    def confirm(self, connection: Connection, token: int) -> None:
        """Make sure, in a transaction that writes, that nobody has held it since ``token`` was ours.

        Raises LeaseLostError. The row stays locked to the end of the transaction, so nobody takes the lease before
        what is written is there to be read; that its time may have run out meanwhile does no harm then.
        """
        row = connection.execute(select(leases).where(leases.c.name == self.name).with_for_update()).first()
        if row is None or (row.token, row.owner) != (token, self.owner):
            raise LeaseLostError(f"{row.owner if row else 'nobody'} holds the lease {self.name} now")

    def _take(self) -> bool:
        self._expires_at_ns = 0
        row = leases.c.name == self.name
        with reading(self._engine) as connection:  # so that those who wait do not hold up those who write
            if self._valid(connection.execute(select(leases.c.expires_at_ns).where(row)).scalar() or 0):
                return False
        try:
            token, expires_at_ns = self._write_ours(row)
        except IntegrityError:  # another made the row first
            return False
        self.token, self._expires_at_ns = token, expires_at_ns
        return token > 0

    def _write_ours(self, row: ColumnElement[bool]) -> tuple[int, int]:
        """The token and end of the lease now ours; zeros where another was faster."""
        with writing(self._engine, lane=None) as connection:
            found = connection.execute(select(leases).where(row).with_for_update()).first()
            if found is not None and self._valid(found.expires_at_ns):
                return 0, 0
            token = 1 if found is None else found.token + 1
            expires_at_ns = self._clock.now_ns() + TTL_NS
            taken = {"owner": self.owner, "token": token, "expires_at_ns": expires_at_ns}
            if found is None:
                connection.execute(insert(leases).values(name=self.name, **taken))
            else:
                connection.execute(update(leases).where(row).values(**taken))
        return token, expires_at_ns

    def _valid(self, expires_at_ns: int) -> bool:
        return 0 < expires_at_ns - self._clock.now_ns() <= TTL_NS
