"""Series keys and frames."""

from ioc.domain import Frame, Series

TAGS = {"site": "cs1", "device": "tl-01", "facility": "bv01", "source": "mqtt"}


def test_the_key_is_the_same_whatever_the_order_of_the_tags() -> None:
    assert Series.of("fridge.temp", **TAGS) == Series.of("fridge.temp", **dict(reversed(TAGS.items())))
    assert Series.of("fridge.temp", **TAGS).key == "fridge.temp,device=tl-01,facility=bv01,site=cs1,source=mqtt"


def test_a_key_is_read_back() -> None:
    series = Series.of("fridge.temp", **TAGS)
    assert Series.parse(series.key) == series
    assert (series.tag("facility"), series.tag("mount")) == ("bv01", "")


def test_a_frame_is_one_line_of_line_protocol() -> None:
    prefix = "fridge,device=tl-01,facility=bv01,site=cs1,source=mqtt"
    frame = Frame(prefix, {"temp": 4.2, "door": 0}, 1_763_859_600_000_000_042, "good", 0)
    assert frame.line() == f'{prefix} temp=4.2,door=0,quality="good" 1763859600000000042'
    assert frame.series("temp") == Series.of("fridge.temp", **TAGS)
