"""The morning handover of one facility or site, as a paper."""

from collections.abc import Iterator, Sequence

from flask_babel import gettext as _

from alerts import Incident, Level
from dashboards import format as fmt
from dashboards.alerts.strip import by_urgency
from dashboards.alerts.words import Words, level_word
from dashboards.reports.choice import Chosen, written
from dashboards.reports.paper import Cell, Fact, Paper, Row, Section, Table
from dashboards.reports.words import Place, Writer, ages_of, as_of, foot_of, sim_of, warning_of
from ioc.domain import Quality
from ioc.reports import Handover, Line, Span

ALERTS_SHOWN = 20
NAME_WIDTH, NUMBER_WIDTH, LAST_WIDTH = 44.0, 12.0, 14.5


def balance_heads() -> tuple[str, ...]:
    """The columns of the balance, the ward's name first."""
    return (
        _("Ward"),
        _("At the start"),
        _("Admitted"),
        _("Transferred in"),
        _("Sent home"),
        _("Transferred out"),
        _("To another hospital"),
        _("Died"),
        _("Corrected"),
        _("At the end"),
        _("Actual beds"),
        _("Over or under"),
    )


def balance_cells(line: Line, write: Writer, *, live: bool) -> tuple[Cell, ...]:
    """What stands in them. ``live``: the balance is today's so far, as the walls have it."""
    day, count = line.balance, write.count
    figures = (
        (count(day.start), ""),
        (count(day.admitted), "pt.admitted"),
        (count(day.transferred_in), "pt.transfer_in"),
        (count(line.home), ""),
        (count(day.transferred_out), "pt.transfer_out"),
        (count(line.elsewhere), ""),
        (count(day.died), "pt.died"),
        (write.signed(day.corrected), ""),
        (count(day.end), "pt.inpatient"),
        (count(line.ward.actual), "bed.actual"),
        (write.signed(line.excess), ""),
    )
    return tuple(Cell(text, metric if live else "", strong=metric == "pt.inpatient") for text, metric in figures)


def bed_heads() -> tuple[str, ...]:
    """The columns of the beds."""
    return (
        _("Ward"),
        _("Planned"),
        _("Actual"),
        _("Staffed"),
        _("With a patient"),
        _("Available"),
        _("To clean"),
        _("Blocked"),
        _("Shared"),
        _("Without a bed"),
        _("Occupancy"),
    )


def bed_cells(line: Line, write: Writer, *, live: bool) -> tuple[Cell, ...]:
    """What stands in them."""
    ward = line.ward
    figures = (
        (ward.planned, "bed.planned"),
        (ward.actual, "bed.actual"),
        (ward.staffed, "bed.staffed"),
        (ward.occupied, "bed.occupied"),
        (ward.available, "bed.avail"),
        (ward.dirty, "bed.dirty"),
        (ward.blocked, "bed.blocked"),
        (ward.shared, "bed.shared"),
        (ward.without_bed, "pt.without_bed"),
    )
    cells = [Cell(write.count(value), metric if live else "") for value, metric in figures]
    return (*cells, Cell(occupancy(line, write), "bed.occ_staffed" if live else ""))


def occupancy(line: Line, write: Writer) -> str:
    """Beds with a patient of the staffed beds, as exact as the walls have it."""
    ward = line.ward
    return write.percent(100 * ward.occupied / ward.staffed if ward.staffed else None, 0)


def paper(place: Place, chosen: Chosen, found: Handover, alerts: Sequence[tuple[Incident, Level]]) -> Paper:
    """The whole of it; ``alerts`` are those that were open at any time of it, with their worst levels."""
    write, census = place.write, found.census
    sections: list[Section] = []
    if census.as_of_ns is not None:
        sections = [
            facts_of(found.total, found.emergency, found.arrived, write, live=chosen.live),
            *_wards(place, found, live=chosen.live),
        ]
    sim = sim_of(census, more=any(one.simulated for one, _level in alerts))
    return Paper(
        title=_("Morning handover"),
        place=place.title,
        when=written(chosen.span, write.language, write.zone),
        language=write.language,
        scope=place.scope,
        state=census.state.value,
        quality=Quality.SIM.value if sim else census.quality.value,
        said=as_of(census, found.known, write),
        sections=(*sections, alert_section(place.words, alerts, chosen.span, live=chosen.live)),
        warning=warning_of(census, write),
        sim=sim,
        ages=ages_of(place.own, [census]) if chosen.live else None,
        file=f"handover-{place.facility.code}-{chosen.day}",
        foot=foot_of(write),
    )


def facts_of(total: Line, emergency: int, arrived: int, write: Writer, *, live: bool) -> Section:
    """The figures of the walls, in one line."""
    figures = (
        (_("Inpatients"), write.count(total.ward.patients), "pt.inpatient"),
        (_("Actual beds"), write.count(total.ward.actual), "bed.actual"),
        (_("Over or under"), write.signed(total.excess), ""),
        (_("Available"), write.count(total.ward.available), "bed.avail"),
        (_("Occupancy"), occupancy(total, write), "bed.occ_staffed"),
        (_("In emergency"), write.count(emergency), "ed.census"),
        (_("Came to emergency"), write.count(arrived), ""),
    )
    return Section("", facts=tuple(Fact(label, text, metric if live else "") for label, text, metric in figures))


def _wards(place: Place, found: Handover, *, live: bool) -> Iterator[Section]:
    """Who came and went, and the beds."""
    write, census = place.write, found.census
    lines = [*((place.ward(line.ward.code), line) for line in found.lines), (_("All"), found.total)]
    parts = (("balance", balance_heads(), balance_cells), ("beds", bed_heads(), bed_cells))
    balance, beds = (
        Table(
            code,
            heads,
            tuple(
                Row(
                    name,
                    cells(line, write, live=live and line is found.total),
                    scope=place.scope,
                    code=line.ward.code,
                    state=census.state.value,
                    quality=census.quality.value,
                    total=line is found.total,
                )
                for name, line in lines
            ),
            widths_of(heads),
        )
        for code, heads, cells in parts
    )
    wrong = [name for name, line in lines if not line.closes]
    yield Section(
        _("Who came and went"),
        _(
            "At the start + admitted + transferred in − sent home − transferred out − to another hospital − died = "
            "at the end. What was cancelled on a later day stands under corrected. Over or under: patients at the "
            "end less the actual beds."
        ),
        table=balance,
        notes=(_("The sum does not come out: %(wards)s.", wards=", ".join(wrong)),) if wrong else (),
    )
    yield Section(_("Beds at the end"), table=beds)


def widths_of(heads: Sequence[str]) -> tuple[float, ...]:
    """The name, and as many figures; the last ones have the longest heads."""
    return (NAME_WIDTH, *[NUMBER_WIDTH] * (len(heads) - 2), LAST_WIDTH)


def alert_section(words: Words, alerts: Sequence[tuple[Incident, Level]], span: Span, *, live: bool) -> Section:
    """What is open at the end, the most urgent first, and how many were opened within the span."""
    still = by_urgency(one for one, _level in alerts if one.resolved_at_ns is None or one.resolved_at_ns > span.to_ns)
    opened = [level for one, level in alerts if span.from_ns < one.opened_at_ns <= span.to_ns]
    rows = tuple(
        Row(
            words.title(one, one.value),
            (
                Cell(level_word(one.level), wide=True, strong=True),
                Cell(words.place(one), wide=True),
                Cell(fmt.moment(one.opened_ns, words.language, words.zone), wide=True),
                Cell(one.acked_by or _("nobody"), wide=True),
            ),
            mark=_("Simulated") if one.simulated else "",
            quality=one.quality.value,
        )
        for one in still[:ALERTS_SHOWN]
    )
    heads = (_("Alert"), _("Level"), _("Where"), _("Since"), _("Taken by"))
    notes = [
        _(
            "Opened within this time: %(critical)s critical, %(warning)s warnings.",
            critical=opened.count(Level.CRITICAL),
            warning=opened.count(Level.WARNING),
        )
    ]
    if len(still) > ALERTS_SHOWN:
        notes.insert(0, _("And %(n)s more.", n=len(still) - ALERTS_SHOWN))
    return Section(
        _("Alerts open now") if live else _("Alerts open at the end"),
        "" if rows else _("None."),
        table=Table("alerts", heads, rows, (62.0, 18.0, 56.0, 32.0, 22.0)) if rows else None,
        notes=tuple(notes),
    )
