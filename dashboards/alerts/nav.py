"""The badge in the head of every page: how many alerts are open there, and how many nobody has taken."""

from dataclasses import dataclass

from dashboards.alarms import worst_of
from dashboards.render import address
from dashboards.services import Services

NAV = "nav-alerts"


@dataclass(frozen=True, slots=True)
class Badge:
    """Where it leads, and what it counts; ``level`` is the worst of those that nobody has taken.

    ``real`` says whether one of that level is no exercise.
    """

    href: str
    open: int
    unowned: int
    level: str
    real: bool = True


def badge_of(own: Services, facility: str, site: str) -> Badge:
    """The badge of everything, of a facility or of a site."""
    found = own.incidents.open(facility, site)
    unowned = [incident for incident in found if incident.unowned]
    worst = worst_of(unowned)
    real = worst is None or not worst.simulated
    place = {"facility": facility, "site": site}
    return Badge(address("alerts.index", place), len(found), len(unowned), worst.level.word if worst else "", real)
