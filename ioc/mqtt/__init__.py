"""MQTT 3.1.1 as the centre uses it: QoS 1, acknowledged by hand, one network thread a connection."""

from ioc.mqtt.client import Delivery, Publisher, Subscriber
from ioc.mqtt.url import MqttUrl

__all__ = ["Delivery", "MqttUrl", "Publisher", "Subscriber"]
