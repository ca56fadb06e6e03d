"""Holes in the sequence numbers of devices: messages that were sent and never came."""

from dataclasses import dataclass


@dataclass(slots=True)
class _Last:
    seq: int
    time_ns: int


class Gaps:
    """Counts holes by device. A device that starts again from a lower number with a newer time has none."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, str], _Last] = {}
        self.by_device: dict[tuple[str, str], int] = {}

    def note(self, facility: str, device: str, seq: int, time_ns: int) -> int:
        """Take in one message; 1 where something is missing before it, else 0."""
        key = (facility, device)
        last = self._last.get(key)
        if last is None:
            self._last[key] = _Last(seq, time_ns)
            return 0
        if time_ns < last.time_ns or seq == last.seq:
            return 0  # delivered again, or overtaken
        hole = seq > last.seq + 1
        last.seq, last.time_ns = seq, time_ns
        if hole:
            self.by_device[key] = self.by_device.get(key, 0) + 1
        return int(hole)
