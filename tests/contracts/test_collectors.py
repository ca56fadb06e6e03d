"""What every collector of the registry keeps to, whoever wrote it."""

import importlib
import inspect
import re
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml
from pytest_socket import disable_socket

from collectors.contract import Collector
from collectors.registry import COLLECTORS, builder
from ioc.catalogue import Catalogue
from ioc.config import Settings, ensure_secrets, load_settings
from ioc.errors import RejectError
from ioc.intake import Batch, Health
from ioc.registry import Registry

FOLDER = Path(__file__).parent.parent.parent / "collectors"
KINDS = sorted(COLLECTORS)


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
    return made


@pytest.fixture(params=KINDS)
def collector(request: pytest.FixtureRequest, settings: Settings) -> Collector:
    disable_socket()  # building one never touches the network
    return builder(request.param)(settings, Catalogue({}), Registry({}, {}, {}))


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


@pytest.mark.parametrize("kind", KINDS)
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
    collector.start(intake)  # type: ignore[arg-type]  # no more of an intake is needed where nothing answers
    if collector.ready():  # then it needs nobody, and shows it: values come of themselves
        assert intake.came.wait(10)
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
