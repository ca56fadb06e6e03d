"""``ioc import beds``: the differences are shown, and nothing changes before somebody has said so."""

import json

import pytest
from click.testing import CliRunner

from ioc.access import audit_entries
from ioc.beds import BedRegister
from ioc.cli import main
from ioc.domain import rfc3339

HEAD = "facility,site,department,ward,room,bed,kind,planned,actual,staffed\n"
FIRST = HEAD + "".join(f"bv01,cs1,khoa-noi,noi-1,P01,G{n},general,{int(n < 4)},1,1\n" for n in range(1, 5))
SECOND = HEAD + (
    "bv01,,,noi-1,P01,G1,general,1,1,1\n"
    "bv01,,,noi-1,P01,G2,general,1,1,không\n"
    "bv01,,,noi-1,P01,G3,icu,1,1,0\n"
    "bv01,,,ngoai,P01,G1,general,1,1,1\n"
)


@pytest.fixture
def register(centre) -> BedRegister:
    return BedRegister(centre.engine)


@pytest.fixture
def importing(tmp_path, monkeypatch):
    """With the list in a file, as standard input is for the answer."""
    monkeypatch.chdir(tmp_path)

    def run(text, *words, answer=None):
        (tmp_path / "beds.csv").write_text(text, encoding="utf-8")
        return CliRunner().invoke(main, ["import", "beds", "beds.csv", *words], input=answer, terminal_width=200)

    return run


def test_the_differences_are_shown_by_ward_with_the_totals_before_and_after(importing, register):
    assert importing(FIRST, "--yes").exit_code == 0
    result = importing(SECOND, answer="y\n")
    assert result.exit_code == 0
    assert result.stdout == (
        "bv01: 1 bed added, 1 bed removed, 2 beds changed, 1 unchanged.\n"
        "\n"
        "ward   added  removed  changed  beds   planned  actual  staffed\n"
        "noi-1         1        2        4 → 3  3        4 → 3   4 → 1\n"
        "ngoai  1                        0 → 1  0 → 1    0 → 1   0 → 1\n"
        "all    1      1        2        4      3 → 4    4       4 → 2\n"
        "\n"
        "  removed: noi-1 P01 G4\n"
        "  staffed yes → no: noi-1 P01 G2\n"
        "  kind general → icu, staffed yes → no: noi-1 P01 G3\n"
        "Done. Boards and pages follow within seconds.\n"
    )
    assert "Apply this?" in result.stderr
    assert len(register.beds("bv01").all) == 4 + 3  # what was, and what is otherwise from now on


@pytest.mark.parametrize(("words", "answer", "code"), [(["--dry-run"], None, 0), ([], "n\n", 0), ([], "", 1)])
def test_nothing_changes_before_somebody_says_so(importing, register, words, answer, code):
    result = importing(FIRST, *words, answer=answer)
    assert result.exit_code == code
    assert result.stdout.startswith("bv01: 4 beds added, 0 unchanged.\n")
    assert "Done." not in result.stdout
    assert register.version("bv01") == 0


def test_a_list_that_says_the_same_asks_nothing(importing, register):
    importing(FIRST, "--yes")
    result = importing(FIRST)
    assert (result.exit_code, result.output) == (0, "bv01: 4 beds, nothing to change.\n")


def test_the_differences_can_be_read_by_programs(importing, register):
    importing(FIRST, "--yes")
    result = json.loads(importing(SECOND, "--yes", "--json").stdout)
    found = result["facilities"]["bv01"]
    assert result["applied"] is True
    assert (found["unchanged"], len(found["added"]), len(found["removed"]), len(found["changed"])) == (1, 1, 1, 2)
    assert found["before"] == {"beds": 4, "planned": 3, "actual": 4, "staffed": 4}
    assert found["after"] == {"beds": 4, "planned": 4, "actual": 4, "staffed": 2}
    assert found["removed"][0]["from"] is None
    assert found["changed"][0]["new"]["staffed"] is False
    assert found["changed"][0]["new"]["from"] == rfc3339(register.beds("bv01").all[1].until_ns)
    assert json.loads(importing(SECOND, "--dry-run", "--json").stdout)["applied"] is False


def test_every_fault_is_told_and_nothing_is_imported(importing, register):
    result = importing(FIRST.replace("noi-1,P01,G2", "noi-9,P01,G2").replace("bv01,cs1", "bv1,cs1", 1), "--yes")
    assert result.exit_code == 1
    lines = result.stderr.splitlines()
    assert lines[0] == "Error: 2 faults found:"
    assert lines[1].startswith("  beds.csv:2: there is no facility 'bv1'. Did you mean 'bv01'?")
    assert lines[2].startswith("  beds.csv:3: bv01 has no ward 'noi-9'. Did you mean 'noi-2'? Add it to places in ")
    assert register.version("bv01") == 0


def test_new_wards_are_taken_in_where_that_is_asked_for(importing, register):
    result = importing(FIRST.replace("noi-1", "KHOA-X"), "--yes", "--new-wards")
    assert "wards taken in: KHOA-X." in result.stdout
    assert [(ward.code, ward.department) for ward in register.wards("bv01")] == [("KHOA-X", "khoa-noi")]


def test_a_later_day_is_said(importing, register):
    importing(FIRST, "--yes")
    text = FIRST.replace("staffed\n", "staffed,from\n").replace(",1\n", ",1,\n")
    result = importing(text.replace("G4,general,0,1,1,", "G4,icu,0,1,1,2030-01-01"), "--dry-run")
    assert "  kind general → icu: noi-1 P01 G4\n  from 2030-01-01 00:00+07:00: noi-1 P01 G4\n" in result.stdout


def test_who_imported_stands_in_the_audit_log(importing, centre):
    importing(FIRST, "--yes")
    (entry,) = audit_entries(centre.engine)
    assert entry.actor.startswith("cli:")
    assert (entry.action, entry.subject) == ("beds.import", "facility:bv01")


def test_without_a_database_it_says_how_to_make_one(importing, environment):
    result = importing(FIRST)
    assert result.exit_code == 1
    assert "There is no database" in result.stderr


def test_wrong_use_exits_with_two(centre):
    assert CliRunner().invoke(main, ["import", "beds", "no-such-file.csv"]).exit_code == 2
    assert CliRunner().invoke(main, ["import", "staff"]).exit_code == 2


def test_a_list_on_standard_input_leaves_nothing_to_answer_with(centre):
    unsaid = CliRunner().invoke(main, ["import", "beds", "-"], input=FIRST)
    assert unsaid.exit_code == 2
    assert "--yes or --dry-run" in unsaid.stderr
    assert CliRunner().invoke(main, ["import", "beds", "-", "--yes"], input=FIRST).exit_code == 0
