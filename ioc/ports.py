"""Which addresses are free to listen on."""

import errno
import socket

from ioc.config import Address

TRIED = 100


class TakenError(Exception):
    """Nobody can listen there; ``free`` is an address nearby where one can, None where there is none."""

    def __init__(self, address: Address, error: OSError, free: Address | None) -> None:
        why = "is taken by another program" if error.errno == errno.EADDRINUSE else f"cannot be used ({error.strerror})"
        super().__init__(f"{address} {why}.")
        self.free = free


def free_address(address: Address, *, fixed: bool) -> Address:
    """``address`` where it is free, port 0 as one that the system picks; else the next free port.

    Raises TakenError where there is none, and, for a ``fixed`` address, at once.
    """
    try:
        return try_address(address)
    except OSError as error:
        free = _next_free(address)
        if fixed or free is None:
            raise TakenError(address, error, free) from None
        return free


def try_address(address: Address) -> Address:
    """The address that one gets when one listens there; raises OSError."""
    family, kind, _, _, target = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(target)
        sock.listen()
        return Address(address.host, sock.getsockname()[1])


def _next_free(address: Address) -> Address | None:
    for port in range(max(address.port, 1_023) + 1, min(address.port + TRIED, 65_535) + 1):
        try:
            return try_address(Address(address.host, port))
        except OSError:
            continue
    return None
