"""The simulated HIS: an independent sender of HL7 v2 over MLLP that knows nothing of the centre it sends to.

It imports nothing of ``ioc`` and no other part of the simulator: what it is to simulate it is told in plain data.
"""

from collectors.simulator.his.hospital import Bed, Hospital
from collectors.simulator.his.simulator import HisSimulator, Options

__all__ = ["Bed", "HisSimulator", "Hospital", "Options"]
