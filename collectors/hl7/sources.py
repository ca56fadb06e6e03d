"""``configs/collectors/hl7.yaml``: who may send, for which facility, and what its codes mean."""

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BeforeValidator, Field, model_validator

from collectors.hl7.charset import UTF_8, codec
from ioc.config import Document, Faults, Shape, hint_for, load_yaml, validate, validate_each
from ioc.domain import Disposition, Quality, VisitClass
from ioc.errors import Fault
from ioc.registry import Registry

FILE = Path("collectors") / "hl7.yaml"
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", flags=re.ASCII)
ZONE = "Asia/Ho_Chi_Minh"
CLASSES: Mapping[VisitClass, tuple[str, ...]] = {  # PV1-2, table 0004; B is obstetrics, P pre-admitted
    VisitClass.INPATIENT: ("I", "B", "P"),
    VisitClass.EMERGENCY: ("E",),
    VisitClass.OUTPATIENT: ("O",),
}
DIED = ("20", "40", "41", "42")  # PV1-36, table 0112
ELSEWHERE = ("02", "03", "04", "05")
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


def _classes() -> dict[str, VisitClass]:
    return {word: kind for kind, words in CLASSES.items() for word in words}


def _dispositions() -> dict[str, Disposition]:
    return dict.fromkeys(ELSEWHERE, Disposition.ELSEWHERE) | dict.fromkeys(DIED, Disposition.DIED)


@dataclass(frozen=True, slots=True)
class Location:
    """Which component of PV1-3 names what; 0 where none does."""

    ward: int = 1
    room: int = 2
    bed: int = 3


@dataclass(frozen=True, slots=True)
class Source:
    """One sender. ``application`` and ``sender`` are its MSH-3.1 and MSH-4.1, empty where any will do."""

    name: str
    facility: str
    application: str = ""
    sender: str = ""
    peers: tuple[Network, ...] = ()
    allowed: bool = True
    test_messages: bool = False
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo(ZONE))
    charset: str = UTF_8
    quality: Quality = Quality.GOOD
    location: Location = Location()
    wards: Mapping[str, str] = field(default_factory=dict)
    classes: Mapping[str, VisitClass] = field(default_factory=_classes)
    dispositions: Mapping[str, Disposition] = field(default_factory=_dispositions)
    moved_by_update: bool = False

    def speaks_as(self, application: str, sender: str) -> bool:
        """Whether that is how it names itself."""
        return self.application in ("", application) and self.sender in ("", sender)

    def may_speak_from(self, peer: str) -> bool:
        """Whether it may send from this address; where none is known (a message sent again) it may."""
        if not self.peers or not peer:
            return True
        try:
            address = ipaddress.ip_address(peer)
        except ValueError:
            return False
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        return any(address in network for network in self.peers)


class Sources:
    """All senders; the one that is named more exactly comes first."""

    def __init__(self, sources: Iterable[Source] = ()) -> None:
        self._all = sorted(sources, key=lambda it: (not it.application, not it.sender, not it.peers))
        self.by_name = {source.name: source for source in self._all}

    def __iter__(self) -> Iterator[Source]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def named(self, application: str, sender: str) -> list[Source]:
        """Those that call themselves so, wherever they are."""
        return [source for source in self._all if source.speaks_as(application, sender)]


def _code_in_quotes(value: object) -> object:
    """``01`` without quotes is the number 1: the zero would be lost."""
    if not isinstance(value, str):
        raise ValueError(f"the code {value} needs quotes, such as '01'")  # noqa: TRY004 (pydantic's)
    return value


HisCode = Annotated[str, BeforeValidator(_code_in_quotes), Field(min_length=1)]


class SenderShape(Shape):
    """MSH-3.1 and MSH-4.1 of what it sends; at least one of them."""

    application: HisCode | None = None
    facility: HisCode | None = None

    @model_validator(mode="after")
    def _names_somebody(self) -> "SenderShape":
        if self.application is None and self.facility is None:
            raise ValueError("application (MSH-3) or facility (MSH-4) is needed, or both")
        return self


class LocationShape(Shape):
    """The numbers of components of PV1-3; 0 where the HIS does not name it."""

    ward: int = Field(default=1, ge=1, le=20)
    room: int = Field(default=2, ge=0, le=20)
    bed: int = Field(default=3, ge=0, le=20)


class SourceShape(Shape):
    """One line of ``sources``."""

    facility: str
    sender: SenderShape
    peers: list[str] = Field(default_factory=list)
    allowed: bool = True
    test_messages: bool = False
    timezone: str = ""
    charset: str = "UNICODE UTF-8"
    quality: Literal["good", "sim"] = "good"
    location: LocationShape = LocationShape()
    wards: dict[str, str] = Field(default_factory=dict)
    inpatient: list[HisCode] | None = None
    emergency: list[HisCode] | None = None
    outpatient: list[HisCode] | None = None
    died: list[HisCode] | None = None
    elsewhere: list[HisCode] | None = None
    moved_by_update: bool = False


class SourcesFile(Shape):
    """The whole file."""

    sources: dict[str, Any]  # each a SourceShape


def load_sources(config_dir: Path, registry: Registry, zone: str = ZONE) -> Sources:
    """The senders of ``config_dir``, none where it has no such file; raises RefuseToStartError with every fault."""
    sources, found = read_sources(config_dir, registry, zone)
    faults = Faults("H")
    faults.found = found
    faults.refuse()
    return sources


def read_sources(config_dir: Path, registry: Registry, zone: str = ZONE) -> tuple[Sources, list[Fault]]:
    """As many of the senders as can be read, and every fault. ``zone`` is for those that name none."""
    faults = Faults("H")
    if not (config_dir / FILE).exists():
        return Sources(), faults.found
    document = None
    with faults.collecting():
        document = load_yaml(config_dir / FILE, faults.area)
    if document is None or validate(SourcesFile, document, faults) is None:
        return Sources(), faults.found
    shapes = validate_each(SourceShape, document, faults, ("sources",))
    sources = [
        _source(name, shape, _Reader(document, name, faults), registry, zone) for name, shape in shapes.items() if shape
    ]
    _check_apart(sources, document, faults)
    return Sources(sources), faults.found


class _Reader:
    """Where in the file a source stands, for its faults."""

    def __init__(self, document: Document, name: str, faults: Faults) -> None:
        self._document = document
        self._name = name
        self._faults = faults

    def fault(self, number: int, where: tuple[str | int, ...], what: str, hint: str = "") -> None:
        """Note one."""
        at = self._document.where(("sources", self._name, *where))
        self._faults.add(number, at, f"{self._name}: {what}", hint)


def _source(name: str, shape: SourceShape, reader: _Reader, registry: Registry, zone: str) -> Source:
    if not CODE.fullmatch(name):
        reader.fault(10, (), "this is no code: letters, digits, . _ and -, the first a letter or a digit, at most 64.")
    if name == "hl7":
        reader.fault(11, (), "this name is kept for senders that are in no file.", "Take another, such as his-main.")
    if shape.facility not in registry.facilities:
        hint = hint_for(shape.facility, registry.facilities)
        reader.fault(12, ("facility",), f"the registry has no facility {shape.facility!r}.", hint)
    return Source(
        name=name,
        facility=shape.facility,
        application=shape.sender.application or "",
        sender=shape.sender.facility or "",
        peers=tuple(_networks(shape.peers, reader)),
        allowed=shape.allowed,
        test_messages=shape.test_messages,
        zone=_zone(shape.timezone or zone, reader),
        charset=_charset(shape.charset, reader),
        quality=Quality(shape.quality),
        location=Location(**shape.location.model_dump()),
        wards=shape.wards,
        classes=dict(_codes(shape, CLASSES, reader)),
        dispositions=dict(_codes(shape, {Disposition.ELSEWHERE: ELSEWHERE, Disposition.DIED: DIED}, reader)),
        moved_by_update=shape.moved_by_update,
    )


def _codes(shape: SourceShape, usual: Mapping[Any, tuple[str, ...]], reader: _Reader) -> Iterator[tuple[str, Any]]:
    """Each code with what it means; one that would mean two things is a fault."""
    meant: dict[str, Any] = {}
    given = {kind: getattr(shape, kind.value) for kind in usual}
    for kind, words in given.items():
        for index, word in enumerate(words or ()):
            if meant.setdefault(word, kind) is not kind:
                reader.fault(16, (kind.value, index), f"the code {word!r} stands under {meant[word].value} as well.")
    for kind, words in given.items():
        if words is None:
            yield from ((word, kind) for word in usual[kind] if word not in meant)
    yield from meant.items()


def _networks(peers: list[str], reader: _Reader) -> Iterator[Network]:
    for index, peer in enumerate(peers):
        try:
            yield ipaddress.ip_network(peer)
        except ValueError as error:
            reader.fault(13, ("peers", index), f"{error}.", "Write an address (10.1.2.3) or a network (10.1.2.0/24).")


def _zone(name: str, reader: _Reader) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        reader.fault(14, ("timezone",), f"{name!r} is no time zone.", hint_for(name, available_timezones()))
        return ZoneInfo("UTC")


def _charset(name: str, reader: _Reader) -> str:
    found = codec(name)
    if not found:
        known = ("ASCII", "8859/1", "UNICODE UTF-8", "CP1258")
        reader.fault(15, ("charset",), f"{name!r} is no character set that is read.", hint_for(name, known))
    return found or UTF_8


def _check_apart(sources: list[Source], document: Document, faults: Faults) -> None:
    """Two senders that nothing tells apart would take each other's messages."""
    seen: dict[tuple[object, ...], str] = {}
    for source in sources:
        who = (source.application, source.sender, source.peers)
        other = seen.setdefault(who, source.name)
        if other != source.name:
            what = f"{source.name}: nothing tells it from {other}: the same sender, and the same peers."
            faults.add(17, document.where(("sources", source.name, "sender")), what)
