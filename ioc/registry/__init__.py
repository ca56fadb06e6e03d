"""The registry: facilities, sites, places and devices, with validity dates."""

from ioc.registry.load import load_registry, read_registry
from ioc.registry.model import SELF, Device, Expected, Facility, Place, Registry, Site, Stand

__all__ = [
    "SELF",
    "Device",
    "Expected",
    "Facility",
    "Place",
    "Registry",
    "Site",
    "Stand",
    "load_registry",
    "read_registry",
]
