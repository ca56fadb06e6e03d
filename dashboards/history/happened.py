"""What happened in a range: alerts of what is shown, and of the sources that it comes from."""

from collections.abc import Iterable
from dataclasses import dataclass

from alerts import Incident, IncidentReader, Level
from dashboards import format as fmt
from dashboards.alerts.words import words_of
from dashboards.history.asked import Place
from dashboards.history.choice import Choice
from dashboards.incidents import SOURCES, THINGS, lies
from dashboards.render import language, now_ns
from dashboards.services import services
from ioc.catalogue import Metric
from ioc.registry import Registry

MOST = 40  # that are listed
MOST_READ = 500  # the newest that are about it or about a source


@dataclass(frozen=True, slots=True)
class Happening:
    """One alert. ``drawn`` ones are about what is shown, and stand in the chart under their ``number``."""

    id: str
    number: int
    title: str
    place: str
    level: str
    hollow: bool
    start_ns: int
    stop_ns: int | None
    when: str
    lasted: str
    drawn: bool
    of_source: bool


def happened(place: Place, metric: Metric, choice: Choice) -> tuple[list[Happening], int]:
    """The newest of them, oldest first, and how many more there were."""
    own = services()
    kept = own.offload(_kept, own.incident_reader, own.registry, place, metric, choice)
    listed = kept[-MOST:]
    return list(_worded(listed, place, metric)), len(kept) - len(listed)


def _kept(
    reader: IncidentReader, registry: Registry, place: Place, metric: Metric, choice: Choice
) -> list[tuple[Incident, Level]]:
    facility, about = place.facility.code if place.facility else "", (SOURCES, metric.code, *metric.parts)
    found = reader.between(choice.start_ns, choice.stop_ns, facility, place.site, about=about, limit=MOST_READ)
    return [(one, level) for one, level in found if _within(one, place, registry) and _wanted(one, place, metric)]


def _within(one: Incident, place: Place, registry: Registry) -> bool:
    if not place.province:
        return True
    facility = registry.hospitals.get(one.facility)
    return facility is not None and facility.province == place.province


def _wanted(one: Incident, place: Place, metric: Metric) -> bool:
    return _about(one, place, metric) or one.metric.startswith(SOURCES)


def _about(one: Incident, place: Place, metric: Metric) -> bool:
    where = {name: tag for name, tag in place.tags.items() if name in ("facility", "site", "device", *THINGS)}
    wards = not place.ward or one.labels.get("ward", place.ward) == place.ward
    return wards and one.metric in (metric.code, *metric.parts) and lies(one, where)


def _worded(found: Iterable[tuple[Incident, Level]], place: Place, metric: Metric) -> Iterable[Happening]:
    words, zone, spoken = words_of(services(), language(), now_ns()), services().settings.timezone, language()
    number = 0
    for one, level in found:
        drawn = _about(one, place, metric)
        number += drawn
        end_ns = one.resolved_ns or now_ns()
        yield Happening(
            id=one.id,
            number=number if drawn else 0,
            title=words.title(one, one.value),
            place=words.place(one),
            level=level.word,
            hollow=one.simulated,
            start_ns=one.opened_ns,
            stop_ns=one.resolved_ns,
            when=fmt.moment(one.opened_ns, spoken, zone),
            lasted=fmt.span(max(0, end_ns - one.opened_ns), spoken),
            drawn=drawn,
            of_source=not drawn,
        )
