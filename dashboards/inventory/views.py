"""``/inventory/<facility>``, ``/asset/<facility>/<asset>`` and ``/wall/<facility>/it``."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from flask import Blueprint, Flask, Response, current_app, render_template, request
from flask.blueprints import BlueprintSetupState

from dashboards.access import authorise, current_principal
from dashboards.errors import bad_request
from dashboards.hospital.live import known_facility
from dashboards.hospital.views import wall_theme
from dashboards.inventory.live import MANY, asset_view, it_view
from dashboards.inventory.present import AssetNow, Group, Status, present
from dashboards.inventory.words import day_of, field_title, kind_title, status_mark, status_word
from dashboards.render import address, language, now_ns, say
from dashboards.reporting import simulated
from dashboards.services import Services, services
from ioc.assets import COLUMNS, Asset, AssetKind
from ioc.latest import Book
from ioc.registry import Facility
from ioc.sheets import Cell, write_xlsx

bp = Blueprint("inventory", __name__)
PAGE = 100
FACTS = (
    *("site", "department", "place", "owner", "address", "model", "serial", "supplier", "contract", "contract_end"),
    "device",
)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@bp.record_once
def _words(state: BlueprintSetupState) -> None:
    assert isinstance(state.app, Flask)
    state.app.jinja_env.globals.update(
        asset_kind=kind_title, asset_status=status_word, asset_mark=status_mark, asset_field=field_title
    )


@dataclass(frozen=True, slots=True)
class Choice:
    """What the list is narrowed to."""

    kind: str
    site: str
    department: str
    status: str
    text: str

    def fits(self, each: AssetNow) -> bool:
        """Whether an asset is among them."""
        asset = each.asset
        if self.status and each.status.value != self.status:
            return False
        if any(want and getattr(asset, name) != want for name, want in self._places):
            return False
        words = f"{asset.code} {asset.name} {asset.address} {asset.owner} {asset.serial} {asset.contract}".casefold()
        return self.text.casefold() in words

    @property
    def _places(self) -> tuple[tuple[str, str], ...]:
        return ("kind", self.kind), ("site", self.site), ("department", self.department)


@bp.get("/inventory/<facility>")
def index(facility: str) -> str:
    """The assets of one kind, with how they are; a page at a time."""
    site = request.args.get("site", "")
    principal = authorise("board", facility=facility, site=site)
    own = services()
    found = known_facility(own, facility, site)
    every, kinds, sim = own.offload(_reckoned, own, own.present(), facility, site, now_ns())
    chosen = _choice(site, kinds)
    fitting = [each for each in every if chosen.fits(each)]
    start = min(request.args.get("start", 0, type=int) or 0, len(fitting))
    start = max(0, start - start % PAGE)
    kept = {"facility": facility, "site": site, "kind": chosen.kind, "status": chosen.status, "q": chosen.text}
    kept |= {"department": chosen.department}
    return render_template(
        "inventory.html",
        facility=facility,
        site=site,
        name=say(found.short),
        kinds=kinds,
        chosen=chosen,
        rows=fitting[start : start + PAGE],
        start=start,
        total=len(fitting),
        before=address("inventory.index", {**kept, "start": str(start - PAGE)}) if start else "",
        after=address("inventory.index", {**kept, "start": str(start + PAGE)}) if start + PAGE < len(fitting) else "",
        sites=list(found.sites.values()),
        departments=_departments(found, every),
        statuses=list(Status),
        place=_place_namer(found),
        day=lambda day: day_of(day, language()),
        sim=sim,
        may=principal.may("registry"),
    )


@bp.get("/inventory/<facility>/list.xlsx")
def download(facility: str) -> Response:
    """The whole register of a facility as a workbook that can be changed and imported again."""
    authorise("history", facility=facility)
    known_facility(services(), facility)
    assets = list(services().assets.assets(facility).at(now_ns()))
    data = services().offload(write_xlsx, {facility: [COLUMNS, *(_line(asset) for asset in assets)]})
    name = f'attachment; filename="{facility}-assets.xlsx"'
    return Response(data, mimetype=XLSX, headers={"Content-Disposition": name})


@bp.get("/asset/<facility>/<asset>")
def asset(facility: str, asset: str) -> str:
    """One asset: what it is, what it says now, and what was said of it before."""
    principal = current_principal()
    authorise("board", facility=facility, site=principal.scope.site if principal else "")
    found = known_facility(services(), facility)
    scope = {"facility": facility, "asset": asset, "lang": language()}
    view = asset_view(current_app, scope)
    authorise("board", facility=facility, site=view.site)
    book = services().present()
    now = view.now(book, now_ns())
    assert now is not None  # the view was made of it
    place = _place_namer(found)
    return render_template(
        "asset.html",
        facility=facility,
        site=view.site if len(found.sites) > 1 else "",
        name=say(found.short),
        a=now,
        facts=[(field_title(name), _fact(now.asset, name, place)) for name in FACTS if getattr(now.asset, name)],
        lines=view.lines(now.values, book, now_ns()),
        rows=[row for row in services().assets.assets(facility).of_code[asset] if row is not now.asset],
        day=lambda day: day_of(day, language()),
        sim=simulated(now.values),
        stream=address("api.stream", {"view": "asset", **scope}),
    )


@bp.get("/wall/<facility>/it")
def wall(facility: str) -> str:
    """The IT board: drawn once here, then kept up to date by the stream."""
    site = request.args.get("site", "")
    authorise("board", facility=facility, site=site)
    found = known_facility(services(), facility, site)
    scope = {"facility": facility, "site": site, "lang": language()}
    view = it_view(current_app, scope)
    book = services().present()
    desk = view.desk(book, now_ns())
    cells, servers = desk.servers()
    theme, by_clock = wall_theme()
    return render_template(
        "it.html",
        name=say(found.short) + (f" · {say(found.sites[site].title)}" if site else ""),
        facility=facility,
        cells=cells,
        servers_of=servers,
        rooms_of=desk.rooms(),
        counts=[desk.count(kind) for kind in MANY.values()],
        below_of=desk.below(),
        contracts_of=desk.contracts(),
        empty=not services().assets.assets(facility).all,
        strip_parts=view.strip(desk, book),
        r=desk.lens.report,
        stream=address("api.stream", {"view": "it", **scope}),
        theme=theme,
        theme_by_clock=by_clock,
    )


def _choice(site: str, kinds: Sequence[Group]) -> Choice:
    """What the request asks for; the first kind there is, where it neither names one nor searches."""
    asked = {name: request.args.get(name, "") for name in ("kind", "department", "status", "q")}
    if asked["kind"] and asked["kind"] not in list(AssetKind):
        raise bad_request("kind", f"there is no kind {asked['kind']!r}", f"There are {', '.join(AssetKind)}.")
    if asked["status"] and asked["status"] not in list(Status):
        raise bad_request("status", f"{asked['status']!r} is none of {', '.join(Status)}")
    if not asked["kind"] and not asked["q"] and kinds:
        asked["kind"] = kinds[0].code
    return Choice(asked["kind"], site, asked["department"], asked["status"], asked["q"][:100])


def _reckoned(
    own: Services, book: Book, facility: str, site: str, moment_ns: int
) -> tuple[list[AssetNow], list[Group], str]:
    """The assets, those of each kind counted, and what of their values is simulated.

    All that looks at every asset is reckoned here, away from the loop that serves the others.
    """
    assets = [each for each in own.assets.assets(facility).at(moment_ns) if site in ("", each.site)]
    every = present(book, assets, own.incidents.open(facility, site), moment_ns)
    kinds = [Group(kind.value, [each for each in every if each.asset.kind is kind]) for kind in AssetKind]
    sim = simulated(value for each in every for value in each.values)
    return every, [group.counted() for group in kinds if group.total], sim


def _departments(facility: Facility, every: Sequence[AssetNow]) -> list[tuple[str, str]]:
    codes = dict.fromkeys(each.asset.department for each in every if each.asset.department)
    return [(code, say(facility.places[code].title)) for code in codes if code in facility.places]


class _place_namer:  # noqa: N801 (called like a function by the templates)
    """What people call a place of the registry; its code where there is none."""

    def __init__(self, facility: Facility) -> None:
        self._facility = facility

    def __call__(self, code: str) -> str:
        place = self._facility.places.get(code)
        return say(place.title) if place else code


def _fact(asset: Asset, name: str, place: _place_namer) -> str:
    value = getattr(asset, name)
    if isinstance(value, date):
        return day_of(value, language())
    if name in ("department", "place"):
        return place(value)
    if name == "site":
        facility = services().registry.facilities[asset.facility]
        return say(facility.sites[value].title) if value in facility.sites else value
    return str(value)


def _line(asset: Asset) -> list[Cell]:
    """An asset as the import reads it; ``from`` is empty, so that what is changed in it holds from the import on."""

    def cells() -> Iterator[Cell]:
        for name in COLUMNS:
            if name == "from":
                yield None
            elif name == "watched":
                yield int(asset.watched)
            elif name == "kind":
                yield asset.kind.value
            else:
                yield getattr(asset, name) or None

    return list(cells())
