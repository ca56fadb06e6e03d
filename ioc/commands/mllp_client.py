"""MLLP from the sender's side: a connection that sends one message and waits for its answer."""

import re
import socket
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

START, END = b"\x0b", b"\x1c"
PORT = 2575
LONGEST_ANSWER = 1 << 20
BREAK = re.compile(rb"\r\n|\r|\n")


class BrokenAnswerError(OSError):
    """What came back is no answer to the message: as bad as a connection that broke."""


@dataclass(frozen=True, slots=True)
class MllpUrl:
    """``mllp://host:port``."""

    host: str
    port: int = PORT

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a URL. Raises ValueError that says what is wrong."""
        try:
            parts = urlsplit(text.strip())
            port = parts.port
        except ValueError as error:
            raise ValueError(f"not the address of a door for HL7: {error}") from None
        if parts.scheme != "mllp" or not parts.hostname:
            raise ValueError("the address of a door for HL7 is written as mllp://host:2575")
        if parts.path.strip("/") or parts.query or parts.fragment or parts.username:
            raise ValueError("nothing but host and port may stand in the address of a door for HL7")
        return cls(parts.hostname, port or PORT)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"mllp://{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Answer:
    """One MSA segment: its code (AA, CE …) and the control id of the message that it answers."""

    code: str
    control: bytes


class Connection:
    """One open connection. Whatever goes wrong on it is an OSError; then it is closed."""

    def __init__(self, url: MllpUrl, timeout: float) -> None:
        self._socket = socket.create_connection((url.host, url.port), timeout)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._held = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End it."""
        self._socket.close()

    def exchange(self, message: bytes) -> list[Answer]:
        """Send one message and wait for its answer; one to a batch has an MSA for each message of it."""
        self._socket.sendall(START + message + END + b"\r")
        frame = self._frame()
        found = answers_of(frame)
        if not found:
            raise BrokenAnswerError("the answer has no MSA segment")
        return found

    def _frame(self) -> bytes:
        while END not in self._held:
            chunk = self._socket.recv(65536)
            if not chunk:
                raise ConnectionResetError("the connection was closed before the answer")
            self._held += chunk
            if len(self._held) > LONGEST_ANSWER:
                raise BrokenAnswerError("the answer does not end")
        frame, _, self._held = self._held.partition(END)
        return frame.partition(START)[2]


def answers_of(frame: bytes) -> list[Answer]:
    """The MSA segments of an answer, in its order."""
    separator = frame[3:4] or b"|"
    segments = (segment.split(separator) for segment in BREAK.split(frame))
    return [
        Answer(fields[1].decode("ascii", "replace").upper(), fields[2] if len(fields) > 2 else b"")
        for fields in segments
        if fields[0] == b"MSA" and len(fields) > 1
    ]
