"""The mains of one site: what its meters, its generators and its UPS all have to agree upon."""

from collections.abc import Iterator
from dataclasses import dataclass

from collectors.simulator.chance import DAY, HOUR, Dice, Spell

CRANK_S = 12.0  # from the loss of the mains until a generator carries the load


@dataclass(frozen=True, slots=True)
class SitePower:
    """Rare outages, the same for everything that stands on this site; one in eight finds a generator that fails."""

    dice: Dice

    def outages(self, t: float, memory: float = 0.0) -> Iterator[Spell]:
        """The outages around ``t`` or within ``memory`` before it."""
        return self.dice.spells(t, every=2 * DAY, chance=0.2, shortest=120, longest=1_500, memory=memory)

    def outage(self, t: float) -> Spell | None:
        """The outage that holds at ``t``."""
        return next((spell for spell in self.outages(t) if spell.holds(t)), None)

    def fails_to_start(self, outage: Spell) -> bool:
        """Whether the generator does not start in this outage."""
        return outage.size >= 0.875

    def generator_at(self, t: float) -> bool:
        """Whether the generator carries the load."""
        outage = self.outage(t)
        return outage is not None and not self.fails_to_start(outage) and t >= outage.start + CRANK_S

    def dark_at(self, t: float) -> bool:
        """Whether neither mains nor generator supplies."""
        return self.outage(t) is not None and not self.generator_at(t)

    def drained(self, t: float, refill: float) -> float:
        """Seconds on battery that are not yet charged again; one second takes ``refill`` seconds to charge."""
        left = 0.0
        for outage in self.outages(t, memory=6 * HOUR):
            end = outage.end if self.fails_to_start(outage) else min(outage.end, outage.start + CRANK_S)
            used = min(t, end) - outage.start
            left = max(left, used - max(0.0, t - end) / refill)
        return left
