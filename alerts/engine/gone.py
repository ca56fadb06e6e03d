"""What stands for a rule that is not there any more."""

from alerts.level import Level
from alerts.rules import Ack, Kind, Notify, Read, Rule, Runbook
from ioc.catalogue import Text


def gone_rule(rule_id: str) -> Rule:
    """A rule of which only the id is known: its incident ends, and what pages show of it stands in its own row."""
    return Rule(
        id=rule_id,
        title=Text(rule_id, rule_id),
        kind=Kind.THRESHOLD,
        read=Read("", ()),
        levels=(),
        missing=None,
        notify=Notify(""),
        ack=Ack(Level.CRITICAL, 0, reason=False),
        owner="",
        runbook=Runbook("", {}, {}),
        review_by="",
        where="",
    )
