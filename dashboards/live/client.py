"""One open stream: a bounded queue that its greenlet empties into the socket."""

from collections import deque

from gevent.event import Event

QUEUE = 32  # events that may wait for a slow screen; over it, it gets a snapshot instead


class Client:
    """The hub pushes and never waits; the stream takes. ``owner`` is the principal's id."""

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.behind = False
        self.closed = False
        self._queue: deque[bytes] = deque()
        self._wake = Event()

    def push(self, data: bytes) -> None:
        """Put an event in the queue, or note that the screen has fallen behind and what waits is worthless."""
        if len(self._queue) >= QUEUE:
            self._queue.clear()
            self.behind = True
        elif not self.behind:
            self._queue.append(data)
        self._wake.set()

    def close(self) -> None:
        """End the stream; what waits is not sent."""
        self.closed = True
        self._wake.set()

    def wait(self, timeout_s: float) -> bool:
        """Wait until there is something to send, or this long; False when the stream has ended."""
        self._wake.wait(timeout_s)
        return not self.closed

    def take(self) -> bytes:
        """All that waits."""
        self._wake.clear()
        data = b"".join(self._queue)
        self._queue.clear()
        return data
