"""Assets, and all of those of a facility as they were at one moment."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cached_property


class AssetKind(StrEnum):
    """What an asset is; in the order in which lists show them."""

    SERVER = "server"
    RENTED_SERVER = "rented-server"
    SERVICE = "service"
    NETWORK = "network"
    UPS = "ups"
    ROOM = "room"
    WORKSTATION = "workstation"
    PRINTER = "printer"


@dataclass(frozen=True, slots=True)
class Asset:
    """One asset, from one moment to another (ns; ``from_ns`` 0 since ever, ``until_ns`` None while it is there).

    ``code`` is unique in its facility, whatever the kind; readings name it in their tag ``asset``. ``device`` is the
    code of a device of the registry that measures it (the climate of a room, a UPS): its readings are the asset's
    too. ``department`` and ``place`` are codes of the registry. ``watched``: readings are expected of it, so that it
    is *missing* without any; an asset that nobody watches is counted apart. ``contract_end`` is the last day of its
    contract of service, rent or warranty.
    """

    facility: str
    site: str
    code: str
    kind: AssetKind
    name: str = ""
    department: str = ""
    place: str = ""
    owner: str = ""
    address: str = ""
    model: str = ""
    serial: str = ""
    supplier: str = ""
    contract: str = ""
    contract_end: date | None = None
    device: str = ""
    watched: bool = False
    from_ns: int = 0
    until_ns: int | None = None

    def at(self, time_ns: int) -> bool:
        """Whether it was there then."""
        return self.from_ns <= time_ns and (self.until_ns is None or time_ns < self.until_ns)

    @property
    def title(self) -> str:
        """What people call it."""
        return self.name or self.code


Lookup = Callable[[str, int], Asset | None]  # the asset of a code as it is at a moment, 0 for now; None without one


@dataclass(frozen=True)
class Assets:
    """Every asset of a facility that there ever was, in the order of the list; ``version`` is that of the register."""

    all: Sequence[Asset] = ()
    version: int = 0

    def at(self, time_ns: int) -> Iterator[Asset]:
        """Those that were there then."""
        return (asset for asset in self.all if asset.at(time_ns))

    @cached_property
    def of_code(self) -> Mapping[str, Sequence[Asset]]:
        """The rows of each asset, the oldest first."""
        found: dict[str, list[Asset]] = {}
        for asset in self.all:
            found.setdefault(asset.code, []).append(asset)
        return found

    def current(self, code: str, time_ns: int) -> Asset | None:
        """The asset of this code as it was then."""
        return next((row for row in self.of_code.get(code, ()) if row.at(time_ns)), None)
