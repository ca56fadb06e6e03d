"""What pages and API share of incidents: where their values are seen, and which values alarm."""

from collections.abc import Callable, Iterable, Mapping

from alerts import Incident, Level
from dashboards.render import address
from ioc.catalogue import Metric
from ioc.domain import Series
from ioc.latest import Value

Limit = tuple[str, str, float]  # level, operator, number
Tags = tuple[tuple[str, str], ...]
THINGS = ("asset", "host", "service", "mount", "iface", "source")  # tags that tell series apart where no device does
SOURCES = "it."  # metrics that tell how a source is


def place_of(incident: Incident) -> dict[str, str]:
    """The tags that lead to its values in the history."""
    tags = dict(Series.parse(incident.series).tags) if incident.series else dict(incident.labels)
    tags |= {"facility": incident.facility, "site": incident.site}
    names = [name for name in THINGS if name != "source" or incident.metric.startswith(SOURCES)]
    return {name: tags[name] for name in ("facility", "site", "device", *names) if tags.get(name)}


def history_address(incident: Incident) -> str:
    """The history of what it is about, around its time, with its limits drawn."""
    return address("history.index", {"metric": incident.metric, **place_of(incident), "incident": incident.id})


def shows(incident: Incident, metric: Metric, where: Mapping[str, str]) -> bool:
    """Whether what is seen of this metric there is what the incident is about."""
    return incident.metric == metric.code and lies(incident, where)


def lies(incident: Incident, where: Mapping[str, str]) -> bool:
    """Whether it is about something there."""
    own = place_of(incident)
    return all(own.get(name, tag) == tag for name, tag in where.items() if tag)


def crossed(incident: Incident) -> Limit | None:
    """The limit of its present level; None where it is about silence only."""
    return next((limit for limit in incident.limits if limit[0] == incident.level.word), None)


def alarming(incidents: Iterable[Incident]) -> Callable[[Value], Level]:
    """What tells the level at which the series of a value alarms; ``Level.NONE`` where it does not."""
    levels: dict[tuple[str, Tags], Level] = {}
    for each in incidents:
        if each.series:
            series = Series.parse(each.series)
            key = series.metric, tuple(sorted(series.tags))
            levels[key] = max(each.level, levels.get(key, Level.NONE))
    metrics = {metric for metric, _ in levels}

    def level_of(value: Value) -> Level:
        if value.metric not in metrics:  # of nearly every value
            return Level.NONE
        tags = {**value.tags, "source": value.source}
        return levels.get((value.metric, tuple(sorted(tags.items()))), Level.NONE)

    return level_of
