"""The sign of life: a rule that always fires, each minute, by the same way as every other. Its receiver says when
nothing comes any more: then nobody would be told of anything."""

from alerts.compose import ALIVE
from alerts.event import Event, Happened
from alerts.incidents import WATCHDOG
from alerts.level import Level
from alerts.rules import Ack, Kind, Notify, Read, Rule, Runbook
from ioc.domain import MINUTE

EVERY_NS = MINUTE
RULE = Rule(
    id=WATCHDOG,
    title=ALIVE,
    kind=Kind.ABSENCE,
    read=Read("", ()),
    levels=(),
    missing=None,
    notify=Notify(WATCHDOG),
    ack=Ack(Level.CRITICAL, 0, reason=False),
    owner="",
    runbook=Runbook("", {}, {}),
    review_by="",
    where="",
)


def sign_of_life(now_ns: int) -> Event:
    """What is told each minute."""
    return Event(Happened.FIRING, RULE, (), WATCHDOG, Level.WARNING, now_ns)
