"""The statements of the SQLite store."""

from ioc.domain import Quality
from ioc.timeseries.contract import FIVE_MINUTES, How
from ioc.timeseries.lines import BAD, QUALITIES

_SIM = 1 << QUALITIES.index(Quality.SIM)
_TEST = 1 << QUALITIES.index(Quality.TEST)

# One statement for many rows, since sqlite3 lets go of the interpreter's lock around every statement: with a busy
# second thread executemany waits 5 ms a row for it (14.7 s per 100,000 rows; this 0.5 s; measured).
ROWS_AT_ONCE = (4096, 1024, 256, 64, 16, 4, 1)


def _inserts(head: str, row: str) -> dict[int, str]:
    return {rows: head + ", ".join([row] * rows) for rows in ROWS_AT_ONCE}


INSERT_RAW = _inserts("replace into raw values ", "(?, ?, ?, ?)")
MARK_DIRTY = _inserts("insert or ignore into dirty values ", "(?, ?)")

MARKS = "select name, t from mark"
SET_MARK = "update mark set t = ? where name = ?"
NEW_SERIES = "insert into series (metric, key) values (?, ?) on conflict (key) do nothing"
SERIES_ID = "select id from series where key = ?"
SERIES_OF = "select id, key from series where metric = ? order by key"
ANY_DIRTY = "select exists (select 1 from dirty)"

LATEST = """
select m.value, r.t, r.value, r.quality from json_each(?) m
cross join raw r on r.series = m.value
    and r.t = (select t from raw where series = m.value and t >= ? order by t desc limit 1)
"""
LATEST_ALL = """
select s.key, r.t, r.value, 1 << r.quality from series s
cross join raw r on r.series = s.id and r.t = (select t from raw where series = s.id order by t desc limit 1)
where r.t >= :raw_from
union all
select s.key, f.last_at, f.last, f.qualities from series s
cross join five_minutes f on f.series = s.id
    and f.t = (select t from five_minutes where series = s.id order by t desc limit 1)
where not exists (select 1 from raw where series = s.id and t >= :raw_from)
"""
RAW = "select t, value, quality from raw where series = ? and t >= ? and t < ? order by t limit ?"

# Rolling up. {source} gives rows of raw as r: the span that is complete, or what late values touched.
_CHOSEN = "(select series, t from dirty where t < :below order by series, t limit :limit)"
_SPAN = "series s cross join raw r on r.series = s.id and r.t >= :start and r.t < :stop"
_TOUCHED = "{chosen} d cross join raw r on r.series = d.series and r.t >= d.t and r.t < d.t + {bucket}"
_ROLL = """
insert or replace into five_minutes (series, t, sum, count, min, max, last, last_at, qualities)
select b.series, b.t, b.sum, b.count, b.min, b.max, l.value, b.last_at, b.qualities
from (
    select r.series as series, r.t - r.t % {bucket} as t, sum(r.value) as sum, count(*) as count,
        min(r.value) as min, max(r.value) as max, max(r.t) as last_at, {qualities} as qualities
    from {source} where r.quality <> {bad} group by 1, 2
) b join raw l on l.series = b.series and l.t = b.last_at
"""
_DROP_TOUCHED = "delete from five_minutes where (series, t) in {chosen}"
_UNMARK_TOUCHED = "delete from dirty where (series, t) in {chosen}"


def _filled(text: str, **more: str) -> str:
    bits = " + ".join(f"{1 << n} * max(r.quality = {n})" for n in range(len(QUALITIES)) if n != BAD)
    return text.format(bucket=FIVE_MINUTES, bad=BAD, sim=_SIM, test=_TEST, qualities=bits, chosen=_CHOSEN, **more)


ROLL_SPAN = _filled(_ROLL, source=_SPAN)
ROLL_TOUCHED = _filled(_ROLL, source=_filled(_TOUCHED))
DROP_TOUCHED = _filled(_DROP_TOUCHED)
UNMARK_TOUCHED = _filled(_UNMARK_TOUCHED)

FIRST_FROM = """
select min((select t from raw where series = s.id and t >= ? order by t limit 1)) from series s
"""
SERIES_IDS = "select id from series"
DROP_RAW = "delete from raw where series = ? and t < ?"
DROP_FIVE_MINUTES = "delete from five_minutes where series = ? and t < ?"
FIVE_MINUTES_ROWS = """
select s.key, f.t, f.count, f.sum, f.min, f.max, f.last, f.last_at, f.qualities
from series s cross join five_minutes f on f.series = s.id and f.t >= ? and f.t < ?
"""
PUT_FIVE_MINUTES = """
insert or replace into five_minutes (series, t, count, sum, min, max, last, last_at, qualities)
values (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""

# Windows. Members are a JSON object {series id: number of its group}; x is what is put together, n how many values.
_SIDES = {  # of a bucket, of a raw value, put together
    How.SUM: ("f.sum", "r.value", "sum(x)"),
    How.RATIO: ("f.sum", "r.value", "sum(x)"),
    How.MEAN: ("f.sum", "r.value", "sum(x) / sum(n)"),
    How.COUNT: ("f.count", "1", "sum(x)"),
    How.MIN: ("f.min", "r.value", "min(x)"),
    How.MAX: ("f.max", "r.value", "max(x)"),
    How.LAST: ("f.last", "r.value", "x"),  # of the row that max(at) found
}
_BUCKETS = """
    select m.value as grp, f.t as t, {x_bucket} as x, f.count as n, f.last_at as at, f.qualities as q
    from json_each(:members) m cross join five_minutes f
        on f.series = cast(m.key as integer) and f.t >= :start and f.t < min(:stop, :rolled_to)"""
_BUT_DIRTY = """
    where not exists (select 1 from dirty d where d.series = f.series and d.t = f.t)
    union all
    select m.value, r.t, {x_raw}, 1, r.t, 1 << r.quality
    from json_each(:members) m
    cross join dirty d on d.series = cast(m.key as integer) and d.t >= :start and d.t < :stop
    cross join raw r on r.series = d.series and r.t >= d.t and r.t < d.t + {bucket}
    where r.quality <> {bad}"""
_RAW = """
    select m.value as grp, r.t as t, {x_raw} as x, 1 as n, r.t as at, 1 << r.quality as q
    from json_each(:members) m cross join raw r
        on r.series = cast(m.key as integer) and r.t >= max(:start, :rolled_to) and r.t < :stop
    where r.quality <> {bad}"""
_TOGETHER = """
select grp, (t - :start) / :step as w, {result}, max(at), sum((q & {sim}) > 0) > 0, sum((q & {test}) > 0) > 0
from ({pieces}) group by grp, w
"""


def _windows(*pieces: str) -> dict[How, str]:
    return {
        how: _filled(_TOGETHER, result=result, pieces=_filled("".join(pieces), x_bucket=x_bucket, x_raw=x_raw))
        for how, (x_bucket, x_raw, result) in _SIDES.items()
    }


FROM_RAW = _windows(_RAW)
FROM_BUCKETS = _windows(_BUCKETS, " union all ", _RAW)
FROM_BUCKETS_BUT_DIRTY = _windows(_BUCKETS, _BUT_DIRTY, " union all ", _RAW)
