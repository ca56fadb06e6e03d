"""What every collector of the registry keeps to, whoever wrote it."""

import importlib
import inspect
import re
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml
from pytest_socket import disable_socket, enable_socket

from collectors.contract import Collector
from collectors.registry import ASKING, COLLECTORS, builder, reader
from ioc.catalogue import Catalogue, load_catalogue
from ioc.config import Settings, ensure_secrets, load_settings
from ioc.errors import RejectError
from ioc.intake import Batch, Health
from ioc.registry import Registry, load_registry

FOLDER = Path(__file__).parent.parent.parent / "collectors"
CONFIGS = FOLDER.parent / "configs"
KINDS = sorted(COLLECTORS)
SILENT = ("backups", "icmp")  # a folder that is not there has no age; and where we may not ping, nobody is down
OF_SETTINGS = sorted(set(COLLECTORS) - set(ASKING))
TARGETS = {  # one of each kind that asks; nothing answers there
    "exporters": "url: 'http://127.0.0.1:9/', mapping: own",
    "http": "url: 'http://127.0.0.1:9/'",
    "tcp": "host: 127.0.0.1, port: 9",
    "tls": "host: 127.0.0.1, port: 9",
    "dns": "server: 127.0.0.1, query: his",
    "icmp": "host: 127.0.0.1",
    "sql": "url: 'sqlite:////none/none.sqlite'",
    "backups": "files: /none/*",
}


class NoIntake:
    """Takes everything and keeps nothing but that something came."""

    def __init__(self) -> None:
        self.came = threading.Event()

    def commit(self, batch: Batch) -> None:
        """Note it."""
        if batch.frames:
            self.came.set()

    def commit_all(self, batches: Sequence[Batch]) -> None:
        """As ``commit``, of several sources."""
        for batch in batches:
            self.commit(batch)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = load_settings({"IOC_DATA_DIR": str(tmp_path), "IOC_CONFIG_DIR": str(tmp_path)})
    ensure_secrets(made)
    (tmp_path / "collectors" / "mappings").mkdir(parents=True)
    (tmp_path / "collectors" / "mappings" / "own.yaml").write_text("up: host.up\nmetrics: {host.cpu: {take: a}}\n")
    for kind, target in TARGETS.items():
        text = f"targets: {{one: {{facility: _self, every: 50ms, timeout: 1s, {target}}}}}\n"
        (tmp_path / "collectors" / f"{kind}.yaml").write_text(text)
    return made


@pytest.fixture(params=KINDS)
def collector(request: pytest.FixtureRequest, settings: Settings) -> Collector:
    disable_socket()  # building one never touches the network
    return builder(request.param)(settings, load_catalogue(CONFIGS), Registry({}, {}, {}))


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_a_folder_with_the_usual_files(kind: str) -> None:
    assert {"__init__.py", "collector.py", "README.md", "sample.yaml"} <= {it.name for it in (FOLDER / kind).iterdir()}
    assert COLLECTORS[kind] == f"collectors.{kind}.collector:build"


@pytest.mark.parametrize("kind", KINDS)
def test_its_module_says_what_it_is_for(kind: str) -> None:
    assert importlib.import_module(f"collectors.{kind}").__doc__


@pytest.mark.parametrize("kind", KINDS)
def test_its_readme_holds_its_sample_word_for_word(kind: str) -> None:
    sample = (FOLDER / kind / "sample.yaml").read_text(encoding="utf-8")
    assert f"```yaml\n{sample}```" in (FOLDER / kind / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", OF_SETTINGS)
def test_its_sample_loads_with_and_without_its_optional_keys(kind: str, tmp_path: Path) -> None:
    sample = (FOLDER / kind / "sample.yaml").read_text(encoding="utf-8")
    every_key = re.sub(r"^( +)# (\w+: )", r"\1\2", sample, flags=re.MULTILINE)
    every_key = every_key.replace("/etc/ioc/mqtt-password", str(tmp_path / "password"))
    (tmp_path / "password").write_text("of the tests")
    for text in (sample, every_key):
        (tmp_path / "ioc.yaml").write_text(text, encoding="utf-8")
        load_settings({"IOC_CONFIG_DIR": str(tmp_path)})
    (all_keys,), (needed,) = yaml.safe_load(every_key).values(), yaml.safe_load(sample).values()
    assert len(all_keys) > len(needed)


@pytest.mark.parametrize("kind", ASKING)
def test_its_sample_of_targets_loads_with_and_without_its_optional_keys(kind: str, tmp_path: Path) -> None:
    sample = (FOLDER / kind / "sample.yaml").read_text(encoding="utf-8")
    every_key = re.sub(r"^( +)# (\w+: )", r"\1\2", sample, flags=re.MULTILINE)
    every_key = re.sub(r" +ca_file: .*\n", "", every_key)  # either it or verify
    every_key = re.sub(r"/etc/ioc/[\w-]+password", str(tmp_path / "password"), every_key)
    (tmp_path / "password").write_text("of the tests")
    (tmp_path / "collectors").mkdir()
    (tmp_path / "collectors" / "mappings").symlink_to(CONFIGS / "collectors" / "mappings")
    catalogue = load_catalogue(CONFIGS)
    found = []
    for text in (sample, every_key):
        (tmp_path / "collectors" / f"{kind}.yaml").write_text(text, encoding="utf-8")
        targets, faults = reader(kind)(tmp_path, load_registry(CONFIGS, catalogue), catalogue)
        assert [str(fault) for fault in faults] == []
        found.append(targets[0].ask)
    assert found[1].model_fields_set > found[0].model_fields_set
    assert {"site", "asset", "every", "timeout"} <= found[1].model_fields_set


@pytest.mark.parametrize("kind", ASKING)
def test_what_is_shipped_asks_nobody_and_its_example_is_sound(kind: str, tmp_path: Path) -> None:
    shipped = (CONFIGS / "collectors" / f"{kind}.yaml").read_text(encoding="utf-8")
    assert yaml.safe_load(shipped) == {"targets": {}}
    example = "\n".join(line.removeprefix("# ") for line in shipped.splitlines() if line.startswith("#   "))
    (tmp_path / "collectors").mkdir()
    (tmp_path / "collectors" / "mappings").symlink_to(CONFIGS / "collectors" / "mappings")
    (tmp_path / "collectors" / f"{kind}.yaml").write_text(f"targets:\n{example}\n", encoding="utf-8")
    catalogue = load_catalogue(CONFIGS)
    targets, faults = reader(kind)(tmp_path, load_registry(CONFIGS, catalogue), catalogue)
    assert [str(fault) for fault in faults] == []
    assert targets[0].ask.asset


@pytest.mark.parametrize("kind", ASKING)
def test_without_targets_it_is_no_source_at_all(kind: str, tmp_path: Path) -> None:
    made = load_settings({"IOC_DATA_DIR": str(tmp_path), "IOC_CONFIG_DIR": str(tmp_path)})
    assert builder(kind)(made, Catalogue({}), Registry({}, {}, {})).sources() == {}


def test_it_offers_the_whole_contract(collector: Collector) -> None:
    wanted = {name for name, _ in inspect.getmembers(Collector, inspect.isfunction) if not name.startswith("_")}
    for name in wanted:
        expected = list(inspect.signature(getattr(Collector, name)).parameters)[1:]
        assert list(inspect.signature(getattr(collector, name)).parameters) == expected


def test_its_name_is_a_code_and_its_kind_is_in_the_registry(collector: Collector) -> None:
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", collector.name)
    assert collector.kind in COLLECTORS


def test_its_sources_are_codes_and_say_how_they_are(collector: Collector) -> None:
    assert collector.lane in ("readings", "facts")
    sources = collector.sources()
    assert collector.name in sources
    assert all(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name) for name in sources)
    assert all(ask() == Health(connected=False) for ask in sources.values())


def test_it_is_neither_ready_nor_connected_before_it_is_started(collector: Collector) -> None:
    assert not collector.ready()
    assert collector.health() == Health(connected=False)


def test_it_can_be_stopped_without_having_been_started(collector: Collector) -> None:
    collector.stop()


def test_it_starts_and_stops_where_nothing_answers_and_says_what_is_missing(collector: Collector) -> None:
    intake = NoIntake()
    if collector.kind in ASKING:
        enable_socket()  # what it asks does not answer; that it may not even ask would be another matter
    collector.start(intake)  # type: ignore[arg-type]  # no more of an intake is needed where nothing answers
    if collector.ready() and collector.kind not in SILENT:  # then it needs nobody: values come of themselves
        assert intake.came.wait(60)
    assert collector.health().connected is collector.ready()
    collector.stop()
    assert not collector.ready()


def test_the_broker_that_does_not_answer_is_missed(settings: Settings) -> None:
    disable_socket()
    collector = builder("mqtt")(settings, Catalogue({}), Registry({}, {}, {}))
    collector.start(NoIntake())  # type: ignore[arg-type]  # as above
    assert not collector.ready()
    collector.stop()


def test_what_it_cannot_read_again_is_rejected_with_a_reason(collector: Collector) -> None:
    collector.start(NoIntake())  # type: ignore[arg-type]  # as above
    with pytest.raises(RejectError):
        collector.replay("nonsense", b"\xff\x00")
    collector.stop()
