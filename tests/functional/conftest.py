"""What the functional tests share: a stack on free ports under tmp_path, once with each broker that there is."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

from ioc.broker import find_mosquitto
from tests.functional.harness import Stack, stack

MISSING = {
    "mosquitto": "" if find_mosquitto() else "Mosquitto is not installed (apt-get install mosquitto)",
    "iotcore": "" if importlib.util.find_spec("iotcore") else "the package iotcore is not installed",
}


@pytest.fixture(params=["mosquitto", "iotcore"])
def broker_kind(request: pytest.FixtureRequest) -> str:
    if MISSING[request.param]:
        pytest.skip(MISSING[request.param])
    return str(request.param)


@pytest.fixture
def mosquitto() -> str:
    if MISSING["mosquitto"]:
        pytest.skip(MISSING["mosquitto"])
    return "mosquitto"


@pytest.fixture
def running(tmp_path: Path, broker_kind: str) -> Iterator[Stack]:
    """A broker and a worker that has subscribed."""
    with stack(tmp_path, broker_kind) as made:
        made.start_worker()
        made.wait_for_worker()
        yield made
