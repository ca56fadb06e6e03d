"""MLLP as bytes: fed with what a socket gave, it hands out whole messages. It knows no socket and no clock."""

from dataclasses import dataclass
from enum import StrEnum

START = b"\x0b"
END = b"\x1c"
IDLE = b" \t\r\n\0" + END  # what may stand between frames and says nothing: senders keep connections open with it
BEGINNING = 4096  # bytes that are kept of what is too large or was cut off
OUTSIDE = 1024  # bytes that are kept of what stands outside a frame


class Shape(StrEnum):
    """What came out of the stream."""

    MESSAGE = "message"  # what stood between the start and the end of a frame
    TOO_LARGE = "too_large"  # the beginning of one that is larger than allowed
    CUT = "cut"  # the beginning of one before whose end another one began, or the connection was over
    OUTSIDE = "outside"  # the beginning of what stood outside a frame


@dataclass(frozen=True, slots=True)
class Piece:
    """``size`` is how many bytes there were; ``data`` may be fewer, but for a MESSAGE."""

    shape: Shape
    data: bytes
    size: int


class Framer:
    """One connection's stream. However it is split, the same pieces come out of it, and never more than
    ``max_message`` bytes and the chunk in hand are held.

    A frame ends with 0x1C; the CR that should follow is not waited for, so that the sender has its answer at once.
    """

    def __init__(self, max_message: int) -> None:
        self._max = max_message
        self._body = bytearray()
        self._size = 0
        self._inside = False

    @property
    def inside(self) -> bool:
        """Whether a frame has begun and not ended."""
        return self._inside

    def feed(self, chunk: bytes) -> list[Piece]:
        """The pieces that are complete now."""
        pieces: list[Piece] = []
        at = 0
        while at < len(chunk):
            if not self._inside:
                start = chunk.find(START, at)
                end = start if start >= 0 else len(chunk)
                self._keep_outside(chunk[at:end])
                at = end + 1
                if start >= 0:
                    pieces += self.finish()
                    self._inside = True
                continue
            end = chunk.find(END, at)
            again = chunk.find(START, at, end if end >= 0 else len(chunk))
            if again >= 0:
                self._take(chunk[at:again])
                pieces += self._out(Shape.CUT, BEGINNING)
                self._inside, at = True, again + 1
            elif end >= 0:
                self._take(chunk[at:end])
                pieces += self._out(Shape.TOO_LARGE if self._size > self._max else Shape.MESSAGE, self._max)
                at = end + 1
            else:
                self._take(chunk[at:])
                break
        return pieces

    def finish(self) -> list[Piece]:
        """What is left when no more comes: a frame without an end, or what stood outside one."""
        if not self._size:
            return []
        return self._out(Shape.CUT, BEGINNING) if self._inside else self._out(Shape.OUTSIDE, OUTSIDE)

    def _take(self, data: bytes) -> None:
        self._size += len(data)
        if self._size <= self._max:
            self._body += data
        else:
            self._body += data[: max(0, BEGINNING - len(self._body))]
            del self._body[BEGINNING:]

    def _keep_outside(self, data: bytes) -> None:
        data = data if self._size else data.lstrip(IDLE)
        self._size += len(data)
        self._body += data[: OUTSIDE - len(self._body)]

    def _out(self, shape: Shape, at_most: int) -> list[Piece]:
        piece = Piece(shape, bytes(self._body[:at_most]), self._size)
        self._body.clear()
        self._size, self._inside = 0, False
        return [piece]


def wrap(message: bytes) -> bytes:
    """A frame around it."""
    return START + message + END + b"\r"
