"""Rules and people are taken over when their files change, whole or not at all."""

import shutil
from pathlib import Path

import orjson
import pytest

from alerts.kept import kept_folder
from alerts.notifiers.webhook import build
from alerts.reload import PeopleFile, RuleFiles, open_files, with_watchdog
from ioc.config import Settings, ensure_secrets, load_settings
from ioc.domain import SECOND, VirtualClock
from ioc.errors import RefuseToStartError
from tests.unit.alerts.scene import CONFIGS, T0, catalogue, registry

ONE = """
schema: ioc.rules/1
rules:
  - id: fridge-warm
    title: {vi: "{device} ấm", en: "{device} warm", fr: "{device} chaud"}
    kind: threshold
    read: {metric: fridge.temp}
    levels:
      warning: {enter: "> 8"}
    missing: {after: 15min}
    notify: {group: pharmacy}
    ack: {required_from: warning, expires: 1h, reason: true}
    owner: pharmacy
    runbook: runbooks/fridge-warm.md
    review_by: 2099-06-30
"""
PEOPLE = """
schema: ioc.people/1
people: {lan: {name: Lan, language: vi, email: lan@bv01.vn}}
groups: {pharmacy: {title: {vi: Dược, en: Pharmacy}, members: [lan]}}
"""


class World:
    def __init__(self, folder: Path, **more: str) -> None:
        self.configs = folder / "configs"
        (self.configs / "rules").mkdir(parents=True)
        shutil.copytree(CONFIGS / "runbooks", self.configs / "runbooks")
        self.rules(ONE)
        self.people(PEOPLE)
        self.clock = VirtualClock(T0)
        self.settings: Settings = load_settings(
            {"IOC_DATA_DIR": str(folder / "data"), "IOC_CONFIG_DIR": str(self.configs), **more}
        )

    def rules(self, text: str) -> None:
        (self.configs / "rules" / "one.yaml").write_text(text, encoding="utf-8")

    def people(self, text: str) -> None:
        (self.configs / "people.yaml").write_text(text, encoding="utf-8")

    def open(self) -> tuple[PeopleFile, RuleFiles]:
        return open_files(self.settings, catalogue(), registry(), self.clock)

    def look(self, files: RuleFiles) -> bool:
        self.clock.advance(2 * SECOND)
        return files.look(self.clock.now_ns())


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_the_files_are_looked_at_every_two_seconds(world):
    _, files = world.open()
    assert not world.look(files)
    world.rules(ONE.replace("> 8", "> 9"))
    assert not files.look(world.clock.now_ns() + SECOND)
    assert world.look(files)
    assert files.rules.rules["fridge-warm"].levels[0].enter.number == 9
    assert not world.look(files)


def test_a_bad_change_keeps_the_rules_of_before_and_says_why(world, caplog):
    _, files = world.open()
    world.look(files)
    loaded = files.row()
    world.rules(ONE.replace("read:", "reed:"))
    assert world.look(files)
    row = files.row()
    assert (row["document"], row["digest"], row["loaded_at_ns"]) == (
        loaded["document"],
        loaded["digest"],
        T0 + 2 * SECOND,
    )
    assert row["refused_at_ns"] == world.clock.now_ns()
    assert "reed" in str(orjson.loads(row["faults"]))
    assert len(caplog.records) == 1
    assert not world.look(files)
    world.rules(ONE)
    assert world.look(files)
    assert (files.row()["refused_at_ns"], files.row()["faults"]) == (None, "[]")


def test_a_changed_runbook_counts_as_a_changed_rule(world):
    _, files = world.open()
    path = world.configs / "runbooks" / "fridge-warm.md"
    path.write_text(path.read_text(encoding="utf-8").replace("1. ", "1. New: ", 1), encoding="utf-8")
    assert world.look(files)
    assert files.rules.rules["fridge-warm"].runbook.steps["vi"][0].startswith("New: ")


def test_people_change_for_whoever_asks_next(world):
    people, _ = world.open()
    assert people().person("lan").name == "Lan"
    world.people(PEOPLE.replace("name: Lan", "name: Nguyễn Thị Lan"))
    assert people().person("lan").name == "Lan"  # looked at just before
    world.clock.advance(2 * SECOND)
    assert people().person("lan").name == "Nguyễn Thị Lan"


def test_bad_people_keep_those_of_before_and_are_told_beside_the_rules(world):
    people, files = world.open()
    world.people(PEOPLE.replace("members: [lan]", "members: [lam]"))
    assert world.look(files)
    assert people().group("pharmacy").members == ("lan",)
    assert "lam" in orjson.loads(files.row()["faults"])[0]["what"]
    assert files.row()["refused_at_ns"]
    world.people(PEOPLE)
    assert world.look(files)
    assert files.row()["faults"] == "[]"


def test_a_group_that_is_gone_makes_its_rules_faulty(world):
    _, files = world.open()
    world.people(PEOPLE.replace("pharmacy:", "kitchen:"))
    assert world.look(files)
    assert "pharmacy" in files.row()["faults"]
    assert "fridge-warm" in files.rules.rules


def test_the_first_time_every_fault_of_both_is_told(world):
    world.people(PEOPLE.replace("members: [lan]", "members: [lam]"))
    world.rules(ONE.replace("read:", "reed:"))
    with pytest.raises(RefuseToStartError, match=r"(?s)lam.*reed"):
        world.open()


def test_the_receiver_of_signs_of_life_is_a_person_whose_host_may_be_called(tmp_path):
    world = World(tmp_path, IOC_NOTIFY__WATCHDOG_URL="https://watch.example:8443/ping/abc")
    ensure_secrets(world.settings)
    people, _ = world.open()
    [receiver] = people().members("watchdog")
    assert [channel.name for channel in receiver.channels] == ["webhook"]
    assert with_watchdog(world.settings).notify.allowed_hosts == ("watch.example:8443",)
    notifier = build(with_watchdog(world.settings))
    assert notifier._allowed_target(receiver.channels[0].address).place == "https://watch.example:8443"


def test_without_a_receiver_there_is_no_such_person(world):
    people, _ = world.open()
    assert people().group("watchdog") is None
    assert with_watchdog(world.settings) == world.settings


def test_a_restart_with_faulty_files_goes_on_with_those_that_were_in_force(world, caplog):
    _, files = world.open()
    world.look(files)
    for rules, people, word in ((ONE.replace("read:", "reed:"), PEOPLE, "reed"), (ONE, "people: [", "people.yaml")):
        world.rules(rules)
        world.people(people)
        after, again = world.open()
        assert list(again.rules.rules) == ["fridge-warm"]
        assert after().person("lan") is not None
        again.look(world.clock.now_ns())
        assert word in str(orjson.loads(again.row()["faults"]))
        assert again.row()["refused_at_ns"] == world.clock.now_ns()
        world.rules(ONE.replace("> 8", "> 9"))
        world.people(PEOPLE)
        assert world.look(again)
        assert again.faults == []
        assert again.rules.rules["fridge-warm"].levels[0].enter.number == 9
        assert world.open()[1].faults == []


def test_the_copy_keeps_the_place_of_a_file_of_addresses(world):
    (world.configs / "lan.urls").write_text("json://127.0.0.1:1/x\n")
    (world.configs / "lan.urls").chmod(0o600)
    world.people(PEOPLE.replace("email: lan@bv01.vn", "apprise_file: lan.urls"))
    _, files = world.open()
    world.look(files)
    world.rules("rules: [")
    people, _ = world.open()
    assert people().person("lan").channels[0].kind == "apprise"


def test_a_first_start_with_faulty_files_is_refused(world):
    world.rules("rules: [")
    with pytest.raises(RefuseToStartError):
        world.open()


def test_nobody_else_can_read_the_copy_since_addresses_are_secrets(world):
    world.open()[1].look(T0)
    assert kept_folder(world.settings.data_dir).stat().st_mode & 0o077 == 0
