"""The simulator: a client like any other, which only publishes over MQTT to the devices of the demo registry."""

from collectors.simulator.run import Options, run_simulator

__all__ = ["Options", "run_simulator"]
