"""A door that answers as it is told, without sockets."""

from collections.abc import Callable


class Door:
    """Takes the place of a client: keeps what it accepted. ``open``: whether it accepts."""

    def __init__(self) -> None:
        self.open = True
        self.taken: list[tuple[str, bytes]] = []
        self.trouble = ""
        self.ready = True
        self.closed = False

    def send(self, message: bytes, control: str) -> bool:
        self.trouble = "" if self.open else "answered AE"
        if self.open:
            self.taken.append((control, message))
        return self.open

    def close(self) -> None:
        self.closed = True


class Wire:
    """Takes the place of a socket: ``answer`` makes the bytes of each answer, in pieces, or raises."""

    def __init__(self, answer: Callable[[bytes], list[bytes]]) -> None:
        self.sent: list[bytes] = []
        self.closed = False
        self._answer = answer
        self._pieces: list[bytes] = []

    def setsockopt(self, *_: object) -> None:
        pass

    def settimeout(self, _: float) -> None:
        pass

    def sendall(self, content: bytes) -> None:
        self.sent.append(content)
        self._pieces = self._answer(content)

    def recv(self, _: int) -> bytes:
        if not self._pieces:
            raise TimeoutError
        return self._pieces.pop(0)

    def close(self) -> None:
        self.closed = True
