"""What a model is made from, and what it gives."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from collectors.simulator.chance import Dice
from collectors.simulator.power import SitePower
from ioc.registry import Device

Values = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Subject:
    """One device of the registry, its own stream of chance, and the mains of the site where it stands."""

    device: Device
    dice: Dice
    power: SitePower


class Model(Protocol):
    """How one device behaves: a pure function of the time (seconds since 1970), made once a device."""

    def at(self, t: float) -> Values:
        """Every value of its class at that moment, by key; states as numbers."""
        ...
