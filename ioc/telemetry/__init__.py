"""What each process of the centre counts and times of its own work, for /metrics and the centre's own board."""

from ioc.telemetry.meter import BUCKETS, FIGURES, Figure, Kind, Meter
from ioc.telemetry.process import of_process
from ioc.telemetry.pulse import ALIVE_NS, BEAT_NS, GONE_NS, Heart, Pulse, Pulses

__all__ = [
    "ALIVE_NS",
    "BEAT_NS",
    "BUCKETS",
    "FIGURES",
    "GONE_NS",
    "Figure",
    "Heart",
    "Kind",
    "Meter",
    "Pulse",
    "Pulses",
    "of_process",
]
