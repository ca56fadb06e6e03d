"""Lists of beds as people write them: what is read, and every fault with its line."""

import csv
import io
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ioc.beds import Bed, BedKind, Sheet, Ward, read_first_beds, read_sheet
from ioc.catalogue import Text
from ioc.domain import Spot, parse_rfc3339
from ioc.errors import RefuseToStartError
from ioc.registry import Facility, Registry

HEAD = "facility,site,department,ward,room,bed,kind,planned,actual,staffed"
ZONE = "Asia/Ho_Chi_Minh"


@pytest.fixture
def read(registry: Registry):
    def read(text: str | bytes, taken_in: tuple[Ward, ...] = (), *, new_wards: bool = False) -> Sheet:
        data = text if isinstance(text, bytes) else text.encode()
        return read_sheet(data, "beds.csv", registry, lambda _: taken_in, zone=ZONE, new_wards=new_wards)

    return read


@pytest.fixture
def faults(read):
    def faults(text: str | bytes, **more: bool) -> list[str]:
        with pytest.raises(RefuseToStartError) as refused:
            read(text, **more)
        return [str(fault) for fault in refused.value.faults]

    return faults


def test_a_line_is_a_bed_in_its_ward(read) -> None:
    sheet = read(f"{HEAD}\nbv01,cs1,khoa-noi,noi,P01,G1,icu,1,1,0\nbv01,,,san,,G2,,0,1,1\n")
    assert sheet == Sheet((
        Bed("bv01", "cs1", "khoa-noi", Spot("noi", "P01", "G1"), BedKind.ICU, staffed=False),
        Bed("bv01", "cs2", "khoa-san", Spot("san", "", "G2"), planned=False),
    ))  # fmt: skip


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_it_is_read_however_a_spreadsheet_saves_it(read, delimiter: str, mark: str, end: str) -> None:
    lines = [HEAD.upper(), 'bv01, cs1 ,khoa-noi,noi,P01,"G1",GENERAL,yes,Có,KHÔNG', ",,,,,,,,,", ""]
    text = mark + end.join(line.replace(",", delimiter) for line in lines)
    assert read(text).beds == (Bed("bv01", "cs1", "khoa-noi", Spot("noi", "P01", "G1"), staffed=False),)


def test_the_line_by_which_excel_names_the_delimiter_is_no_header(read, faults) -> None:
    text = f"sep=;\n{HEAD}\nbv01,,,noi,P01,G1,,1,1,1\n".replace(",", ";")
    assert len(read(text).beds) == 1
    assert faults(text.replace("noi", "nio"))[0].startswith("beds.csv:3: ")


def test_letters_that_are_put_together_differently_are_the_same(read) -> None:
    composed, apart = "Phòng", "Pho\u0300ng"
    (bed,) = read(f"{HEAD}\nbv01,,,noi,{apart},G1,,1,1,1\n").beds
    assert bed.spot.room == composed


def test_columns_stand_in_any_order_and_those_that_follow_may_be_left_out(read) -> None:
    (bed,) = read("bed,ward,staffed,actual,planned,facility\nG1,san,0,1,1,bv01\n").beds
    assert (bed.site, bed.department, bed.spot) == ("cs2", "khoa-san", Spot("san", "", "G1"))
    assert (bed.kind, bed.planned, bed.staffed, bed.from_ns) == (BedKind.GENERAL, True, False, 0)


def test_a_line_may_say_from_when_it_holds(read) -> None:
    lines = ["2026-12-01", "2026-12-01T08:30:00+07:00", ""]
    text = "\n".join(f"bv01,,,noi,P01,G{n},,1,1,1,{day}" for n, day in enumerate(lines))
    times = [bed.from_ns for bed in read(f"{HEAD},from\n{text}\n").beds]
    assert times == [parse_rfc3339("2026-12-01T00:00:00+07:00"), parse_rfc3339("2026-12-01T01:30:00Z"), 0]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("bv1,,,noi,P01,G1,,1,1,1", "there is no facility 'bv1'. Did you mean 'bv01'? [IOC-G010]"),
        (",,,noi,P01,G1,,1,1,1", "facility is empty. [IOC-G005]"),
        ("bv01,cs3,,noi,P01,G1,,1,1,1", "bv01 has no site 'cs3'. Did you mean 'cs2'? [IOC-G011]"),
        ("bv01,,kho,noi,P01,G1,,1,1,1", "bv01 has no department 'kho'. Known: khoa-noi, khoa-san. [IOC-G012]"),
        ("bv01,,,nio,P01,G1,,1,1,1", ("bv01 has no ward 'nio'. Did you mean 'noi'? Add it to places in "
         "configs/registry/bv01.yaml, or import with --new-wards. [IOC-G013]")),
        ("bv01,cs2,,noi,P01,G1,,1,1,1", ("the ward 'noi' lies in the site 'cs1', not in 'cs2'. Write 'cs1', or "
         "nothing. [IOC-G015]")),
        ("bv01,,khoa-san,noi,P01,G1,,1,1,1", ("the ward 'noi' lies in the department 'khoa-noi', not in 'khoa-san'. "
         "Write 'khoa-noi', or nothing. [IOC-G015]")),
        ("bv01,,,noi,P01,,,1,1,1", "bed is empty. [IOC-G005]"),
        ("bv01,,,noi,P01,G1,generel,1,1,1", "kind: 'generel' is not known. Did you mean 'general'? [IOC-G006]"),
        ("bv01,,,noi,P01,G1,,maybe,1,1", ("planned: 'maybe' is neither yes nor no. Write 1 or 0, yes or no, có or "
         "không. [IOC-G006]")),
        ("bv01,,,noi,P01,G1,,1,,1", "actual is empty. Write 1 or 0. [IOC-G005]"),
        ("bv01,,,noi,P01,G1,add_on,0,1,1", "an add-on bed is neither planned nor actual. Write 0 for both. [IOC-G016]"),
        ("bv01,,,noi,P01,G1,,1,1", "this line has 9 cells and the first one 10. [IOC-G006]"),
        ("bv01,,,noi,P01,G1,,1,1,1,more", "this line has 11 cells and the first one 10. [IOC-G006]"),
        (f"bv01,,,noi,{'x' * 65},G1,,1,1,1", (f"room: '{'x' * 64}' is no name: at most 64 printable characters. "
         "[IOC-G006]")),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_line_and_the_nearest_name(faults, line: str, said: str) -> None:
    assert faults(f"{HEAD}\nbv01,,,noi,P09,G9,,1,1,1\n{line}\n") == [f"beds.csv:3: {said}"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ("beds.csv:1: there is no line with the columns facility, site, department, ward, room, bed, kind, "
         "planned, actual, staffed. [IOC-G005]")),
        (f"{HEAD}\n", "beds.csv:2: there is no bed in it. [IOC-G005]"),
        (HEAD.replace("staffed", "staffd"), ("beds.csv:1: there is no column 'staffd'. Did you mean 'staffed'? "
         "[IOC-G004]")),
        (HEAD.replace("room", "bed"), "beds.csv:1: the column 'bed' stands here twice. [IOC-G003]"),
        (f'{HEAD}\nbv01,,,noi,"P01"x,G1,,1,1,1\n', "beds.csv:2: is not CSV: "),
    ],
)  # fmt: skip
def test_a_file_that_is_no_list_is_told_so(faults, text: str, said: str) -> None:
    assert faults(text)[0].startswith(said)


def test_a_file_in_another_alphabet_is_told_by_its_line_and_how_to_save_it(faults) -> None:
    data = f"{HEAD}\nbv01,,,noi,Phòng,G1,,1,1,1\n".encode("latin-1")
    assert faults(data) == ["beds.csv:2: is not UTF-8 text. In Excel: Save as, CSV UTF-8 (comma delimited). [IOC-G002]"]


def test_a_bed_that_stands_there_twice_is_told_with_both_lines(faults) -> None:
    line = "bv01,,,noi,P01,G1,,1,1,1\n"
    assert faults(f"{HEAD}\n{line}bv01,,,noi,P01,G2,,1,1,1\n{line}") == [
        "beds.csv:4: the bed noi P01 G1 stands here a second time (first in line 2). Take one of them away. [IOC-G014]"
    ]


def test_all_faults_are_told_at_once_and_the_same_one_once(faults) -> None:
    lines = [f"bv01,,,tim,P01,G{n},,1,1,1" for n in range(40)] + ["bv09,,,noi,P01,G1,,maybe,1,1"]
    found = faults("\n".join([HEAD, *lines]))
    assert [fault.rsplit(" ", 1)[1] for fault in found] == ["[IOC-G013]", "[IOC-G010]", "[IOC-G006]"]
    assert found[0].startswith("beds.csv:2: bv01 has no ward 'tim'. (and 39 more lines) ")
    assert found[1].startswith("beds.csv:42: ")


def test_a_ward_that_was_taken_in_is_known(read) -> None:
    ward = Ward("bv01", "Khoa Tim", Text("Khoa Tim", "Khoa Tim"), "cs2", taken_in=True)
    (bed,) = read(f"{HEAD}\nbv01,,,Khoa Tim,P01,G1,,1,1,1\n", (ward,)).beds
    assert (bed.site, bed.department) == ("cs2", "")


def test_a_new_ward_is_taken_in_where_that_is_asked_for(read, faults) -> None:
    text = f"{HEAD}\nbv01,cs2,khoa-san,TIM,P01,G1,,1,1,1\nbv01,,,TIM,P01,G2,,1,1,1\n"
    sheet = read(text, new_wards=True)
    assert sheet.wards == (Ward("bv01", "TIM", Text("TIM", "TIM"), "cs2", "khoa-san", taken_in=True),)
    assert [bed.site for bed in sheet.beds] == ["cs2", "cs2"]
    unsaid = faults(text.replace("cs2,khoa-san", ","), new_wards=True)
    assert unsaid == ["beds.csv:2: site is empty, and bv01 has 2 of them. (and 1 more line) [IOC-G005]"]


def test_a_file_that_ships_is_for_the_facility_of_its_name_alone(
    tmp_path: Path, facility: Facility, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    registry = Registry({}, {"bv01": facility, "bv02": facility}, {})
    path = tmp_path / "bv01.csv"
    path.write_text(f"{HEAD}\nbv01,,,noi,P01,G1,,1,1,1\n")
    assert len(read_first_beds(path, registry, ZONE).beds) == 1
    path.write_text(f"{HEAD}\nbv02,,,noi,P01,G1,,1,1,1\n")
    with pytest.raises(RefuseToStartError, match=r"bv01\.csv:2: this file is for the beds of 'bv01', not of 'bv02'"):
        read_first_beds(path, registry, ZONE)


cells = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)


@given(st.lists(st.lists(cells, max_size=12), max_size=6), st.booleans())
def test_whatever_it_holds_it_is_read_or_refused(rows: list[list[str]], headed: bool) -> None:
    facility = Facility("bv01", Text("", ""), Text("", ""), "", "", {}, {})
    file = io.StringIO()
    csv.writer(file).writerows([HEAD.split(",")] * headed + rows)
    with suppress(RefuseToStartError):
        read_sheet(file.getvalue().encode(), "f", Registry({}, {"bv01": facility}, {}), lambda _: (), zone=ZONE)


@given(st.binary(max_size=200))
def test_bytes_of_any_kind_are_refused_with_a_sentence(data: bytes) -> None:
    with pytest.raises(RefuseToStartError):
        read_sheet(data, "f", Registry({}, {}, {}), lambda _: (), zone=ZONE)
