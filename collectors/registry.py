"""Every kind of collector by the dotted path of its ``build``. A new source is one folder and one line here."""

import importlib
from typing import cast

from collectors.contract import Build, Read

COLLECTORS = {
    "mqtt": "collectors.mqtt.collector:build",
    "hl7": "collectors.hl7.collector:build",
    "hosts": "collectors.hosts.collector:build",
    "exporters": "collectors.exporters.collector:build",
    "http": "collectors.http.collector:build",
    "tcp": "collectors.tcp.collector:build",
    "tls": "collectors.tls.collector:build",
    "dns": "collectors.dns.collector:build",
    "icmp": "collectors.icmp.collector:build",
    "sql": "collectors.sql.collector:build",
    "backups": "collectors.backups.collector:build",
}

# Those that ask targets: the module of each has a ``read`` of its file, for whoever only wants to know what is in it.
ASKING = ("exporters", "http", "tcp", "tls", "dns", "icmp", "sql", "backups")


def builder(kind: str) -> Build:
    """The ``build`` of this kind."""
    module, _, name = COLLECTORS[kind].partition(":")
    return cast("Build", getattr(importlib.import_module(module), name))


def reader(kind: str) -> Read:
    """The ``read`` of one of ``ASKING``."""
    return cast("Read", importlib.import_module(COLLECTORS[kind].partition(":")[0]).read)
