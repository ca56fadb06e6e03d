"""The facilities of a province as lines of its board, in the order of the registry, which never changes. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain

from dashboards.alarms import Alarms
from dashboards.boards import Term
from dashboards.reckon import Lens, Shown, reckon
from ioc.domain import State
from ioc.latest import Value

LOW, HIGH = 50, 115  # per cent, from where to where the scale of a line reaches
SCALE_FROM, SCALE_STEP = 4.0, 1.62  # of its drawing, 112 wide
ROOMY, NORMAL, DENSE = 10, 20, 63  # lines up to which a board has one column, and two, and three that fit on a wall

OCCUPANCY = Term.model_validate({"metric": "bed.occ_staffed", "how": "ratio", "warn_above": 100.0})
AVAILABLE = Term.model_validate({"metric": "bed.avail", "how": "sum", "over": "bed.staffed"})
SHARED = Term.model_validate({"metric": "bed.shared", "how": "sum"})
EMERGENCY = Term.model_validate({"metric": "ed.census", "how": "sum"})
TERMS = (OCCUPANCY, AVAILABLE, SHARED, EMERGENCY)


@dataclass(frozen=True)
class ProvinceLens(Lens):
    """The values of several facilities as those of one province; what is counted are facilities."""

    code: str
    lenses: tuple[Lens, ...]

    @property
    def facilities(self) -> Sequence[str]:
        """Their codes."""
        return [lens.facility for lens in self.lenses]

    def values(self, metric: str) -> list[Value]:
        """Those of one metric, of all of them."""
        return list(chain.from_iterable(lens.values(metric) for lens in self.lenses))

    @property
    def scope(self) -> str:
        """``province:song-may``, as in ``data-scope``."""
        return f"province:{self.code}"


@dataclass(frozen=True)
class Line:
    """One facility, or one site of it. Its state is that of its occupancy: both come from the same feed."""

    id: str
    title: str
    href: str
    of_site: bool
    occupancy: Shown
    available: Shown
    shared: Shown
    emergency: Shown
    level: str
    real: bool

    @property
    def state(self) -> State:
        """How old it is."""
        return self.occupancy.state

    @cached_property
    def dot(self) -> float | None:
        """Where its occupancy stands on the scale; None where there is none."""
        value = self.occupancy.value
        if value is None or self.state in (State.STALE, State.MISSING):
            return None
        return round(SCALE_FROM + SCALE_STEP * (min(max(value, LOW), HIGH) - LOW), 1)

    @property
    def turns_ns(self) -> int | None:
        """When the clock alone changes any of it."""
        shown = (self.occupancy, self.available, self.shared, self.emergency)
        return min((t for one in shown if (t := one.turns_ns) is not None), default=None)


def line_of(lens: Lens, alarms: Alarms, title: str, href: str) -> Line:
    """The line of one facility or site. Its level is that of its beds and its emergency, not of its devices."""
    occupancy, available, shared, emergency = (alarms.on_term(reckon(term, lens), term) for term in TERMS)
    worst = alarms.worst(*TERMS)
    return Line(
        id=line_id(lens.facility, lens.site),
        title=title,
        href=href,
        of_site=bool(lens.site),
        occupancy=occupancy if not worst else replace(occupancy, alert=worst.id),
        available=available,
        shared=shared,
        emergency=emergency,
        level=worst.level.word if worst else occupancy.level,
        real=worst is not None and not worst.simulated,
    )


def line_id(facility: str, site: str = "") -> str:
    """The id of the element that shows it."""
    return f"line-{facility}" + (f"-{site}" if site else "")


def size_of(count: int) -> str:
    """The classes of a board of so many lines."""
    if count <= NORMAL:
        return "roomy" if count <= ROOMY else "normal"
    return "dense" if count <= DENSE else "dense many"


def columns(groups: Iterable[Sequence[Line]]) -> list[list[Line]]:
    """The lines in one, two or three columns, as even as may be; a facility stays with its sites."""
    groups = list(groups)
    count = sum(len(group) for group in groups)
    wanted = 1 if count <= ROOMY else 2 if count <= NORMAL else 3
    most = -(-count // wanted)
    while len(found := _filled(groups, most)) > wanted:
        most += 1
    return found


def _filled(groups: Sequence[Sequence[Line]], most: int) -> list[list[Line]]:
    found: list[list[Line]] = [[]]
    for group in groups:
        if found[-1] and len(found[-1]) + len(group) > most:
            found.append([])
        found[-1] += group
    return found
