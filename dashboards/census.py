"""The census as pages, screens and programs ask for it: read beside the loop, and not more often than it changes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from dashboards.offload import offload
from ioc.beds import BedRegister, Ward, wards_of
from ioc.catalogue import Catalogue
from ioc.census import Census, Feed, WardNow, ward_tag
from ioc.domain import SECOND, STALE_AFTER, Quality, State, state_at
from ioc.registry import Registry

KEEP_NS = 15 * SECOND  # a census that nothing has changed is read anew after this: beds turn clean by the clock
AGED_BY = "bed.occupied"  # the metric whose max_age is the census's
SOURCE = "census"  # tag of the series that touch what is drawn of it


class Reader(Protocol):
    """What is asked of ``ioc.census.CensusReader``. Both block on the database."""

    def at(self, facility: str, at_ns: int, now_ns: int) -> Census:
        """The census of a facility as it was at that time."""
        ...

    def feed(self, facility: str) -> Feed | None:
        """How old its source is, and a number that rises with each change; None where it never had one."""
        ...


@dataclass(frozen=True, slots=True)
class _Kept:
    census: Census
    wards: Mapping[str, Ward]
    version: tuple[int, int]
    read_ns: int
    looked_ns: int


class Desk:
    """What is true now of each facility, shared by every part, view and page of this process."""

    def __init__(self, reader: Reader, beds: BedRegister, registry: Registry, catalogue: Catalogue) -> None:
        self._reader = reader
        self._beds = beds
        self._registry = registry
        self.max_age_ns = catalogue.metrics[AGED_BY].max_age_ns
        self._kept: dict[str, _Kept] = {}

    def now(self, facility: str, now_ns: int) -> Census:
        """The present: one short question a moment, and one long one a change."""
        return self._present(facility, now_ns).census

    def wards(self, facility: str, now_ns: int) -> Mapping[str, Ward]:
        """The wards that somebody vouches for, by their codes: those of the registry's file and those taken in."""
        return self._present(facility, now_ns).wards

    def at(self, facility: str, at_ns: int, now_ns: int) -> Census:
        """Any moment of the past."""
        return offload(self._reader.at, facility, at_ns, now_ns)

    def _present(self, facility: str, now_ns: int) -> _Kept:
        kept = self._kept.get(facility)
        if kept is None or kept.looked_ns != now_ns:
            kept = self._kept[facility] = offload(self._look, facility, kept, now_ns)
        return kept

    def turns_ns(self, census: Census) -> int | None:
        """When the clock alone makes it late or stale."""
        if census.as_of_ns is None or census.state in (State.STALE, State.MISSING):
            return None
        return census.as_of_ns + (STALE_AFTER if census.state is State.LATE else 1) * self.max_age_ns + 1

    def ages(self, census: Census) -> tuple[int | None, int | None]:
        """From when on it is late, and stale; None where it never was fresh."""
        if census.as_of_ns is None:
            return None, None
        return census.as_of_ns + self.max_age_ns + 1, census.as_of_ns + STALE_AFTER * self.max_age_ns + 1

    def _look(self, facility: str, kept: _Kept | None, now_ns: int) -> _Kept:
        feed = self._reader.feed(facility)
        version = (feed.changed if feed else -1, self._beds.version(facility))
        if kept is None or kept.version != version or not 0 <= now_ns - kept.read_ns < KEEP_NS:
            known = self._registry.facility(facility)
            wards = wards_of(known, self._beds.wards(facility)) if known else {}
            return _Kept(self._reader.at(facility, now_ns, now_ns), wards, version, now_ns, now_ns)
        return replace(kept, census=self._aged(kept.census, feed, now_ns), looked_ns=now_ns)

    def _aged(self, census: Census, feed: Feed | None, now_ns: int) -> Census:
        """The same beds, with the age that their source has now."""
        if feed is None:
            return replace(census, at_ns=now_ns)
        state = state_at(feed.as_of_ns, self.max_age_ns, now_ns)
        return replace(census, at_ns=now_ns, as_of_ns=feed.as_of_ns, state=state, quality=feed.quality)


def of_site(census: Census, site: str) -> Census:
    """What of it lies in this site; all of it where none is named."""
    if not site:
        return census
    patients, arrivals = census.emergency_by_site.get(site, (0, 0))
    return replace(
        census,
        wards=tuple(ward for ward in census.wards if ward.site == site),
        emergency=patients,
        arrivals=arrivals,
        expected=census.expected_by_site.get(site, 0),
    )


def ward_of(census: Census, tag: str) -> WardNow | None:
    """The ward of this code, or of this tag where the code is no word for an address."""
    return next((ward for ward in census.wards if tag in (ward.code, ward_tag(ward.code))), None)


def simulated(censuses: Iterable[Census]) -> str:
    """Whether ``all``, ``some`` or none (empty) of those that ever had a source are simulated."""
    ones = [census.quality is Quality.SIM for census in censuses if census.as_of_ns is not None]
    return "" if not any(ones) else "all" if all(ones) else "some"
