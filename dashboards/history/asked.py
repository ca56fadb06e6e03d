"""Who asks for the history of what, and where: checked against rights, catalogue and registry."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from alerts import Incident
from dashboards.access import authorise, narrowed
from dashboards.api import params
from dashboards.api.members import ADDABLE, PRODUCER, Members, members_of
from dashboards.errors import bad_request, not_found
from dashboards.history import choice as choices
from dashboards.history.study import Wanted
from dashboards.history.windows import Ask
from dashboards.hospital.live import known_facility
from dashboards.incidents import THINGS, place_of, shows
from dashboards.render import named, now_ns, say
from dashboards.services import services
from ioc.access import Principal
from ioc.catalogue import Adds, Kind, Metric
from ioc.registry import SELF, Device, Facility

FIRST = "bed.occ_staffed"  # what is shown where nothing was chosen
PROVINCE = "province:"  # before a code in the list of places


@dataclass(frozen=True, slots=True)
class Place:
    """Where: a facility, of it a site, ward, device or other thing (a host, its mount); or a province. Empty is all."""

    facility: Facility | None = None
    province: str = ""
    site: str = ""
    ward: str = ""
    device: str = ""
    things: Mapping[str, str] = field(default_factory=dict)  # by tag

    @property
    def tags(self) -> dict[str, str]:
        """What the series of this place have."""
        found = {"province": self.province, "facility": self.facility.code if self.facility else ""}
        found |= {"site": self.site, "ward": self.ward, "device": self.device, **self.things}
        return {name: value for name, value in found.items() if value}

    @property
    def known_device(self) -> Device | None:
        """The device, where the registry has it."""
        return services().registry.device(self.facility.code, self.device) if self.facility and self.device else None

    @property
    def title(self) -> str:
        """What people call it."""
        if self.facility is None:
            return say(services().registry.provinces[self.province])
        if self.device:
            return named(self.known_device) if self.known_device else self.device
        if self.things:
            return ", ".join(dict.fromkeys(self.things.values()))
        if self.ward:
            return say(self.facility.places[self.ward].title) if self.ward in self.facility.places else self.ward
        return say(self.facility.sites[self.site].title) if self.site else say(self.facility.title)

    @property
    def scope(self) -> str:
        """As in ``data-scope``."""
        if self.facility is None:
            return f"{PROVINCE}{self.province}"
        return f"facility:{self.facility.code}" + (f"/site:{self.site}" if self.site else "")


@dataclass(frozen=True, slots=True)
class Asked:
    """A checked question. ``metric`` and ``place`` are None where there is nothing that could be shown."""

    principal: Principal
    metric: Metric | None
    place: Place | None
    facilities: list[Facility]
    provinces: list[str]
    incident: Incident | None = None
    words: Mapping[str, str] = field(default_factory=dict)


def read(words: Mapping[str, str]) -> Asked:
    """What the address asks for, by whoever asks. Raises ProblemError where that cannot be or is not allowed."""
    incident = _incident(words.get("incident", ""))
    if incident is not None and "metric" not in words:
        words = {**words, "metric": incident.metric, **place_of(incident)}
    code, province = words.get("facility", ""), words.get("province", "")
    if code.startswith(PROVINCE):
        code, province = "", code.removeprefix(PROVINCE)
    principal, code, site = narrowed("history", code, words.get("site", ""))
    params.known_facility(code, site)
    registry = services().registry
    known = (*registry.facilities.values(), SELF)
    facilities = [found for found in known if principal.scope.covers(found.code, principal.scope.site)]
    everything = not principal.scope.facility
    metric = _metric(words.get("metric") or FIRST)
    place = None
    if province:
        authorise("history", everywhere=True)
        if province not in registry.provinces:
            raise bad_request(
                "province", f"there is no province {province!r}", params.meant(province, registry.provinces)
            )
        place = Place(province=province)
    elif metric is not None and (code or facilities):
        place = _place(known_facility(services(), code or facilities[0].code, site), site, metric, words)
    if incident is not None and (metric is None or place is None or not shows(incident, metric, place.tags)):
        incident = None  # somebody has chosen to see something else
    return Asked(principal, metric, place, facilities, list(registry.provinces) if everything else [], incident, words)


def _place(facility: Facility, site: str, metric: Metric, words: Mapping[str, str]) -> Place:
    """Within a facility; what this metric cannot have is left out, as it was chosen for another one."""
    ward = words.get("ward", "") if "ward" in metric.tags else ""
    device = words.get("device", "") if "device" in metric.tags else ""
    found = services().registry.device(facility.code, device)
    if found is not None and found.device_class != metric.measurement:
        device = ""
    known = (*metric.tags, "source")  # every series has that one
    return Place(facility, "", site, ward, device, {n: words[n] for n in THINGS if words.get(n) and n in known})


def _metric(code: str) -> Metric | None:
    catalogue = services().catalogue
    metric = catalogue.get(code)
    if metric is None and code != FIRST:
        close = catalogue.nearest(code)
        raise bad_request("metric", f"there is no metric {code!r}", f"Did you mean {close}?" if close else "")
    return metric


def _incident(code: str) -> Incident | None:
    """The one around which the history is wanted; one that lies outside the scope is as unknown as none."""
    if not code:
        return None
    principal = authorise("alerts")
    found = services().offload(services().incident_reader.find, code)
    if found is None or not principal.scope.covers(found.incident.facility, found.incident.site):
        raise not_found("there is no such incident", "The alert centre lists them.")
    return found.incident


def offered(asked: Asked, metric: Metric, place: Place) -> choices.Offered:
    """What can be chosen for this metric in this place."""
    hows = [how for how, _title in choices.hows_for(metric)]
    of_census = PRODUCER in metric.producers
    members = members_of(metric, place.tags, None)
    beside = _facilities_of(metric, hows)[1]
    if members.add_up:
        hows = [how for how in hows if how in ADDABLE]
    elif _apart(metric, place):
        hows = list(beside) or hows
    among = len(services().registry.hospitals) if not asked.principal.scope.facility else 1
    return choices.Offered(
        tuple(hows),
        raw=metric.kind is not Kind.RATIO and not members.add_up and not place.province,
        range="14d" if of_census else "24h",
        many=among,
        beside=tuple(beside) if among > 1 and "facility" in metric.tags and place.facility is not SELF else (),
    )


def _apart(metric: Metric, place: Place) -> bool:
    """Whether it is a province of devices: no series is of all of it, and each of its facilities is shown."""
    return bool(place.province) and PRODUCER not in metric.producers


def _facilities_of(metric: Metric, hows: Sequence[str]) -> tuple[Members, Sequence[str]]:
    """How the series of each facility become its line as the catalogue says that they add up over places, and in which
    of these ways; in none where they never do, and each stays by itself."""
    one = members_of(metric, {}, ("facility",))
    if PRODUCER in metric.producers or metric.over_places is Adds.RATIO_OF_SUMS:
        return one, hows
    if metric.over_places in (Adds.SUM, Adds.LAST_THEN_SUM):
        return Members({}, None, add_up=("facility",)), [how for how in hows if how in ADDABLE]
    ways = [how for how in hows if how == metric.over_places and how in (Adds.MAX, Adds.MIN, Adds.MEAN)]
    return (one, ways) if ways else (Members({}, None), [])


def wanted(metric: Metric, place: Place, choice: choices.Choice) -> Wanted:
    """What to ask the store."""
    zone = services().settings.timezone
    own = Ask(metric, members_of(metric, place.tags, None), choice.how, choice.step_ns, zone)
    if choice.vs != choices.PLACES and not _apart(metric, place):
        return Wanted(own, choice, zone)
    hospitals = services().registry.hospitals
    among = [code for code, found in hospitals.items() if place.province in ("", found.province)]
    members, _ways = _facilities_of(metric, [how for how, _title in choices.hows_for(metric)])
    each = Ask(metric, members, choice.how, choice.step_ns, zone)
    return Wanted(own, choice, zone, each, tuple(among), place.facility.code if place.facility else "")


def choice_of(asked: Asked, options: choices.Offered) -> choices.Choice:
    """The range, resolution and comparison."""
    return choices.read(asked.words, options, now_ns(), services().settings.timezone, _around(asked.incident))


def _around(incident: Incident | None) -> tuple[int, int] | None:
    """From when to when it lasted, up to now."""
    if incident is None:
        return None
    ended_ns = incident.resolved_ns or now_ns()
    return min(incident.opened_ns, ended_ns), ended_ns
