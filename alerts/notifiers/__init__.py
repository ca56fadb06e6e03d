"""Channels: each takes one message to one address, and says how the other side answered."""

from alerts.notifiers.contract import DEADLINE_S, CannotError, Notifier
from alerts.notifiers.registry import NOTIFIERS, load_notifiers

__all__ = ["DEADLINE_S", "NOTIFIERS", "CannotError", "Notifier", "load_notifiers"]
