"""Devices and plant that publish the plain JSON profile over MQTT."""
