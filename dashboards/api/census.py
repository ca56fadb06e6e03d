"""``/api/v1/census``: the beds and wards of a facility, now or at any minute of the past."""

from collections.abc import Mapping
from typing import Any

from flask import Response

from dashboards.access import narrowed
from dashboards.api import params
from dashboards.api.answers import as_json
from dashboards.beds.scene import ward_title
from dashboards.census import of_site
from dashboards.errors import bad_request, not_found
from dashboards.i18n import current_language
from dashboards.services import services
from ioc.beds import Ward
from ioc.census import Balance, BedNow, Census, WardNow
from ioc.domain import rfc3339

Json = dict[str, Any]
NAMES = ("facility", "site", "at")


def census() -> Response:
    """Every ward that the asker may see, with its beds, and the balance of the day up to that moment."""
    params.only(*NAMES)
    _, facility, site = narrowed("board", params.text("facility"), params.text("site"))
    if not facility:
        raise bad_request("facility", "is missing", "Give a code of the registry, such as facility=bv01.")
    own = services()
    known = own.registry.facilities.get(facility)
    if known is None:
        raise not_found(f"there is no facility {facility!r}", params.meant(facility, own.registry.facilities))
    params.known_facility(facility, site)
    now_ns = own.clock.now_ns()
    at_ns = params.time_ns("at", now_ns)
    if at_ns > now_ns:
        raise bad_request("at", "lies in the future", f"It is {rfc3339(now_ns)} now.")
    found = own.census.at(facility, at_ns, now_ns)
    return as_json(_census(of_site(found, site), own.census.wards(facility, now_ns)))


def _census(found: Census, names: Mapping[str, Ward]) -> Json:
    return {
        "facility": found.facility,
        "at": rfc3339(found.at_ns),
        "as_of": None if found.as_of_ns is None else rfc3339(found.as_of_ns),
        "state": found.state.value,
        "quality": found.quality.value,
        "wards": [_ward(ward, names) for ward in found.wards],
        "balance": {ward.code: _balance(ward.balance) for ward in found.wards},
        "emergency": {"patients": found.emergency, "arrivals_1h": found.arrivals},
        "expected": found.expected,
    }


def _ward(ward: WardNow, names: Mapping[str, Ward]) -> Json:
    return {
        "ward": ward.code,
        "title": ward_title(ward.code, names, current_language()),
        "site": ward.site,
        "department": ward.department,
        "confirmed": ward.confirmed,
        "patients": ward.patients,
        "beds_occupied": ward.occupied,
        "shared": ward.shared,
        "planned": ward.planned,
        "actual": ward.actual,
        "staffed": ward.staffed,
        "available": ward.available,
        "without_bed": ward.without_bed,
        "beds": [_bed(bed) for bed in ward.beds],
    }


def _bed(bed: BedNow) -> Json:
    return {
        "room": bed.spot.room,
        "bed": bed.spot.bed,
        "kind": bed.kind,
        "confirmed": bed.confirmed,
        "patients": bed.patients,
        "reported": bed.reported or None,
        "effective": bed.effective.value,
        "inferred": bed.inferred,
        "since": None if bed.since_ns is None else rfc3339(bed.since_ns),
    }


def _balance(day: Balance) -> Json:
    return {
        "start": day.start,
        "admitted": day.admitted,
        "transferred_in": day.transferred_in,
        "transferred_out": day.transferred_out,
        "discharged": day.discharged,
        "died": day.died,
        "corrected": day.corrected,
        "end": day.end,
    }
