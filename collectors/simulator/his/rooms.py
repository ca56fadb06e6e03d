"""What happens to beds without anybody in them: they are cleaned, shut and opened again, and the HIS says so (A20)."""

from collections.abc import Iterator
from random import Random

from collectors.simulator.his.hospital import Event, Spot
from collectors.simulator.his.world import World


class Rooms:
    """Each method is one thing that happens, and gives what the HIS tells of it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._house = world.house
        code = world.hospital.code
        reports = {ward: Random(f"cleaning/{code}/{ward}").random() for ward in self._house.wards}  # noqa: S311
        self._silent = {ward for ward, share in reports.items() if share > 0.7}  # where nobody reports cleaning

    def cleans(self, spot: Spot, status: str, turn: int) -> Iterator[Event]:
        """Cleaning begins (H) or is done (U), where nobody has come to lie there meanwhile."""
        place = self._house.place(spot)
        if place is None or place.turn != turn or place.inside or place.reported == "C" or spot[0] in self._silent:
            return
        place.say(status)
        yield self._world.say("A20", spot=place.bed.spot, note=status)
        if status == "H":
            self._world.soon(15, 50, "cleans", spot, "U", turn)

    def shut(self) -> Iterator[Event]:
        """A bed is taken out of use for some hours."""
        free = [place for place in self._house.places.values() if place.empty() and place.clean(self._world.now)]
        if free:
            place = self._world.chance.choice(free)
            place.say("C")
            yield self._world.say("A20", spot=place.bed.spot, note="C")
            self._world.soon(4 * 60, 30 * 60, "opens", place.bed.spot)

    def opens(self, spot: Spot) -> Iterator[Event]:
        """It may be used again."""
        place = self._house.place(spot)
        if place is not None and place.reported == "C":
            place.say("U")
            yield self._world.say("A20", spot=place.bed.spot, note="U")
