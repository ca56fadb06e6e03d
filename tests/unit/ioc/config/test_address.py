"""Where a door listens."""

import pytest

from ioc.config import Address


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("127.0.0.1:8080", "127.0.0.1", 8080),
        ("0.0.0.0:1883", "0.0.0.0", 1883),
        ("localhost:0", "localhost", 0),
        ("[::1]:65535", "::1", 65535),
        ("ioc.benhvien.example:443", "ioc.benhvien.example", 443),
    ],
)
def test_an_address_is_a_host_and_a_port_and_prints_as_it_was_written(text: str, host: str, port: int) -> None:
    address = Address.parse(text)
    assert (address.host, address.port) == (host, port)
    assert str(address) == text


@pytest.mark.parametrize("text", ["", "8080", ":8080", "host", "host:", "host:x", "host:-1", "host:65536", "host:٣"])
def test_what_is_no_host_and_port_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not"):
        Address.parse(text)


def test_an_ipv6_host_needs_its_brackets() -> None:
    with pytest.raises(ValueError, match="host:port"):
        Address.parse("::1:8080")


@pytest.mark.parametrize("text", ["127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "localhost:1"])
def test_loopback_is_known_as_such(text: str) -> None:
    assert Address.parse(text).is_loopback


@pytest.mark.parametrize("text", ["0.0.0.0:1", "192.168.1.5:1", "[::]:1", "ioc.example:1"])
def test_what_other_machines_may_reach_is_not_loopback(text: str) -> None:
    assert not Address.parse(text).is_loopback
