from dataclasses import replace

import pytest

from collectors.simulator.run import Options, broker_url, facilities_to_simulate, make_senders
from ioc.config import load_settings
from ioc.errors import IocError


def test_a_demo_registry_is_simulated_as_a_whole(make_registry, make_device):
    assert facilities_to_simulate(make_registry(make_device("gas")), "") == ["bv01"]


def test_a_real_hospital_is_never_simulated(make_registry, make_device):
    registry = make_registry(make_device("gas"), demo=False)
    for wanted in ("", "bv01"):
        with pytest.raises(IocError, match="bv01 is not marked demo") as error:
            facilities_to_simulate(registry, wanted)
        assert "IOC_SIMULATE=0" in error.value.hint


def test_a_facility_for_tests_has_no_devices_to_simulate(make_registry, make_device):
    demo = make_registry(make_device("gas"))
    test = replace(demo.facilities["bv01"], code="bv-mau", demo=False, test=True)
    registry = replace(demo, facilities={**demo.facilities, "bv-mau": test})
    assert facilities_to_simulate(registry, "") == ["bv01"]
    with pytest.raises(IocError, match="bv-mau is not marked demo"):
        facilities_to_simulate(registry, "bv-mau")


def test_an_unknown_facility_is_refused_with_the_nearest_name(make_registry, make_device):
    with pytest.raises(IocError, match="no facility 'bv1'") as error:
        facilities_to_simulate(make_registry(make_device("gas")), "bv1")
    assert "bv01" in error.value.hint


def test_a_registry_without_devices_is_refused(make_registry, catalogue):
    with pytest.raises(IocError, match="no device to simulate"):
        make_senders(make_registry(), catalogue, Options())


def test_the_broker_is_the_one_named_else_the_one_of_the_settings():
    plain = load_settings({"IOC_CONFIG_DIR": "."})
    assert str(broker_url(plain, "")) == "mqtt://127.0.0.1:1883"
    assert str(broker_url(plain, "mqtt://broker.lan:1999")) == "mqtt://broker.lan:1999"
    with_credentials = load_settings(
        {"IOC_CONFIG_DIR": ".", "IOC_MQTT__URL": "mqtts://b", "IOC_MQTT__USERNAME": "u", "IOC_MQTT__PASSWORD": "pw"}
    )
    url = broker_url(with_credentials, "")
    assert (url.host, url.port, url.username, url.password) == ("b", 8883, "u", "pw")


def test_a_wrong_address_is_one_sentence():
    with pytest.raises(IocError, match="begins with mqtt://"):
        broker_url(load_settings({"IOC_CONFIG_DIR": "."}), "http://x")


def test_this_machine_is_never_simulated(make_device, make_registry):
    with pytest.raises(IocError, match="_self is not marked demo"):
        facilities_to_simulate(make_registry(make_device("gas")), "_self")
