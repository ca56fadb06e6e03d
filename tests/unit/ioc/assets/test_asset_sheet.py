"""Lists of assets as people write them: what is read, and every fault with its line."""

import io
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from ioc.assets import COLUMNS, Asset, AssetKind, read_first_assets, read_sheet
from ioc.domain import parse_rfc3339
from ioc.errors import RefuseToStartError
from ioc.registry import Registry

ZONE = "Asia/Ho_Chi_Minh"
HEAD = "facility,code,kind,department,watched"


@pytest.fixture
def read(registry: Registry):
    def read(text: str | bytes, only: str = "") -> tuple[Asset, ...]:
        data = text if isinstance(text, bytes) else text.encode()
        return read_sheet(data, "list.csv", registry, zone=ZONE, only=only)

    return read


@pytest.fixture
def faults_of(read):
    def faults_of(text: str, only: str = "") -> list[str]:
        with pytest.raises(RefuseToStartError) as caught:
            read(text, only)
        return [str(fault) for fault in caught.value.faults]

    return faults_of


def test_every_column_is_read(read):
    (asset,) = read(
        ",".join(COLUMNS) + "\n"
        "bv01,sv-1,Server,HIS,cs1,phong-cntt,phong-may,Tổ hạ tầng,10.0.0.5,R750,S123,"
        "Nhà cung cấp,HD-1,31/12/2027,mt-may,có,2026-05-01\n"
    )
    assert asset == Asset(
        facility="bv01",
        site="cs1",
        code="sv-1",
        kind=AssetKind.SERVER,
        name="HIS",
        department="phong-cntt",
        place="phong-may",
        owner="Tổ hạ tầng",
        address="10.0.0.5",
        model="R750",
        serial="S123",
        supplier="Nhà cung cấp",
        contract="HD-1",
        contract_end=date(2027, 12, 31),
        device="mt-may",
        watched=True,
        from_ns=parse_rfc3339("2026-05-01T00:00:00+07:00"),
    )


def test_three_columns_are_enough(read):
    assert read("facility,code,kind\nbv02,in-1,printer\n") == (Asset("bv02", "cs1", "in-1", AssetKind.PRINTER),)


def test_site_and_department_follow_from_the_place(read):
    (asset,) = read("facility,code,kind,place\nbv01,p-1,room,phong-may\n")
    assert (asset.site, asset.department) == ("cs1", "phong-cntt")
    (asset,) = read("facility,code,kind,department\nbv01,mt-1,pc,khoa-san\n")
    assert (asset.site, asset.department) == ("cs2", "khoa-san")


def test_what_a_device_measures_is_watched(read):
    (asset,) = read("facility,code,kind,place,device\nbv01,p-1,room,phong-may,mt-may\n")
    assert asset.watched


@pytest.mark.parametrize(
    ("word", "kind"),
    [("Máy chủ", "server"), ("MÁY IN", "printer"), ("máy trạm", "workstation"), ("rented-server", "rented-server")],
)
def test_kinds_may_be_said_in_vietnamese(read, word, kind):
    (asset,) = read(f"facility,code,kind,site\nbv01,x,{word},cs1\n")
    assert asset.kind.value == kind


@pytest.fixture
def again(registry: Registry, read):
    """A line of another list about an asset that the register knows in full."""
    (old,) = read(
        ",".join(COLUMNS) + "\n"
        "bv01,sv-1,server,HIS,cs1,khoa-noi,phong-may,Tổ,10.0.0.5,R750,S1,NCC,HD-1,31/12/2027,mt-may,1,2026-05-01\n"
    )

    def again(head: str, line: str) -> tuple[Asset, Asset]:
        text = f"facility,code,kind,{head}\nbv01,sv-1,server,{line}\n"
        looked = {"bv01": lambda code, _time_ns: old if code == "sv-1" else None}
        (new,) = read_sheet(text.encode(), "x", registry, zone=ZONE, known=looked.__getitem__)
        return old, new

    return again


def test_a_column_that_is_not_there_leaves_what_is_known(again):
    old, new = again("owner", "Tổ mới")
    assert new == replace(old, owner="Tổ mới", from_ns=0)


def test_an_empty_cell_of_a_column_that_is_there_empties_it(again):
    old, new = again("model,contract_end,device,watched", ",,,")
    assert new == replace(old, model="", contract_end=None, device="", watched=False, from_ns=0)


def test_site_and_department_follow_from_another_place_and_stay_with_the_same(again):
    old, new = again("place", "phong-may")
    assert new == replace(old, from_ns=0)
    old, new = again("place,device", "khoa-san,")
    assert (new.site, new.department, new.place) == ("cs2", "khoa-san", "khoa-san")
    old, new = again("department,place", "khoa-san,")
    assert (new.site, new.department, new.place) == ("cs2", "khoa-san", "")


def test_what_is_kept_and_the_registry_has_no_more_is_no_fault_of_the_list(registry):
    old = Asset("bv01", "cs1", "sv-1", AssetKind.SERVER, place="gone", device="mt-gone", watched=True)
    text = b"facility,code,kind,owner\nbv01,sv-1,server,A\n"
    (new,) = read_sheet(text, "x", registry, zone=ZONE, known=lambda _facility: lambda _code, _time_ns: old)
    assert new == replace(old, owner="A")


def test_a_workbook_says_the_same_as_a_csv(read):
    book = Workbook()
    book.active.append(["facility", "code", "kind", "site", "contract_end", "watched", "serial"])
    book.active.append(["bv01", "sv-1", "server", "cs1", date(2027, 12, 31), 1, 123456])
    file = io.BytesIO()
    book.save(file)
    text = "facility,code,kind,site,contract_end,watched,serial\nbv01,sv-1,server,cs1,2027-12-31,1,123456\n"
    assert read(file.getvalue()) == read(text)


def test_every_fault_is_told_at_once_with_its_line(faults_of):
    found = faults_of(
        "facility,code,kind,site,department,place,watched,contract_end,device\n"
        "bv9,a,server,,,,1,,\n"
        "bv01,,server,cs1,,,1,,\n"
        "bv01,a b,servr,cs3,khoa-noii,kho,vâng,mai,mt-x\n"
        "bv01,c,printer,,,,,,\n"
        "bv01,d,printer,cs2,khoa-noi,,,,\n"
        "bv01,e,printer,cs1,,,,,\n"
        "bv01,e,printer,cs1,,,,,\n"
    )
    text = "\n".join(found)
    for line in (
        "list.csv:2: there is no facility 'bv9'.",
        "list.csv:3: code is empty.",
        "list.csv:4: code: 'a b' is no code.",
        "list.csv:4: kind: 'servr' is not known. Did you mean 'server'?",
        "list.csv:4: bv01 has no site 'cs3'.",
        "list.csv:4: bv01 has no department 'khoa-noii'. Did you mean 'khoa-noi'?",
        "list.csv:4: bv01 has no place 'kho'.",
        "list.csv:4: bv01 has no device 'mt-x'.",
        "list.csv:4: watched: 'vâng' is neither yes nor no.",
        "list.csv:4: contract_end: 'mai' is no day. Write 2026-01-31 or 31/01/2026.",
        "list.csv:5: site is empty, and bv01 has 2 of them.",
        "list.csv:6: 'khoa-noi' lies in the site 'cs1', not in 'cs2'.",
        "list.csv:8: the asset 'e' stands here a second time (first in line 7).",
    ):
        assert line in text, line


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "list.csv:1: there is no line with the columns"),
        ("facility,code,kind\n", "list.csv:1: there is no asset in it."),
        ("facility,code,kidn\n", "list.csv:1: there is no column 'kidn'. Did you mean 'kind'?"),
        ("facility,code,code,kind\n", "list.csv:1: the column 'code' stands here twice."),
        ("facility,code\n", "list.csv:1: the column 'kind' is missing."),
        ("facility,code,kind\nbv02,a,server,9\n", "list.csv:2: this line has 4 cells and the first one 3."),
        ("facility,code,kind,name\nbv02,a,server," + "x" * 121, "list.csv:2: name: "),
        ("facility,code,kind,from\nbv02,a,server,2026-01-01T00:00:00", "list.csv:2: from: "),
    ],
)
def test_a_table_that_is_none_is_refused(faults_of, text, fault):
    assert any(fault in found for found in faults_of(text))


def test_a_list_for_one_facility_names_no_other(faults_of):
    (fault,) = faults_of("facility,code,kind\nbv02,a,server\n", "bv01")
    assert "this list is for the assets of 'bv01', not of 'bv02'." in fault


def test_a_fault_of_many_lines_is_told_once(faults_of):
    (fault,) = faults_of("facility,code,kind\n" + "".join(f"bv9,a{n},server\n" for n in range(5)))
    assert "list.csv:2" in fault
    assert "(and 4 more lines)" in fault


def test_the_first_list_is_that_of_its_facility(tmp_path: Path, registry: Registry):
    path = tmp_path / "bv02.csv"
    path.write_text("facility,code,kind\nbv02,a,server\n", encoding="utf-8")
    assert [asset.code for asset in read_first_assets(path, registry, ZONE)] == ["a"]


@given(st.text(max_size=200))
def test_no_text_raises_anything_else(text):
    registry = Registry({}, {}, {})
    with pytest.raises(RefuseToStartError):
        read_sheet((HEAD + "\n" + text).encode(), "x", registry, zone=ZONE)
