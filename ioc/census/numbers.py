"""The numbers that a census gives, by the measurement and tags that they are written under."""

import hashlib
import re
from operator import attrgetter

from ioc.census.model import Census

SOURCE = "census"
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*", flags=re.ASCII)
_OTHER = re.compile(r"[^A-Za-z0-9._-]+", flags=re.ASCII)

_BEDS = {
    "planned": attrgetter("planned"),
    "actual": attrgetter("actual"),
    "staffed": attrgetter("staffed"),
    "occupied": attrgetter("occupied"),
    "shared": attrgetter("shared"),
    "avail": attrgetter("available"),
    "blocked": attrgetter("blocked"),
    "dirty": attrgetter("dirty"),
}
_PATIENTS = {
    "inpatient": attrgetter("patients"),
    "admitted": attrgetter("balance.admitted"),
    "discharged": attrgetter("balance.discharged"),
    "died": attrgetter("balance.died"),
    "transfer_in": attrgetter("balance.transferred_in"),
    "transfer_out": attrgetter("balance.transferred_out"),
    "without_bed": attrgetter("without_bed"),
}
_EMERGENCY = ("census", "arr")
FIELDS = {"bed": tuple(_BEDS), "pt": tuple(_PATIENTS), "ed": _EMERGENCY}  # by measurement

Fields = dict[str, float]
Numbers = dict[str, Fields]  # by prefix: the measurement with its tags, as a frame has it


def ward_tag(code: str) -> str:
    """A ward's code as a tag can hold it: itself where it is one, else what is left of it with six digits of its hash.

    Wards are called as the people of a hospital call them, and two of them must not become one.
    """
    if _CODE.fullmatch(code):
        return code
    digest = hashlib.blake2b(code.encode("utf-8", "replace"), digest_size=3).hexdigest()
    left = _OTHER.sub("-", code).strip("-._")
    return f"{left}-{digest}" if left else f"ward-{digest}"


def prefix_of(measurement: str, **tags: str) -> str:
    """A measurement with its tags in their order, the source of all these numbers among them."""
    return ",".join([measurement, *(f"{name}={value}" for name, value in sorted({**tags, "source": SOURCE}.items()))])


def numbers_of(census: Census) -> Numbers:
    """All numbers of a facility: beds and patients of each ward, emergency visits of each site.

    A ward that is empty has zeros. Ratios are not among them: they are computed where they are read.
    """
    numbers: Numbers = {}
    for ward in census.wards:
        tags = {"facility": census.facility, "site": ward.site, "ward": ward_tag(ward.code)}
        numbers[prefix_of("bed", **tags)] = {name: float(get(ward)) for name, get in _BEDS.items()}
        numbers[prefix_of("pt", **tags)] = {name: float(get(ward)) for name, get in _PATIENTS.items()}
    for site, (patients, arrivals) in census.emergency_by_site.items():
        prefix = prefix_of("ed", facility=census.facility, site=site)
        numbers[prefix] = dict(zip(_EMERGENCY, (float(patients), float(arrivals)), strict=True))
    return numbers


def sums_of(numbers: Numbers, **tags: str) -> Numbers:
    """The same numbers added up by measurement, under these tags instead of their own."""
    sums: Numbers = {}
    for prefix, fields in numbers.items():
        added = sums.setdefault(prefix_of(prefix.partition(",")[0], **tags), dict.fromkeys(fields, 0.0))
        for name, value in fields.items():
            added[name] += value
    return sums


def line_of(prefix: str, fields: Fields, quality: str) -> str:
    """Line protocol, as ``ioc.domain.Frame.line`` writes it, but for the time at its end."""
    values = ",".join([f"{name}={value!r}" for name, value in fields.items()])
    return f'{prefix} {values},quality="{quality}"'
