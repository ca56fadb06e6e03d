"""The engine: a pure function of rules, kept state, what changed, and now."""

from alerts.engine.engine import Engine
from alerts.engine.step import Observation, Step, is_quiet

__all__ = ["Engine", "Observation", "Step", "is_quiet"]
