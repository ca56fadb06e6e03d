"""Incidents in the words of a page: titles, values, limits, places and times, in one language as of one moment."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from flask_babel import gettext as _

from alerts import Incident, Level, RulesInForce, render_title, state_name
from dashboards import format as fmt
from dashboards.services import Services
from ioc.catalogue import Catalogue, Kind
from ioc.domain import SECOND, Series, State
from ioc.latest import Book, Value
from ioc.registry import Registry

Titles = Mapping[str, Mapping[str, str]]  # of groups, by code and language
_OPS = {">=": "≥", "<=": "≤", "==": "=", "!=": "≠"}


@dataclass(frozen=True, slots=True)
class Words:
    """The language of what is rendered, and what it takes to call things by their names."""

    language: str
    zone: str
    catalogue: Catalogue
    registry: Registry
    now_ns: int
    titles: Callable[[], Titles] = dict

    def title(self, incident: Incident, value: float | None) -> str:
        """The rule's title with this value."""
        metric = self.catalogue.get(incident.metric)
        shown = state_name(metric, value, self.language) if metric else value
        decimals = metric.decimals if metric else 2
        facility = incident.facility

        def name(label: str, code: str) -> str:
            return self.name(label, code, facility)

        return render_title(incident.title, incident.labels, shown, decimals, self.language, name)

    def name(self, label: str, code: str, facility: str) -> str:
        """What people call that which a label names by its code."""
        found = self.registry.facility(code if label == "facility" else facility)
        if label == "facility":
            return found.short.in_(self.language) if found else code
        if label == "device":
            device = self.registry.device(facility, code)
            return device.title.in_(self.language) if device else code
        if found and label == "site" and code in found.sites:
            return found.sites[code].title.in_(self.language)
        place = found.places.get(code) if found else None
        return place.title.in_(self.language) if place else code

    def group(self, code: str) -> str:
        """What people call a group, as the rules in force know it; its code where they do not."""
        titles = self.titles().get(code, {})
        return titles.get(self.language) or titles.get("en") or code

    @property
    def colon(self) -> str:
        """The colon of the language: French sets a space before it."""
        return f"{fmt.NBSP}:" if self.language == "fr" else ":"

    def place(self, incident: Incident) -> str:
        """Where it is: the area and site of its device, and the facility."""
        facility = self.registry.facility(incident.facility)
        device = self.registry.device(incident.facility, incident.labels.get("device", ""))
        names = []
        if facility and device:
            names.append(facility.places[device.area].title.in_(self.language))
        if facility and incident.site in facility.sites and len(facility.sites) > 1:
            names.append(facility.sites[incident.site].title.in_(self.language))
        if incident.facility:
            names.append(self.name("facility", incident.facility, ""))
        return ", ".join(dict.fromkeys(names))

    def metric(self, code: str) -> str:
        """What is measured."""
        metric = self.catalogue.get(code)
        return metric.title.in_(self.language) if metric else code

    def quantity(self, code: str, value: float | None) -> str:
        """A value with its unit, or the name of a state."""
        metric = self.catalogue.get(code)
        if value is None:
            return fmt.NO_VALUE
        if metric is None:
            return fmt.number(value, 2, self.language)
        if metric.kind is Kind.STATE and 0 <= round(value) < len(metric.states):
            return metric.states[round(value)].title.in_(self.language)
        return fmt.quantity(value, metric.unit, metric.decimals, self.language)

    def measured(self, code: str, value: float) -> str:
        """What is measured, and the value."""
        return f"{self.metric(code)}{self.colon} {self.quantity(code, value)}"

    def limit(self, metric: str, op: str, value: float) -> str:
        """``≥ 8 °C``, as exact as the rule has it; of a state its name alone, and where ``op`` is empty the number."""
        found = self.catalogue.get(metric)
        state = found is not None and found.kind is Kind.STATE
        if state:
            text = self.quantity(metric, value)
        else:
            text = fmt.quantity(value, found.unit if found else "1", fmt.decimals_of(value), self.language)
        return text if op == "" or (state and op == "==") else f"{op_sign(op)}{fmt.NBSP}{text}"

    def crossed(self, incident: Incident) -> str:
        """The limit of the level that it is at; empty where it has none."""
        for level, op, value in incident.limits:
            if level == incident.level.word:
                return self.limit(incident.metric, op, value)
        return ""

    def offset(self, number: float) -> str:
        """`` + 5``, `` − 0,5``; empty for nothing."""
        if not number:
            return ""
        text = fmt.number(abs(number), fmt.decimals_of(number), self.language)
        return f" {'−' if number < 0 else '+'}{fmt.NBSP}{text}"

    def clock(self, ns: int) -> str:
        """``14:32``, with the date where it is not today."""
        same = self._local(ns).date() == self.today()
        return fmt.clock(ns, self.zone) if same else fmt.moment(ns, self.language, self.zone)

    def span(self, ns: int) -> str:
        """A length of time, short."""
        return fmt.span(ns, self.language)

    def day(self, day: date) -> str:
        """A day as the language writes it."""
        noon = datetime.combine(day, time(12), ZoneInfo(self.zone))
        return fmt.date(int(noon.timestamp()) * SECOND, self.language, self.zone)

    def today(self) -> date:
        """The day it is."""
        return self._local(self.now_ns).date()

    def midnight_ns(self) -> int:
        """When today began."""
        return int(datetime.combine(self.today(), time(), ZoneInfo(self.zone)).timestamp()) * SECOND

    def _local(self, ns: int) -> datetime:
        return datetime.fromtimestamp(ns / SECOND, ZoneInfo(self.zone))


def op_sign(op: str) -> str:
    """A comparison as people write it."""
    return _OPS.get(op, op)


def words_of(own: Services, language: str, now_ns: int) -> Words:
    """The words of this centre."""

    def titles() -> Titles:
        return titles_of(own.incident_reader.rules())

    return Words(language, own.settings.timezone, own.catalogue, own.registry, now_ns, titles)


def titles_of(rules: RulesInForce | None) -> Titles:
    """What the groups are called that rules tell, or that care for what they watch."""
    found: dict[str, Mapping[str, str]] = {}
    for rule in rules.document if rules else []:
        found[rule["owner"]] = rule.get("owner_title", {})
    for rule in rules.document if rules else []:
        found[rule["notify"]["group"]] = rule["notify"].get("group_title", {})
    return found


def value_now(book: Book, incident: Incident, now_ns: int) -> Value | None:
    """The present value of the series that is judged; None of a group, or where none ever came."""
    if not incident.series:
        return None
    series = Series.parse(incident.series)
    tags: Mapping[str, str] = dict(series.tags)
    own = {name: tags.get(name, "") for name in ("facility", "site", "device", "source")}
    values = book.values(series.metric, **own, now_ns=now_ns)
    return next((v for v in values if v.value is not None and v.tags.items() <= tags.items()), None)


def in_date(value: Value | None) -> bool:
    """Whether it may stand in a title."""
    return value is not None and value.n > 0 and value.state in (State.FRESH, State.LATE)


def level_word(level: Level) -> str:
    """``Warning`` or ``Critical``."""
    return str(_("Critical") if level is Level.CRITICAL else _("Warning"))


def channel_word(channel: str) -> str:
    """``e-mail``, ``webhook 2``."""
    kind, _dash, number = channel.partition("-")
    word = {"email": str(_("e-mail"))}.get(kind, kind)
    return f"{word} {number}" if number else word


def nobody_word(why: str, whom: str, words: Words) -> str:
    """Why nobody could be told."""
    texts = {
        "group-empty": _("the group %(group)s has nobody in it", group=words.group(whom)),
        "group-unknown": _("there is no group %(group)s", group=whom),
        "no-channel": _("%(person)s has no channel", person=whom),
    }
    return str(texts.get(why, f"{why} {whom}".strip()))
