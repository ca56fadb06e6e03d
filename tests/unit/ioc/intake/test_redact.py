"""A quarantined HL7 message is shown without its patient."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ioc.intake.redact import HIDDEN, readable

SAMPLES = Path(__file__).parents[5] / "shared" / "samples" / "hl7"
MESSAGE = (
    "MSH|^~\\&|HIS|BV-MAU|IOC|SO-Y-TE|20261120005528+0700||ADT^A03^ADT_A03|0001-000146|P|2.5\r"
    "EVN|A03|20261120005528+0700|||BS^Trần^Văn||20261120005528+0700\r"
    "PID|1||11000072^^^BV-MAU^PI||Võ^Uyên^Văn||19470417|F|||Số 141 Ngõ Ví Dụ\r"
    "PV1|1|I|NGOAI^P07^G3^BV-MAU||||D1^Bác sĩ|||||||||||20000072^^^BV-MAU^VN\r"
    "NK1|1|Võ^Bình|SPO\r"
)


def test_what_happened_where_and_when_stays_and_who_it_was_does_not() -> None:
    shown = readable(MESSAGE.encode())
    assert "ADT^A03^ADT_A03" in shown
    assert "NGOAI^P07^G3" in shown
    assert "20261120005528+0700" in shown
    for secret in ("11000072", "Võ", "Uyên", "19470417", "141", "20000072", "Bình", "Trần", "Bác sĩ"):
        assert secret not in shown
    assert "PID|•||•||•||•|•|||•" in shown


@pytest.mark.parametrize("before", ["", "\x0b", "\ufeff", "\r\n", "BHS|^~\\&|HIS|BV-MAU\r"])
def test_neither_frame_nor_mark_nor_batch_header_brings_the_patient_back(before: str) -> None:
    assert "Uyên" not in readable((before + MESSAGE).encode())


def test_another_separator_hides_as_well() -> None:
    assert "Uyên" not in readable(MESSAGE.replace("|", "#").encode())


def test_a_segment_broken_over_lines_shows_nothing_of_its_rest() -> None:
    assert "Uyên" not in readable(MESSAGE.replace("Võ^Uyên", "Võ\nUyên").encode())
    assert HIDDEN in readable(MESSAGE.replace("Võ^Uyên", "Võ\nUyên").encode())


def test_what_is_no_hl7_is_shown_as_it_is() -> None:
    assert readable(b'{"ts": "MSH", "m": {}}') == '{"ts": "MSH", "m": {}}'
    assert readable(b"\xff\xfe") == "\\xff\\xfe"


@given(st.binary(max_size=300))
def test_any_bytes_give_a_text(raw: bytes) -> None:
    readable(raw)
    readable(b"MSH|" + raw)


@pytest.mark.skipif(not SAMPLES.exists(), reason="shared/samples is not here")
@pytest.mark.parametrize("name", ["simhospital.hl7", "day/day.hl7"])
def test_of_the_samples_no_field_of_a_patient_is_shown(name: str) -> None:
    data = (SAMPLES / name).read_bytes()
    for message in re.split(rb"(?<=[\r\n])(?=MSH)", data)[:200]:
        shown = readable(message)
        for line in message.decode().split("\r"):
            fields = line.split("|")
            if fields[0] == "PID":
                for field in (fields[3], fields[5], fields[11]):
                    assert not field or field not in shown
