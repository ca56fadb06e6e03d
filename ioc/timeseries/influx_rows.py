"""Rows of the tiers as InfluxDB holds them: one line a series and window, its measurement the metric.

``sum``, ``count``, ``min``, ``max``, ``last`` and ``last_at``; ``sim`` and ``test`` where anything such is in it; in
hours also ``sketch``, the bytes of ``Sketch.encode`` in base64. InfluxDB's delete cannot name a series that lacks a
tag, so a row is taken back by ``void=1``, and stays.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable, Collection, Iterable

from ioc.domain import Quality, Series
from ioc.timeseries.influx_csv import Rows, Table
from ioc.timeseries.memory import Bucket

SUM, COUNT, MIN, MAX, LAST, LAST_AT, ROWS = "sum", "count", "min", "max", "last", "last_at", "rows"
OF_TIER = {SUM: SUM, COUNT: SUM, MIN: MIN, MAX: MAX, LAST: LAST, LAST_AT: MAX}  # how several rows become one
VOID, SKETCH = "void", "sketch"
FLAGS = {Quality.SIM.value: Quality.SIM, Quality.TEST.value: Quality.TEST}


def tier_line(series: Series, start: int, bucket: Bucket, flags: Collection[str] = ()) -> str:
    """The line of a row; ``flags`` are those that a row there has already: they are said either way."""
    pairs = [f"{name}={getattr(bucket, name)!r}" for name in (SUM, MIN, MAX, LAST)]
    pairs += [f"{COUNT}={float(bucket.count)}", f"{LAST_AT}={bucket.last_at}i"]
    for name, quality in FLAGS.items():
        if quality in bucket.qualities or name in flags:
            pairs.append(f"{name}={float(quality in bucket.qualities)}")
    if VOID in flags:
        pairs.append(f"{VOID}=0.0")
    if bucket.sketch is not None:
        pairs.append(f'{SKETCH}="{b64encode(bucket.sketch).decode()}"')
    return f"{series.key} {','.join(pairs)} {start}"


def void_line(series: Series, start: int) -> str:
    """The line that takes a row back."""
    return f"{series.key} {VOID}=1.0,{COUNT}=0.0,{SUM}=0.0 {start}"


def tier_buckets(tables: Iterable[tuple[Table, Rows]]) -> dict[Series, dict[int, Bucket]]:
    """The rows of an answer by series and beginning; ``count`` is 0 where a row was taken back."""
    found: dict[Series, dict[int, Bucket]] = {}
    void: list[Bucket] = []
    for table, rows in tables:
        buckets = found.setdefault(table.prefix, {})
        for time_ns, value in rows:
            bucket = buckets.setdefault(time_ns, Bucket())
            if table.field in PUT:
                PUT[table.field](bucket, 0, value)
            elif table.field == SKETCH:
                bucket.sketch = b64decode(value)
            elif float(value) and table.field == VOID:
                void.append(bucket)
            elif float(value):
                bucket.qualities.add(FLAGS[table.field])
    for bucket in void:
        bucket.count = 0
    return found


def merge(into: Bucket, other: Bucket) -> None:
    """Count the values of one more bucket; of equal times the later counted are the last. Sketches are left out."""
    into.count += other.count
    into.sum += other.sum
    into.min = min(into.min, other.min)
    into.max = max(into.max, other.max)
    if other.last_at >= into.last_at:
        into.last, into.last_at = other.last, other.last_at
    into.qualities |= other.qualities


def _add(bucket: Bucket, time_ns: int, value: str) -> None:
    bucket.add(time_ns, float(value), Quality.GOOD)


def _sum(bucket: Bucket, _: int, value: str) -> None:
    bucket.sum = float(value)


def _count(bucket: Bucket, _: int, value: str) -> None:
    bucket.count = int(float(value))


def _min(bucket: Bucket, _: int, value: str) -> None:
    bucket.min = float(value)


def _max(bucket: Bucket, _: int, value: str) -> None:
    bucket.max = float(value)


def _last(bucket: Bucket, time_ns: int, value: str) -> None:
    bucket.last, bucket.last_at = float(value), max(bucket.last_at, time_ns)


def _last_at(bucket: Bucket, _: int, value: str) -> None:
    bucket.last_at = int(value)


PUT: dict[str, Callable[[Bucket, int, str], None]] = {
    SUM: _sum,
    COUNT: _count,
    MIN: _min,
    MAX: _max,
    LAST: _last,
    LAST_AT: _last_at,
    ROWS: _add,
}
