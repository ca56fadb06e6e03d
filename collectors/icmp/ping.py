"""A few ICMP echo requests. The only module that imports icmplib."""

from dataclasses import dataclass

import icmplib

INTERVAL_S = 0.2
PACKETS = 3
HINT = (
    "this centre may not ping: allow its group (sysctl net.ipv4.ping_group_range='0 2147483647'), or give the worker "
    "the capability CAP_NET_RAW"
)


class NotAllowedError(Exception):
    """This machine does not let us ping: nobody knows how the other is."""


class NoSuchNameError(Exception):
    """The name of the other machine leads nowhere."""


@dataclass(frozen=True, slots=True)
class Echo:
    """What came back: the share of packets that was lost (0 to 1), and the mean round trip in ms, None without any."""

    loss: float
    mean_ms: float | None


def ping(host: str, within_s: float) -> Echo:
    """Ask ``host`` a few times, with raw sockets where we may not otherwise; ends within about ``within_s``."""
    timeout = max(0.1, (within_s - INTERVAL_S * (PACKETS - 1)) / PACKETS)
    try:
        return _ping(host, timeout, privileged=False)
    except icmplib.SocketPermissionError:
        pass
    try:
        return _ping(host, timeout, privileged=True)
    except icmplib.SocketPermissionError:
        raise NotAllowedError(HINT) from None


def _ping(host: str, timeout: float, *, privileged: bool) -> Echo:
    try:
        found = icmplib.ping(host, count=PACKETS, interval=INTERVAL_S, timeout=timeout, privileged=privileged)
    except icmplib.NameLookupError:
        raise NoSuchNameError(host) from None
    return Echo(found.packet_loss, found.avg_rtt if found.packets_received else None)
