"""The files of targets: what is read, and what is refused by name."""

from pathlib import Path

import pytest

from ioc.domain import SECOND
from ioc.errors import RefuseToStartError
from ioc.polling import Note, Target, TargetShape, UnusableError, names_of, read_secret_file, read_targets, sound
from tests.unit.ioc.polling.world import KNOWN, write


def read(folder: Path, text: str) -> tuple[list[Target[TargetShape]], list[str]]:
    write(folder, "kind", text)
    targets, faults = read_targets("kind", TargetShape, folder, KNOWN, writes=lambda _: ["svc.up", "svc.none"])
    return targets, [str(fault) for fault in faults]


def test_without_a_file_there_is_no_target_and_no_fault(tmp_path: Path) -> None:
    assert read_targets("kind", TargetShape, tmp_path, KNOWN) == ([], [])


@pytest.mark.parametrize("text", ["targets: {}\n", "{}\n"])
def test_a_file_may_be_without_targets(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text) == ([], [])


def test_a_target_has_all_that_the_file_says_and_the_only_site_of_its_facility(tmp_path: Path) -> None:
    targets, faults = read(tmp_path, "targets:\n  a: {facility: bv01, asset: sv-1, every: 30s, timeout: 500ms}\n")
    assert faults == []
    (found,) = targets
    assert (found.name, found.facility, found.site, found.ask.asset) == ("a", "bv01", "cs1", "sv-1")
    assert (found.every_s, found.timeout_s) == (30.0, 0.5)


def test_what_it_does_not_say_has_a_default(tmp_path: Path) -> None:
    targets, _ = read(tmp_path, "targets:\n  a: {facility: bv01}\n")
    assert (targets[0].ask.every, targets[0].ask.timeout, targets[0].ask.asset) == (60 * SECOND, 10 * SECOND, "")


def test_this_machine_is_a_facility_too(tmp_path: Path) -> None:
    targets, faults = read(tmp_path, "targets:\n  a: {facility: _self}\n")
    assert (targets[0].site, faults) == ("local", [])


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a b: {facility: bv01}", "a b: this is no code"),
        ("a: {facility: bv01, asset: 'x,y'}", "'x,y' is no code of an asset"),
        ("a: {facility: bv1}", "no facility 'bv1'. Did you mean 'bv01'?"),
        ("a: {facility: bv02}", "bv02 has several sites: name the one. Known: cs1, cs2."),
        ("a: {facility: bv01, site: cs9}", "bv01 has no site 'cs9'. Did you mean 'cs1'?"),
        ("a: {facility: bv01, timeout: 2min}", "more than 60 s"),
        ("a: {facility: bv01, every: 10min}", "svc.up is late after 180 s"),
        ("a: {facility: bv01, evry: 10s}", "no key 'evry' here. Did you mean 'every'?"),
        ("a: {facility: bv01, every: often}", "'often' is not a duration"),
        ("a: {}", "targets.a.facility is missing"),
        ("a: 5", "targets.a"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, text: str, fault: str) -> None:
    _, faults = read(tmp_path, f"targets:\n  good: {{facility: bv01}}\n  {text}\n")
    assert len(faults) == 1
    assert fault in faults[0]
    assert "kind.yaml:3: " in faults[0]


def test_one_faulty_target_hides_neither_the_others_nor_their_faults(tmp_path: Path) -> None:
    text = "targets:\n  a: {facility: no}\n  b: {facility: bv01}\n  c: {facility: bv01, x: 1}\n"
    targets, faults = read(tmp_path, text)
    assert [target.name for target in targets] == ["b"]
    assert len(faults) == 2


@pytest.mark.parametrize("text", ["targets: [a]\n", "tragets: {}\n", "targets: {a: {facility: bv01\n"])
def test_a_file_of_another_shape_is_a_fault(tmp_path: Path, text: str) -> None:
    targets, faults = read(tmp_path, text)
    assert targets == []
    assert faults


def test_a_list_of_targets_is_told_how_it_is_written(tmp_path: Path) -> None:
    _, (fault,) = read(tmp_path, "targets:\n  - name: a\n    facility: bv01\n")
    assert (
        "targets: this is a list: each target is a line such as `name: {facility: bv01, …}`, without a dash." in fault
    )


def test_a_kind_notes_its_own_faults_at_the_key(tmp_path: Path) -> None:
    def check(target: Target[TargetShape], note: Note) -> None:
        note(20, "asset", "it is not good.", "Take another.")

    write(tmp_path, "kind", "targets:\n  a:\n    facility: bv01\n    asset: sv-1\n")
    _, faults = read_targets("kind", TargetShape, tmp_path, KNOWN, check=check)
    assert str(faults[0]).endswith("kind.yaml:4: a: it is not good. Take another. [IOC-N020]")


def test_faults_refuse_the_start(tmp_path: Path) -> None:
    write(tmp_path, "kind", "targets:\n  a: {facility: no}\n")
    with pytest.raises(RefuseToStartError, match="no facility 'no'"):
        sound(read_targets("kind", TargetShape, tmp_path, KNOWN))


def test_a_secret_is_read_without_its_line_end_and_never_printed(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("s3cret\n")
    (tmp_path / "none").write_text("\n")
    found = read_secret_file(str(tmp_path / "one"))
    assert found.reveal() == "s3cret"
    assert "s3cret" not in repr(found)
    (tmp_path / "odd").write_bytes(b"\xff\xfe")
    for name, what in {"none": "is empty", "odd": "is not UTF-8", "absent": "there is no file"}.items():
        with pytest.raises(UnusableError, match=what) as error:
            read_secret_file(str(tmp_path / name))
        assert error.value.hint


def test_what_may_not_be_read_says_how_to_mend_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_more: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", refuse)
    with pytest.raises(UnusableError, match="/etc/his may not be read by the user of the centre") as error:
        read_secret_file("/etc/his")
    assert "sudo chown $(id -un) /etc/his" in error.value.hint


def test_who_needs_the_names_of_targets_only_is_given_them_with_their_facility(tmp_path: Path) -> None:
    write(tmp_path, "kind", "targets:\n  a: {facility: bv01, odd: 1}\n  b: {facility: bv02}\n  c: 5\n")
    assert names_of("kind", tmp_path) == {"a": "bv01", "b": "bv02"}
    write(tmp_path, "kind", "targets:\n")
    assert names_of("kind", tmp_path) == {}
    for text in ("targets: [a]\n", "a: {\n"):
        write(tmp_path, "kind", text)
        with pytest.raises(RefuseToStartError):
            names_of("kind", tmp_path)
    with pytest.raises(RefuseToStartError, match="cannot be read"):
        names_of("none", tmp_path)
