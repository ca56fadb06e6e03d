"""Sending over MLLP, one message in flight: what is not accepted is sent again, later and later."""

import logging
import socket
import time
from collections.abc import Callable
from contextlib import suppress

log = logging.getLogger(__name__)

CONNECT_S = 3.0
ANSWER_S = 10.0
SLICE_S = 0.25  # how long an end may go unnoticed while an answer is waited for
BACK_OFF_S = 0.5, 30.0


class Client:
    """One connection, made when it is needed. ``trouble`` says in words what is wrong, empty where nothing is;
    ``over`` whether no answer is worth waiting for any more."""

    def __init__(
        self, host: str, port: int, over: Callable[[], bool], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.trouble = ""
        self._address = host, port
        self._over = over
        self._clock = clock
        self._socket: socket.socket | None = None
        self._pause_s = 0.0
        self._not_before = 0.0

    @property
    def ready(self) -> bool:
        """Whether it is worth trying."""
        return self._clock() >= self._not_before

    def send(self, message: bytes, control: str) -> bool:
        """Whether it was accepted; where it was not, try again once ``ready``, with the same message."""
        try:
            answer = self._exchange(message)
        except OSError as error:
            self.close()
            return self._wait(f"no connection: {error.strerror or error}")
        code, of = _read(answer)
        if of != control:  # the answer to something else: nobody knows any more what belongs to what
            self.close()
            return self._wait(f"an answer to {of or 'nothing'} instead of {control}")
        if code not in {"AA", "CA"}:
            return self._wait(f"answered {code}")
        self.trouble, self._pause_s, self._not_before = "", 0.0, 0.0
        return True

    def close(self) -> None:
        """Let go of the connection."""
        if self._socket is not None:
            with suppress(OSError):
                self._socket.close()
            self._socket = None

    def _wait(self, trouble: str) -> bool:
        self.trouble = trouble
        self._pause_s = min(max(2 * self._pause_s, BACK_OFF_S[0]), BACK_OFF_S[1])
        self._not_before = self._clock() + self._pause_s
        return False

    def _exchange(self, message: bytes) -> bytes:
        if self._socket is None:
            self._socket = socket.create_connection(self._address, CONNECT_S)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.settimeout(SLICE_S)
        self._socket.sendall(b"\x0b" + message + b"\x1c\r")
        until = self._clock() + ANSWER_S
        received = b""
        while not received.endswith(b"\x1c\r"):
            try:
                part = self._socket.recv(4096)
            except TimeoutError:
                if self._over() or self._clock() > until:
                    raise
                continue
            if not part:
                raise ConnectionResetError(0, "closed by the other side")
            received += part
        return received


def _read(answer: bytes) -> tuple[str, str]:
    """MSA-1 and MSA-2."""
    for segment in answer.strip(b"\x0b\x1c\r").decode(errors="replace").split("\r"):
        fields = segment.split("|")
        if fields[0] == "MSA" and len(fields) > 2:
            return fields[1], fields[2]
    return "", ""
