"""``/inventory/<facility>/import``: a list is sent, what it would change is shown, and somebody says yes."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from dashboards.access import authorise
from dashboards.hospital.live import known_facility
from dashboards.inventory.views import bp
from dashboards.inventory.words import field_title
from dashboards.render import say
from dashboards.services import Services, services
from ioc.access import Principal
from ioc.assets import Asset, AssetKind, Change, Differences, Draft, read_sheet
from ioc.errors import Fault, IocError, RefuseToStartError
from ioc.registry import Facility

__all__ = ["bp"]  # the inventory's, with the routes below

NAMED = 200  # added, removed and changed assets that are shown by name
FAULTS = 100


@dataclass(frozen=True, slots=True)
class Line:
    """A kind of assets, and how many of them would be added, removed, changed, or are as the list says."""

    kind: AssetKind
    added: int
    removed: int
    changed: int
    same: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What a draft would change."""

    draft: Draft
    differences: Differences

    @property
    def lines(self) -> list[Line]:
        """By kind."""
        d = self.differences
        added, removed, listed = (_by_kind(group) for group in (d.added, d.removed, d.after))
        changed = _by_kind(change.new for change in d.changed)
        return [
            Line(kind, added[kind], removed[kind], changed[kind], listed[kind] - added[kind] - changed[kind])
            for kind in AssetKind
            if added[kind] or removed[kind] or listed[kind]
        ]


@bp.get("/inventory/<facility>/import")
def form(facility: str) -> str:
    """The form; with the preview of the list that the person has sent."""
    principal, found = _may(facility)
    own = services()
    preview = own.offload(_preview, own, facility, principal.id)
    return _page(found, preview=preview)


@bp.post("/inventory/<facility>/import")
def send(facility: str) -> Response | tuple[str, int]:
    """Read the list; it waits for the person's word, or its faults are shown."""
    principal, found = _may(facility)
    own, file = services(), request.files.get("list")
    if file is None or not file.filename:
        flash(_("No file was chosen."))
        return redirect(url_for("inventory.form", facility=facility))
    try:
        own.offload(_keep, own, facility, principal.id, file.filename, file.read())
    except RefuseToStartError as error:
        return _page(found, faults=list(error.faults)), 400
    return redirect(url_for("inventory.form", facility=facility))


@bp.post("/inventory/<facility>/import/apply")
def apply(facility: str) -> Response | tuple[str, int]:
    """Bring the register to the list that was shown, and to no other."""
    principal, found = _may(facility)
    own = services()
    draft = own.offload(own.drafts.get, facility, principal.id)
    if draft is None or str(draft.made_ns) != request.form.get("made", ""):
        flash(_("This list is not there any more. Send it again."))
        return redirect(url_for("inventory.form", facility=facility))
    try:
        count = own.offload(_apply, own, principal, draft)
    except IocError as error:
        return _page(found, faults=[Fault("IOC-T019", "", str(error), error.hint)]), 409
    flash(_("The register has been brought to the list: %(n)s changes.", n=count))
    return redirect(url_for("inventory.index", facility=facility))


@bp.post("/inventory/<facility>/import/drop")
def drop(facility: str) -> Response:
    """Forget the list."""
    principal, _found = _may(facility)
    own = services()
    own.offload(own.drafts.drop, facility, principal.id)
    return redirect(url_for("inventory.form", facility=facility))


def _may(facility: str) -> tuple[Principal, Facility]:
    principal = authorise("registry", facility=facility)
    return principal, known_facility(services(), facility)


def _keep(own: Services, facility: str, who: str, name: str, data: bytes) -> None:
    zone, known = own.settings.timezone, own.assets.lookup
    found = read_sheet(data, name, own.registry, zone=zone, only=facility, known=known)
    own.drafts.keep(facility, who, name, found, own.assets.preview(found).versions)


def _preview(own: Services, facility: str, who: str) -> Preview | None:
    draft = own.drafts.get(facility, who)
    return Preview(draft, own.assets.preview(draft.assets)) if draft else None


def _apply(own: Services, who: Principal, draft: Draft) -> int:
    """How many assets were changed; raises IocError where the register is not what the person has seen."""
    found = own.assets.preview(draft.assets)
    seen = Differences(found.after, found.added, found.removed, found.changed, draft.versions)
    own.assets.apply(seen, who.name)
    for facility in draft.versions:
        own.drafts.drop(facility, who.id)
    return len(found.added) + len(found.removed) + len(found.changed)


def _page(facility: Facility, preview: Preview | None = None, faults: Iterable[Fault] = ()) -> str:
    listed = list(faults)
    return render_template(
        "inventory-import.html",
        facility=facility.code,
        name=say(facility.short),
        preview=preview,
        faults=listed[:FAULTS],
        more=max(0, len(listed) - FAULTS),
        what=_what,
        named=NAMED,
    )


def _what(change: Change) -> str:
    """What is otherwise: ``owner A → B``."""
    pairs = ((name, getattr(change.old, name), getattr(change.new, name)) for name in change.what)
    return ", ".join(f"{field_title(name)} {_word(old)} → {_word(new)}" for name, old, new in pairs)


def _word(value: object) -> str:
    if isinstance(value, bool):
        said: str = _("yes") if value else _("no")
        return said
    return str(value) if value else "–"


def _by_kind(assets: Iterable[Asset]) -> Counter[AssetKind]:
    return Counter(asset.kind for asset in assets)
