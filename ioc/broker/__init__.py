"""The embedded MQTT broker: Mosquitto where it is installed, else the one of the ``iotcore`` package."""

from ioc.broker.launch import Launch, check_bind, choose, find_mosquitto, prepare

__all__ = ["Launch", "check_bind", "choose", "find_mosquitto", "prepare"]
