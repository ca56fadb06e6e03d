"""How far the clock may be off, as the kernel was told by whatever sets it (chrony, ntpd, systemd-timesyncd)."""

import ctypes

UNSYNCHRONISED = 0x0040
NANOSECONDS = 0x2000
ERROR = 5  # the state of a clock that nothing sets


class Timex(ctypes.Structure):
    """``struct timex`` of adjtimex(2)."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("constant", ctypes.c_long),
        ("precision", ctypes.c_long),
        ("tolerance", ctypes.c_long),
        ("time", ctypes.c_long * 2),
        ("tick", ctypes.c_long),
        ("rest", ctypes.c_long * 32),  # of the pulse per second, and room to grow
    )


def clock_offset_ms() -> float | None:
    """The offset or the estimated error, whichever is more, in ms; None where nothing sets the clock.

    Some services correct the clock at once and leave 0 as the offset: their estimate of the error says more.
    """
    timex = Timex()  # modes 0: only asked
    try:
        state = ctypes.CDLL(None).adjtimex(ctypes.byref(timex))
    except (OSError, AttributeError):
        return None  # no Linux
    return offset_ms(state, timex)


def offset_ms(state: int, timex: Timex) -> float | None:
    """What the kernel's answer says."""
    if state in (-1, ERROR) or timex.status & UNSYNCHRONISED:
        return None
    offset = abs(float(timex.offset)) / (1e6 if timex.status & NANOSECONDS else 1e3)
    return max(offset, float(timex.esterror) / 1e3)
