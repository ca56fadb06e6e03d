"""A list of beds as people write it: CSV, also as Excel saves it. Every fault is told with its line, at once."""

import csv
import io
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from ioc.beds.model import Bed, BedKind, Ward, wards_of
from ioc.catalogue import Text
from ioc.config import Faults, hint_for, shown
from ioc.domain import SECOND, Spot, parse_rfc3339
from ioc.registry import Facility, Registry

COLUMNS = ("facility", "site", "department", "ward", "room", "bed", "kind", "planned", "actual", "staffed", "from")
NEEDED = ("facility", "ward", "bed", "planned", "actual", "staffed")
DELIMITERS = ",;\t"
LONGEST = 64
YES = frozenset({"1", "yes", "y", "true", "x", "có", "co"})
NO = frozenset({"0", "no", "n", "false", "không", "khong"})
KINDS = [kind.value for kind in BedKind]

TakenIn = Callable[[str], Iterable[Ward]]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The beds of a list, ``from_ns`` 0 where it does not say from when; and the wards in it that nobody knows yet
    (only where such were asked for)."""

    beds: tuple[Bed, ...]
    wards: tuple[Ward, ...] = ()


def read_sheet(
    data: bytes, name: str, registry: Registry, taken_in: TakenIn, *, zone: str, new_wards: bool = False
) -> Sheet:
    """The list in ``data``; raises RefuseToStartError with every fault, as ``name:line``.

    ``taken_in`` gives the wards of a facility beside those of the registry's files. A ward that neither knows is a
    fault, or with ``new_wards`` one to be taken in. Days begin at midnight of ``zone``.
    """
    reader = _Reader(name, registry, taken_in, ZoneInfo(zone), new_wards=new_wards)
    reader.read(data)
    reader.faults.refuse()
    return Sheet(tuple(reader.beds.values()), tuple(reader.new.values()))


def read_first_beds(path: Path, registry: Registry, zone: str) -> Sheet:
    """The list ``configs/beds/FACILITY.csv``: of that facility alone, and only of wards that its file names.

    Raises RefuseToStartError with every fault.
    """
    reader = _Reader(shown(path), registry, lambda _: (), ZoneInfo(zone), new_wards=False)
    reader.only = path.stem
    reader.read(path.read_bytes())
    reader.faults.refuse()
    return Sheet(tuple(reader.beds.values()))


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
    wards: Mapping[str, Ward]
    departments: Collection[str] = field(init=False)

    def __post_init__(self) -> None:
        self.departments = [code for code, place in self.facility.places.items() if place.kind == "department"]


class _Reader:
    def __init__(self, name: str, registry: Registry, taken_in: TakenIn, zone: ZoneInfo, *, new_wards: bool) -> None:
        self.faults = Faults("G")  # giường
        self.beds: dict[tuple[str, Spot], Bed] = {}
        self.new: dict[tuple[str, str], Ward] = {}
        self.only = ""  # the one facility that may be named, where it is not any
        self._name = name
        self._registry = registry
        self._taken_in = taken_in
        self._zone = zone
        self._new_wards = new_wards
        self._known: dict[str, _Names] = {}
        self._lines: dict[tuple[str, Spot], int] = {}
        self._told: dict[str, _Told] = {}
        self._line = 0
        self._count = 0  # of faults

    def read(self, data: bytes) -> None:
        try:
            text = unicodedata.normalize("NFC", data.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            self._line = data[: error.start].count(b"\n") + 1
            self._fault(2, "is not UTF-8 text.", "In Excel: Save as, CSV UTF-8 (comma delimited).")
        else:
            try:
                rows = self._rows(text)
                if header := next(rows, None):
                    self._read(self._header(header), rows)
                else:
                    self._fault(5, f"there is no line with the columns {', '.join(COLUMNS[:-1])}.")
            except csv.Error as error:
                self._fault(2, f"is not CSV: {error}.", "Look at the quotes of this line.")
        for what, told in self._told.items():
            more = f" (and {told.times - 1} more line{'s' if told.times > 2 else ''})" if told.times > 1 else ""
            self.faults.add(told.number, f"{self._name}:{told.line}", what + more, told.hint)

    def _rows(self, text: str) -> Iterator[list[str]]:
        """The lines that hold anything, as cells without spaces around them."""
        first = text.split("\n", 1)[0].strip()
        skip = first.lower().startswith("sep=") and len(first) == 5  # Excel's own way to name the delimiter
        delimiter = first[4] if skip else max(DELIMITERS, key=first.count)
        self._line = done = 0
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        while True:
            self._line = done + 1  # where the next one begins: it may run over several lines
            row = next(reader, None)
            if row is None:
                return
            done = reader.line_num
            cells = [cell.strip() for cell in row]
            if any(cells) and not (skip and self._line == 1):
                yield cells

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

    def _read(self, names: list[str], rows: Iterator[list[str]]) -> None:
        if self._told:
            return  # what the cells mean is not known
        for cells in rows:
            if len(cells) < len(names) or any(cells[len(names) :]):
                self._fault(6, f"this line has {len(cells)} cells and the first one {len(names)}.")
                continue
            self._bed({name: cell for name, cell in zip(names, cells, strict=False) if name})
        if not self.beds and not self._told:
            self._fault(5, "there is no bed in it.")

    def _bed(self, cells: dict[str, str]) -> None:
        before = self._count
        names = self._names(cells["facility"])
        flags = [self._yes_or_no(name, cells[name]) for name in ("planned", "actual", "staffed")]
        kind = self._kind(cells.get("kind", ""))
        from_ns = self._time(cells.get("from", ""))
        spot = Spot(cells["ward"], cells.get("room", ""), cells["bed"])
        for name, word in (("ward", spot.ward), ("room", spot.room), ("bed", spot.bed)):
            if not word and name != "room":
                self._fault(5, f"{name} is empty.")
            elif len(word) > LONGEST or not word.isprintable():
                self._fault(6, f"{name}: {word[:LONGEST]!r} is no name: at most {LONGEST} printable characters.")
        if kind is BedKind.ADD_ON and any(flags[:2]):
            self._fault(16, "an add-on bed is neither planned nor actual.", "Write 0 for both.")
        ward = self._ward(names, spot.ward, cells.get("site", ""), cells.get("department", "")) if names else None
        if self._count != before or ward is None:
            return
        key = (ward.facility, spot)
        if key in self.beds:
            what = f"the bed {' '.join(filter(None, (spot.ward, spot.room, spot.bed)))} stands here a second time"
            self._fault(14, f"{what} (first in line {self._lines[key]}).", "Take one of them away.")
            return
        self._lines[key] = self._line
        planned, actual, staffed = flags
        self.beds[key] = Bed(
            ward.facility, ward.site, ward.department, spot, kind, planned, actual, staffed, from_ns=from_ns
        )

    def _names(self, code: str) -> _Names | None:
        if not code:
            self._fault(5, "facility is empty.")
            return None
        facility = self._registry.facilities.get(code)
        if facility is None:
            self._fault(10, f"there is no facility {code!r}.", hint_for(code, self._registry.facilities))
            return None
        if self.only and code != self.only:
            self._fault(17, f"this file is for the beds of {self.only!r}, not of {code!r}.")
            return None
        if code not in self._known:
            self._known[code] = _Names(facility, wards_of(facility, self._taken_in(code)))
        return self._known[code]

    def _ward(self, names: _Names, code: str, site: str, department: str) -> Ward | None:
        """The ward of a line, where the line says nothing else of it than is known."""
        facility = names.facility
        if site and site not in facility.sites:
            self._fault(11, f"{facility.code} has no site {site!r}.", hint_for(site, facility.sites))
            return None
        if department and department not in names.departments:
            hint = hint_for(department, names.departments)
            self._fault(12, f"{facility.code} has no department {department!r}.", hint)
            return None
        ward = names.wards.get(code) or self.new.get((facility.code, code))
        if ward is None:
            return self._new_ward(names, code, site, department)
        for name, said, known in (("site", site, ward.site), ("department", department, ward.department)):
            if said and said != known:
                where = f"lies in the {name} {known!r}" if known else f"lies in no {name}"
                self._fault(15, f"the ward {code!r} {where}, not in {said!r}.", f"Write {known!r}, or nothing.")
        return ward

    def _new_ward(self, names: _Names, code: str, site: str, department: str) -> Ward | None:
        facility = names.facility
        if not self._new_wards:
            add = f"Add it to places in configs/registry/{facility.code}.yaml, or import with --new-wards."
            hint = f"{hint_for(code, names.wards)} {add}" if code else ""
            self._fault(13, f"{facility.code} has no ward {code!r}.", hint.strip())
            return None
        if not site and len(facility.sites) > 1:
            self._fault(5, f"site is empty, and {facility.code} has {len(facility.sites)} of them.")
            return None
        where = site or next(iter(facility.sites))
        ward = self.new[facility.code, code] = Ward(
            facility.code, code, Text(code, code), where, department, taken_in=True
        )
        return ward

    def _kind(self, word: str) -> BedKind:
        if not word or word.lower() in KINDS:
            return BedKind(word.lower() or BedKind.GENERAL)
        self._fault(6, f"kind: {word!r} is not known.", hint_for(word.lower(), KINDS))
        return BedKind.GENERAL

    def _yes_or_no(self, name: str, word: str) -> bool:
        if not word:
            self._fault(5, f"{name} is empty.", "Write 1 or 0.")
        elif word.casefold() not in YES | NO:
            self._fault(6, f"{name}: {word!r} is neither yes nor no.", "Write 1 or 0, yes or no, có or không.")
        return word.casefold() in YES

    def _time(self, word: str) -> int:
        """A day (its midnight here) or a moment, in ns; 0 where there is none."""
        try:
            if not word or len(word) > 10:
                return parse_rfc3339(word) if word else 0
            day = datetime.combine(date.fromisoformat(word), datetime.min.time(), self._zone)
        except ValueError:
            what = f"from: {word!r} is neither a day (2026-01-31) nor a time with its zone."
            self._fault(6, what)
            return 0
        return int(day.timestamp()) * SECOND

    def _fault(self, number: int, what: str, hint: str = "") -> None:
        self._count += 1
        if what in self._told:
            self._told[what].times += 1
        else:
            self._told[what] = _Told(number, self._line, hint)
