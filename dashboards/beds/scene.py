"""What a page of beds shows, with its words: built from the census for one language and one moment."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from flask_babel import gettext as _

from dashboards import format as fmt
from dashboards.beds.sheet import Sheet, load_of, sheet_of
from dashboards.errors import not_found
from dashboards.reckon import Lens, Shown, aged
from dashboards.services import Services
from dashboards.tiles import Gauge, Tile
from ioc.beds import Ward
from ioc.census import UNPLACED, Balance, Census, WardNow, ward_tag
from ioc.domain import Quality, State
from ioc.registry import Facility

LOAD = "bed.load"
NEIGHBOURS = 3  # for as many there is room, and one less for each further line of the legend


@dataclass(frozen=True)
class WardScene:
    """One ward: its sheet, and the tile that heads it."""

    sheet: Sheet
    census: Census
    tile: Tile
    title: str
    department: str
    neighbours: tuple[tuple[str, str, int], ...]  # title, address part, free beds
    to_connect: str

    @property
    def strange(self) -> bool:
        """Whether nobody has vouched for the ward."""
        return not self.sheet.ward.confirmed and self.sheet.ward.code != UNPLACED

    @property
    def state(self) -> State:
        """How old all of it is."""
        return self.census.state

    @property
    def quality(self) -> str:
        """Simulated, test or good."""
        return self.census.quality.value


@dataclass(frozen=True, slots=True)
class WardRow:
    """One line of the list of wards."""

    id: str
    ward: WardNow
    title: str
    department: str
    tag: str
    load: str
    level: str
    unknown: int

    @property
    def strange(self) -> bool:
        """Whether nobody has vouched for it; who has no ward is in no strange one."""
        return not self.ward.confirmed and self.ward.code != UNPLACED

    @property
    def balance(self) -> Balance:
        """Its day."""
        return self.ward.balance


@dataclass(frozen=True)
class WardsScene:
    """A facility, or a site of it: its wards, and all of them together."""

    census: Census
    figure: Shown
    rows: tuple[WardRow, ...]
    sum: WardRow

    @property
    def sim(self) -> str:
        """As the notice of a page takes it."""
        return "all" if self.census.quality is Quality.SIM and self.census.as_of_ns is not None else ""


def ward_scene(own: Services, facility: Facility, ward: WardNow, census: Census, lens: Lens) -> WardScene:
    """The scene of a ward of this census, which holds all wards of the facility that the asker may see."""
    metric = own.catalogue.metrics[LOAD]
    sheet = sheet_of(ward, census.wards, metric)
    names = own.census.wards(facility.code, lens.now_ns)
    room = NEIGHBOURS - (len(sheet.legend) - 8 + bool(sheet.extra) + 1) // 2
    neighbours = tuple(
        (ward_title(each.code, names, lens.language), ward_tag(each.code), each.free)
        for each in sheet.neighbours[: max(room, 0)]
    )
    title = ward_title(ward.code, names, lens.language)
    return WardScene(
        sheet=sheet,
        census=census,
        tile=_tile(sheet, census, own, lens),
        title=title,
        department=_department(facility, ward.department, lens.language, title),
        neighbours=neighbours,
        to_connect=f"mllp://{own.settings.mllp.bind}",
    )


def wards_scene(own: Services, facility: Facility, census: Census, lens: Lens) -> WardsScene:
    """The scene of all wards of this census."""
    names = own.census.wards(facility.code, lens.now_ns)
    rows = tuple(_row(ward, facility, names, own, lens) for ward in census.wards)
    total = replace(_row(sum_of(census.wards), facility, {}, own, lens), level="")
    return WardsScene(census, shown(census, LOAD, None, own, lens), rows, total)


def ward_title(code: str, names: Mapping[str, Ward], language: str) -> str:
    """What people call it; its code where nobody has said."""
    known, nowhere = names.get(code), _("No ward said")
    said: str = nowhere if code == UNPLACED else code
    return known.title.in_(language) if known else said


def sum_of(wards: Iterable[WardNow]) -> WardNow:
    """All of them as one, without beds."""
    every = list(wards)
    days = [ward.balance for ward in every]
    return WardNow(
        code="",
        site="",
        patients=sum(ward.patients for ward in every),
        occupied=sum(ward.occupied for ward in every),
        shared=sum(ward.shared for ward in every),
        planned=sum(ward.planned for ward in every),
        actual=sum(ward.actual for ward in every),
        staffed=sum(ward.staffed for ward in every),
        available=sum(ward.available for ward in every),
        blocked=sum(ward.blocked for ward in every),
        dirty=sum(ward.dirty for ward in every),
        without_bed=sum(ward.without_bed for ward in every),
        balance=Balance(**{name: sum(getattr(day, name) for day in days) for name in Balance.__slots__}),
    )


def shown(census: Census, metric: str, value: float | None, own: Services, lens: Lens, label: str = "") -> Shown:
    """A number of the census as tiles draw it."""
    found = own.catalogue.metrics[metric]
    late_ns, stale_ns = own.census.ages(census)
    none = value is None or census.as_of_ns is None
    text = "–" if value is None or none else fmt.number(value, found.decimals, lens.language)
    figure = Shown(
        metric=metric,
        scope=lens.scope,
        state=census.state,
        quality=census.quality.value,
        value=None if none else value,
        text=text,
        unit="" if none else fmt.unit(found.unit, lens.language, long=True),
        brief=text if value is None or none else fmt.quantity(value, found.unit, found.decimals, lens.language),
        label=label,
        as_of_ns=census.as_of_ns,
        late_ns=late_ns if census.state is State.FRESH else None,
        stale_ns=stale_ns,
        turns_ns=own.census.turns_ns(census),
        max_age_ns=own.census.max_age_ns,
    )
    return aged(figure, lens)


def _tile(sheet: Sheet, census: Census, own: Services, lens: Lens) -> Tile:
    """Patients on beds; where no bed is registered, patients alone."""
    ward, metric = sheet.ward, own.catalogue.metrics[LOAD if sheet.load is not None else "pt.inpatient"]
    figure = shown(census, metric.code, ward.patients if sheet.load is None else sheet.load, own, lens)
    level = sheet.level if census.state in (State.FRESH, State.LATE) else ""
    real = bool(level) and census.quality is Quality.GOOD
    facts = [("bed.actual", ward.actual, _("Actual beds")), ("bed.shared", ward.shared, _("Sharing a bed"))]
    if sheet.load is not None:
        facts.insert(0, ("pt.inpatient", ward.patients, _("Inpatients now")))
    return Tile(
        id="ward-load",
        size="",
        title=_("Patients on beds") if sheet.load is not None else _("Inpatients now"),
        unit="",
        meaning=metric.definition.in_(lens.language),
        href="",
        figure=replace(figure, level=level, real=real),
        facts=tuple(shown(census, code, value, own, lens, label) for code, value, label in facts),
        gauge=Gauge(sheet.gauge, sheet.ticks) if census.as_of_ns is not None else Gauge(),
        next_change_ns=figure.turns_ns,
        alarm=level,
        real=real,
    )


def _row(ward: WardNow, facility: Facility, names: Mapping[str, Ward], own: Services, lens: Lens) -> WardRow:
    load, limits = load_of(ward), own.catalogue.metrics[LOAD].thresholds
    level = ""
    if load is not None and limits.warn_high is not None and load > limits.warn_high:
        level = "critical" if limits.crit_high is not None and load > limits.crit_high else "warning"
    title = ward_title(ward.code, names, lens.language)
    return WardRow(
        id=f"ward-{ward_tag(ward.code)}",
        ward=ward,
        title=title,
        department=_department(facility, ward.department, lens.language, title),
        tag=ward_tag(ward.code),
        load="–" if load is None else fmt.quantity(load, "%", 0, lens.language),
        level=level,
        unknown=sum(not bed.confirmed for bed in ward.beds),
    )


def _department(facility: Facility, code: str, language: str, not_this: str = "") -> str:
    """The title of a department; nothing where the ward is called the same."""
    place = facility.places.get(code)
    title = place.title.in_(language) if place else code
    return "" if title == not_this else title


def chosen_ward(census: Census, tag: str) -> WardNow:
    """The ward of this code or tag; a 404 otherwise."""
    for ward in census.wards:
        if tag in (ward.code, ward_tag(ward.code)):
            return ward
    raise not_found(f"{census.facility} has no ward {tag[:64]!r}", f"/beds/{census.facility} lists its wards.")
