"""A facility's sites and places: what lies in what."""

from collections.abc import Mapping

from ioc.config import Document, Faults, hint_for, validate_each
from ioc.registry.model import Place
from ioc.registry.shapes import PlaceShape, check_code


def read_places(document: Document, faults: Faults) -> dict[str, Place | None]:
    """Every place by its code; None where its entry is faulty, so that what uses it is not reported as well."""
    shapes = validate_each(PlaceShape, document, faults, ("places",))
    sites = _names(document, "sites")
    for site in sites:
        check_code(site, document.where(("sites", site)), faults)
    places: dict[str, Place | None] = {}
    for code, shape in shapes.items():
        where = ("places", code)
        check_code(code, document.where(where), faults)
        chain = _around(code, shapes, document, faults)
        places[code] = None
        if shape is None or None in (shapes.get(found.in_) for _, found in chain if found.in_):
            continue
        owner = next((name for name, found in chain if found.site), chain[-1][0])
        site = dict(chain)[owner].site or (sites[0] if len(sites) == 1 else "")
        if site not in sites:
            what = f"{owner}: there is no site {site!r}." if site else f"{owner}: in which of the sites?"
            faults.add(12, document.where(("places", owner, "site")), what, hint_for(site, sites))
            continue
        of_kind = {found.kind: name for name, found in reversed(chain)}
        department, ward = of_kind.get("department", ""), of_kind.get("ward", "")
        places[code] = Place(code, shape.text(), shape.kind, site, department, ward, shape.in_)
    return places


def _names(document: Document, key: str) -> list[str]:
    found = document.data.get(key) if isinstance(document.data, dict) else None
    return list(found) if isinstance(found, dict) else []


def _around(
    code: str, shapes: Mapping[str, PlaceShape | None], document: Document, faults: Faults
) -> list[tuple[str, PlaceShape]]:
    """The place and what it lies in, outwards."""
    chain: dict[str, PlaceShape] = {}
    inner = code
    while code:
        if code in chain:
            faults.add(13, document.where(("places", code, "in")), f"{code} lies in itself.")
            break
        if code not in shapes:
            where = document.where(("places", inner, "in"))
            faults.add(13, where, f"there is no place {code!r}.", hint_for(code, shapes))
            break
        shape = shapes[code]
        if shape is None:
            break
        chain[code] = shape
        inner, code = code, shape.in_
    return list(chain.items())
