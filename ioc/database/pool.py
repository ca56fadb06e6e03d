"""A pool of connections for a process in which gevent has replaced the locks."""

import time
from collections import deque
from typing import Any

from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import ConnectionPoolEntry, Pool

MOST = 20  # connections in use at once: a crowd of screens that come back together must not use up the server's
KEPT = 8  # of them when they are idle
WITHIN_S = 5.0
LOOK_EVERY_S = 0.005


class IdlePool(Pool):
    """Keeps idle connections and opens one where none is idle; where ``MOST`` are in use, waits for one of them.

    A deque needs no lock, and so native threads and gevent's loop may share it: a lock that gevent has replaced and
    that is taken from both is what stops a web process for good.
    """

    def __init__(self, creator: Any, **options: Any) -> None:
        super().__init__(creator, **options)
        self._idle: deque[ConnectionPoolEntry] = deque()
        self._free: deque[None] = deque([None] * MOST)

    def _do_get(self) -> ConnectionPoolEntry:
        self._wait_for_turn()
        try:
            return self._idle.pop()
        except IndexError:
            pass
        try:
            return self._create_connection()
        except BaseException:
            self._free.append(None)
            raise

    def _do_return_conn(self, record: ConnectionPoolEntry) -> None:
        if len(self._idle) < KEPT:
            self._idle.append(record)
        else:
            record.close()
        self._free.append(None)

    def _wait_for_turn(self) -> None:
        until = time.monotonic() + WITHIN_S
        while True:
            try:
                return self._free.pop()
            except IndexError:
                if time.monotonic() > until:
                    raise PoolTimeoutError(f"{MOST} connections were in use for {WITHIN_S:.0f} s") from None
                time.sleep(LOOK_EVERY_S)

    def recreate(self) -> "IdlePool":
        """An empty one with the same settings, as SQLAlchemy asks for when the server was away."""
        return self.__class__(
            self._creator,
            recycle=self._recycle,
            echo=self.echo,
            pre_ping=self._pre_ping,
            reset_on_return=self._reset_on_return,
            _dispatch=self.dispatch,
            dialect=self._dialect,
        )

    def dispose(self) -> None:
        """Close what is idle."""
        while self._idle:
            self._idle.pop().close()

    def status(self) -> str:
        """For a log."""
        return f"{MOST - len(self._free)} connections in use, {len(self._idle)} idle"
