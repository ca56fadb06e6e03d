"""Whatever comes in: no crash, bounded memory, and every frame is answered or quarantined."""

import random
import re
import tracemalloc
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.hl7.committer import batches_of
from collectors.hl7.framing import Framer, wrap
from collectors.hl7.reception import Reception, Taken
from collectors.hl7.sources import Source, Sources
from ioc.domain import VirtualClock
from ioc.errors import Reason
from ioc.intake.facts import pack_facts, unpack_facts
from tests.unit.collectors.hl7.messages import IDENTITY, NOW, PID, adt, msh, pv1

MAX = 20_000
SOURCES = Sources([
    Source("his", "bv01", sender="BV01", test_messages=True, charset="cp1258"),
    Source("his-bv-mau", "bv-mau", sender="BV-MAU"),
    Source("sim", "simulated-hospital", sender="SFAC", test_messages=True),
])  # fmt: skip
SEEDS = [
    adt("A01", PID, pv1()),
    adt("A17", PID, pv1(), PID, pv1("NOI^P1^G2", "V2")),
    adt("A20", "NPU|NOI^P01^G1|H", "NPU|NOI^P01^G2|U"),
    adt("A40", PID, "MRG|1^^^^PI~2"),
    msh("ORU^R01", rest="T|2.3|||AL||44|ASCII").encode() + b"\rOBX|1|TX|\\X0d\\\\.br\\\\S\\",
    b"BHS|^~\\&|HIS|BV01\r" + adt("A03", PID, pv1(f45="20261120075000")) + b"\rBTS|1",
]
PARTS = [
    *(bytes([sign]) for sign in b"\r\n|^~\\&\x0b\x1c\0\xff\xc3"), b'""', b"MSH|^~\\&|", b"\rPV1|", b"\rMSH", b"\rBHS|",
    b"99999999999999999999", b"20261120075000", b"\\X", "Ệ".encode(), b"ADT^A01", b"\rNPU|||||",
]  # fmt: skip
CHANGES = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 12), st.sampled_from(PARTS)), max_size=12)


def reception() -> Reception:
    return Reception(SOURCES, IDENTITY, VirtualClock(NOW))


def check(stream: bytes, made: Reception, at_most: int = MAX) -> list[Taken]:
    """Everything that is promised of any stream."""
    framer = Framer(at_most)
    pieces = framer.feed(stream) + framer.finish()
    everything = []
    for piece in pieces:
        taken = list(made.receive(piece, "10.0.0.9"))
        assert taken
        for it in taken:
            answer = made.answer(it)
            wants_none = it.reply is not None and not it.reply.code(it.verdict)
            assert answer or it.reject is not None or wants_none
            if it.reject is not None:
                assert it.reject.reason is not Reason.INTERNAL
                assert len(it.reject.raw) <= at_most
            assert len(answer) < 3_000
            assert all(len(text) <= 64 for fact in it.facts for text in (fact.spot.ward, fact.spot.room, fact.spot.bed))
        everything += taken
    for batch in batches_of(everything):
        assert unpack_facts(pack_facts(batch.facts)) == batch.facts
    return everything


@given(st.binary(max_size=400))
def test_random_bytes(data: bytes) -> None:
    check(data, reception())
    check(wrap(data), reception())


@settings(max_examples=150)
@given(st.sampled_from(SEEDS), CHANGES)
def test_messages_with_parts_torn_out_and_put_in(seed: bytes, changes: list[tuple[float, int, bytes]]) -> None:
    for where, length, part in changes:
        at = int(where * len(seed))
        seed = seed[:at] + part + seed[at + length :]
    check(wrap(seed), reception())


@given(st.lists(st.sampled_from([*PARTS, b"PID", b"MRG", b"NPU", b"BV01", b"HIS"]), max_size=60).map(b"".join))
def test_headers_with_anything_behind_them(rest: bytes) -> None:
    check(wrap(b"MSH|^~\\&|HIS|BV01|||||ADT^A01|1|P|2.5\r" + rest), reception())
    check(wrap(b"MSH|^~\\&|HIS|BV01|||||ADT^A20|1|P|2.5\rNPU|" + rest), reception())


def test_each_sample_with_a_thousand_wounds(shared: Path) -> None:
    chance = random.Random(20261120)
    made = reception()
    raws = [
        raw.strip()
        for path in sorted((shared / "samples/hl7").rglob("*.hl7"))
        for raw in chance.sample(re.split(rb"(?<=[\r\n])(?=MSH)", path.read_bytes()), 200)
    ]
    for raw in raws:
        wounded = bytearray(raw)
        for _ in range(chance.randint(1, 8)):
            at = chance.randrange(len(wounded))
            part = chance.choice((b"", chance.choice(PARTS), chance.randbytes(3)))
            wounded[at : at + chance.choice((0, 1, 1, 5, 40))] = part
        check(wrap(bytes(wounded)), made)


def test_hostile_messages_cost_no_more_memory_than_they_have_bytes() -> None:
    head = b"MSH|^~\\&|HIS|BV01|||||ADT^A40|1|P|2.5\r"
    size = 200_000
    hostile = [
        head + b"\r" * size,
        head + b"PID|1||" + b"~" * size,
        head + b"PID|1||" + b"^" * size + b"\rMRG|" + b"\\" * size,
        head + b"PID|1||4711\r" + b"MRG|1\r" * (size // 6),
        head.replace(b"A40", b"A20") + b"NPU|a^b^c|U\r" * (size // 12),
        head.replace(b"A40", b"A01") + b"PV1|1|I|" + b"\\X" * (size // 2),
        b"BHS|^~\\&\r" + head * (size // len(head)),
        b"MSH|^~\\&|" + b"|" * size,
    ]
    made = reception()
    for message in hostile:
        tracemalloc.start()
        framer = Framer(1_000_000)
        for piece in framer.feed(wrap(message)):
            for taken in made.receive(piece, "10.0.0.9"):
                made.answer(taken)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 60 * len(message), message[:60]
