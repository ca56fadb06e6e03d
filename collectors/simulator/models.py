"""Which model plays which class of device: one line a class."""

from collections.abc import Callable, Mapping

from collectors.simulator.cold import Fridge
from collectors.simulator.equipment import Equipment
from collectors.simulator.machines import Computer, Printer, Server
from collectors.simulator.plant import Generator, Mains, OxygenSupply, Pipeline, Ups
from collectors.simulator.rooms import Room
from collectors.simulator.subject import Model, Subject

MODELS: Mapping[str, Callable[[Subject], Model]] = {
    "fridge": Fridge,
    "o2": OxygenSupply,
    "gas": Pipeline,
    "ups": Ups,
    "gen": Generator,
    "mains": Mains,
    "room": Room,
    "vent": Equipment,
    "monitor": Equipment,
    "pump": Equipment,
    "dialysis": Equipment,
    "imaging": Equipment,
}

# What stands in the register of assets and not among the devices of the registry.
MACHINES: Mapping[str, Callable[[Subject], Model]] = {"host": Server, "pc": Computer, "printer": Printer}
