"""Reading ``configs/registry/``: ``kinds.yaml``, and one file a facility, named after its code."""

from collections.abc import Collection, Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

from ioc.catalogue import Catalogue
from ioc.config import Document, Faults, hint_for, shown, validate, yaml_files
from ioc.errors import Fault
from ioc.registry.devices import DeviceReader
from ioc.registry.kinds import read_kinds
from ioc.registry.model import Device, Facility, Place, Registry, Site
from ioc.registry.places import read_places
from ioc.registry.shapes import SHORT_MAX, FacilityFile, KindsFile, check_code

KINDS = "kinds"
ZONE = "Asia/Ho_Chi_Minh"


def load_registry(config_dir: Path, catalogue: Catalogue, zone: str = ZONE) -> Registry:
    """The registry of ``config_dir``; raises RefuseToStartError with every fault found.

    Days in it begin at midnight of ``zone``.
    """
    registry, found = read_registry(config_dir, catalogue, zone)
    faults = Faults("R")
    faults.found = found
    faults.refuse()
    return registry


def read_registry(config_dir: Path, catalogue: Catalogue, zone: str = ZONE) -> tuple[Registry, list[Fault]]:
    """As much of the registry as can be read, and every fault: for those who report on more than the registry."""
    faults = Faults("R")
    documents = {document.path.stem: document for document in yaml_files(config_dir / "registry", faults)}
    shared = documents.pop(KINDS, None)
    if shared is None:
        if documents and not (config_dir / "registry" / f"{KINDS}.yaml").exists():
            faults.add(1, shown(config_dir / "registry"), "has no kinds.yaml, which names provinces and kinds.")
        return Registry({}, {}, {}), faults.found
    file = validate(KindsFile, shared, faults)
    provinces = {code: title.text() for code, title in file.provinces.items()} if file else {}
    for code in provinces:
        check_code(code, shared.where(("provinces", code)), faults)
    kinds = read_kinds(shared, catalogue, faults)
    facilities: dict[str, Facility] = {}
    devices: dict[tuple[str, str], Device] = {}
    for code, document in documents.items():
        check_code(code, document.where(), faults)
        head = validate(FacilityFile, document, faults)
        places = read_places(document, faults)
        found = list(DeviceReader(document, ZoneInfo(zone), places, faults).read(kinds))
        if head:
            _check_head(head, document, provinces if file else {head.province}, faults)
            facilities[code] = _facility(code, head, places)
            devices |= {(code, device.code): device for device in found if places[device.area]}
    in_order = dict(sorted(facilities.items(), key=lambda item: item[1].test))
    return Registry(provinces, in_order, devices), faults.found


def _check_head(head: FacilityFile, document: Document, provinces: Collection[str], faults: Faults) -> None:
    if head.province not in provinces:
        hint = hint_for(head.province, provinces)
        faults.add(11, document.where(("province",)), f"there is no province {head.province!r}.", hint)
    for language, short in head.short.model_dump().items():
        if len(short) > SHORT_MAX:
            what = f"{short!r} has {len(short)} characters; {SHORT_MAX} fit on a wall."
            faults.add(18, document.where(("short", language)), what)


def _facility(code: str, head: FacilityFile, places: Mapping[str, Place | None]) -> Facility:
    return Facility(
        code=code,
        title=head.title.text(),
        short=head.short.text(),
        province=head.province,
        level=head.level,
        sites={site: Site(site, title.text()) for site, title in head.sites.items()},
        places={name: place for name, place in places.items() if place},
        demo=head.demo,
        test=head.test,
    )
