"""What a bed is reckoned to be, from who lies in it, what was said of it and who left it."""

from typing import NamedTuple

from ioc.census.model import Effective
from ioc.domain import BedStatus

_SAID = {
    BedStatus.HOUSEKEEPING.value: Effective.DIRTY,
    BedStatus.UNOCCUPIED.value: Effective.CLEAN,
    BedStatus.CLOSED.value: Effective.CLOSED,
    BedStatus.CONTAMINATED.value: Effective.CONTAMINATED,
    BedStatus.ISOLATED.value: Effective.ISOLATED,
    BedStatus.OCCUPIED.value: Effective.BLOCKED,  # by nobody we know
}
BLOCKED = frozenset({Effective.CLOSED, Effective.ISOLATED, Effective.CONTAMINATED, Effective.BLOCKED})
DIRTY = frozenset({Effective.DIRTY, Effective.CLEANING})


class Known(NamedTuple):
    """What is known of a bed at one moment. Times are ns, None where it never happened.

    ``reported`` is the last A20 and ``reported_ns`` its time; ``vacated_ns`` when the last patient left;
    ``reserved_ns`` since when it is kept for somebody; ``occupied_ns`` since when the first of its patients lies there.
    """

    occupied_ns: int | None = None
    reported: str = ""
    reported_ns: int | None = None
    vacated_ns: int | None = None
    reserved_ns: int | None = None


def effective(bed: Known, at_ns: int, clean_after_ns: int) -> tuple[Effective, bool, int | None]:
    """The state, whether it is inferred, and since when; ``clean_after_ns`` 0: a dirty bed stays so until it is said.

    Who lies there comes first, then the later of what was said and of the last leaving. Only a clean bed is reserved.
    """
    if bed.occupied_ns is not None:
        return Effective.OCCUPIED, False, bed.occupied_ns
    state, inferred, since_ns = _empty(bed, at_ns, clean_after_ns)
    if state is Effective.CLEAN and bed.reserved_ns is not None:
        return Effective.RESERVED, False, bed.reserved_ns
    return state, inferred, since_ns


def _empty(bed: Known, at_ns: int, clean_after_ns: int) -> tuple[Effective, bool, int | None]:
    if bed.vacated_ns is not None and (bed.reported_ns is None or bed.vacated_ns > bed.reported_ns):
        state, since_ns = Effective.DIRTY, bed.vacated_ns
    elif bed.reported_ns is not None:
        state, since_ns = _SAID[bed.reported], bed.reported_ns
    else:
        return Effective.CLEAN, True, None
    if state is Effective.DIRTY and clean_after_ns and at_ns >= since_ns + clean_after_ns:
        return Effective.CLEAN, True, since_ns + clean_after_ns
    return state, False, since_ns
