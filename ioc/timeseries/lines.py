"""Line protocol in, rows out: the inner loop of every write."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ioc.domain import Quality, Series

QUALITIES = (Quality.GOOD, Quality.BAD, Quality.SIM, Quality.TEST)  # by the number that stands for each
BAD = QUALITIES.index(Quality.BAD)
END_OF_TIME = 2**63

_MARKS = {f'quality="{quality}"': number for number, quality in enumerate(QUALITIES)}
_CODE = r"[A-Za-z0-9_][A-Za-z0-9._-]*"
_PREFIX = re.compile(rf"[A-Za-z0-9_][A-Za-z0-9_-]*(?:,{_CODE}={_CODE})*")
_FIELD = re.compile(r"(?!quality$)[A-Za-z0-9_][A-Za-z0-9._-]*")

Row = tuple[int, int, float, int]  # series, time, value, quality


class Names(dict[str, "Fields"]):
    """From the two names that a value has in a line (prefix, field) to the number of its series.

    ``number_of`` gives the number of a series that is met for the first time; ``forget`` takes back what was
    learnt since the last ``keep``, for a transaction that failed.
    """

    def __init__(self, number_of: Callable[[Series], int]) -> None:
        super().__init__()
        self.number_of = number_of
        self._new: list[tuple[Fields, str]] = []

    def __missing__(self, prefix: str) -> "Fields":
        if not _PREFIX.fullmatch(prefix):
            raise ValueError(f"not a measurement with its tags: {prefix[:80]!r}")
        measurement, *pairs = prefix.split(",")
        tags = dict(pair.split("=") for pair in pairs)
        if len(tags) < len(pairs):
            raise ValueError(f"a tag is given twice: {prefix[:80]!r}")
        self[prefix] = fields = Fields(self, measurement, tags)
        return fields

    def learn(self, fields: "Fields", field: str) -> int:
        """The number of a series, remembered."""
        number = self.number_of(Series.of(f"{fields.measurement}.{field}", **fields.tags))
        fields[field] = number
        self._new.append((fields, field))
        return number

    def keep(self) -> None:
        """What was learnt is true from now on."""
        self._new.clear()

    def forget(self) -> None:
        """What was learnt since the last ``keep`` is not true."""
        for fields, field in self._new:
            fields.pop(field, None)
        self._new.clear()


class Fields(dict[str, int]):
    """The series of one prefix by their field."""

    def __init__(self, names: Names, measurement: str, tags: dict[str, str]) -> None:
        super().__init__()
        self.names = names
        self.measurement = measurement
        self.tags = tags

    def __missing__(self, field: str) -> int:
        if not _FIELD.fullmatch(field):
            raise ValueError(f"not the name of a field: {field[:80]!r}")
        return self.names.learn(self, field)


@dataclass(frozen=True, slots=True)
class Decoded:
    """The rows of all good lines in their order, the time of the oldest, and (index, reason) of the others."""

    rows: list[Row]
    oldest: int
    rejected: list[tuple[int, str]]


def decode(lines: Sequence[str], names: Names, not_before: int) -> Decoded:
    """Read lines into rows. A line is taken whole or not at all."""
    rows: list[Row] = []
    rejected: list[tuple[int, str]] = []
    oldest = END_OF_TIME
    for index, line in enumerate(lines):
        taken = len(rows)
        try:
            time_ns = _read(line, names, not_before, rows)
        except ValueError as error:
            del rows[taken:]
            rejected.append((index, _reason(error)))
        else:
            oldest = min(oldest, time_ns)
    return Decoded(rows, oldest, rejected)


def _read(line: str, names: Names, not_before: int, rows: list[Row]) -> int:
    prefix, body, stamp = line.split(" ")
    time_ns = int(stamp)
    if not not_before <= time_ns < END_OF_TIME:
        raise ValueError("its time is older than the values that are kept, or beyond the calendar")
    *pairs, mark = body.split(",")
    quality = _MARKS.get(mark)
    if quality is None:  # no word of the quality: good
        pairs.append(mark)
        quality = 0
    if not pairs:
        raise ValueError("it holds no value")
    fields = names[prefix]
    for pair in pairs:
        field, text = pair.split("=")
        value = float(text)
        if value - value != 0.0:
            raise ValueError(f"{field} is not finite")
        rows.append((fields[field], time_ns, value, quality))
    return time_ns


def _reason(error: ValueError) -> str:
    text = str(error)
    return "it is not made of prefix, fields and time" if "to unpack" in text else text[:200]
