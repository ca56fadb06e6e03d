"""Servers, computers and printers as the simulator plays them: what they send is taken, and is plausible."""

from pathlib import Path

import pytest

from collectors.mqtt.decode import Decoder
from collectors.simulator.chance import DAY, EPOCH, HOUR
from collectors.simulator.machines import as_device
from collectors.simulator.messages import Sender
from ioc.assets import Asset, AssetKind
from ioc.catalogue import load_catalogue
from ioc.domain import MILLISECOND
from ioc.registry import load_registry

ROOT = Path(__file__).parents[4]
KINDS = (AssetKind.SERVER, AssetKind.WORKSTATION, AssetKind.PRINTER)


@pytest.fixture(scope="module")
def catalogue():
    return load_catalogue(ROOT / "configs")


def asset(kind: AssetKind, code: str = "x-1", **more) -> Asset:
    return Asset("bv01", "cs1", code, kind, **{"department": "khoa-noi", "watched": True, **more})


def sender(catalogue, kind: AssetKind, code: str = "x-1") -> Sender:
    device = as_device(asset(kind, code))
    assert device is not None
    return Sender(device, "cs1", catalogue, seed=1)


@pytest.mark.parametrize("kind", KINDS)
def test_what_it_sends_is_taken_as_readings_of_the_asset(catalogue, kind):
    registry = load_registry(ROOT / "configs", catalogue)
    made, n = sender(catalogue, kind), 2_900_000
    decoder = Decoder("mqtt", catalogue, registry, max_payload=10_000, keep_days=30)
    decoded = decoder.decode(made.topic(n), made.payload(n), made.time_ms(n) * MILLISECOND)
    assert decoded.fault is None
    assert decoded.frame is not None
    assert ",asset=x-1,facility=bv01," in decoded.frame.prefix
    assert "device=" not in decoded.frame.prefix
    assert decoded.route is not None
    assert decoded.route.unconfirmed == ()
    assert set(decoded.frame.fields) == set(made.device.keys)


@pytest.mark.parametrize("kind", KINDS)
def test_every_value_of_a_week_is_plausible(catalogue, kind):
    made = sender(catalogue, kind)
    metrics = catalogue.fields_of(made.device.device_class)
    for n in range(0, int(7 * DAY), 1_800):
        for key, value in made._model.at(EPOCH + n).items():
            if metrics[key].states:
                assert value in (0, 1)
            elif metrics[key].unit == "%":
                assert 0 <= value <= 100, key
            else:
                assert value >= 0, key


def test_computers_are_on_by_day_and_mostly_off_by_night(catalogue):
    models = [sender(catalogue, AssetKind.WORKSTATION, f"mt-{n}")._model for n in range(200)]
    midnight = EPOCH + 40 * DAY - (EPOCH + 7 * HOUR) % DAY
    by_day, by_night = (sum(one.at(midnight + hour * HOUR)["up"] for one in models) for hour in (10, 2))
    assert by_day > 120
    assert by_night < 60


@pytest.mark.parametrize(
    "quiet",
    [asset(AssetKind.ROOM), asset(AssetKind.SERVER, watched=False), asset(AssetKind.SERVER, device="ups-01")],
)
def test_what_nobody_watches_or_a_device_measures_says_nothing(quiet):
    assert as_device(quiet) is None
