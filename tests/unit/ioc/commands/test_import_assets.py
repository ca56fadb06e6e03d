"""``ioc import assets``: the differences are shown, and nothing changes before somebody has said so."""

import json

import pytest
from click.testing import CliRunner

from ioc.assets import AssetRegister
from ioc.cli import main
from ioc.sheets import write_xlsx

HEAD = "facility,code,kind,owner,watched\n"
FIRST = HEAD + "bv01,sv-1,server,A,1\nbv01,sv-2,server,A,1\nbv01,in-1,printer,,0\n"
SECOND = HEAD + "bv01,sv-1,server,B,0\nbv01,sv-3,server,A,1\n"


@pytest.fixture
def register(centre) -> AssetRegister:
    return AssetRegister(centre.engine)


@pytest.fixture
def importing(tmp_path, monkeypatch):
    """With the list in a file, as standard input is for the answer."""
    monkeypatch.chdir(tmp_path)

    def run(text, *words, answer=None, name="assets.csv"):
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return CliRunner().invoke(main, ["import", "assets", name, *words], input=answer, terminal_width=200)

    return run


def test_the_differences_are_shown_by_kind_and_by_name(importing, register):
    assert importing(FIRST, "--yes").exit_code == 0
    result = importing(SECOND, answer="y\n")
    assert result.exit_code == 0
    assert result.stdout == (
        "bv01: 1 asset added, 1 asset removed, 1 asset changed, 0 unchanged.\n"
        "\n"
        "kind    added  removed  changed  in the list\n"
        "server  1      1        1        2\n"
        "\n"
        "  removed: sv-2\n"
        "  owner A → B, watched yes → no: sv-1\n"
        "Done. Boards and pages follow within seconds.\n"
    )
    assert "Apply this?" in result.stderr
    assert len(register.assets("bv01").all) == 3 + 2  # what was, and what is otherwise from now on


@pytest.mark.parametrize(("words", "answer", "code"), [(["--dry-run"], None, 0), ([], "n\n", 0), ([], "", 1)])
def test_nothing_changes_before_somebody_says_so(importing, register, words, answer, code):
    result = importing(FIRST, *words, answer=answer)
    assert result.exit_code == code
    assert result.stdout.startswith("bv01: 3 assets added, 0 unchanged.\n")
    assert register.assets("bv01").all == ()


def test_where_nobody_can_answer_it_says_how_to_go_on(importing, register):
    result = importing(FIRST, answer="")
    assert result.exit_code == 1
    assert (
        "--yes applies it without asking" in f"{result.stderr}{result.exception}{getattr(result.exception, 'hint', '')}"
    )
    assert register.assets("bv01").all == ()


def test_a_column_that_the_list_lacks_leaves_what_is_known(importing, register):
    assert importing(FIRST, "--yes").exit_code == 0
    result = importing("facility,code,kind,name\nbv01,sv-1,server,HIS\nbv01,sv-2,server,\n", "--yes")
    assert "name none → HIS: sv-1" in result.stdout
    assert "owner" not in result.stdout
    assert "1 asset changed, 1 unchanged" in result.stdout


def test_a_list_that_says_the_same_asks_nothing(importing, register):
    importing(FIRST, "--yes")
    result = importing(FIRST)
    assert (result.exit_code, result.output) == (0, "bv01: 3 assets, nothing to change.\n")


def test_a_workbook_is_taken_as_well(importing, register):
    rows = [line.split(",") for line in FIRST.splitlines()]
    result = importing(write_xlsx({"assets": rows}), "--yes", name="assets.xlsx")
    assert result.exit_code == 0
    assert [asset.code for asset in register.assets("bv01").all] == ["sv-1", "sv-2", "in-1"]


def test_the_differences_can_be_read_by_programs(importing, register):
    importing(FIRST, "--yes")
    result = json.loads(importing(SECOND, "--dry-run", "--json").stdout)
    found = result["facilities"]["bv01"]
    assert result["applied"] is False
    assert [each["code"] for each in found["added"]] == ["sv-3"]
    assert found["changed"][0]["new"]["owner"] == "B"


def test_faults_are_told_with_their_lines_and_nothing_is_taken(importing, register):
    result = importing(HEAD + "bv01,sv 1,server,,\nbv01,sv-2,servr,,\n", "--yes")
    assert result.exit_code != 0
    assert "assets.csv:2" in result.output
    assert "assets.csv:3" in result.output
    assert register.assets("bv01").all == ()


def test_standard_input_needs_a_word_beforehand(centre):
    result = CliRunner().invoke(main, ["import", "assets", "-"], input=FIRST)
    assert result.exit_code == 2
    assert "add --yes or --dry-run" in result.output
    assert CliRunner().invoke(main, ["import", "assets", "-", "--dry-run"], input=FIRST).exit_code == 0


def test_more_changes_than_can_be_named_are_counted(importing, register):
    first = HEAD + "".join(f"bv01,sv-{n},server,A{n},1\n" for n in range(12))
    importing(first, "--yes")
    result = importing(HEAD + "".join(f"bv01,sv-{n},server,B{n},1\n" for n in range(12)), "--dry-run")
    assert "  and 2 other changes\n" in result.stdout
    result = importing(HEAD + "bv01,sv-x,server,A,1\n", "--dry-run")
    assert "removed: sv-0, sv-1, sv-2, sv-3, sv-4, sv-5, sv-6, sv-7, sv-8, sv-9 and 2 more" in result.stdout
