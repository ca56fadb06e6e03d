"""YAML with line numbers: what is read, and what is refused."""

import tracemalloc
from pathlib import Path

import pytest

from ioc.config import Document, Faults, load_yaml, shown, yaml_files
from ioc.errors import RefuseToStartError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(folder: Path, text: str) -> Document:
    (folder / "a.yaml").write_text(text, encoding="utf-8")
    return load_yaml(folder / "a.yaml")


def faults_of(folder: Path, text: str) -> list[str]:
    with pytest.raises(RefuseToStartError) as refused:
        read(folder, text)
    return [str(fault) for fault in refused.value.faults]


def test_every_value_knows_its_line(folder: Path) -> None:
    document = read(folder, "# why\nfirst: 1\nlist:\n  - a\n  - b: 2\n    c: 3\nlast: {x: 4}\n")
    assert document.data == {"first": 1, "list": ["a", {"b": 2, "c": 3}], "last": {"x": 4}}
    assert document.line_of(("first",)) == 2
    assert document.line_of(("list", 0)) == 4
    assert document.line_of(("list", 1, "c")) == 6
    assert document.where(("last", "x")) == "a.yaml:7"


def test_a_value_that_is_not_there_has_the_line_of_what_is_around_it(folder: Path) -> None:
    document = read(folder, "a:\n  b:\n    c: 1\n")
    assert document.line_of(("a", "b", "missing", 3)) == 2
    assert document.line_of(("missing",)) == 1


def test_words_that_yaml_once_took_for_something_else_stay_words(folder: Path) -> None:
    text = "a: [on, off, yes, no, y, 12:30, 2026-01-31, 0x1f, 1_000, .inf, 10min, 1e, '5', \"true\"]\non: {no: 1}\n"
    document = read(folder, text)
    words = ["on", "off", "yes", "no", "y", "12:30", "2026-01-31", "0x1f", "1_000", ".inf", "10min", "1e", "5", "true"]
    assert document.data == {"a": words, "on": {"no": 1}}


def test_numbers_booleans_and_nothing_are_what_they_look_like(folder: Path) -> None:
    assert read(folder, "[1, -2, 3.5, -.5, 1e3, true, False, null, ~, ]").data == [
        1, -2, 3.5, -0.5, 1000.0, True, False, None, None,
    ]  # fmt: skip
    assert read(folder, "a:\nb: ''\n").data == {"a": None, "b": ""}


def test_an_empty_file_holds_nothing(folder: Path) -> None:
    assert read(folder, "# only a comment\n").data is None


def test_vietnamese_text_is_read_as_it_is(folder: Path) -> None:
    assert read(folder, "vi: Tủ vắc xin số 1\n").data == {"vi": "Tủ vắc xin số 1"}


def test_a_key_that_stands_twice_is_refused_with_both_lines(folder: Path) -> None:
    assert faults_of(folder, "a: 1\nb: {c: 1, c: 2}\na: 3\n") == [
        "a.yaml:2: the key 'c' stands here a second time (first in line 2). Take one of them away. [IOC-Y003]",
        "a.yaml:3: the key 'a' stands here a second time (first in line 1). Take one of them away. [IOC-Y003]",
    ]


@pytest.mark.parametrize(
    "text",
    ["a: !!python/object/apply:os.system [id]\n", "a: !env HOME\n", "a: !!set {b}\n", "a: !!int x\n", "!x {a: 1}\n"],
)
def test_tags_are_refused_and_nothing_is_ever_run(folder: Path, text: str) -> None:
    (fault,) = faults_of(folder, text)
    assert "a.yaml:1: the tag" in fault
    assert "is not allowed here" in fault


def test_aliases_are_refused_so_that_no_file_can_blow_up(folder: Path) -> None:
    (fault,) = faults_of(folder, "a: &x [1]\nb: *x\n")
    assert fault.startswith("a.yaml:2: an alias (*name) is not allowed here.")
    laughs = "a: &a [l, l]\n" + "".join(f"b{n}: &b{n} [*{'a' if n == 0 else f'b{n - 1}'}, *a]\n" for n in range(30))
    tracemalloc.start()
    assert faults_of(folder, laughs)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10 << 20  # bytes; taken as written it would be 2³⁰ copies


def test_an_alias_to_itself_ends(folder: Path) -> None:
    assert "an alias" in faults_of(folder, "a: &a [*a]\n")[0]


def test_a_key_that_is_a_list_is_refused(folder: Path) -> None:
    assert faults_of(folder, "? [a, b]\n: 1\n") == ["a.yaml:1: a key must be a plain word. [IOC-Y002]"]


@pytest.mark.parametrize("text", ["a: [1\nb: 2\n", "a: 1\n  b: 2\n", "a: 'x\n", "\ta: 1\n", "a: b: c\n"])
def test_what_is_not_yaml_is_told_with_its_line(folder: Path, text: str) -> None:
    (fault,) = faults_of(folder, text)
    assert fault.startswith("a.yaml:")
    assert "is not YAML:" in fault
    assert fault.endswith("[IOC-Y002]")


@pytest.mark.parametrize("text", ["a:\n\tb: 1\n", "a:\n  \tb: 1\n", "a:\n  c: 1\n\tb: 1\n"])
def test_a_tab_is_called_a_tab(folder: Path, text: str) -> None:
    (fault,) = faults_of(folder, text)
    assert fault.endswith(": is not YAML: the line is indented with a tab. Use spaces. [IOC-Y002]")


def test_a_second_document_is_refused(folder: Path) -> None:
    (fault,) = faults_of(folder, "---\na: 1\n---\nb: 2\n")
    assert fault.startswith("a.yaml:3: a second document (---) begins here.")


def test_text_in_another_encoding_is_refused(folder: Path) -> None:
    (folder / "a.yaml").write_bytes("vi: Tủ".encode("utf-16"))
    with pytest.raises(RefuseToStartError, match="is not UTF-8 text"):
        load_yaml(folder / "a.yaml")


def test_control_characters_are_refused(folder: Path) -> None:
    assert "is not YAML" in faults_of(folder, "a: \x00\n")[0]


def test_a_file_nested_a_hundred_thousand_deep_is_refused(folder: Path) -> None:
    assert faults_of(folder, "[" * 100_000)[0].startswith("a.yaml")


def test_a_file_that_is_not_there_is_told_by_name(folder: Path) -> None:
    with pytest.raises(RefuseToStartError, match=r"b\.yaml: cannot be read: No such file"):
        load_yaml(folder / "b.yaml")


def test_all_files_of_a_folder_are_read_by_name_and_a_bad_one_does_not_hide_the_others(folder: Path) -> None:
    (folder / "b.yaml").write_text("b: 1\n")
    (folder / "a.yaml").write_text("a: 1\n")
    (folder / "c.yaml").write_text("c: [\n")
    (folder / "notes.txt").write_text("not read")
    faults = Faults("R")
    assert [document.path.name for document in yaml_files(folder, faults)] == ["a.yaml", "b.yaml"]
    assert [fault.id for fault in faults.found] == ["IOC-R002"]


def test_a_folder_without_files_is_a_fault(folder: Path) -> None:
    faults = Faults("C")
    assert yaml_files(folder / "catalogue", faults) == []
    assert str(faults.found[0]).startswith("catalogue: has no *.yaml file.")


def test_paths_are_shown_from_the_working_directory_where_they_lie_in_it(folder: Path) -> None:
    assert shown(folder / "configs" / "ioc.yaml") == "configs/ioc.yaml"
    assert shown(Path("/etc/ioc/ioc.yaml")) == "/etc/ioc/ioc.yaml"
