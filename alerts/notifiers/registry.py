"""Every kind of notifier by the dotted path of its ``build``. A new channel is one module and one line here."""

import importlib
from collections.abc import Mapping
from typing import cast

from alerts.notifiers.contract import Build, Notifier
from ioc.config import Settings

NOTIFIERS = {
    "email": "alerts.notifiers.mail:build",
    "webhook": "alerts.notifiers.webhook:build",
    "apprise": "alerts.notifiers.apprise:build",
}


def load_notifiers(settings: Settings) -> Mapping[str, Notifier]:
    """A notifier of every kind; raises RefuseToStartError where a key that it signs with is missing."""
    return {kind: builder(kind)(settings) for kind in NOTIFIERS}


def builder(kind: str) -> Build:
    """The ``build`` of this kind."""
    module, _, name = NOTIFIERS[kind].partition(":")
    return cast("Build", getattr(importlib.import_module(module), name))
