"""Every kind of collector by the dotted path of its ``build``. A new source is one folder and one line here."""

import importlib
from typing import cast

from collectors.contract import Build

COLLECTORS = {
    "mqtt": "collectors.mqtt.collector:build",
    "hl7": "collectors.hl7.collector:build",
    "hosts": "collectors.hosts.collector:build",
}


def builder(kind: str) -> Build:
    """The ``build`` of this kind."""
    module, _, name = COLLECTORS[kind].partition(":")
    return cast("Build", getattr(importlib.import_module(module), name))
