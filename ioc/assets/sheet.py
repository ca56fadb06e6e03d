"""A list of assets as people write it: CSV or Excel. Every fault is told with its line, at once."""

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from ioc.assets.model import Asset, AssetKind, Lookup
from ioc.config import Faults, hint_for, shown
from ioc.domain import SECOND, parse_rfc3339
from ioc.registry import Facility, Registry
from ioc.sheets import Row, SheetError, read_rows

NAMES = [kind.value for kind in AssetKind]
TEXTS = ("name", "owner", "address", "model", "serial", "supplier", "contract")
COLUMNS = (
    *("facility", "code", "kind", "name", "site", "department", "place", "owner", "address", "model", "serial"),
    *("supplier", "contract", "contract_end", "device", "watched", "from"),
)
NEEDED = ("facility", "code", "kind")
LONGEST = 120
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", flags=re.ASCII)  # as in topics and addresses
# Words that lists carry in place of a name of ours.
KINDS = {kind.value: kind for kind in AssetKind} | {
    "may chu": AssetKind.SERVER,
    "máy chủ": AssetKind.SERVER,
    "máy chủ thuê": AssetKind.RENTED_SERVER,
    "dịch vụ": AssetKind.SERVICE,
    "thiết bị mạng": AssetKind.NETWORK,
    "switch": AssetKind.NETWORK,
    "phòng": AssetKind.ROOM,
    "máy trạm": AssetKind.WORKSTATION,
    "máy tính": AssetKind.WORKSTATION,
    "computer": AssetKind.WORKSTATION,
    "pc": AssetKind.WORKSTATION,
    "máy in": AssetKind.PRINTER,
}
YES = frozenset({"1", "yes", "y", "true", "x", "có", "co"})
NO = frozenset({"", "0", "no", "n", "false", "không", "khong"})
DATES: tuple[str, ...] = ("%Y-%m-%d", "%d/%m/%Y")


def _nothing(_facility: str) -> Lookup:
    return lambda _code, _time_ns: None


def read_sheet(
    data: bytes,
    name: str,
    registry: Registry,
    *,
    zone: str,
    only: str = "",
    known: Callable[[str], Lookup] = _nothing,
) -> tuple[Asset, ...]:
    """The list in ``data``, ``from_ns`` 0 where a line does not say from when; of the facility ``only`` if named.

    ``known`` gives by facility what the register has (``AssetRegister.lookup``): of an asset that is there, a column
    which the list lacks stays as it is, whereas an empty cell empties it.
    Raises RefuseToStartError with every fault, as ``name:line``. Days begin at midnight of ``zone``.
    """
    reader = _Reader(name, registry, ZoneInfo(zone), only, known)
    reader.read(data)
    reader.faults.refuse()
    return tuple(reader.assets.values())


def read_first_assets(path: Path, registry: Registry, zone: str) -> tuple[Asset, ...]:
    """The list ``configs/assets/FACILITY.csv``, of that facility alone; raises RefuseToStartError with every fault."""
    return read_sheet(path.read_bytes(), shown(path), registry, zone=zone, only=path.stem)


@dataclass(slots=True)
class _Told:
    """One fault, however many lines have it."""

    number: int
    line: int
    hint: str
    times: int = 1


@dataclass(slots=True)
class _Names:
    """What a facility's lines may name."""

    facility: Facility
    devices: Collection[str]
    known: Lookup
    departments: Collection[str] = field(init=False)

    def __post_init__(self) -> None:
        self.departments = [code for code, place in self.facility.places.items() if place.kind == "department"]


class _Reader:
    def __init__(
        self, name: str, registry: Registry, zone: ZoneInfo, only: str, known: Callable[[str], Lookup]
    ) -> None:
        self.faults = Faults("T")  # tài sản
        self.assets: dict[tuple[str, str], Asset] = {}
        self._name = name
        self._registry = registry
        self._zone = zone
        self._only = only
        self._known_of = known
        self._names: dict[str, _Names] = {}
        self._lines: dict[tuple[str, str], int] = {}
        self._told: dict[str, _Told] = {}
        self._line = 1
        self._count = 0  # of faults

    def read(self, data: bytes) -> None:
        try:
            rows = read_rows(data)
        except SheetError as error:
            self._line = error.line
            self._fault(2, error.what, error.hint)
        else:
            self._rows(rows)
        for what, told in self._told.items():
            more = f" (and {told.times - 1} more line{'s' if told.times > 2 else ''})" if told.times > 1 else ""
            self.faults.add(told.number, f"{self._name}:{told.line}", what + more, told.hint)

    def _rows(self, rows: list[Row]) -> None:
        if not rows:
            self._fault(5, f"there is no line with the columns {', '.join(COLUMNS)}.")
            return
        self._line = rows[0].line
        names = self._header(rows[0].cells)
        if self._told:
            return  # what the cells mean is not known
        for self._line, cells in rows[1:]:
            if any(cells[len(names) :]):
                self._fault(6, f"this line has {len(cells)} cells and the first one {len(names)}.")
                continue
            missing = [""] * (len(names) - len(cells))  # Excel leaves out empty cells at the end
            self._asset({name: cell for name, cell in zip(names, cells + missing, strict=False) if name})
        if not self.assets and not self._told:
            self._fault(5, "there is no asset in it.")

    def _header(self, cells: list[str]) -> list[str]:
        names = [cell.lower() for cell in cells]
        for name in dict.fromkeys(names):
            if name and name not in COLUMNS:
                self._fault(4, f"there is no column {name!r}.", hint_for(name, COLUMNS))
            elif name and names.count(name) > 1:
                self._fault(3, f"the column {name!r} stands here twice.")
        for name in NEEDED:
            if name not in names:
                self._fault(5, f"the column {name!r} is missing.")
        return names

    def _asset(self, given: dict[str, str]) -> None:
        before = self._count
        facility = self._facility(given["facility"])
        code = self._code(given["code"])
        from_ns = self._time(given.get("from", ""))
        cells = given | self._kept(facility, code, from_ns, given) if facility else given
        kind = self._kind(cells["kind"])
        texts = {name: self._text(name, cells.get(name, "")) for name in TEXTS}
        watched = cells.get("watched", "").casefold()
        if watched not in YES | NO:
            self._fault(6, f"watched: {watched!r} is neither yes nor no.", "Write 1 or 0, yes or no, có or không.")
        end = self._day("contract_end", cells.get("contract_end", ""))
        where = self._where(facility, cells, given) if facility else None
        if self._count != before or facility is None or kind is None or where is None:
            return
        key = (facility.code, code)
        if self._twice(key):
            return
        site, department, place, device = where
        self._lines[key] = self._line
        self.assets[key] = Asset(
            facility=facility.code,
            site=site,
            code=code,
            kind=kind,
            department=department,
            place=place,
            device=device,
            contract_end=end,
            watched=watched in YES or bool(device),
            from_ns=from_ns,
            name=texts["name"],
            owner=texts["owner"],
            address=texts["address"],
            model=texts["model"],
            serial=texts["serial"],
            supplier=texts["supplier"],
            contract=texts["contract"],
        )

    def _twice(self, key: tuple[str, str]) -> bool:
        if key in self.assets:
            self._fault(14, f"the asset {key[1]!r} stands here a second time (first in line {self._lines[key]}).")
        return key in self.assets

    def _facility(self, code: str) -> Facility | None:
        facility = self._registry.facilities.get(code)
        if not code:
            self._fault(5, "facility is empty.")
        elif facility is None:
            self._fault(10, f"there is no facility {code!r}.", hint_for(code, self._registry.facilities))
        elif self._only and code != self._only:
            self._fault(17, f"this list is for the assets of {self._only!r}, not of {code!r}.")
            return None
        return facility

    def _kind(self, word: str) -> AssetKind | None:
        kind = KINDS.get(word.casefold())
        if kind is None:
            self._fault(6, f"kind: {word!r} is not known.", hint_for(word.lower(), NAMES))
        return kind

    def _code(self, code: str) -> str:
        if not code:
            self._fault(5, "code is empty.")
        elif CODE.fullmatch(code) is None:
            self._fault(6, f"code: {code[:64]!r} is no code.", "Letters, digits, '-', '_' and '.', at most 64.")
        return code

    def _names_of(self, facility: Facility) -> _Names:
        names = self._names.get(facility.code)
        if names is None:
            devices = {one.code for one in self._registry.devices_of(facility.code)}
            names = self._names[facility.code] = _Names(facility, devices, self._known_of(facility.code))
        return names

    def _kept(self, facility: Facility, code: str, from_ns: int, given: dict[str, str]) -> dict[str, str]:
        """The cells of columns that the list lacks, as the register says of this asset."""
        old = self._names_of(facility).known(code, from_ns)
        if old is None:
            return {}
        values = {name: getattr(old, name) for name in COLUMNS if name not in given and name not in (*NEEDED, "from")}
        if given.get("place", old.place) not in ("", old.place):
            values.pop("department", None)  # it has moved: they follow from the place
        place, department = (given.get(name, values.get(name, "")) for name in ("place", "department"))
        if place in facility.places or department in facility.places:
            values.pop("site", None)
        watched = {"watched": str(int(old.watched))} if "watched" in values else {}
        return {name: str(value or "") for name, value in values.items()} | watched

    def _where(
        self, facility: Facility, cells: dict[str, str], given: Collection[str]
    ) -> tuple[str, str, str, str] | None:
        """Site, department, place and device, where the facility has them and they fit together.

        What the list itself does not say is not checked: nobody mends the register by a column that is not there.
        """
        before = self._count
        site, department = cells.get("site", ""), cells.get("department", "")
        place, device = cells.get("place", ""), cells.get("device", "")
        names = self._names_of(facility)
        for name, number, codes in (
            ("site", 11, facility.sites),
            ("department", 12, names.departments),
            ("place", 13, facility.places),
            ("device", 18, names.devices),
        ):
            if name in given:
                self._known(name, number, cells[name], codes, facility)
        if self._count != before:
            return None
        known = facility.places.get(place) or facility.places.get(department)
        only = next(iter(facility.sites)) if len(facility.sites) == 1 else ""
        found = site or (known.site if known else only)
        if not found:
            self._fault(5, f"site is empty, and {facility.code} has {len(facility.sites)} of them.")
        if known and known.site != found:
            self._fault(15, f"{known.code!r} lies in the site {known.site!r}, not in {found!r}.")
        lies_in = known.department or (known.code if known.kind == "department" else "") if known else ""
        return found, department or lies_in, place, device

    def _known(self, name: str, number: int, code: str, codes: Iterable[str], facility: Facility) -> None:
        if code and code not in codes:
            self._fault(number, f"{facility.code} has no {name} {code!r}.", hint_for(code, codes))

    def _text(self, name: str, text: str) -> str:
        if len(text) > LONGEST or not text.isprintable():
            self._fault(6, f"{name}: {text[:40]!r}… is too long or not printable: at most {LONGEST} characters.")
        return text

    def _day(self, name: str, word: str) -> date | None:
        """A day, also as people here write it."""
        for form in DATES:
            try:
                return datetime.strptime(word, form).date() if word else None  # noqa: DTZ007 (a day has no zone)
            except ValueError:
                continue
        self._fault(6, f"{name}: {word!r} is no day.", "Write 2026-01-31 or 31/01/2026.")
        return None

    def _time(self, word: str) -> int:
        """A day (its midnight here) or a moment, in ns; 0 where there is none."""
        if len(word) > 10:
            try:
                return parse_rfc3339(word)
            except ValueError:
                self._fault(6, f"from: {word!r} is neither a day (2026-01-31) nor a time with its zone.")
                return 0
        day = self._day("from", word)
        midnight = datetime.combine(day, datetime.min.time(), self._zone) if day else None
        return int(midnight.timestamp()) * SECOND if midnight else 0

    def _fault(self, number: int, what: str, hint: str = "") -> None:
        self._count += 1
        if what in self._told:
            self._told[what].times += 1
        else:
            self._told[what] = _Told(number, self._line, hint)
