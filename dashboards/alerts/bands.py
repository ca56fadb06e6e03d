"""What keeps alerts from being judged, said across the page: nobody judges, or the newest rules were refused."""

from dataclasses import dataclass

from flask_babel import gettext as _

from alerts import IncidentReader
from dashboards.alerts.words import Words
from ioc.domain import SECOND

LOOK_NS = 2 * SECOND  # how often it is looked again what no incident tells: who was told, whether anybody judges
GRACE_NS = 10 * SECOND  # a new holder takes over within this time: no reason to shout


@dataclass(frozen=True, slots=True)
class Band:
    """One band: what is so, what follows, and the faults behind it."""

    id: str
    text: str
    detail: str
    faults: tuple[str, ...] = ()


def bands_of(reader: IncidentReader, words: Words) -> list[Band]:
    """The bands of this moment; none while all is well."""
    found = []
    text = unjudged(reader, words)
    if text:
        detail = _("New alerts do not open and open ones do not end. Is the scheduler running?")
        found.append(Band("band-unjudged", text, str(detail)))
    rules = reader.rules()
    if rules is not None and rules.refused_at_ns is not None:
        time = words.clock(rules.refused_at_ns)
        text = str(_("The rule files of %(time)s were refused: the rules before them stay in force", time=time))
        faults = tuple(_fault(fault) for fault in rules.faults)
        found.append(Band("band-refused", text, str(_("Mend the files; they are read again by themselves.")), faults))
    return found


def unjudged(reader: IncidentReader, words: Words) -> str:
    """That nobody judges, and since when; empty while somebody does."""
    until_ns = reader.judged_until_ns()
    if until_ns + GRACE_NS >= words.now_ns:
        return ""
    if not until_ns:
        return str(_("Alerts are not judged"))
    return str(_("Alerts have not been judged since %(time)s", time=words.clock(until_ns)))


def _fault(fault: dict[str, str]) -> str:
    parts = (fault.get("where", ""), fault.get("what", ""), fault.get("hint", ""))
    return " ".join(part for part in (f"{parts[0]}:" if parts[0] else "", *parts[1:]) if part)
