"""What a facility has, as people list it: its wards, their sites and their beds."""

from collections.abc import Sequence

from ioc.beds import BedKind, Beds, Ward, wards_of
from ioc.registry import Facility

Key = tuple[str, str, str]  # ward, room and bed: a Spot that is quick to look up


class Ground:
    """The registry and the register of beds of one facility, with every bed that there ever was.

    ``facility`` is None for one that is not in the registry any more: then nothing of it is known. ``wards`` holds
    the code of each ward that somebody vouches for, in their order: those of the registry, those that were taken in,
    and those that have a bed in the register.
    """

    def __init__(self, facility: Facility | None, beds: Beds, taken_in: Sequence[Ward]) -> None:
        self.beds = [((bed.spot.ward, bed.spot.room, bed.spot.bed), bed) for bed in beds.all]
        self._sites = tuple(facility.sites) if facility else ()
        places = facility.places if facility else {}
        named = wards_of(facility, taken_in) if facility else {}
        self.wards: dict[str, tuple[str, str]] = {code: (ward.site, ward.department) for code, ward in named.items()}
        for (code, _, _), bed in self.beds:
            if code not in self.wards:
                place = places.get(code)
                self.wards[code] = (place.site if place else bed.site, place.department if place else bed.department)
        self.sites_of_emergency = {bed.site for _, bed in self.beds if bed.kind is BedKind.EMERGENCY}

    @property
    def first_site(self) -> str:
        """Where everything is of which no site is known."""
        return self._sites[0] if self._sites else ""

    def site_of(self, ward: str) -> str:
        """The site of a ward, known or not."""
        return self.wards.get(ward, ("", ""))[0] or self.first_site

    def department_of(self, ward: str) -> str:
        """The department of a ward, empty where it is not known."""
        return self.wards.get(ward, ("", ""))[1]
