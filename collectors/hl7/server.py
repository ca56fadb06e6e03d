"""The door: connections, and how long they may take. One event loop on a thread of its own."""

import asyncio
import logging
import socket
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice

from collectors.hl7.committer import Committer
from collectors.hl7.framing import Framer, Piece
from collectors.hl7.reception import Reception, Taken
from ioc.config import Address
from ioc.failpoints import failpoint

log = logging.getLogger(__name__)

CHUNK = 64 * 1024
AT_ONCE = 64  # messages that one connection has under way; then others get their turn
CONNECTIONS = 256
OF_ONE_PEER = 64
INSIDE_S = 60.0  # of silence within a frame
ANSWER_S = 30.0  # within which a peer has to read its answers
RETRY_S = 1.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What one connection may: the bytes of a message, the seconds of silence between two."""

    max_message: int
    idle_s: float
    inside_s: float = INSIDE_S
    answer_s: float = ANSWER_S


class Server:
    """Takes connections; each is answered in the order in which its messages came, once they are committed."""

    def __init__(self, address: Address, limits: Limits, reception: Reception, committer: Committer) -> None:
        self._address = address
        self._limits = limits
        self._reception = reception
        self._committer = committer
        self._peers: Counter[str] = Counter()
        self._speaking: Counter[str] = Counter()  # open connections by the source that spoke on them
        self._crowded = False
        self._stopping = threading.Event()
        self._stop: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None
        self.listening: Address | None = None
        self.error = ""

    def speaks(self, source: str) -> bool:
        """Whether somebody is connected who has spoken for this source."""
        return self._speaking[source] > 0

    def run(self) -> None:
        """Listen until told to stop; where that cannot be, say why and go on trying."""
        while not self._stopping.is_set():
            error = ""
            try:
                with _listener(self._address) as sock:
                    asyncio.run(self._serve(sock))
            except OSError as fault:
                error = f"Nobody can listen on {self._address}: {fault.strerror or fault}."
            except Exception:
                log.exception("the HL7 door failed and is opened again")
                error = "The HL7 door failed and is opened again; the log says why."
            self.listening, self._stop = None, None
            if error and error != self.error:
                log.error("%s", error)
            self.error = error
            self._stopping.wait(RETRY_S)

    def stop(self) -> None:
        """Have ``run`` end; connections are cut, and what was not answered comes again."""
        self._stopping.set()
        if self._stop is not None:
            loop, event = self._stop
            with suppress(RuntimeError):  # it has ended by itself
                loop.call_soon_threadsafe(event.set)

    async def _serve(self, sock: socket.socket) -> None:
        stop = asyncio.Event()
        self._stop = (asyncio.get_running_loop(), stop)
        server = await asyncio.start_server(self._connected, sock=sock, limit=CHUNK)
        self.listening = Address(self._address.host, sock.getsockname()[1])
        self.error = ""
        log.info("HL7 messages are taken on %s", self.listening)
        if not self._stopping.is_set():
            await stop.wait()
        self.listening = None
        server.close()  # connections end as their tasks are cancelled with the loop

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection from its beginning to its end; what happens on it is nobody else's trouble."""
        peer = str((writer.get_extra_info("peername") or ("unknown",))[0])
        spoken: set[str] = set()
        self._peers[peer] += 1
        try:
            if self._has_room(peer):
                await self._converse(reader, writer, peer, spoken)
            writer.close()
            asyncio.get_running_loop().call_later(self._limits.answer_s, writer.transport.abort)
        except (TimeoutError, OSError, asyncio.CancelledError):
            # silent too long, answers not read, gone, or we are told to end: what is not answered comes again
            writer.transport.abort()
        except Exception:
            log.exception("a connection from %s failed", peer)
            writer.transport.abort()
        finally:
            self._speaking.subtract(spoken)
            self._peers[peer] -= 1
            if not self._peers[peer]:
                del self._peers[peer]

    def _has_room(self, peer: str) -> bool:
        room = self._peers.total() <= CONNECTIONS and self._peers[peer] <= OF_ONE_PEER
        if not room and not self._crowded:
            log.warning("connections are refused: %d are open, %d of them from %s", self._peers.total() - 1,
                        self._peers[peer] - 1, peer)  # fmt: skip
        self._crowded = not room
        return room

    async def _converse(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, peer: str, spoken: set[str]
    ) -> None:
        framer = Framer(self._limits.max_message)
        chunk: bytes | None = None
        while chunk != b"":
            chunk = await self._heard(reader, self._limits.inside_s if framer.inside else self._limits.idle_s)
            pieces = framer.feed(chunk) if chunk else framer.finish()
            for group in self._in_groups(pieces, peer):
                await self._settle(group)
                new = {taken.source for taken in group} - spoken
                spoken |= new
                self._speaking.update(new)
                if answers := b"".join([self._reception.answer(taken) for taken in group]):
                    writer.write(answers)
                    async with asyncio.timeout(self._limits.answer_s):
                        await writer.drain()
                    failpoint("after-ack")
                if any(taken.unsaid for taken in group):
                    return  # to hang up is the only way to tell

    @staticmethod
    async def _heard(reader: asyncio.StreamReader, silence_s: float) -> bytes:
        """What came; nothing where the connection is over: ended, cut, or silent for too long."""
        with suppress(TimeoutError, OSError):
            async with asyncio.timeout(silence_s):
                return await reader.read(CHUNK)
        return b""

    def _in_groups(self, pieces: Iterable[Piece], peer: str) -> Iterator[list[Taken]]:
        """The messages of these pieces, read only as they are wanted: a flood of small ones is not held as a whole."""
        taken = (message for piece in pieces for message in self._reception.receive(piece, peer))
        while group := list(islice(taken, AT_ONCE)):
            yield group

    async def _settle(self, group: list[Taken]) -> None:
        """Return once they are committed, or could not be."""
        loop = asyncio.get_running_loop()
        settled = asyncio.Event()

        def done() -> None:
            with suppress(RuntimeError):  # the door was closed meanwhile
                loop.call_soon_threadsafe(settled.set)

        self._committer.submit(group, done)
        await settled.wait()


@contextmanager
def _listener(address: Address) -> Iterator[socket.socket]:
    family, _, _, _, target = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)[0]
    with socket.create_server(target[:2], family=family, backlog=CONNECTIONS) as sock:
        yield sock
