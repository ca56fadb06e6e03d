"""From lines to rows."""

from hypothesis import given
from hypothesis import strategies as st

from ioc.domain import Frame, Reading, Series
from ioc.timeseries.lines import Names, decode
from ioc.timeseries.question import line_of


def names(log: list[Series] | None = None) -> Names:
    known: list[Series] = [] if log is None else log

    def number(series: Series) -> int:
        known.append(series)
        return len(known)

    return Names(number)


def test_each_series_is_looked_up_once():
    log: list[Series] = []
    decode(["fridge,device=a temp=1.0,door=0.0 1", "fridge,device=a temp=2.0 2"] * 3, names(log), 0)
    assert [series.key for series in log] == ["fridge.temp,device=a", "fridge.door,device=a"]


def test_what_was_learnt_in_vain_is_forgotten_and_what_was_kept_is_not():
    log: list[Series] = []
    known = names(log)
    decode(["fridge,device=a temp=1.0 1"], known, 0)
    known.keep()
    decode(["fridge,device=a door=1.0 1"], known, 0)
    known.forget()
    decode(["fridge,device=a temp=1.0,door=1.0 1"], known, 0)
    assert [series.metric for series in log] == ["fridge.temp", "fridge.door", "fridge.door"]


@given(
    st.dictionaries(
        st.from_regex(r"[a-z][a-z_0-9]{0,8}", fullmatch=True).filter(lambda name: name != "quality"),
        st.floats(allow_nan=False, allow_infinity=False),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from(["good", "bad", "sim", "test"]),
    st.integers(0, 2**63 - 1),
)
def test_every_frame_comes_back_exactly(fields: dict[str, float], quality: str, time_ns: int):
    frame = Frame("fridge,device=tl-01", fields, time_ns, quality, received_ns=0)
    got = decode([frame.line()], names(), 0)
    assert got.rejected == []
    assert [row[1:] for row in got.rows] == [
        (time_ns, value, ["good", "bad", "sim", "test"].index(quality)) for value in fields.values()
    ]
    assert got.oldest == time_ns


@given(st.text(max_size=60))
def test_no_text_breaks_it(text: str):
    got = decode([text, "fridge temp=1.0 1"], names(), 0)
    assert len(got.rows) == 1 + len([row for row in got.rows if row[1] != 1])
    assert all(reason and len(reason) <= 200 for _, reason in got.rejected)


@given(st.text('fridge,=. 1e-"quality_nai', max_size=40))
def test_no_text_that_looks_like_a_line_breaks_it(text: str):
    decode([text], names(), 0)


def test_a_reading_is_written_as_the_line_of_its_frame():
    series = Series.of("fridge.temp", device="tl-01", facility="bv01")
    frame = Frame("fridge,device=tl-01,facility=bv01", {"temp": 4.25}, 7, "good", received_ns=0)
    assert line_of(Reading(series, 7, 4.25)) == frame.line()
