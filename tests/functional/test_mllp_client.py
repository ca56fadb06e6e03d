"""The sender's side of MLLP against a door that answers as doors do, whole or in pieces or not at all."""

import socket
import threading
from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from ioc.commands import mllp_client
from ioc.commands.mllp_client import Answer, BrokenAnswerError, Connection, MllpUrl
from ioc.commands.send import command

pytestmark = pytest.mark.sockets

MESSAGE = rb"MSH|^~\&|HIS|BV-MAU|IOC|X|20261120083000+0700||ADT^A01|7|P|2.5" + b"\rPID|1\r"
ACCEPT = b"\x0b" + rb"MSH|^~\&|IOC" + b"\rMSA|AA|7\r\x1c\r"


class Door:
    """Takes connections one after the other; to each message it answers the next of ``answers``, chunk by chunk."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = MllpUrl(*self.listener.getsockname())
        self.answers: list[list[bytes]] = []
        self.got: list[bytes] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        held = b""
        while chunk := connection.recv(65536):
            held += chunk
            while b"\x1c\r" in held:
                message, _, held = held.partition(b"\x1c\r")
                self.got.append(message)
                chunks = self.answers.pop(0) if self.answers else [ACCEPT]
                if not chunks:
                    return
                for part in chunks:
                    connection.sendall(part)


@pytest.fixture
def door() -> Iterator[Door]:
    door = Door()
    yield door
    door.listener.close()


def test_a_message_is_framed_and_its_answer_read(door: Door) -> None:
    with Connection(door.url, 5.0) as connection:
        assert connection.exchange(MESSAGE) == [Answer("AA", b"7")]
        assert connection.exchange(MESSAGE) == [Answer("AA", b"7")]
    assert door.got == [b"\x0b" + MESSAGE] * 2


def test_an_answer_may_come_byte_by_byte_and_two_at_once(door: Door) -> None:
    door.answers = [[bytes([byte]) for byte in ACCEPT], [ACCEPT + ACCEPT.replace(b"AA", b"AE")], []]
    with Connection(door.url, 5.0) as connection:
        assert connection.exchange(MESSAGE) == [Answer("AA", b"7")]
        assert connection.exchange(MESSAGE) == [Answer("AA", b"7")]


def test_a_door_that_closes_without_an_answer_is_a_broken_connection(door: Door) -> None:
    door.answers = [[]]
    with Connection(door.url, 5.0) as connection, pytest.raises(OSError, match="closed before the answer"):
        connection.exchange(MESSAGE)


@pytest.mark.parametrize(
    ("answer", "why"), [(b"\x0bMSH|^~\r\x1c\r", "has no MSA"), (b"\x0b" + b"x" * 5_000, "does not end")]
)
def test_what_is_no_answer_is_a_broken_connection(door: Door, answer: bytes, why: str, monkeypatch) -> None:
    monkeypatch.setattr(mllp_client, "LONGEST_ANSWER", 4_000)
    door.answers = [[answer]]
    with Connection(door.url, 5.0) as connection, pytest.raises(BrokenAnswerError, match=why):
        connection.exchange(MESSAGE)


def test_a_door_that_says_nothing_is_waited_for_only_so_long(door: Door) -> None:
    door.answers = [[b"\x0b"]]
    with Connection(door.url, 0.05) as connection, pytest.raises(TimeoutError):
        connection.exchange(MESSAGE)


def test_a_file_is_played_whatever_breaks_on_the_way(door: Door, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("IOC_DATA_DIR", str(tmp_path / "none"))
    file = tmp_path / "two.hl7"
    file.write_bytes(MESSAGE + b"\n" + MESSAGE.replace(b"|7|", b"|8|"))
    door.answers = [[ACCEPT.replace(b"AA", b"AE")], [], [ACCEPT], [ACCEPT.replace(b"|7", b"|8")]]
    result = CliRunner().invoke(command, [str(file), "--to", str(door.url)], catch_exceptions=False)
    assert result.exit_code == 0
    assert "2 of 2 messages accepted" in result.stdout
    assert "Answers: 2 AA, 1 AE; 2 sent again." in result.stdout
    assert [b"|8|" in message for message in door.got] == [False, False, False, True]


@pytest.mark.parametrize("text", ["mllp://127.0.0.1", "mllp://127.0.0.1:2575"])
def test_an_address_without_a_port_means_the_usual_one(text: str) -> None:
    assert str(MllpUrl.parse(text)) == "mllp://127.0.0.1:2575"
    assert str(MllpUrl("::1", 1)) == "mllp://[::1]:1"
