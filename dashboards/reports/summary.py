"""The summary of some days of one facility or site, as a paper."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from flask_babel import gettext as _

from alerts import Incident, Level
from dashboards import format as fmt
from dashboards.alerts.words import level_word
from dashboards.definitions.texts import class_title
from dashboards.reports.choice import iso_day, written
from dashboards.reports.handover import balance_cells, balance_heads, widths_of
from dashboards.reports.paper import Cell, Fact, Paper, Row, Section, Table
from dashboards.reports.words import Place, Writer, as_of, foot_of, sim_of, warning_of
from dashboards.services import Services
from ioc.domain import SECOND, Quality, State
from ioc.reports import (
    Asked,
    Day,
    Heard,
    Line,
    Span,
    Summary,
    WardSum,
    answers_of,
    beds_by_hour,
    heard_of,
    summary_of,
)

OCCUPANCY = "bed.occ_staffed"
OFTEN = 5  # alerts that are named as the most frequent
NAMED = 6  # devices that gave nothing, by name


@dataclass(frozen=True, slots=True)
class Found:
    """All that a summary is made of; ``silences`` are those of the feed, from when to when."""

    span: Span
    summary: Summary
    silences: tuple[tuple[int, int], ...]
    alerts: tuple[tuple[Incident, Level], ...]
    heard: tuple[Heard, ...]

    @property
    def opened(self) -> list[Incident]:
        """The alerts that were opened within the span."""
        return [one for one, _level in self.alerts if self.span.from_ns < one.opened_at_ns <= self.span.to_ns]

    @property
    def simulated(self) -> bool:
        """Whether anything that a paper shows of it is, beside the census of its last day."""
        beds = self.summary.known > 0 and self.summary.beds.simulated
        return beds or any(one.simulated for one in self.heard) or any(one.simulated for one in self.opened)


def find(own: Services, facility: str, site: str, days: Sequence[Span], now_ns: int) -> Found:
    """Ask for it. Blocks on database and store; needs no flask."""
    span = Span(days[0].from_ns, days[-1].to_ns)
    hours = beds_by_hour(own.store, own.catalogue.metrics[OCCUPANCY], (facility, site), span)
    devices = {
        device.code: f"{device.device_class}.{device.keys[0]}"
        for device in own.registry.devices_of(facility, site)
        if device.keys
    }
    return Found(
        span=span,
        summary=summary_of(own.census_reader.periods(facility, days, now_ns), site, hours),
        silences=own.census_reader.gaps(facility, *span),
        alerts=tuple(own.incident_reader.between(*span, facility, site)),
        heard=tuple(heard_of(own.store, facility, devices, span)),
    )


def paper(place: Place, found: Found) -> Paper:
    """The whole of it."""
    write, last = place.write, found.summary.days[-1].handover.census
    known = last.as_of_ns is not None and found.summary.known > 0
    census = replace(last, as_of_ns=last.as_of_ns if known else None)
    sections = [*_census(place, found)] if known else []
    sim = sim_of(census, more=found.simulated)
    return Paper(
        title=_("Summary of %(n)s days", n=len(found.summary.days)),
        place=place.title,
        when=written(found.span, write.language, write.zone),
        language=write.language,
        scope=place.scope,
        state=census.state.value,
        quality=Quality.SIM.value if sim else census.quality.value,
        said=as_of(census, found.summary.known, write),
        sections=(*sections, *_alerts(place, found), _feed(place, found), _devices(place, found)),
        foot=foot_of(write),
        file=f"summary-{place.facility.code}-{iso_day(found.span.to_ns - SECOND, write.zone)}",
        warning=warning_of(census, write),
        sim=sim,
    )


def _census(place: Place, found: Found) -> Iterator[Section]:
    """Patients and beds: in one line, by day, by ward."""
    write, whole = place.write, found.summary
    balance = whole.total.balance
    yield Section(
        "",
        facts=(
            Fact(_("Occupancy"), write.percent(whole.occupancy)),
            Fact(_("Admitted"), write.count(balance.admitted)),
            Fact(_("Discharged"), write.count(balance.discharged)),
            Fact(_("Died"), write.count(balance.died)),
            Fact(_("Average stay, days"), write.number(whole.total.stays.mean_days)),
            Fact(_("Came to emergency"), write.count(whole.arrived)),
            Fact(_("Alerts"), write.count(len(found.opened))),
        ),
    )
    yield Section(
        _("Day by day"),
        _(
            "Occupancy: beds with a patient of the staffed beds, each minute of the day added up; the fullest hour "
            "beside it. Known: for how much of the day the hospital's information system spoke."
        ),
        table=_days(place, whole.days),
    )
    yield Section(
        _("Ward by ward"),
        _(
            "Average stay: from admission to the end, in days of 24 hours, of the stays that ended and whose "
            "admission is known."
        ),
        table=_wards(place, whole),
    )


def _days(place: Place, days: Sequence[Day]) -> Table:
    write = place.write
    heads = (
        _("Day"),
        _("Admitted"),
        _("Discharged"),
        _("Died"),
        _("At the end"),
        _("Came to emergency"),
        _("Occupancy"),
        _("Fullest hour"),
        _("Known"),
    )
    rows = []
    for day in days:
        balance, known = day.handover.total.balance, day.known
        counts = (balance.admitted, balance.discharged, balance.died, balance.end, day.handover.arrived)
        cells = [Cell(write.count(value) if known else fmt.NO_VALUE) for value in counts]
        shares = [Cell(write.percent(value)) for value in (day.occupancy, day.peak)]
        name = fmt.weekday_date(day.span.from_ns, write.language, write.zone)
        rows.append(Row(name, (*cells, *shares, Cell(write.share(day.handover.known)))))
    return Table("days", heads, tuple(rows), widths_of(heads))


def _wards(place: Place, whole: Summary) -> Table:
    write = place.write
    heads = (*balance_heads(), _("Stays ended"), _("Average stay, days"))
    lines = [*((place.ward(one.ward.code), one) for one in whole.wards), (_("All"), whole.total)]
    rows = tuple(
        Row(
            name,
            (*balance_cells(_line(one), write, live=False), *_stays(place, one)),
            code=one.ward.code,
            total=one is whole.total,
        )
        for name, one in lines
    )
    return Table("wards", heads, rows, widths_of(heads))


def _line(one: WardSum) -> Line:
    return Line(one.ward, one.elsewhere)


def _stays(place: Place, one: WardSum) -> tuple[Cell, Cell]:
    return Cell(place.write.count(one.stays.ended)), Cell(place.write.number(one.stays.mean_days))


def _alerts(place: Place, found: Found) -> Iterator[Section]:
    """By level, how soon somebody took them; and what alarmed most."""
    write = place.write
    asked = [
        Asked(level.word, one.opened_at_ns, one.first_acked_at_ns, one.resolved_at_ns) for one, level in found.alerts
    ]
    rows = []
    for level in (Level.CRITICAL, Level.WARNING):
        answers = answers_of(asked, level.word, found.span)
        counts = (answers.opened, answers.taken, answers.opened - answers.taken, answers.over)
        waits = (answers.median_ns, answers.p90_ns)
        rows.append(Row(level_word(level), (*_counted(write, counts), *(Cell(write.span(ns)) for ns in waits))))
    heads = (
        _("Level"),
        _("Opened"),
        _("Taken"),
        _("Never taken"),
        _("Over"),
        _("Half were taken within"),
        _("Nine of ten within"),
    )
    yield Section(
        _("Alerts"),
        _("By the worst level that each had. Taken: a person has said that it is theirs."),
        table=Table("answers", heads, tuple(rows), (44.0, 18.0, 18.0, 22.0, 18.0, 35.0, 35.0)),
    )
    often = _often(place, found)
    if often:
        yield Section(_("What alarmed most"), table=Table("often", (_("Alert, as it was last"), _("Times")), often))


def _counted(write: Writer, values: Sequence[int]) -> Iterator[Cell]:
    return (Cell(write.count(value)) for value in values)


def _often(place: Place, found: Found) -> tuple[Row, ...]:
    """The alerts that were opened most, each with the title of its last incident."""
    last: dict[tuple[str, str], Incident] = {}
    times: Counter[tuple[str, str]] = Counter()
    for one in found.opened:
        key = one.rule, repr(sorted(one.labels.items()))
        last[key] = one
        times[key] += 1
    words = place.words
    return tuple(
        Row(
            words.title(last[key], last[key].value),
            (Cell(place.write.count(n)),),
            more=words.place(last[key]),
            mark=_("Simulated") if last[key].simulated else "",
            quality=last[key].quality.value,
        )
        for key, n in times.most_common(OFTEN)
    )


def _feed(place: Place, found: Found) -> Section:
    """How well the hospital's information system was heard."""
    write, known = place.write, found.summary.known
    longest = max(
        (min(end, found.span.to_ns) - max(begin, found.span.from_ns) for begin, end in found.silences), default=0
    )
    notes = [_("Known: %(share)s of the time.", share=write.share(known))]
    # A silence is counted once it is over: of one that lasts, nothing can be said yet.
    if found.summary.days[-1].handover.census.state is not State.STALE:
        if found.silences:
            n, span = len(found.silences), write.span(longest)
            notes.append(_("It was silent %(n)s times, the longest time for %(span)s.", n=n, span=span))
        elif known > 0:
            notes.append(_("It was never silent between its first and its last message."))
    return Section(_("Hospital information system"), notes=tuple(notes))


def _devices(place: Place, found: Found) -> Section:
    """How well devices were heard, by class."""
    write, heads = place.write, (_("Class"), _("Devices"), _("Hours with values"), _("Gave nothing"))
    rows = tuple(
        Row(
            class_title(one.device_class),
            (
                Cell(write.count(len(one.by_device)), wide=True),
                Cell(write.share(one.share), wide=True),
                Cell(_named(place, one.silent), wide=True),
            ),
        )
        for one in found.heard
    )
    return Section(
        _("Devices"),
        _("Of all hours of all devices of the registry, those with at least one value.") if rows else _("None."),
        table=Table("devices", heads, rows, (44.0, 18.0, 30.0, 98.0)) if rows else None,
    )


def _named(place: Place, codes: Sequence[str]) -> str:
    """Devices by name, the first few of them."""
    names = [place.words.name("device", code, place.facility.code) for code in codes[:NAMED]]
    more = [_("and %(n)s more", n=len(codes) - NAMED)] if len(codes) > NAMED else []
    return ", ".join([*names, *more]) or fmt.NO_VALUE
