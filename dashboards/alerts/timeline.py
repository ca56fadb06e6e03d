"""The timeline of an incident in words: what the engine saw, what people did, what did not arrive. Pure."""

from dataclasses import dataclass

from flask_babel import gettext as _

from alerts import Detail, Entry, Happened, Incident, Level
from dashboards.alerts.rows import is_act, why_over
from dashboards.alerts.told import GIVEN_UP
from dashboards.alerts.words import Words, channel_word, level_word, nobody_word
from ioc.domain import MINUTE


@dataclass(frozen=True, slots=True)
class Line:
    """One line, with its mark; ``at_ns`` is when we knew, ``time`` when it was so."""

    at_ns: int
    time: str
    mark: str
    level: str
    text: str
    detail: str = ""


LATE_NS = MINUTE  # from this on it is said that we knew later than it was so


def lines_of(detail: Detail, words: Words) -> list[Line]:
    """Everything that happened, the newest first."""
    lines, before = [], Level.NONE
    for entry in detail.timeline:
        lines.append(_line(entry, before, detail.incident, words))
        before = entry.level
    for delivery in detail.deliveries:
        if delivery.state == GIVEN_UP and delivery.done_ns:
            whom = {"person": delivery.person_name, "channel": channel_word(delivery.channel)}
            text = str(_("%(person)s could not be reached by %(channel)s", **whom))
            tries = str(_("%(n)s attempts", n=len(delivery.attempts)))
            failed = Line(
                delivery.done_ns, words.clock(delivery.done_ns), "missing", "", text, f"{delivery.error}. {tries}"
            )
            lines.append(failed)
    lines.reverse()  # of the same time the later one first
    return sorted(lines, key=lambda line: -line.at_ns)


def _line(entry: Entry, before: Level, incident: Incident, words: Words) -> Line:
    text, detail, mark = _said(entry, before, incident, words)
    act = is_act(entry.kind)
    if not act and entry.at_ns - entry.event_ns >= LATE_NS:
        detail = "; ".join(
            part for part in (detail, _("known here at %(time)s", time=words.clock(entry.at_ns))) if part
        )
    level = entry.level.word if entry.kind in (Happened.FIRING, Happened.LEVEL) else ""
    return Line(entry.at_ns, words.clock(entry.at_ns if act else entry.event_ns), mark, level, text, detail)


def _said(entry: Entry, before: Level, incident: Incident, words: Words) -> tuple[str, str, str]:
    """Text, what stands small below it, and the mark."""
    if is_act(entry.kind):
        return _act(entry, words)
    value = _value(entry, incident, words)
    level = level_word(entry.level)
    match entry.kind:
        case Happened.FIRING:
            return str(_("Opened, level %(level)s", level=level)), value, entry.level.word
        case Happened.LEVEL:
            rose = entry.level > before
            text = _("Rises to %(level)s", level=level) if rose else _("Goes down to %(level)s", level=level)
            return str(text), value, entry.level.word
        case Happened.MISSING:
            return str(_("Falls silent")), _silence(before, level, incident), "stale"
        case Happened.BACK:
            return str(_("Speaks again")), value, "fresh"
    return str(_("Over")), ", ".join(part for part in (why_over(incident), value) if part), "ok"


def _silence(before: Level, level: str, incident: Incident) -> str:
    if incident.silent > 1:
        return str(_("%(n)s series are silent", n=incident.silent))
    if not before:
        return str(_("Opened, level %(level)s", level=level))
    return str(_("level %(level)s is kept: silence ends nothing", level=level))


def _act(entry: Entry, words: Words) -> tuple[str, str, str]:
    who = entry.who
    match entry.kind:
        case Happened.ACKED:
            return str(_("%(who)s takes it", who=who)), entry.text, "ok"
        case Happened.ACK_ENDED:
            rose = entry.text == "level"
            why = _("the level has risen") if rose else _("its time is over: everybody is told again")
            return str(_("Nobody has it any more")), str(why), "late"
        case Happened.NOTE:
            return entry.text, str(_("written by %(who)s", who=who)), "go"
        case Happened.CLOSED:
            return str(_("%(who)s closes it", who=who)), entry.text, "ok"
    why, _colon, whom = entry.text.partition(":")
    return str(_("Somebody could not be told")), nobody_word(why, whom, words), "missing"


def _value(entry: Entry, incident: Incident, words: Words) -> str:
    if entry.value is None:
        return ""
    text = words.quantity(incident.metric, entry.value)
    if entry.limit is None:
        return text
    ops = {(level, limit): op for level, op, limit in incident.limits}
    op = ops.get((entry.level.word, entry.limit), "")
    return f"{text}, {_('limit %(limit)s', limit=words.limit(incident.metric, op, entry.limit))}"
