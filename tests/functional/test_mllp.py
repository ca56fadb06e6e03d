"""The HL7 door with real sockets and a real journal: what is answered is kept, and no connection harms another."""

import re
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from collectors.hl7.collector import Hl7Collector
from collectors.hl7.framing import Framer, Shape, wrap
from collectors.hl7.identity import Identity
from collectors.hl7.server import CONNECTIONS, OF_ONE_PEER, Limits
from collectors.hl7.sources import Source, Sources
from ioc.config import Address
from ioc.domain import Fact
from ioc.intake import Intake, Journal, Kind, Sealer
from ioc.intake.facts import unpack_facts
from ioc.intake.records import unpack
from tests.functional.harness import wait_for

pytestmark = pytest.mark.sockets

MAX = 20_000
SOURCES = Sources([
    Source("his", "bv01", sender="BV01", charset="cp1258"),
    Source("his-bv-mau", "bv-mau", sender="BV-MAU"),
    Source("other", "bv02", sender="BV02"),
])  # fmt: skip


def adt(number: int, sender: str = "BV01", rest: str = "P|2.5", ward: str = "NOI") -> bytes:
    return (
        f"MSH|^~\\&|HIS|{sender}|IOC|SYT|20261120075900||ADT^A01|C{number}|{rest}\rPID|1||{number}\r"
        f"PV1|1|I|{ward}^P1^G1||||||||||||||||V{number}\r"
    ).encode()


class Peer:
    """A sender's end of one connection."""

    def __init__(self, address: Address) -> None:
        self.socket = socket.create_connection((address.host, address.port), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._framer = Framer(10_000_000)
        self._answers: list[bytes] = []

    def send(self, *messages: bytes) -> "Peer":
        self.socket.sendall(b"".join(wrap(message) for message in messages))
        return self

    def answers(self, count: int) -> list[str]:
        """The next so many answers, as code and control id."""
        return [" ".join(re.findall(r"MSA\|(\w+)\|(\w*)", answer)[0]) for answer in self.frames(count)]

    def frames(self, count: int) -> list[str]:
        while len(self._answers) < count:
            data = self.socket.recv(65_536)
            assert data, "the door hung up"
            self._answers += [piece.data for piece in self._framer.feed(data) if piece.shape is Shape.MESSAGE]
        taken, self._answers = self._answers[:count], self._answers[count:]
        return [answer.decode("utf-8", "replace") for answer in taken]

    def is_cut(self) -> bool:
        try:
            while self.socket.recv(65_536):
                pass
        except ConnectionError:
            pass
        return True

    def close(self) -> None:
        self.socket.close()


class Door:
    """A collector with a journal of its own, and what that holds."""

    def __init__(self, folder: Path, limits: Limits, journal_bytes: int = 2**30) -> None:
        self.journal = Journal(folder / "journal.sqlite", journal_bytes)
        self.sealer = Sealer("a key of the tests that is long enough")
        self.collector = Hl7Collector(Address("127.0.0.1", 0), limits, SOURCES, Identity("another key of the tests"))
        self.intake = Intake(self.journal, self.sealer)
        self.collector.start(self.intake)
        wait_for("the door is open", self.collector.ready)
        self.peers: list[Peer] = []

    def peer(self) -> Peer:
        assert self.collector.listening is not None
        self.peers.append(Peer(self.collector.listening))
        return self.peers[-1]

    def facts(self) -> list[Fact]:
        entries = [entry for entry in self.journal.read(0, 1_000_000) if entry.kind is Kind.FACTS]
        return [fact for entry in entries for fact in unpack_facts(self.sealer.open(entry.body))]

    def reasons(self) -> Counter[tuple[str, str]]:
        entries = [entry for entry in self.journal.read(0, 1_000_000) if entry.kind is Kind.QUARANTINE]
        rejects = [(entry.source, it) for entry in entries for it in unpack(self.sealer.open(entry.body))]
        return Counter((source, reject.reason.value) for source, reject in rejects)

    def close(self) -> None:
        for peer in self.peers:
            peer.close()
        self.collector.stop()
        self.journal.close()


LIMITS = Limits(MAX, idle_s=30.0)


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    with closing(Door(tmp_path, LIMITS)) as made:
        yield made


def test_messages_may_come_in_any_pieces_and_are_answered_in_their_order(door: Door) -> None:
    peer = door.peer()
    stream = b"".join(wrap(adt(number)) for number in range(3))
    for at in range(len(stream)):
        peer.socket.sendall(stream[at : at + 1])
    peer.send(*(adt(number) for number in range(3, 50)))
    assert peer.answers(50) == [f"AA C{number}" for number in range(50)]
    assert [fact.sequence for fact in door.facts()] == list(range(50))


def test_what_is_answered_is_in_the_journal_and_names_nobody(door: Door, tmp_path: Path) -> None:
    peer = door.peer()
    peer.send(adt(1).replace(b"PID|1||1", "PID|1||11000040||Ngô^Quân".encode()))
    assert peer.answers(1) == ["AA C1"]
    assert len(door.facts()) == 1
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert not re.search("11000040|Ngô|Quân".encode(), kept)


def test_enhanced_mode_is_answered_as_it_asks(door: Door) -> None:
    peer = door.peer()
    peer.send(*(adt(number, rest=f"P|2.3|||{modes}") for number, modes in enumerate(("AL", "NE|NE", "ER|NE", "NE|AL"))))
    assert peer.answers(2) == ["CA C0", "AA C3"]
    assert len(door.facts()) == 4


def test_strangers_and_nonsense_are_refused_and_the_stream_goes_on(door: Door) -> None:
    peer = door.peer()
    peer.send(adt(1, sender="BV99"), b"nonsense", adt(2, rest="T|2.5"), adt(3))
    peer.socket.sendall(b"\r\nnoise between frames\r\n")
    peer.send(adt(4).replace(b"PV1", b"ZV1"), adt(5))
    assert peer.answers(6) == ["AR C1", "AR ", "AA C2", "AA C3", "AA C4", "AA C5"]
    assert door.reasons() == {
        ("hl7", "unknown_sender"): 1, ("hl7", "header"): 2, ("his", "test_message"): 1, ("his", "segment"): 1,
    }  # fmt: skip


def test_a_message_that_is_too_large_is_answered_and_the_stream_goes_on(door: Door) -> None:
    peer = door.peer()
    peer.send(adt(1) + b"OBX|1|" + b"x" * 500_000, adt(2))
    assert peer.answers(2) == ["AA C1", "AA C2"]
    assert door.reasons() == {("his", "too_large"): 1}
    assert len(door.facts()) == 1


def test_a_batch_has_one_answer(door: Door) -> None:
    peer = door.peer()
    peer.send(b"BHS|^~\\&|HIS|BV01|||||||B7\r" + adt(1) + adt(2) + b"BTS|2\r", adt(3))
    batch, single = peer.frames(2)
    assert re.findall(r"MSA\|(\w+\|\w+)", batch) == ["AA|C1", "AA|C2"]
    assert "|B7\r" in batch
    assert "MSA|AA|C3" in single
    assert len(door.facts()) == 3


def test_wards_in_old_and_new_character_sets_are_the_same(door: Door) -> None:
    peer = door.peer()
    plain = adt(1, ward="@@")
    peer.send(
        plain.replace(b"@@", b"N\xf4\xf2i"),
        adt(2, ward="@@", rest="P|2.5||||||CP1258").replace(b"@@", b"N\xf4\xf2i"),
        adt(3, ward="Nội", rest="P|2.5||||||UNICODE UTF-8"),
        adt(4, ward="Nội", rest="P|2.5||||||ASCII"),
        adt(5, ward="@@", rest="P|2.5||||||8859/1").replace(b"@@", b"N\xf4i"),
    )
    peer.answers(5)
    assert [fact.spot.ward for fact in door.facts()] == ["Nội"] * 4 + ["Nôi"]


def test_while_the_journal_is_full_senders_are_told_to_repeat(tmp_path: Path) -> None:
    with closing(Door(tmp_path, LIMITS, journal_bytes=100)) as door:
        peer, silent = door.peer(), door.peer()
        peer.send(adt(1), adt(2, rest="P|2.5|||AL"), adt(3, sender="BV99"))
        assert peer.answers(3) == ["AE C1", "CE C2", "AR C3"]
        assert door.facts() == []
        assert door.collector.health().error.startswith("Nothing is taken: The journal holds")
        silent.send(adt(4, rest="P|2.5|||NE|NE"))
        assert silent.is_cut()  # it wants no answer, and must not believe that all is well
        door.journal.max_bytes = 2**30
        assert peer.send(adt(1)).answers(1) == ["AA C1"]
        assert len(door.facts()) == 1
        assert door.collector.health().error == ""


def test_a_sender_is_shown_as_connected_while_it_is(door: Door) -> None:
    how = door.collector.sources()["other"]
    assert not how().connected
    peer = door.peer()
    peer.send(adt(1, sender="BV02")).answers(1)
    assert how().connected
    assert not door.collector.sources()["his"]().connected


def test_those_who_hang_flood_or_never_read_harm_nobody(tmp_path: Path) -> None:
    with closing(Door(tmp_path, Limits(MAX, idle_s=30.0, answer_s=0.3))) as door:
        half, deaf, flood, good = door.peer(), door.peer(), door.peer(), door.peer()
        half.socket.sendall(wrap(adt(1))[:-20])
        stop = threading.Event()

        def pour(peer: Peer, what: bytes) -> None:
            try:
                while not stop.is_set():
                    peer.socket.sendall(what)
            except OSError:
                pass  # it was cut

        deaf.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        pouring = [
            threading.Thread(target=pour, args=(deaf, wrap(adt(2, sender="BV99")) * 50)),
            threading.Thread(target=pour, args=(flood, b"\x0b" + b"MSH|^~\\&|" * 5_000)),
        ]
        for thread in pouring:
            thread.start()
        slowest = 0.0
        for number in range(10, 40):
            began = time.monotonic()
            assert good.send(adt(number)).answers(1) == [f"AA C{number}"]
            slowest = max(slowest, time.monotonic() - began)
        pouring[0].join(20)  # the one that never reads was cut
        assert not pouring[0].is_alive()
        stop.set()
        pouring[1].join(20)
        half.socket.sendall(wrap(adt(1))[-20:])
        assert half.answers(1) == ["AA C1"]
        assert slowest < 5.0


def test_connections_of_one_peer_are_bounded_and_room_is_given_back(door: Door) -> None:
    peers = [door.peer() for _ in range(OF_ONE_PEER)]
    assert peers[-1].send(adt(1)).answers(1) == ["AA C1"]
    assert door.peer().is_cut()
    peers[0].close()
    wait_for("there is room again", lambda: sum(door.collector._server._peers.values()) < OF_ONE_PEER)  # type: ignore[union-attr]
    assert door.peer().send(adt(2)).answers(1) == ["AA C2"]
    assert OF_ONE_PEER < CONNECTIONS


def hang_up(peer: Peer) -> None:
    peer.socket.shutdown(socket.SHUT_WR)


def reset(peer: Peer) -> None:
    peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()


@pytest.mark.parametrize("leave", [hang_up, reset, Peer.is_cut])
def test_of_a_message_that_breaks_off_the_beginning_is_in_the_quarantine(
    tmp_path: Path, leave: Callable[[Peer], object]
) -> None:
    with closing(Door(tmp_path, Limits(MAX, idle_s=30.0, inside_s=0.5))) as door:
        peer = door.peer()
        peer.socket.sendall(wrap(adt(1)) + wrap(adt(2))[:-20])
        assert peer.answers(1) == ["AA C1"]
        leave(peer)
        wait_for("it is kept", lambda: door.reasons() == {("hl7", "header"): 1})


@pytest.mark.parametrize("said", [b"", wrap(adt(1)), b"\x0bMSH|^~\\&|"])
def test_who_says_nothing_for_too_long_is_cut(tmp_path: Path, said: bytes) -> None:
    with closing(Door(tmp_path, Limits(MAX, idle_s=0.2, inside_s=0.2))) as door:
        peer = door.peer()
        peer.socket.sendall(said)
        assert peer.is_cut()


def test_a_door_that_is_taken_is_said_and_opened_once_it_is_free(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = Address("127.0.0.1", other.getsockname()[1])
        collector = Hl7Collector(address, LIMITS, SOURCES, Identity("another key of the tests"))
        journal = Journal(tmp_path / "journal.sqlite", 2**30)
        collector.start(Intake(journal, Sealer("a key of the tests that is long enough")))
        wait_for("it says so", lambda: "Address already in use" in collector.health().error)
        assert not collector.ready()
        assert not collector.health().connected
    wait_for("it is open", collector.ready, 5.0)
    assert collector.health().error == ""
    collector.stop()
    journal.close()
    assert not collector.ready()


def stream(door: Door, messages: Sequence[bytes], window: int) -> Counter[str]:
    """Send all, with so many unanswered at a time; the codes of the answers."""
    peer, codes, sent = door.peer(), Counter[str](), 0
    for number in range(len(messages)):
        while sent < min(number + window, len(messages)):
            peer.send(messages[sent])
            sent += 1
        (answer,) = peer.answers(1)
        code, control = answer.split(" ")
        assert f"|{control}-".encode() in messages[number] or f"|{control}|".encode() in messages[number]
        codes[code] += 1
    return codes


@pytest.mark.parametrize(("connections", "window"), [(1, 32), (8, 4)])
def test_a_day_is_acknowledged_and_kept_whole(door: Door, shared: Path, connections: int, window: int) -> None:
    raw = (shared / "samples/hl7/day/day-late-and-doubled.hl7").read_bytes()
    messages = [it.strip() for it in re.split(rb"(?<=[\r\n])(?=MSH)", raw) if it.strip()]
    found: list[Counter[str]] = []
    parts = [messages[number::connections] for number in range(connections)]
    threads = [threading.Thread(target=lambda part=part: found.append(stream(door, part, window))) for part in parts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sum(found, Counter()) == {"AA": 781}
    assert len({fact.message for fact in door.facts()}) == 728
    assert sum(fact.part == 0 for fact in door.facts()) == 781
