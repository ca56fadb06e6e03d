"""The morning handover and the summary of a province: a line a facility, and all that are in date together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from flask_babel import gettext as _

from alerts import Incident, Level
from dashboards import format as fmt
from dashboards.reports.choice import Chosen, iso_day, written
from dashboards.reports.handover import (
    alert_section,
    balance_cells,
    balance_heads,
    bed_cells,
    bed_heads,
    facts_of,
    widths_of,
)
from dashboards.reports.paper import Cell, Paper, Row, Section, Table
from dashboards.reports.summary import Found
from dashboards.reports.words import Place, Writer, ages_of, foot_of, sim_of
from ioc.catalogue import Text
from ioc.census import Census
from ioc.domain import SECOND, Quality, State
from ioc.reports import Asked, Handover, Span, Stays, answers_of, share_of, total_of

IN_DATE = (State.FRESH, State.LATE)


@dataclass(frozen=True)
class Province:
    """A province, and its facilities in the order of the registry."""

    code: str
    title: Text
    places: tuple[Place, ...]
    write: Writer

    @property
    def scope(self) -> str:
        """As in ``data-scope``."""
        return f"province:{self.code}"


def handover_paper(
    province: Province,
    chosen: Chosen,
    found: Sequence[Handover],
    alerts: Sequence[tuple[Incident, Level]],
) -> Paper:
    """The handover; ``found`` in the order of the facilities. Who is not in date has no numbers and is in no sum."""
    write = province.write
    counted = [one for one in found if one.census.state in IN_DATE]
    total = total_of(line for one in counted for line in one.lines)
    sections: list[Section] = []
    if counted:
        emergency, arrived = sum(one.emergency for one in counted), sum(one.arrived for one in counted)
        sections.append(facts_of(total, emergency, arrived, write, live=chosen.live))
    for title, code, heads, cells in (
        (_("Who came and went"), "balance", balance_heads(), balance_cells),
        (_("Beds at the end"), "beds", bed_heads(), bed_cells),
    ):
        rows = [
            _row(place, one.census, _shown(one.census, cells(one.total, write, live=chosen.live)))
            for place, one in zip(province.places, found, strict=True)
        ]
        if counted:
            rows.append(Row(_("All in date"), cells(total, write, live=chosen.live), scope=province.scope, total=True))
        sections.append(Section(title, table=Table(code, (_("Facility"), *heads[1:]), tuple(rows), widths_of(heads))))
    sections.append(alert_section(province.places[0].words, alerts, chosen.span, live=chosen.live))
    censuses = [one.census for one in found]
    said = _said(censuses, len(censuses), province.write)
    names = ("handover", _("Morning handover"))
    sim = sim_of(*censuses, more=any(one.simulated for one, _level in alerts))
    written_down = _paper(province, names, chosen.span, censuses, sections=tuple(sections), said=said, sim=sim)
    ages = ages_of(province.places[0].own, [one.census for one in counted])
    return replace(written_down, ages=ages if chosen.live else None)


def summary_paper(province: Province, found: Sequence[Found]) -> Paper:
    """The summary: facilities of which nothing is known have no numbers, and who is not in date is in no sum."""
    write, span = province.write, found[0].span
    heads = (
        _("Facility"),
        _("Occupancy"),
        _("Admitted"),
        _("Discharged"),
        _("Died"),
        _("At the end"),
        _("Came to emergency"),
        _("Average stay, days"),
        _("Critical alerts"),
        _("Half taken within"),
        _("Known"),
        _("Devices heard"),
    )
    known = [one for one in found if one.summary.known > 0]
    counted = [one for one in known if _in_date(one)]
    rows = [
        _row(place, _last(one), tuple(_cells([one] if one in known else [], [one], write)))
        for place, one in zip(province.places, found, strict=True)
    ]
    if counted:
        cells = tuple(_cells(counted, counted, write))
        rows.append(Row(_("All in date"), cells, scope=province.scope, total=True))
    sections = [Section(_("By facility"), table=Table("facilities", heads, tuple(rows), widths_of(heads)))]
    censuses = [_last(one) for one in counted]
    title = _("Summary of %(n)s days", n=len(found[0].summary.days))
    said = _said(censuses, len(found), write)
    sim = sim_of(*map(_last, known), more=any(one.simulated for one in found))
    return _paper(province, ("summary", title), span, censuses, sections=tuple(sections), said=said, sim=sim)


def _last(one: Found) -> Census:
    return one.summary.days[-1].handover.census


def _in_date(one: Found) -> bool:
    """Whether its last day is known, and was in date at its end."""
    return one.summary.days[-1].known and _last(one).state in IN_DATE


def _cells(known: Sequence[Found], every: Sequence[Found], write: Writer) -> Iterator[Cell]:
    """The figures of some facilities together: those of the census over ``known``, the others over ``every``.

    How many are in at the end is said only where the census was in date then.
    """
    ends = known and all(_in_date(one) for one in known)
    sums = [one.summary for one in known]
    stays = Stays(sum(one.total.stays.ended for one in sums), sum(one.total.stays.together_ns for one in sums))
    yield Cell(write.percent(share_of(one.beds for one in sums)))
    for name, told in (("admitted", known), ("discharged", known), ("died", known), ("end", ends)):
        yield Cell(write.count(sum(getattr(one.total.balance, name) for one in sums)) if told else fmt.NO_VALUE)
    yield Cell(write.count(sum(one.arrived for one in sums)) if known else fmt.NO_VALUE)
    yield Cell(write.number(stays.mean_days))
    asked = [
        Asked(level.word, one.opened_at_ns, one.first_acked_at_ns, one.resolved_at_ns)
        for found in every
        for one, level in found.alerts
    ]
    answers = answers_of(asked, Level.CRITICAL.word, every[0].span)
    yield Cell(write.count(answers.opened))
    yield Cell(write.span(answers.median_ns))
    yield Cell(write.share(sum(one.summary.known for one in every) / len(every)))
    hours = [
        (sum(heard.by_device.values()), heard.hours * len(heard.by_device)) for one in every for heard in one.heard
    ]
    whole = sum(of for _heard, of in hours)
    yield Cell(write.share(sum(heard for heard, _of in hours) / whole) if whole else fmt.NO_VALUE)


def _shown(census: Census, cells: tuple[Cell, ...]) -> tuple[Cell, ...]:
    """The numbers of a census only where they are in date."""
    return cells if census.state in IN_DATE else tuple(Cell(fmt.NO_VALUE, cell.metric) for cell in cells)


def _row(place: Place, census: Census, cells: tuple[Cell, ...]) -> Row:
    """One facility, with how old its census is."""
    write = place.write
    more = ""
    if census.as_of_ns is None:
        more = _("HIS not connected")
    elif census.state not in IN_DATE:
        more = _("old, since %(time)s", time=write.moment(census.as_of_ns))
    elif census.state is State.LATE:
        more = _("late, since %(time)s", time=write.moment(census.as_of_ns))
    return Row(
        place.facility.short.in_(write.language),
        cells,
        more=more,
        scope=place.scope,
        state=census.state.value,
        quality=census.quality.value,
    )


def _said(censuses: Sequence[Census], m: int, write: Writer) -> tuple[str, ...]:
    """How many of ``m`` facilities are in date, and how old the oldest of them is."""
    counted = [one for one in censuses if one.state in IN_DATE]
    said = [_("%(n)s of %(m)s facilities are in date; only they are added up.", n=len(counted), m=m)]
    oldest_ns = min((one.as_of_ns for one in counted if one.as_of_ns is not None), default=None)
    if oldest_ns is not None:
        said.append(_("The oldest is as of %(time)s.", time=write.moment(oldest_ns)))
    return tuple(said)


def _paper(
    province: Province,
    names: tuple[str, str],
    span: Span,
    censuses: Sequence[Census],
    *,
    sections: tuple[Section, ...],
    said: tuple[str, ...],
    sim: str,
) -> Paper:
    """``names``: of the file, and of what it is."""
    (kind, title), write = names, province.write
    states = {one.state for one in censuses if one.state in IN_DATE}
    return Paper(
        title=title,
        place=province.title.in_(write.language),
        when=written(span, write.language, write.zone),
        language=write.language,
        scope=province.scope,
        state=(State.MISSING if not states else State.LATE if State.LATE in states else State.FRESH).value,
        quality=(Quality.SIM if sim else Quality.GOOD).value,
        said=said,
        sections=sections,
        foot=foot_of(write),
        file=f"{kind}-{province.code}-{iso_day(span.to_ns - SECOND, write.zone)}",
        sim=sim,
    )
