"""The stream of one screen: what the hub pushes, as the body of an answer that does not end by itself."""

import socket
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from dashboards.live.client import Client
from dashboards.live.hub import Hub
from dashboards.live.view import View
from ioc.domain import SECOND, Clock

KEEP_ALIVE_S = 5.0  # a dead connection is only seen by writing to it
CHECK_NS = 10 * SECOND  # how often the right to the stream is looked at again
SEND_TIMEOUT_S = 20.0  # a screen that takes nothing for so long is cut off
SEND_BUFFER = 128 * 1024  # what the kernel may hold of a slow screen's past

HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store, no-transform",
    "X-Accel-Buffering": "no",
}


def events(
    *, hub: Hub, view: View, client: Client, clock: Clock, may_go_on: Callable[[], bool], retry_ms: int
) -> Iterator[bytes]:
    """The events of one stream until it is closed, or until whoever watches may not do so any more."""
    checked_ns = clock.now_ns()
    yield f"retry: {retry_ms}\n\n".encode()
    while client.wait(KEEP_ALIVE_S):
        if not 0 <= clock.now_ns() - checked_ns < CHECK_NS:
            checked_ns = clock.now_ns()
            if not _still(may_go_on):
                return
        yield hub.take(view, client) or b": \n\n"


def tune(connection: Any) -> None:
    """Bound what a slow screen can hold back: ``connection`` is gunicorn's socket.

    Nothing more is read from it: else, when the stream has ended, the worker would wait for another request there.
    """
    if isinstance(connection, socket.socket):
        connection.shutdown(socket.SHUT_RD)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        connection.settimeout(SEND_TIMEOUT_S)


def _still(may_go_on: Callable[[], bool]) -> bool:
    try:
        return may_go_on()
    except SQLAlchemyError:
        return False  # the screen asks again, and is let in when the database answers
