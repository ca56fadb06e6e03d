"""One incident as an article of the alert centre, an item of a wall's strip, or the head of its own page. Pure."""

from dataclasses import dataclass

from flask_babel import gettext as _

from alerts import Delivery, Happened, Incident
from dashboards import format as fmt
from dashboards.alerts.told import Told, summary
from dashboards.alerts.words import Words, in_date, value_now
from ioc.domain import MINUTE, STALE_AFTER, State
from ioc.latest import Book, Value

UNOWNED, OWNED, FREE = "unowned", "owned", "free"
PERIODS = (15, 30, 60, 120, 240, 480)  # minutes for which one may take an incident


@dataclass(frozen=True, slots=True)
class AlertRow:
    """Ready to be drawn. What stands in data- attributes is the value's; ``level`` and ``quality`` the incident's."""

    id: str
    rule: str
    title: str
    href: str
    group: str
    status: str
    level: str
    quality: str
    metric: str
    scope: str
    state: State
    opened_ns: int
    opened: str
    ago: str  # how long it has been open
    late_ns: int | None = None
    stale_ns: int | None = None
    facts: tuple[str, ...] = ()
    silent_ns: int | None = None
    silent: str = ""
    silent_many: int = 0
    ended: str = ""  # when; empty while open
    why: str = ""
    who: str = ""
    taken: str = ""
    until: str = ""
    reason: str = ""
    told: tuple[Told, ...] = ()
    needs_reason: bool = False
    periods: tuple[tuple[int, str], ...] = ()

    @property
    def closed(self) -> str:
        """When and why it ended; empty while open."""
        return f"{self.ended}, {self.why}" if self.ended else ""


def row_of(
    incident: Incident, book: Book, words: Words, deliveries: tuple[Delivery, ...] = (), nobody: tuple[str, ...] = ()
) -> AlertRow:
    """The incident as of ``words.now_ns``; its title holds the present value while that is in date."""
    value = value_now(book, incident, words.now_ns) if incident.open else None
    shown, as_of_ns = (value.value, value.as_of_ns) if value and in_date(value) else (incident.value, None)
    state, late_ns, stale_ns = _age(incident, value)
    silent_ns = incident.missing_since_ns or None
    return AlertRow(
        id=incident.id,
        rule=incident.rule,
        title=words.title(incident, shown),
        href=f"/alerts/{incident.id}",
        group=group_of(incident),
        status=incident.status,
        level=incident.level.word,
        quality=incident.quality.value,
        metric=incident.metric,
        scope=_scope(incident),
        state=state,
        late_ns=late_ns,
        stale_ns=stale_ns,
        facts=_facts(incident, shown, as_of_ns, words),
        opened_ns=incident.opened_ns,
        opened=words.clock(incident.opened_ns),
        ago=fmt.age(incident.opened_ns, words.now_ns, words.language, words.zone),
        silent_ns=silent_ns if incident.open else None,
        silent=words.clock(silent_ns) if silent_ns else "",
        silent_many=incident.silent,
        ended="" if incident.open else words.clock(incident.resolved_ns or incident.event_ns),
        why="" if incident.open else why_over(incident),
        who=incident.acked_by,
        taken=words.clock(incident.acked_at_ns) if incident.acked_at_ns else "",
        until=words.clock(incident.ack_until_ns) if incident.ack_until_ns else "",
        reason=incident.ack_reason,
        told=summary(deliveries, nobody, words),
        needs_reason=incident.ack_needs_reason,
        periods=periods(incident, words),
    )


def group_of(incident: Incident) -> str:
    """Under which heading it stands: nobody has taken it, somebody has, or nobody has to."""
    if incident.acked_by:
        return OWNED
    return UNOWNED if incident.unowned else FREE


def periods(incident: Incident, words: Words) -> tuple[tuple[int, str], ...]:
    """For how many minutes one may take it, in words, the longest first: what the rule allows."""
    longest = incident.ack_expires_ns // MINUTE
    offered = sorted({int(longest), *(minutes for minutes in PERIODS if minutes < longest)}, reverse=True)
    return tuple((minutes, words.span(minutes * MINUTE)) for minutes in offered)


def why_over(incident: Incident) -> str:
    """Why it ended, in words."""
    texts = {
        "value": _("the values are well again"),
        "back": _("it speaks again"),
        "closed": _("closed by a person"),
        "rule-changed": _("its rule was changed"),
        "rule-removed": _("its rule was removed"),
    }
    return str(texts.get(incident.why, incident.why))


def limits_of(incident: Incident, words: Words) -> tuple[tuple[str, str], ...]:
    """Level and limit, the mildest first."""
    return tuple((level, words.limit(incident.metric, op, value)) for level, op, value in incident.limits)


def is_act(kind: Happened) -> bool:
    """Whether a person did it, or the clock: then our time is its time, else the source's."""
    return kind in (Happened.ACKED, Happened.ACK_ENDED, Happened.NOTE, Happened.CLOSED, Happened.UNTOLD)


def _age(incident: Incident, value: Value | None) -> tuple[State, int | None, int | None]:
    """How old its value is, and when it turns late and stale; of a group only whether it is silent."""
    if value is None or value.as_of_ns is None:
        return State.STALE if incident.missing_since_ns else State.FRESH, None, None
    late_ns = value.as_of_ns + value.max_age_ns + 1 if value.state is State.FRESH else None
    return value.state, late_ns, value.as_of_ns + STALE_AFTER * value.max_age_ns + 1


def _facts(incident: Incident, value: float | None, as_of_ns: int | None, words: Words) -> tuple[str, ...]:
    facts = []
    if value is not None:
        text = words.measured(incident.metric, value)
        facts.append(_("%(text)s at %(time)s", text=text, time=words.clock(as_of_ns)) if as_of_ns else text)
    elif incident.metric:
        facts.append(words.metric(incident.metric))
    crossed = words.crossed(incident)
    if crossed and crossed not in (facts[0] if facts else ""):  # the name of a state is not said twice
        facts.append(_("limit %(limit)s", limit=crossed))
    if place := words.place(incident):
        facts.append(place)
    return tuple(str(fact) for fact in facts)


def _scope(incident: Incident) -> str:
    parts = (("facility", incident.facility), ("site", incident.site), ("device", incident.labels.get("device", "")))
    return "/".join(f"{name}:{code}" for name, code in parts if code)
