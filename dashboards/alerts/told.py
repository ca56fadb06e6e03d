"""Who was told of an incident by which channel, and who was not reached. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from flask_babel import gettext as _

from alerts import Delivery, Detail, Happened
from dashboards.alerts.words import Words, channel_word, nobody_word

SENT, GIVEN_UP = "sent", "given_up"
SHOWN = 4  # people named in the list


@dataclass(frozen=True, slots=True)
class Told:
    """One line of the alert centre: a person with their channels, or why nobody could be told."""

    text: str
    failed: bool = False


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """One message to one person by one channel, as the incident's page lists it."""

    person: str
    channel: str
    what: str
    state: str
    result: str
    attempts: int
    proof: str  # what the other side answered last
    next: str


def summary(deliveries: Iterable[Delivery], nobody: Iterable[str], words: Words) -> tuple[Told, ...]:
    """A line for each person, from the last message by each channel; before them, why others could not be told."""
    latest: dict[tuple[str, str], Delivery] = {}
    for delivery in deliveries:
        if delivery.status != "resolved":
            latest[delivery.person, delivery.channel] = delivery
    people: dict[str, list[Delivery]] = {}
    for delivery in latest.values():
        people.setdefault(delivery.person, []).append(delivery)
    lines = [Told(text, failed=True) for text in nobody]
    for own in list(people.values())[:SHOWN]:
        channels = ", ".join(f"{channel_word(one.channel)} {_short(one, words)}" for one in own)
        lines.append(Told(f"{own[0].person_name}{words.colon} {channels}", all(one.state != SENT for one in own)))
    if len(people) > SHOWN:
        lines.append(Told(str(_("and %(n)s more", n=len(people) - SHOWN))))
    return tuple(lines)


def nobody_of(detail: Detail, words: Words) -> tuple[str, ...]:
    """Why somebody could not be told at all, each reason once."""
    texts = [nobody_word(*_two(line.text), words) for line in detail.timeline if line.kind is Happened.UNTOLD]
    return tuple(dict.fromkeys(texts))


def deliveries_of(detail: Detail, words: Words) -> list[DeliveryRow]:
    """Every message of the incident, the last first."""
    return [_row(delivery, words) for delivery in sorted(detail.deliveries, key=lambda d: d.id, reverse=True)]


def status_word(status: str, *, level: str = "") -> str:
    """What a message says."""
    texts = {
        "firing": _("opened"),
        "level": _("critical now") if level == "critical" else _("level changed"),
        "missing": _("silent"),
        "resolved": _("over"),
        "test": _("test"),
    }
    return str(texts.get(status, status))


def _row(delivery: Delivery, words: Words) -> DeliveryRow:
    last = delivery.attempts[-1] if delivery.attempts else None
    waits = delivery.state not in (SENT, GIVEN_UP)
    return DeliveryRow(
        person=delivery.person_name,
        channel=channel_word(delivery.channel),
        what=status_word(delivery.status, level=delivery.level.word),
        state=delivery.state,
        result=_result(delivery, words),
        attempts=len(delivery.attempts),
        proof="" if last is None else last.detail if last.outcome == SENT else delivery.error or last.detail,
        next=words.clock(delivery.due_ns) if waits and last is not None else "",
    )


def _result(delivery: Delivery, words: Words) -> str:
    done = words.clock(delivery.done_ns) if delivery.done_ns else ""
    if delivery.state == SENT:
        return str(_("arrived %(time)s", time=done))
    if delivery.state == GIVEN_UP:
        return str(_("given up %(time)s", time=done))
    return str(_("not arrived yet")) if delivery.attempts else str(_("being sent"))


def _short(delivery: Delivery, words: Words) -> str:
    if delivery.state == SENT and delivery.done_ns:
        return words.clock(delivery.done_ns)
    return str(_("not reached")) if delivery.attempts or delivery.state == GIVEN_UP else str(_("being sent"))


def _two(text: str) -> tuple[str, str]:
    why, _colon, whom = text.partition(":")
    return why, whom
