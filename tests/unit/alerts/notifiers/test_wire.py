"""Connections and what may be shown of a reply; no socket is opened."""

import socket

import pytest

from alerts.notifiers import wire
from alerts.notifiers.wire import Deadline, connect, without_secrets

FOUND = [
    (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("2001:db8::1", 443, 0, 0)),
    (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", 443)),
]


class Given:
    """What stands for a socket of a machine that may lack IPv6, or whose IPv6 leads nowhere."""

    def __init__(self, family, *_):
        self.family, self.closed, self.there = family, False, None
        if Given.without_ipv6 and family == socket.AF_INET6:
            raise OSError(97, "Address family not supported by protocol")

    def settimeout(self, _seconds):
        pass

    def connect(self, address):
        if self.family == socket.AF_INET6:
            raise ConnectionRefusedError("nobody listens")
        self.there = address

    def close(self):
        self.closed = True


@pytest.mark.parametrize("without_ipv6", [True, False])
def test_the_next_address_is_tried_where_one_leads_nowhere(without_ipv6, monkeypatch):
    Given.without_ipv6 = without_ipv6
    monkeypatch.setattr(wire.socket, "getaddrinfo", lambda *_args, **_more: FOUND)
    monkeypatch.setattr(wire.socket, "socket", Given)
    assert connect("hook.example", 443, Deadline(5)).there == ("192.0.2.1", 443)
    monkeypatch.setattr(wire.socket, "getaddrinfo", lambda *_args, **_more: FOUND[:1])
    with pytest.raises(OSError, match="not supported" if without_ipv6 else "nobody listens"):
        connect("hook.example", 443, Deadline(5))


@pytest.mark.parametrize(
    ("secret", "said", "shown"),
    [
        ("110201543:AAHdqTcv/-100123", "bot110201543:AAHdqTcv to -100123, error=401", "bot…:… to …, error=401"),
        ("user:p%40ssword@host", "of p@ssword", "of p@…"),
        ("/in/T0KEN?key=qwerty99", "no T0KEN with qwerty99 in here", "no … with … in here"),
        ("/a/b", "a or b", "a or b"),
    ],
)
def test_no_part_of_a_secret_is_shown(secret, said, shown):
    assert without_secrets(said, secret) == shown
