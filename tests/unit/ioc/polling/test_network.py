"""Deadlines, and what failures of the network are called."""

import errno
import socket
import ssl

import pytest

from ioc.polling import Deadline, said


class Ticks:
    def __init__(self) -> None:
        self.now = 50.0

    def __call__(self) -> float:
        return self.now


def test_a_deadline_says_what_is_left_and_ends() -> None:
    ticks = Ticks()
    deadline = Deadline(2.0, ticks)
    ticks.now += 0.5
    assert deadline.left() == 1.5
    assert deadline.took_ms == 500.0
    ticks.now += 1.5
    with pytest.raises(TimeoutError, match="no answer within 2 s"):
        deadline.left()


def test_phases_are_timed_where_they_end_well() -> None:
    ticks = Ticks()
    deadline = Deadline(10.0, ticks)
    with deadline.phase("dns"):
        ticks.now += 0.25
    with pytest.raises(OSError, match="gone"), deadline.phase("connect"):
        raise OSError("gone")
    assert deadline.phases == {"phase_dns": 250.0}


def verification(message: str) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "x")
    error.verify_message = message
    return error


def handshake(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, "x")
    error.reason = reason
    return error


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"), "it refuses the connection"),
        (ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"), "it broke the connection off"),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), "it broke the connection off"),
        (TimeoutError("timed out"), "no answer in time"),
        (TimeoutError("no answer within 3 s"), "no answer within 3 s"),
        (socket.gaierror(-2, "Name or service not known"), "its name cannot be looked up: Name or service not known"),
        (OSError(errno.EHOSTUNREACH, "No route to host"), "No route to host"),
        (verification("certificate has expired"), "the certificate is not to be trusted: certificate has expired"),
        (
            handshake("WRONG_VERSION_NUMBER"),
            "no TLS: wrong version number (does it speak without TLS? is the port right?)",
        ),
        (handshake("UNSUPPORTED_PROTOCOL"), "no TLS: unsupported protocol"),
        (OSError("odd."), "odd"),
    ],
)
def test_a_failure_is_said_in_words(error: Exception, text: str) -> None:
    assert said(error) == text
