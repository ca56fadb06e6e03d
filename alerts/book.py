"""The open incidents in memory, with those that ended within the last day; for a process that shows them."""

import threading

from sqlalchemy import Engine, or_, select

from alerts.change import NEWEST
from alerts.incidents import OPEN, WATCHDOG, Incident, incident_of
from alerts.tables import incidents
from ioc.database import reading
from ioc.domain import MINUTE, Clock, SystemClock

KEPT_NS = 24 * 60 * MINUTE  # how long one that is over is remembered


class IncidentBook:
    """``refresh`` may block on the database and is called by one thread at a time; the others only read.

    They need no lock: incidents are never changed once read, and the dict is replaced whole.
    """

    def __init__(self, engine: Engine, clock: Clock | None = None) -> None:
        self._engine = engine
        self._clock = clock or SystemClock()
        self._refreshing = threading.Lock()
        self._incidents: dict[str, Incident] = {}
        self._change = 0

    @property
    def change(self) -> int:
        """The change number up to which this is so."""
        return self._change

    def refresh(self) -> list[Incident]:
        """Read what changed since the last call, and return it: opened, changed and resolved ones."""
        with self._refreshing:
            since_ns = self._clock.now_ns() - KEPT_NS
            with reading(self._engine) as connection:
                newest = connection.execute(NEWEST).scalar() or 0  # first: what comes in between comes twice
                if newest == self._change:
                    return []
                query = select(incidents).where(incidents.c.id != WATCHDOG)
                anew = not self._change or newest < self._change  # replaced by an older copy
                if anew:
                    recent = incidents.c.resolved_at_ns >= since_ns
                    query = query.where(or_(incidents.c.status.in_(OPEN), recent))
                else:
                    query = query.where(incidents.c.change > self._change)
                changed = [incident_of(row) for row in connection.execute(query).mappings()]
            known = {} if anew else self._incidents
            self._incidents = {
                each.id: each
                for each in (known | {each.id: each for each in changed}).values()
                if each.open or (each.resolved_at_ns or 0) >= since_ns
            }
            self._change = newest
            return changed

    def get(self, incident: str) -> Incident | None:
        """This incident, where it is open or ended within the last day."""
        return self._incidents.get(incident)

    def open(self, facility: str = "", site: str = "") -> list[Incident]:
        """The open ones of a facility or site, of all where none is named: unowned first, then by level and age."""
        return sorted(
            (each for each in self._incidents.values() if each.open and _lies(each, facility, site)),
            key=lambda each: each.urgency,
        )

    def done(self, facility: str = "", site: str = "") -> list[Incident]:
        """Those that ended within the last day, the last first."""
        ended = [each for each in self._incidents.values() if not each.open and _lies(each, facility, site)]
        return sorted(ended, key=lambda each: (-(each.resolved_at_ns or 0), each.id))


def _lies(incident: Incident, facility: str, site: str) -> bool:
    return (not facility or incident.facility == facility) and (not site or incident.site == site)
