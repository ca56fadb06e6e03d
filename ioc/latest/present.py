"""One row of the present, and the reader that says what changed."""

from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import Engine, select

from ioc.database import reading
from ioc.domain import STALE_AFTER, Quality, Series
from ioc.latest.tables import latest, latest_counter

QUALITIES = {quality.value: quality for quality in Quality}  # four times as quick as the enum's own look-up


@dataclass(eq=False)
class Present:
    """The newest value of one series, never changed once read: not ``frozen``, which would take twice as long to make.

    ``change`` is the number of the transaction that wrote it.
    """

    key: str
    value: float
    quality: Quality
    as_of_ns: int
    received_ns: int
    max_age_ns: int
    change: int

    @cached_property
    def series(self) -> Series:
        """The series, with its source among the tags."""
        return Series.parse(self.key)

    @property
    def late_at_ns(self) -> int:
        """The first nanosecond at which it is late."""
        return self.as_of_ns + self.max_age_ns + 1

    @property
    def stale_at_ns(self) -> int:
        """The first nanosecond at which it is stale."""
        return self.as_of_ns + STALE_AFTER * self.max_age_ns + 1


class LatestReader:
    """Reads the present from the database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        table = latest.c
        self._counter = select(latest_counter.c.change)
        self._all = select(
            table.key, table.value, table.quality, table.as_of_ns, table.received_ns, table.max_age_ns, table.change
        )

    def since(self, change: int) -> tuple[list[Present], int]:
        """What changed after this number, and the number to ask with next time; 0 asks for everything.

        The number is read first: a row written in between comes twice rather than never. Where the database knows
        only lower numbers (it was replaced by an older copy), everything is given again.
        """
        with reading(self._engine) as connection:
            newest = connection.execute(self._counter).scalar() or 0
            if newest == change:
                return [], newest
            query = self._all if newest < change else self._all.where(latest.c.change > change)
            rows = connection.execute(query).all()
        return [
            Present(key, value, QUALITIES[quality], as_of, received, max_age, number)
            for key, value, quality, as_of, received, max_age, number in rows
        ], newest
