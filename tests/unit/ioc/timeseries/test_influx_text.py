"""The text side of InfluxDB: questions, answers, and what an answer that is no success means. No server."""

from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ioc.domain import SECOND, Series
from ioc.errors import MisconfiguredError, RetryError
from ioc.timeseries import ABSENT
from ioc.timeseries.grid import Run
from ioc.timeseries.influx_csv import Table, Times, parse
from ioc.timeseries.influx_flux import CONDITIONS, Script, is_tag
from ioc.timeseries.influx_http import RefusedError, meaning, shown

TAGS = (("facility", "a"), ("ward", "w1"))
ANSWER = (
    ",result,table,_time,_value,_field,_measurement,facility,ward\r\n"
    ",one,0,2026-11-21T22:26:40Z,5,occupied,bed,a,w1\r\n"
    ",one,0,2026-11-21T22:26:40.000000007Z,6,occupied,bed,a,w1\r\n"
    "\r\n"
    ",result,table,_time,_value,_field,_measurement,facility\r\n"
    ",one,1,2026-11-21T22:27:00.5Z,,occupied,bed,d\r\n"
    ",two,1,2026-11-21T22:27:00Z,x,quality,bed,d\r\n"
    "\r\n"
)


def ns(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * SECOND


def test_an_answer_is_read_table_by_table_with_its_own_columns():
    first, second, third = parse(ANSWER.splitlines())
    at = ns("2026-11-21T22:26:40")
    assert first == (Table("one", "bed", "occupied", TAGS), [(at, "5"), (at + 7, "6")])
    assert second == (Table("one", "bed", "occupied", (("facility", "d"),)), [(at + 20_500_000_000, "")])
    assert third[0].name == "two"
    assert first[0].series == Series("bed.occupied", TAGS)
    assert first[0].prefix == Series("bed", TAGS)


@pytest.mark.parametrize("text", ["", "\r\n", "\r\n\r\n"])
def test_nothing_found_is_nothing(text: str):
    assert list(parse(text.splitlines())) == []


def test_an_empty_tag_is_none_and_a_missing_time_is_0():
    lines = [",result,table,_value,facility,ward", ",r,0,1,a,"]
    assert list(parse(lines)) == [(Table("r", "", "", (("facility", "a"),)), [(0, "1")])]


def test_an_error_that_comes_after_rows_is_raised_with_the_words_of_the_server():
    with pytest.raises(ValueError, match="panic: out of memory"):
        list(parse([*ANSWER.splitlines(), ",error,reference", ",panic: out of memory,897"]))


def test_recorded_answers_of_a_real_server_are_read(shared: Path):
    found = {}
    for exchange in orjson.loads((shared / "samples/influxdb/exchanges-2.9.1.json").read_bytes())["exchanges"]:
        if exchange["name"].startswith("query") and exchange["response"]["status"] == 200:
            # without the annotations, which we do not ask for
            body = [line for line in exchange["response"]["body"].splitlines() if not line.startswith("#")]
            found[exchange["name"]] = list(parse(body))
    assert [len(rows) for _, rows in found["query: all"]] == [2, 1, 2]
    assert found["query: nothing found"] == []
    assert [table.tags for table, _ in found["query: last of each series"]] == [
        TAGS,
        (("facility", "b"), ("ward", "w2")),
        (("facility", "d"),),
    ]
    assert [value for _, value in found["query: mean a minute, empty windows kept"][0][1]] == ["", "5", "6", "", ""]


@given(st.datetimes(datetime(1970, 1, 1), datetime(2260, 1, 1)), st.integers(0, 10**9 - 1))  # noqa: DTZ001
def test_times_are_exact_to_the_nanosecond(moment: datetime, part: int):
    second = moment.replace(microsecond=0)
    text = f"{second.isoformat()}.{part:09}".rstrip("0").rstrip(".") if part else second.isoformat()
    expected = int(second.replace(tzinfo=UTC).timestamp()) * SECOND + part
    assert Times().ns(f"{text}Z") == expected


@given(
    st.dictionaries(st.text(min_size=1), st.one_of(st.text(), st.lists(st.text(), max_size=4)), max_size=4),
    st.text(min_size=1),
)
def test_no_value_from_outside_ever_stands_in_the_text(where: dict, metric: str):
    script = Script()
    conditions = (script.is_("_measurement", f"«{metric}»"), script.where(where))
    script.ask("rows", script.rows("bucket", 0, 1, *conditions))
    assert "«" not in script.text
    assert "bucket:" in script.text
    assert set(script.text) <= set('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-|>(){}[]:,=!" ')
    inside = [name for name in where if f'r["{name}"]' in script.text]
    assert all(name.replace(".", "").replace("_", "").replace("-", "").isascii() for name in inside)


def test_names_that_would_be_text_are_looked_for_afterwards():
    for name in ('x"] == r["x', "_measurement", "_field", "time", "", "tố"):
        assert Script().where({name: "a"}) == ""


def test_a_set_is_a_chain_and_a_long_one_is_looked_through_afterwards():
    script = Script()
    assert script.where({"device": ["b", "a", ABSENT], "site": "", "ward": []}) == (
        '(not exists r["device"] or r["device"] == p0 or r["device"] == p1)'
    )
    assert script.params == {"p0": "a", "p1": "b"}
    assert script.where({"device": [str(n) for n in range(CONDITIONS + 1)]}) == ""
    assert script.prefixes([Series("bed", TAGS)] * (CONDITIONS + 1)) == ""


def test_windows_begin_where_the_run_begins():
    script = Script()
    text = script.windows(Run(0, 25 * SECOND, 95 * SECOND, 10 * SECOND), "sum")
    every = "every: duration(v: p0), offset: duration(v: p1)"
    assert text == f'|> aggregateWindow({every}, fn: sum, createEmpty: false, timeSrc: "_start")'
    assert script.params == {"p0": 10 * SECOND, "p1": 5 * SECOND}


def test_windows_of_series_are_put_together_by_tags():
    script = Script()
    text = script.together(["facility"], Run(0, 0, 95 * SECOND, 10 * SECOND), "sum")
    assert text.startswith('|> group(columns: ["_measurement", "_field", "facility"]) |> aggregateWindow(every: ')


@pytest.mark.parametrize("name", ['x"] == r["x', "_measurement", "time", "", "tố", "a b"])
def test_a_name_that_would_be_text_is_no_tag(name: str):
    assert not is_tag(name)
    assert not Script.may_ask({name: "a"})
    assert Script.may_ask({name: "", "ward": ["a", "b"], "facility": []})


def test_more_values_than_a_chain_holds_are_not_asked_of_the_server():
    assert Script.may_ask({"device": [str(n) for n in range(CONDITIONS)]})
    assert not Script.may_ask({"device": [str(n) for n in range(CONDITIONS + 1)]})


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, RefusedError),
        (413, RefusedError),
        (422, RefusedError),
        (301, MisconfiguredError),
        (401, MisconfiguredError),
        (403, MisconfiguredError),
        (404, MisconfiguredError),
        (418, MisconfiguredError),
        (408, RetryError),
        (429, RetryError),
        (500, RetryError),
        (502, RetryError),
        (520, RetryError),
    ],
)
def test_what_a_status_asks_of_us(status: int, kind: type):
    error = meaning("http://x", status, {}, b'{"message":"the server\'s words"}')
    assert type(error) is kind
    assert "the server's words" in str(error)
    assert type(meaning("http://x", status, {}, b"<html>no JSON</html>")) is kind
    assert type(meaning("http://x", status, {}, b"[1]")) is kind


def test_how_many_lines_were_dropped_is_read_from_the_end_where_no_line_can_write_it():
    said = (
        'partial write: input field \\"dropped=7\\" is type string dropped=2 for database: 99 for retention policy: x'
    )
    error = meaning("http://x", 422, {}, f'{{"message":"{said}"}}')
    assert isinstance(error, RefusedError)
    assert error.dropped == 2
    other = meaning("http://x", 400, {}, '{"message":"unable to parse \'a dropped=5000\'"}')
    assert isinstance(other, RefusedError)
    assert other.dropped == 0


def test_an_address_is_shown_without_what_may_be_secret_in_it():
    assert shown("https://ioc:hunter2@influx.example:8086/x?token=hunter3") == "https://influx.example:8086/x"
