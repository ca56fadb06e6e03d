"""Frames out of a stream, however it was cut."""

import re
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.hl7.framing import BEGINNING, Framer, Piece, Shape, wrap

MAX = 5_000


def fed(*chunks: bytes, at_most: int = MAX) -> list[Piece]:
    framer = Framer(at_most)
    return [piece for chunk in chunks for piece in framer.feed(chunk)] + framer.finish()


def messages(*chunks: bytes) -> list[bytes]:
    pieces = fed(*chunks)
    assert {piece.shape for piece in pieces} <= {Shape.MESSAGE}
    return [piece.data for piece in pieces]


def test_a_message_is_what_stands_in_the_frame() -> None:
    assert messages(b"\x0bMSH|1\rPV1\r\x1c\r") == [b"MSH|1\rPV1\r"]


def test_several_in_one_packet_come_in_their_order() -> None:
    assert messages(wrap(b"one") + wrap(b"two") + wrap(b"three")) == [b"one", b"two", b"three"]


def test_a_frame_ends_without_waiting_for_its_carriage_return() -> None:
    framer = Framer(MAX)
    assert [piece.data for piece in framer.feed(b"\x0bone\x1c")] == [b"one"]
    assert framer.feed(b"\r") == []
    assert not framer.inside


def test_blank_lines_between_frames_are_nothing() -> None:
    assert messages(b"\r\n \0" + wrap(b"one") + b"\n\n\t" + wrap(b"two") + b"\r\r\n") == [b"one", b"two"]


def test_junk_between_frames_is_skipped_and_its_beginning_kept() -> None:
    pieces = fed(wrap(b"one") + b"\r\nGET / HTTP/1.1\r\n" + wrap(b"two"))
    assert [piece.shape for piece in pieces] == [Shape.MESSAGE, Shape.OUTSIDE, Shape.MESSAGE]
    assert pieces[1].data.startswith(b"GET / HTTP")


def test_junk_without_an_end_is_known_when_the_connection_ends() -> None:
    (piece,) = fed(b"MSH|^~\\&|no frame at all\r" * 100)
    assert piece.shape is Shape.OUTSIDE
    assert len(piece.data) == 1024
    assert piece.size == 2_500


def test_a_frame_that_begins_in_another_one_cuts_it_off() -> None:
    pieces = fed(b"\x0bhalf a mess" + wrap(b"whole"))
    assert pieces == [Piece(Shape.CUT, b"half a mess", 11), Piece(Shape.MESSAGE, b"whole", 5)]


def test_of_a_frame_that_is_too_large_the_beginning_is_kept_and_the_stream_goes_on() -> None:
    large = bytes(range(32, 127)) * 1_000
    pieces = fed(wrap(large) + wrap(b"next"))
    assert pieces == [Piece(Shape.TOO_LARGE, large[:BEGINNING], len(large)), Piece(Shape.MESSAGE, b"next", 4)]


def test_a_message_of_just_the_allowed_size_is_whole() -> None:
    assert messages(wrap(b"x" * MAX)) == [b"x" * MAX]


def test_of_a_frame_without_an_end_the_beginning_is_kept_when_the_connection_ends() -> None:
    long = b"x" * (BEGINNING + 1)
    pieces = fed(wrap(b"one"), b"\x0b" + long)
    assert pieces == [Piece(Shape.MESSAGE, b"one", 3), Piece(Shape.CUT, long[:BEGINNING], len(long))]
    assert fed(wrap(b"one"), b"\x0b") == pieces[:1]


@pytest.mark.parametrize("step", [1, 4_096])
def test_a_frame_without_an_end_fills_no_memory(step: int) -> None:
    framer = Framer(MAX)
    framer.feed(b"\x0b")
    tracemalloc.start()
    for _ in range(400_000 // step):
        framer.feed(b"y" * step)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40_000


STREAM = st.lists(
    st.one_of(
        st.sampled_from([b"\x0b", b"\x1c", b"\r", b"\x1c\r", b"\n", b" ", b"MSH|^~\\&|A"]),
        st.binary(max_size=30),
        st.integers(0, 300).map(lambda size: b"z" * size),
    ),
    max_size=40,
).map(b"".join)


@given(STREAM, st.data())
def test_any_split_gives_the_same_pieces(stream: bytes, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=10)))
    chunks = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    whole = fed(stream, at_most=100)
    assert fed(*chunks, at_most=100) == whole
    assert fed(*(stream[at : at + 1] for at in range(len(stream))), at_most=100) == whole


@given(STREAM)
def test_every_frame_comes_out_as_one_that_looks_at_the_whole_stream_would_find_it(stream: bytes) -> None:
    framed = re.findall(rb"\x0b([^\x0b\x1c]*)\x1c", stream)
    shapes = (Shape.MESSAGE, Shape.TOO_LARGE)
    pieces = [piece for piece in fed(stream, at_most=100) if piece.shape in shapes]
    assert [piece.size for piece in pieces] == [len(body) for body in framed]
    assert [piece.data for piece in pieces] == [body if len(body) <= 100 else body[:100] for body in framed]
