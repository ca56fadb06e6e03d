import pytest
from hypothesis import given
from hypothesis import strategies as st

from ioc.domain import Frame
from ioc.errors import Reason
from ioc.intake import Entry, Kind, Reject, Sealer, SealError, frames_of
from ioc.intake.records import lines_of, pack, unpack

NAME = "Nguyễn Văn An".encode()


@given(st.binary())
def test_what_is_sealed_can_be_opened_with_the_same_secret_only(plain: bytes) -> None:
    sealed = Sealer("one secret").seal(plain)
    assert Sealer("one secret").open(sealed) == plain
    with pytest.raises(SealError) as caught:
        Sealer("another secret").open(sealed)
    assert "key" in caught.value.hint


def test_a_sealed_name_cannot_be_seen_and_is_never_sealed_the_same_way_twice() -> None:
    sealer = Sealer("secret")
    assert NAME not in sealer.seal(NAME)
    assert sealer.seal(NAME) != sealer.seal(NAME)


@pytest.mark.parametrize("damage", [b"", b"\x01", b"\x02" + bytes(40), bytes(10)])
def test_what_is_no_sealed_record_is_said_to_be_damaged(damage: bytes) -> None:
    with pytest.raises(SealError):
        Sealer("secret").open(damage)


def test_a_changed_byte_is_noticed_wherever_it_is() -> None:
    sealer = Sealer("secret")
    sealed = sealer.seal(NAME)
    for at in range(len(sealed)):
        changed = bytearray(sealed)
        changed[at] ^= 1
        with pytest.raises(SealError):
            sealer.open(bytes(changed))


def test_a_digest_depends_on_the_parts_their_borders_and_the_key() -> None:
    one = Sealer("one")
    assert one.digest(b"ab", b"c") == one.digest(b"ab", b"c")
    digests = {one.digest(b"ab", b"c"), one.digest(b"a", b"bc"), Sealer("two").digest(b"ab", b"c")}
    assert len(digests) == 3


@given(st.binary(), st.text(), st.text(), st.text(), st.integers(0, 2**62))
def test_rejects_come_out_as_they_went_in(raw: bytes, detail: str, topic: str, facility: str, at: int) -> None:
    reject = Reject(Reason.JSON, detail, topic, raw, at, facility)
    [found] = unpack(pack([reject]))
    assert (found.raw, found.received_ns, found.reason) == (raw, at, Reason.JSON)
    assert found.topic == topic.replace("\0", "\N{REPLACEMENT CHARACTER}")


def test_a_topic_that_no_database_takes_is_made_fit() -> None:
    [found] = unpack(pack([Reject(Reason.TOPIC, "bad \ud800", "ioc/\0/x\udfff", b"", 1)]))
    assert found.topic.isprintable()
    assert found.detail == "bad ?"


FLOATS = st.floats(allow_nan=False, allow_infinity=False)


@given(st.dictionaries(st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True), FLOATS, min_size=1), st.integers(0))
def test_frames_come_out_of_the_journal_as_they_went_in(fields: dict[str, float], time_ns: int) -> None:
    frames = [Frame("fridge,device=tl-01,source=mqtt", fields, time_ns + n, "sim", 77) for n in range(3)]
    assert frames_of(Entry(Kind.FRAMES, "mqtt", lines_of(frames), 3, 77)) == frames
