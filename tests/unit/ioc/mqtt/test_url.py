"""Addresses of brokers."""

import pytest

from ioc.mqtt import MqttUrl


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("mqtt://127.0.0.1:1884", MqttUrl("127.0.0.1", 1884)),
        ("mqtt://broker", MqttUrl("broker", 1883)),
        ("mqtts://broker/", MqttUrl("broker", 8883, tls=True)),
        ("mqtt://[::1]:1883", MqttUrl("::1", 1883)),
        ("mqtt://anna:p%40ss%3Aw@broker", MqttUrl("broker", 1883, False, "anna", "p@ss:w")),
    ],
)
def test_an_address_is_read(text: str, url: MqttUrl) -> None:
    assert MqttUrl.parse(text) == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "broker",
        "http://broker",
        "mqtt://",
        "mqtt://broker:99999",
        "mqtt://broker:x",
        "mqtt://broker/a",
        "mqtt://[1",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        MqttUrl.parse(text)


def test_a_password_is_never_shown() -> None:
    url = MqttUrl.parse("mqtts://anna:hidden@broker:1")
    assert str(url) == "mqtts://broker:1"
    assert "hidden" not in repr(url)
    with pytest.raises(ValueError, match="nothing may follow") as error:
        MqttUrl.parse("mqtt://anna:hidden@broker/x")
    assert "hidden" not in str(error.value)


def test_its_own_credentials_come_before_those_of_the_settings() -> None:
    assert MqttUrl("broker").with_credentials("anna", "one").password == "one"
    assert MqttUrl("broker", username="bob", password="two").with_credentials("anna", "one").password == "two"


def test_an_address_is_written_as_it_is_read() -> None:
    assert MqttUrl.parse(str(MqttUrl("::1", 1884))) == MqttUrl("::1", 1884)
