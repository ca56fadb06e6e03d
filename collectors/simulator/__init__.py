"""The simulator: a client like any other, which publishes as the devices and sends as the HIS of the demo registry."""

from collectors.simulator.run import Options, run_simulator

__all__ = ["Options", "run_simulator"]
