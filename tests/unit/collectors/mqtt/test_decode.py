"""Every rule by which a message is taken, taken in part, or quarantined."""

from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.mqtt.decode import CACHED_AT_MOST, Decoded, Decoder, Unconfirmed
from ioc.catalogue import Catalogue
from ioc.domain import MILLISECOND, MINUTE, SECOND, Frame, rfc3339
from ioc.errors import Reason, RejectError
from ioc.registry import Registry
from tests.unit.collectors.mqtt.conftest import NOW, TOPIC, metric


def message(time_ns: int = NOW, **keys: Any) -> bytes:
    return orjson.dumps({"ts": rfc3339(time_ns), "m": {"temp": {"v": 4.2, "u": "Cel"}}} | keys)


def frame_of(decoded: Decoded) -> Frame:
    assert decoded.fault is None
    assert decoded.frame is not None
    return decoded.frame


def fault_of(decoded: Decoded) -> RejectError:
    assert decoded.fault is not None
    return decoded.fault


def test_a_message_becomes_one_line_with_sorted_tags(decoder: Decoder) -> None:
    values = {"temp": {"v": 4.2, "u": "Cel"}, "door": {"v": 1}}
    frame = frame_of(decoder.decode(TOPIC, message(m=values, q="test"), NOW + SECOND))
    assert frame.line() == (
        f'fridge,device=tl-01,facility=bv01,site=cs1,source=mqtt temp=4.2,door=1.0,quality="test" {NOW}'
    )
    assert frame.received_ns == NOW + SECOND


def test_quality_is_good_and_history_false_unless_said(decoder: Decoder) -> None:
    frame = frame_of(decoder.decode(TOPIC, message(), NOW))
    assert (frame.quality, frame.hist) == ("good", False)
    assert frame_of(decoder.decode(TOPIC, message(hist=True), NOW)).hist


@pytest.mark.parametrize("channel", ["tele", "state", "event", "alarm"])
def test_four_channels_are_read_alike(decoder: Decoder, channel: str) -> None:
    assert frame_of(decoder.decode(TOPIC.replace("tele", channel), message(), NOW)).fields == {"temp": 4.2}


def test_meta_is_ignored_whatever_it_holds(decoder: Decoder) -> None:
    decoded = decoder.decode(TOPIC.replace("tele", "meta"), b"anything", NOW)
    assert decoded.route is not None
    assert (decoded.frame, decoded.fault) == (None, None)


def test_a_sequence_takes_the_place_of_the_missing_nanoseconds(decoder: Decoder) -> None:
    first, second = (decoder.decode(TOPIC, message(seq=seq), NOW) for seq in (1_000_007, 1_000_008))
    assert frame_of(first).time_ns == NOW + 7
    assert frame_of(second).time_ns == NOW + 8
    assert first.seq == 1_000_007


def test_a_time_finer_than_milliseconds_is_kept_as_it_is(decoder: Decoder) -> None:
    assert frame_of(decoder.decode(TOPIC, message(NOW + 123_456, seq=7), NOW)).time_ns == NOW + 123_456


def test_the_sequence_of_history_says_nothing_about_holes(decoder: Decoder) -> None:
    assert decoder.decode(TOPIC, message(seq=7, hist=True), NOW).seq is None


@pytest.mark.parametrize(
    ("ts", "time_ns"),
    [
        ("2026-11-23T08:00:00.250Z", NOW + 250 * MILLISECOND),
        ("2026-11-23T08:00:00.251Z", NOW + 251 * MILLISECOND),
        ("2026-11-23T15:00:00+07:00", NOW),
        ("2026-11-23T08:00:00.000000001Z", NOW + 1),
    ],
)
def test_times_are_read_to_the_nanosecond_in_any_zone(decoder: Decoder, ts: str, time_ns: int) -> None:
    for _ in range(2):  # the second time the second is known already
        assert frame_of(decoder.decode(TOPIC, message(ts=ts), NOW)).time_ns == time_ns


@pytest.mark.parametrize(
    ("topic", "site", "unconfirmed"),
    [
        ("ioc/v1/bv02/kho/fridge/tl-07/tele", "cs2", []),  # a known device: where the registry says it stands
        ("ioc/v1/bv02/icu-2/fridge/new/tele", "cs2", [("device", "new")]),
        ("ioc/v1/bv01/attic/fridge/new/tele", "cs1", [("place", "attic"), ("device", "new")]),
        ("ioc/v1/bv02/attic/fridge/new/tele", "unknown", [("place", "attic"), ("device", "new")]),
        ("ioc/v1/bv02/attic/fridge/tl-07/tele", "cs2", [("place", "attic")]),
    ],
)
def test_the_site_follows_device_then_area_then_the_only_site(
    decoder: Decoder, topic: str, site: str, unconfirmed: list[tuple[str, str]]
) -> None:
    decoded = decoder.decode(topic, message(), NOW)
    assert frame_of(decoded).series("temp").tag("site") == site
    assert decoded.route is not None
    facility = topic.split("/")[2]
    assert decoded.route.unconfirmed == tuple(Unconfirmed(kind, facility, code) for kind, code in unconfirmed)


@pytest.mark.parametrize(
    "topic",
    [
        "ioc/v1/bv01",
        "ioc/v1/bv01/kho/fridge/tl-01/tele/more",
        "ioc/v2/bv01/kho/fridge/tl-01/tele",
        "ioc/v1/bv01/kho/fridge/tl-01/telemetry",
        "ioc/v1/bv01//fridge/tl-01/tele",
        "ioc/v1/bv01/kho/fridge/tl 01/tele",
        "ioc/v1/bv01/kho/fridge/tl,site=x/tele",
        "ioc/v1/bv01/kho/fridge/\x1b[31m/tele",
        "ioc/v1/bv01/kho/fridge/-x/tele",
        "ioc/v1/bv01/kho/fridge/tủ/tele",
        f"ioc/v1/bv01/kho/fridge/{'x' * 65}/tele",
        "",
    ],
)
def test_a_topic_of_another_form_is_quarantined_by_its_topic(decoder: Decoder, topic: str) -> None:
    fault = fault_of(decoder.decode(topic, message(), NOW))
    assert fault.reason is Reason.TOPIC
    assert str(fault).isprintable()
    assert len(str(fault)) < 300


@pytest.mark.parametrize(
    ("topic", "reason", "nearest"),
    [
        ("ioc/v1/bv1/kho/fridge/tl-01/tele", Reason.UNKNOWN_FACILITY, "'bv01'"),
        ("ioc/v1/bv01/kho/frigde/tl-01/tele", Reason.UNKNOWN_METRIC, "'fridge'"),
    ],
)
def test_an_unknown_facility_or_class_names_the_nearest(
    decoder: Decoder, topic: str, reason: Reason, nearest: str
) -> None:
    fault = fault_of(decoder.decode(topic, message(), NOW))
    assert fault.reason is reason
    assert nearest in str(fault)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", Reason.EMPTY),
        (b"x" * 10_001, Reason.TOO_LARGE),
        (b'{"ts": ', Reason.JSON),
        (b'{"ts":"\xff\xfe"}', Reason.JSON),
        (b"[" * 9_000, Reason.JSON),
        (b'{"m":' * 1_900, Reason.JSON),
        (b'{"m": {"temp": {"v": NaN}}}', Reason.JSON),
        (b"\x00", Reason.JSON),
        (b"[1, 2]", Reason.SHAPE),
        (b'"text"', Reason.SHAPE),
        (b"null", Reason.SHAPE),
        (b"4.2", Reason.SHAPE),
        (b"{}", Reason.NO_TIME),
        (b'{"ts": null, "m": {"temp": {"v": 1}}}', Reason.NO_TIME),
        (message(ts=1_795_420_800), Reason.BAD_TIME),
        (message(ts=True), Reason.BAD_TIME),
        (message(ts="2026-11-23 08:00"), Reason.BAD_TIME),
        (message(ts="2026-11-23T08:00:00"), Reason.BAD_TIME),
        (message(ts="2026-02-30T08:00:00Z"), Reason.BAD_TIME),
        (message(ts="2026-11-23T08:00:00.1_1Z"), Reason.BAD_TIME),
        (message(ts="２026-11-23T08:00:00.000Z"), Reason.BAD_TIME),
        (message(ts="2026-11-23T08:00:00+99:99"), Reason.BAD_TIME),
        (message(ts="9" * 5_000), Reason.BAD_TIME),
        (message(ts="9999-12-31T23:59:59Z"), Reason.FUTURE),
        (message(ts="0001-01-01T00:00:00+14:00"), Reason.TOO_OLD),
        (message(seq=-1), Reason.SHAPE),
        (message(seq=1.5), Reason.SHAPE),
        (message(seq=True), Reason.SHAPE),
        (message(seq="1"), Reason.SHAPE),
        (message(q="fine"), Reason.SHAPE),
        (message(q=["good"]), Reason.SHAPE),
        (message(hist="no"), Reason.SHAPE),
        (message(hist=None), Reason.SHAPE),
        (message(m={}), Reason.SHAPE),
        (message(m=[1]), Reason.SHAPE),
        (message(m=None), Reason.SHAPE),
        (message(m={"temp": 4.2}), Reason.SHAPE),
        (message(m={"temp": None}), Reason.SHAPE),
        (message(m={"temp": {"v": "4.2"}}), Reason.NOT_A_NUMBER),
        (message(m={"temp": {"v": None}}), Reason.NOT_A_NUMBER),
        (message(m={"temp": {"v": True}}), Reason.NOT_A_NUMBER),
        (message(m={"temp": {"v": [4.2]}}), Reason.NOT_A_NUMBER),
        (message(m={"temp": {}}), Reason.NOT_A_NUMBER),
        (message(m={"temp": {"v": 39.6, "u": "[degF]"}}), Reason.UNIT),
        (message(m={"temp": {"v": 4.2, "u": 7}}), Reason.UNIT),
        (message(m={"temp": {"v": 4.2, "u": 0}}), Reason.UNIT),
        (message(m={"temp": {"v": 4.2, "u": ""}}), Reason.UNIT),
        (message(m={"door": {"v": 2}}), Reason.STATE_RANGE),
        (message(m={"door": {"v": -1}}), Reason.STATE_RANGE),
        (message(m={"door": {"v": 0.5}}), Reason.STATE_RANGE),
        (message(m={"dor": {"v": 1}}), Reason.UNKNOWN_METRIC),
        (message(m={"breach": {"v": 1}}), Reason.UNKNOWN_METRIC),
        (message(m={"": {"v": 1}}), Reason.UNKNOWN_METRIC),
    ],
)
def test_what_cannot_be_understood_says_why(decoder: Decoder, payload: bytes, reason: Reason) -> None:
    decoded = decoder.decode(TOPIC, payload, NOW)
    assert decoded.frame is None
    assert fault_of(decoded).reason is reason
    assert str(decoded.fault).isprintable()
    assert len(str(decoded.fault)) < 300


def test_a_number_too_large_for_any_device_is_refused(decoder: Decoder) -> None:
    payload = message().replace(b"4.2", b"1e999")
    assert fault_of(decoder.decode(TOPIC, payload, NOW)).reason in (Reason.JSON, Reason.NOT_A_NUMBER)


def test_a_huge_whole_number_is_taken_as_the_number_it_is(decoder: Decoder) -> None:
    payload = message().replace(b"4.2", b"123456789012345678901234567890")
    assert frame_of(decoder.decode(TOPIC, payload, NOW)).fields == {"temp": 1.2345678901234568e29}


def test_of_a_repeated_key_the_last_one_counts(decoder: Decoder) -> None:
    payload = message().replace(b'"v":4.2', b'"v":4.2,"v":5.5')
    assert frame_of(decoder.decode(TOPIC, payload, NOW)).fields == {"temp": 5.5}


@pytest.mark.parametrize(("off_ns", "taken"), [(2 * MINUTE, True), (2 * MINUTE + MILLISECOND, False)])
def test_a_time_may_be_two_minutes_ahead_and_no_more(decoder: Decoder, off_ns: int, taken: bool) -> None:
    assert (decoder.decode(TOPIC, message(NOW + off_ns), NOW).fault is None) is taken


@pytest.mark.parametrize(("days", "taken"), [(30, True), (31, False)])
def test_a_time_may_be_as_old_as_single_values_are_kept(decoder: Decoder, days: int, taken: bool) -> None:
    assert (decoder.decode(TOPIC, message(NOW - days * 86_400 * SECOND), NOW).fault is None) is taken


def test_good_values_are_taken_from_beside_bad_ones_which_are_all_named(decoder: Decoder) -> None:
    values = {"temp": {"v": 4.2}, "humidty": {"v": 40}, "door": {"v": 9}}
    decoded = decoder.decode(TOPIC, message(m=values), NOW)
    assert decoded.frame is not None
    assert decoded.frame.fields == {"temp": 4.2}
    assert fault_of(decoded).reason is Reason.UNKNOWN_METRIC
    assert "humidty; did you mean 'humidity'?" in str(decoded.fault)
    assert "fridge.door is 9" in str(decoded.fault)


def test_a_flood_of_bad_keys_is_told_in_one_short_text(decoder: Decoder) -> None:
    values = {f"key-{number}": {"v": 1} for number in range(500)}
    assert str(fault_of(decoder.decode(TOPIC, message(m=values), NOW))).endswith("and 495 more")


def test_control_characters_of_a_sender_are_written_out(decoder: Decoder) -> None:
    text = str(fault_of(decoder.decode(TOPIC, message(q="\x1b[2J\n"), NOW)))
    assert text == "q is '\\x1b[2J\\n'; it must be good, bad, sim or test"


def test_a_wrong_unit_is_told_with_the_right_one(decoder: Decoder) -> None:
    text = str(fault_of(decoder.decode(TOPIC, message(m={"temp": {"v": 39.6, "u": "°F"}}), NOW)))
    assert text == "fridge.temp is in '°F'; its unit is 'Cel'"


def test_a_flood_of_invented_topics_does_not_fill_the_memory(decoder: Decoder) -> None:
    for number in range(CACHED_AT_MOST + 5):
        decoder.decode(f"x{number}", b"", NOW)
    assert len(decoder._routes) <= CACHED_AT_MOST


def test_a_fault_of_our_own_is_quarantined_too(decoder: Decoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoder, "_message", lambda *_: 1 / 0)
    assert fault_of(decoder.decode(TOPIC, message(), NOW)).reason is Reason.INTERNAL


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
NEARLY = st.fixed_dictionaries(
    {},
    optional={
        "ts": JSON | st.just(rfc3339(NOW)) | st.datetimes().map(lambda time: f"{time.isoformat()}Z"),
        "seq": JSON,
        "q": JSON | st.sampled_from(["good", "bad", "sim", "test"]),
        "hist": JSON,
        "m": JSON
        | st.dictionaries(
            st.sampled_from(["temp", "door", "humidity", "nonsense"]) | st.text(max_size=5),
            JSON | st.fixed_dictionaries({}, optional={"v": JSON, "u": JSON | st.just("Cel")}),
        ),
    },
)


def dumped(value: object) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError:  # integers over 64 bits, half surrogate pairs
        return repr(value).encode("utf-8", "surrogatepass")


def is_sound(decoded: Decoded) -> None:
    assert decoded.frame is not None or decoded.fault is not None
    if decoded.frame is not None:
        assert decoded.frame.fields
        assert decoded.frame.line().isascii()
        assert "\n" not in decoded.frame.line()
    if decoded.fault is not None:
        assert decoded.fault.reason is not Reason.INTERNAL
        assert str(decoded.fault).isprintable()


@settings(max_examples=400, deadline=None)
@given(payload=st.binary(max_size=200) | NEARLY.map(dumped))
def test_any_bytes_give_values_or_a_reason(decoder_of_the_module: Decoder, payload: bytes) -> None:
    is_sound(decoder_of_the_module.decode(TOPIC, payload, NOW))


@settings(max_examples=200, deadline=None)
@given(topic=st.text(max_size=60) | st.lists(st.text(max_size=8), max_size=8).map("/".join).map("ioc/v1/".__add__))
def test_any_topic_gives_values_or_a_reason(decoder_of_the_module: Decoder, topic: str) -> None:
    decoded = decoder_of_the_module.decode(topic, message(), NOW)
    if not (decoded.route and decoded.route.meta):
        is_sound(decoded)


@pytest.fixture(scope="module")
def decoder_of_the_module(catalogue: Any, registry: Any) -> Decoder:
    return Decoder("mqtt", catalogue, registry, max_payload=10_000, keep_days=30)


def test_a_sender_that_invents_devices_and_places_is_bounded_and_known_ones_are_taken_all_the_same(
    decoder: Decoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collectors.mqtt.decode.STRANGERS_AT_MOST", 3)
    for n in range(3):
        frame_of(decoder.decode(f"ioc/v1/bv01/area-{n}/fridge/new-{n}/tele", message(), NOW))
    fault = fault_of(decoder.decode("ioc/v1/bv01/kho/fridge/new-3/tele", message(), NOW))
    assert fault.reason is Reason.TOPIC
    assert str(fault).endswith("'new-3' is taken once the registry has it")
    frame_of(decoder.decode("ioc/v1/bv01/kho/ups/new-0/tele", message(m={"status": {"v": 1}}), NOW))
    known = decoder.decode("ioc/v1/bv01/area-3/fridge/tl-01/tele", message(), NOW)
    assert frame_of(known)
    assert known.route is not None
    assert known.route.unconfirmed == ()  # not one more place is listed
    frame_of(decoder.decode("ioc/v1/bv02/kho/fridge/new-3/tele", message(), NOW))  # each facility by itself


def test_a_sender_that_invents_assets_is_bounded(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collectors.mqtt.decode.ASSETS_AT_MOST", 3)
    up = replace(metric("pc.up", "1", states=2), tags=("asset", "facility", "site"))
    decoder = Decoder("mqtt", Catalogue({up.code: up}), registry, max_payload=10_000, keep_days=30)
    sent = message(m={"up": {"v": 1}})
    for n in range(3):
        frame_of(decoder.decode(f"ioc/v1/bv01/kho/pc/mt-{n}/tele", sent, NOW))
    fault = fault_of(decoder.decode("ioc/v1/bv01/kho/pc/mt-3/tele", sent, NOW))
    assert (fault.reason, str(fault).endswith("'mt-3' is one too many")) == (Reason.TOPIC, True)
    frame = frame_of(decoder.decode("ioc/v1/bv01/area/pc/mt-0/tele", sent, NOW))
    assert "asset=mt-0" in frame.prefix
    frame_of(decoder.decode("ioc/v1/bv02/kho/pc/mt-3/tele", sent, NOW))  # each facility by itself
