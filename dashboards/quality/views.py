"""``/quality``: findings counted by facility, listed, and followed; and the form that takes a place in."""

import re
from dataclasses import dataclass

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from dashboards.access import authorise
from dashboards.errors import bad_request, not_found
from dashboards.hospital.live import known_facility
from dashboards.quality import places
from dashboards.quality.rows import fact_row, finding_row
from dashboards.quality.words import finding_title, key_of
from dashboards.render import address, language, now_ns, say
from dashboards.services import services
from ioc.access import Principal
from ioc.census import FindingKind, ward_tag
from ioc.registry import Facility

bp = Blueprint("quality", __name__)
PAGE = 50
STATES = ("open", "all")
_KEY = re.compile(r"[0-9a-z]{1,40}", flags=re.ASCII)


@dataclass(frozen=True, slots=True)
class Line:
    """A facility with its open findings by kind."""

    facility: Facility
    counts: tuple[tuple[FindingKind, str, int], ...]

    @property
    def total(self) -> int:
        """All of them."""
        return sum(n for _kind, _title, n in self.counts)


@bp.get("/quality")
def index() -> str:
    """How many there are of each kind, by facility."""
    principal = authorise("quality")
    authorise("quality", principal.scope.facility)  # a finding does not know its site: who sees one site sees none
    own = services()
    found = own.offload(own.census_reader.counts)
    hospitals = [one for one in own.registry.facilities.values() if principal.scope.covers(one.code)]
    lines = [
        Line(one, tuple((kind, finding_title(kind), n) for kind in FindingKind if (n := found.get((one.code, kind)))))
        for one in hospitals
        if not one.test or any(code == one.code for code, _kind in found)
    ]
    return render_template("quality.html", lines=lines)


@bp.get("/quality/<facility>")
def facility(facility: str) -> str:
    """The findings of one facility, the newest first."""
    _principal, found = _may(facility, "quality")
    own, kind, state = services(), request.args.get("kind", ""), request.args.get("state", "") or "open"
    if kind and kind not in list(FindingKind):
        raise bad_request("kind", f"there is no kind {kind!r}", f"There are {', '.join(FindingKind)}.")
    if state not in STATES:
        raise bad_request("state", f"{state!r} is none of {', '.join(STATES)}")
    counts = own.offload(own.census_reader.counts)
    try:
        page = own.offload(
            own.census_reader.findings,
            facility=facility,
            kind=kind,
            open_only=state == "open",
            before=request.args.get("before", "")[:400],
            limit=PAGE,
        )
    except ValueError:
        raise bad_request("before", "this is not where a page ended") from None
    names = own.census.wards(facility, now_ns())
    kept = {"facility": facility, "kind": kind, "state": state}
    return render_template(
        "quality-list.html",
        facility=facility,
        name=say(found.short),
        rows=[finding_row(each, names, language()) for each in page.items],
        kinds=[(each.value, finding_title(each), counts.get((facility, each), 0)) for each in FindingKind],
        kind=kind,
        state=state,
        older=address("quality.facility", {**kept, "before": page.next}) if page.next else "",
    )


@bp.get("/quality/<facility>/visit/<visit>")
def visit(facility: str, visit: str) -> str:
    """What was said of one visit, in the order in which it happened."""
    return _facts(facility, visit, of_visit=True)


@bp.get("/quality/<facility>/message/<message>")
def message(facility: str, message: str) -> str:
    """What one message said."""
    return _facts(facility, message, of_visit=False)


@bp.get("/quality/<facility>/ward/<ward>")
def ward(facility: str, ward: str) -> str:
    """A ward or its beds that the register does not know, and the form that takes them in."""
    principal, found = _may(facility, "quality")
    own = services()
    about = places.ward_named(own, found, ward, now_ns())
    names = own.census.wards(facility, now_ns())
    known = names.get(about.code)
    return render_template(
        "place.html",
        facility=facility,
        name=say(found.short),
        ward=about,
        tag=ward_tag(about.code),
        title=say(known.title) if known else about.code,
        beds=[(places.value_of(bed.spot), bed) for bed in places.unknown_beds(about)],
        sites=list(found.sites.values()),
        departments=[(code, say(title)) for code, title in places.departments(found).items()],
        kinds=places.kinds(),
        may=principal.may("registry"),
    )


@bp.post("/quality/<facility>/ward/<ward>")
def take_in(facility: str, ward: str) -> Response:
    """Take the ward and the chosen beds into the register."""
    principal, found = _may(facility, "registry")
    own = services()
    about = places.ward_named(own, found, ward, now_ns())
    asked = places.asked_for(request.form, request.form.getlist("bed"), about, found)
    if asked.ward is None and not asked.beds:
        flash(_("Nothing was taken in: no bed was chosen that the register does not know."))
    else:
        new = own.offload(places.take_in, own.beds, asked, principal.name)
        if asked.ward is not None:
            flash(_("The ward %(name)s is in the register.", name=about.code))
        if new:
            flash(ngettext("%(num)s bed is in the register.", "%(num)s beds are in the register.", new))
    return redirect(url_for("quality.ward", facility=facility, ward=ward_tag(about.code)))


def _may(facility: str, action: str) -> tuple[Principal, Facility]:
    principal = authorise(action, facility=facility)
    return principal, known_facility(services(), facility)


def _facts(facility: str, key: str, *, of_visit: bool) -> str:
    _principal, found = _may(facility, "quality")
    own = services()
    ask = own.census_reader.facts_of if of_visit else own.census_reader.facts_of_message
    facts = own.offload(ask, facility, key) if _KEY.fullmatch(key) else []
    if not facts:
        raise not_found(f"nothing is known of {key[:40]!r} in {facility}", f"/quality/{facility} lists what was found.")
    names = own.census.wards(facility, now_ns())
    return render_template(
        "found.html",
        facility=facility,
        name=say(found.short),
        of_visit=of_visit,
        key=key_of(key),
        rows=[fact_row(fact, names, language()) for fact in facts],
        visits=sorted({fact.visit for fact in facts if fact.visit}) if not of_visit else [],
    )
