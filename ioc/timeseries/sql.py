"""The statements of the SQLite store."""

from ioc.domain import Quality
from ioc.timeseries.contract import FIVE_MINUTES, HOUR, How
from ioc.timeseries.lines import BAD, QUALITIES

_SIM = 1 << QUALITIES.index(Quality.SIM)
_TEST = 1 << QUALITIES.index(Quality.TEST)

_ROW = "series, t, sum, count, min, max, last, last_at, qualities"
_MEMBER = "json_each(:members) m cross join"

# One statement for many rows, since sqlite3 lets go of the interpreter's lock around every statement: with a busy
# second thread executemany waits 5 ms a row for it (14.7 s per 100,000 rows; this 0.5 s; measured).
ROWS_AT_ONCE = (4096, 1024, 256, 64, 16, 4, 1)
VARIABLES = 32_766  # of one statement


def _inserts(head: str, columns: int) -> dict[int, str]:
    row = f"({', '.join('?' * columns)})"
    return {rows: head + ", ".join([row] * rows) for rows in ROWS_AT_ONCE if rows * columns <= VARIABLES}


def _filled(text: str, **more: object) -> str:
    known = {
        "bucket": FIVE_MINUTES,
        "hour": HOUR,
        "bad": BAD,
        "sim": _SIM,
        "test": _TEST,
        "row": _ROW,
        "member": _MEMBER,
    }
    return text.format_map(known | more)


INSERT_RAW = _inserts("replace into raw values ", 4)
MARK_DIRTY = _inserts("insert or ignore into dirty values ", 2)
MARK_DIRTY_HOUR = _inserts("insert or ignore into dirty_hour values ", 2)
PUT_FIVE_MINUTES = _inserts(_filled("insert or replace into five_minutes ({row}) values "), 9)
PUT_HOURS = _inserts(_filled("insert or replace into one_hour ({row}) values "), 9)
PUT_SKETCHES = _inserts("insert or replace into sketch values ", 3)
ADD_HOURS = _inserts(_filled("insert or ignore into one_hour ({row}) values "), 9)
ADD_SKETCHES = _inserts("insert or ignore into sketch values ", 3)

MARKS = "select name, t from mark"
SET_MARK = "update mark set t = ? where name = ?"
NEW_SERIES = "insert into series (metric, key) values (?, ?) on conflict (key) do nothing"
SERIES_ID = "select id from series where key = ?"
SERIES_IDS = "select id from series"
SERIES_OF = "select id, key from series where metric = ? order by key"

LATEST = """
select m.value, r.t, r.value, r.quality from json_each(?) m
cross join raw r on r.series = m.value
    and r.t = (select t from raw where series = m.value and t >= ? order by t desc limit 1)
"""
_NEWEST = "(select max(t) from {table} where series = s.id)"
LATEST_ALL = _filled(
    """
select s.key, r.t, r.value, 1 << r.quality from series s
cross join raw r on r.series = s.id and r.t = {newest_raw}
where r.t >= :raw_from
union all
select s.key, f.last_at, f.last, f.qualities from series s
cross join five_minutes f on f.series = s.id and f.t = {newest_five_minutes}
where f.t >= :five_minutes_from and coalesce({newest_raw}, -1) < :raw_from
union all
select s.key, h.last_at, h.last, h.qualities from series s
cross join one_hour h on h.series = s.id and h.t = {newest_one_hour}
where coalesce({newest_raw}, -1) < :raw_from
    and coalesce({newest_five_minutes}, -1) < :five_minutes_from
""",
    **{f"newest_{table}": _NEWEST.format(table=table) for table in ("raw", "five_minutes", "one_hour")},
)
RAW = "select t, value, quality from raw where series = ? and t >= ? and t < ? order by t limit ?"
FIVE_MINUTES_ROWS = """
select s.key, f.t, f.count, f.sum, f.min, f.max, f.last, f.last_at, f.qualities, null
from series s cross join five_minutes f on f.series = s.id and f.t >= ? and f.t < ?
"""
BEGINS = """
select coalesce(min((select min(t) from (
    select min(t) as t from raw where series = s.id
    union all select min(t) from five_minutes where series = s.id
    union all select min(t) from one_hour where series = s.id
))), 0) from series s
"""
HOUR_ROWS = """
select s.key, f.t, f.count, f.sum, f.min, f.max, f.last, f.last_at, f.qualities, k.data
from series s cross join one_hour f on f.series = s.id and f.t >= ? and f.t < ?
left join sketch k on k.series = f.series and k.t = f.t
"""

# Rolling up values to five minutes. {source} gives rows of raw as r: a span that is complete, or what late values
# touched.
_CHOSEN = "(select series, t from dirty where t < :below order by series, t limit :limit)"
_SPAN = "series s cross join raw r on r.series = s.id and r.t >= :start and r.t < :stop"
_TOUCHED = "{chosen} d cross join raw r on r.series = d.series and r.t >= d.t and r.t < d.t + {bucket}"
_BITS = " + ".join(f"{1 << n} * max(r.quality = {n})" for n in range(len(QUALITIES)) if n != BAD)
_ROLL = """
insert or replace into five_minutes ({row})
select b.series, b.t, b.sum, b.count, b.min, b.max, l.value, b.last_at, b.qualities
from (
    select r.series as series, r.t - r.t % {bucket} as t, sum(r.value) as sum, count(*) as count,
        min(r.value) as min, max(r.value) as max, max(r.t) as last_at, {bits} as qualities
    from {source} where r.quality <> {bad} group by 1, 2
) b join raw l on l.series = b.series and l.t = b.last_at
"""
ROLL_SPAN = _filled(_ROLL, bits=_BITS, source=_SPAN)
ROLL_TOUCHED = _filled(_ROLL, bits=_BITS, source=_filled(_TOUCHED, chosen=_CHOSEN))
DROP_TOUCHED = _filled("delete from five_minutes where (series, t) in {chosen}", chosen=_CHOSEN)
UNMARK_TOUCHED = _filled("delete from dirty where (series, t) in {chosen}", chosen=_CHOSEN)
FIRST_RAW = "select min((select t from raw where series = s.id and t >= ? order by t limit 1)) from series s"

# Rolling up five minutes to hours, with sketches of the values where these are kept. {source} gives rows of
# five_minutes as f.
_CHOSEN_HOURS = _filled("""(select series, t from dirty_hour h where t < :below and not exists (
    select 1 from dirty d where d.series = h.series and d.t >= h.t and d.t < h.t + {hour}
) order by series, t limit :limit)""")
_SPAN_OF_HOURS = "series s cross join five_minutes f on f.series = s.id and f.t >= :start and f.t < :stop"
_TOUCHED_HOURS = "{chosen} d cross join five_minutes f on f.series = d.series and f.t >= d.t and f.t < d.t + {hour}"
_BITS_OF_HOUR = " + ".join(f"{1 << n} * max(f.qualities >> {n} & 1)" for n in range(len(QUALITIES)))
_HOURS = """
select b.series, b.t, b.sum, b.count, b.min, b.max, l.last, l.last_at, b.qualities, case when b.t >= :raw_from then (
    select sketch_of(r.value) from raw r
    where r.series = b.series and r.t >= b.t and r.t < b.t + {hour} and r.quality <> {bad}
) end
from (
    select f.series as series, f.t - f.t % {hour} as t, sum(f.sum) as sum, sum(f.count) as count,
        min(f.min) as min, max(f.max) as max, max(f.t) as newest, {bits} as qualities
    from {source} group by 1, 2
) b join five_minutes l on l.series = b.series and l.t = b.newest
"""
HOURS_OF_SPAN = _filled(_HOURS, bits=_BITS_OF_HOUR, source=_SPAN_OF_HOURS)
HOURS_TOUCHED = _filled(_HOURS, bits=_BITS_OF_HOUR, source=_filled(_TOUCHED_HOURS, chosen=_CHOSEN_HOURS))
TOUCHED_HOURS = _filled("select series, t from {chosen}", chosen=_CHOSEN_HOURS)
DROP_HOURS = _filled("delete from one_hour where (series, t) in {chosen}", chosen=_CHOSEN_HOURS)
DROP_SKETCHES = _filled("delete from sketch where (series, t) in {chosen}", chosen=_CHOSEN_HOURS)
UNMARK_HOURS = _filled("delete from dirty_hour where (series, t) in {chosen}", chosen=_CHOSEN_HOURS)
CLAIM_DIRTY = _filled("""
insert or ignore into dirty_hour select distinct series, t - t % {hour} from dirty where t >= ? and t < ?
""")
FIRST_FIVE_MINUTES = """
select min((select t from five_minutes where series = s.id and t >= ? order by t limit 1)) from series s
"""

# Blocks: many hours in one row
FIRST_HOUR = "select min((select t from one_hour where series = s.id and t >= ? order by t limit 1)) from series s"
SERIES_WITH_HOURS = """
select s.id from series s
where s.id > :after and exists (select 1 from one_hour where series = s.id and t >= :start and t < :stop)
order by s.id limit :limit
"""
HOURS_OF_SERIES = "select t, sum, count, qualities from one_hour where series = ? and t >= ? and t < ?"
PUT_BLOCK = "replace into block (id, sums, flags, counts) values (?, ?, ?, ?)"
DROP_BLOCK = "delete from block where id = ?"
DROP_BLOCKS = "delete from block where id >= ? and id < ?"
BLOCKS = "select id, sums, flags, null from block where id >= ? and id < ?"
BLOCKS_WITH_COUNTS = "select id, sums, flags, counts from block where id >= ? and id < ?"

DROP_OLD = {
    table: _filled("delete from {table} where series = ? and t < ?", table=table)
    for table in ("raw", "five_minutes", "one_hour", "sketch")
}

# Windows. Members are a JSON object {series id: number of its group}; x is what is put together, n how many values.
_SIDES = {  # of a row of a tier, of a raw value, put together
    How.SUM: ("f.sum", "r.value", "sum(x)"),
    How.RATIO: ("f.sum", "r.value", "sum(x)"),
    How.MEAN: ("f.sum", "r.value", "sum(x) / sum(n)"),
    How.COUNT: ("f.count", "1", "sum(x)"),
    How.MIN: ("f.min", "r.value", "min(x)"),
    How.MAX: ("f.max", "r.value", "max(x)"),
    How.LAST: ("f.last", "r.value", "x"),  # of the row that max(at) found
}
_OF_ROWS = (
    "select m.value as grp, f.t as t, {x_row} as x, f.count as n, f.last_at as at, f.qualities as q from {member}"
)
_OF_RAW = "select m.value as grp, r.t as t, {x_raw} as x, 1 as n, r.t as at, 1 << r.quality as q from {member}"
_FROM_HOURS = (
    _OF_ROWS
    + """
    one_hour f on f.series = cast(m.key as integer) and f.t >= :start and f.t < min(:stop, :hours_to)"""
)
_FROM_FIVE = (
    _OF_ROWS
    + """
    five_minutes f on f.series = cast(m.key as integer)
        and f.t >= max(:start, :five_from) and f.t < min(:stop, :rolled_to)"""
)
_FROM_RAW = (
    _OF_RAW
    + """
    raw r on r.series = cast(m.key as integer) and r.t >= max(:start, :rolled_to) and r.t < :stop
    where r.quality <> {bad}"""
)
_BUT_DIRTY = """
    where not exists (select 1 from dirty d where d.series = f.series and d.t = f.t)"""
_BUT_DIRTY_HOURS = """
    where not exists (select 1 from dirty_hour d where d.series = f.series and d.t = f.t)"""
_FIVE_OF_DIRTY_HOURS = (
    _OF_ROWS
    + """
    dirty_hour h on h.series = cast(m.key as integer) and h.t >= :start and h.t < min(:stop, :hours_to)
    cross join five_minutes f on f.series = h.series and f.t >= h.t and f.t < h.t + {hour}"""
    + _BUT_DIRTY
)
_RAW_OF_DIRTY = (
    _OF_RAW
    + """
    dirty d on d.series = cast(m.key as integer) and d.t >= :start and d.t < :stop
    cross join raw r on r.series = d.series and r.t >= d.t and r.t < d.t + {bucket}
    where r.quality <> {bad}"""
)
_TOGETHER = """
select grp, (t - :start) / :step as w, {result}, max(q & {sim}) | max(q & {test}), {more}
from ({pieces}) group by grp, w
"""


def _windows(*pieces: str) -> dict[How, str]:
    return {
        how: _filled(
            _TOGETHER,
            result=result,
            more="max(at)" if how is How.LAST else "sum(n)",
            pieces=_filled(" union all ".join(pieces), x_row=x_row, x_raw=x_raw),
        )
        for how, (x_row, x_raw, result) in _SIDES.items()
    }


HOURS_APART = {  # of series that are each a group, in windows of an hour: nothing has to be put together
    how: _filled(
        "select m.value, (f.t - :start) / {hour}, {x_row}, f.qualities & ({sim} | {test}), {more} from {member}"
        " one_hour f on f.series = cast(m.key as integer) and f.t >= :start and f.t < min(:stop, :hours_to)",
        x_row="f.sum / f.count" if how is How.MEAN else x_row,
        more="f.last_at" if how is How.LAST else "f.count",
    )
    for how, (x_row, _, _) in _SIDES.items()
}
ANY_DIRTY = _filled("""
select exists (
    select 1 from {member} dirty d on d.series = cast(m.key as integer) and d.t >= :start and d.t < :stop
) or exists (
    select 1 from {member} dirty_hour d on d.series = cast(m.key as integer) and d.t >= :start and d.t < :stop)
""")
WINDOWS_OF_RAW = _windows(_FROM_RAW)
WINDOWS_OF_FIVE = _windows(_FROM_FIVE, _FROM_RAW)
WINDOWS_OF_FIVE_BUT_DIRTY = _windows(_FROM_FIVE + _BUT_DIRTY, _RAW_OF_DIRTY, _FROM_RAW)
WINDOWS_OF_HOURS = _windows(_FROM_HOURS, _FROM_FIVE, _FROM_RAW)
WINDOWS_OF_HOURS_BUT_DIRTY = _windows(
    _FROM_HOURS + _BUT_DIRTY_HOURS, _FIVE_OF_DIRTY_HOURS, _FROM_FIVE + _BUT_DIRTY, _RAW_OF_DIRTY, _FROM_RAW
)
VALUES = _filled("""
select m.value, (r.t - :start) / :step, r.value, r.quality from {member}
    raw r on r.series = cast(m.key as integer) and r.t >= max(:start, :raw_from) and r.t < :stop
where r.quality <> {bad}
""")
SKETCHES = _filled("""
select m.value, (f.t - :start) / :step, k.data, f.min, f.max, f.qualities from {member}
    one_hour f on f.series = cast(m.key as integer) and f.t >= :start and f.t < min(:stop, :raw_from)
left join sketch k on k.series = f.series and k.t = f.t
""")
