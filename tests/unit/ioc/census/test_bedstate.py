"""What a bed is reckoned to be."""

import pytest

from ioc.census.bedstate import Known, effective
from ioc.census.model import Effective
from ioc.domain import MINUTE

HOUR = 60 * MINUTE
T = 1_000 * HOUR


@pytest.mark.parametrize(
    ("bed", "state", "inferred", "since_ns"),
    [
        (Known(), Effective.CLEAN, True, None),
        (Known(occupied_ns=T - 5), Effective.OCCUPIED, False, T - 5),
        (Known(occupied_ns=T - 5, reported="C", reported_ns=T - 1), Effective.OCCUPIED, False, T - 5),
        (Known(vacated_ns=T - 5), Effective.DIRTY, False, T - 5),
        (Known(vacated_ns=T - HOUR + 1), Effective.DIRTY, False, T - HOUR + 1),
        (Known(vacated_ns=T - HOUR), Effective.CLEAN, True, T),
        (Known(vacated_ns=T - 5 * HOUR), Effective.CLEAN, True, T - 4 * HOUR),
        (Known(reported="H", reported_ns=T - 5), Effective.DIRTY, False, T - 5),
        (Known(reported="H", reported_ns=T - 2 * HOUR), Effective.CLEAN, True, T - HOUR),
        (Known(reported="U", reported_ns=T - 5), Effective.CLEAN, False, T - 5),
        (Known(reported="C", reported_ns=T - 5 * HOUR), Effective.CLOSED, False, T - 5 * HOUR),
        (Known(reported="K", reported_ns=T - 5 * HOUR), Effective.CONTAMINATED, False, T - 5 * HOUR),
        (Known(reported="I", reported_ns=T - 5 * HOUR), Effective.ISOLATED, False, T - 5 * HOUR),
        (Known(reported="O", reported_ns=T - 5 * HOUR), Effective.BLOCKED, False, T - 5 * HOUR),
        # the later of what was said and of the last leaving; of the same moment, what was said
        (Known(reported="U", reported_ns=T - 9, vacated_ns=T - 5), Effective.DIRTY, False, T - 5),
        (Known(reported="U", reported_ns=T - 3, vacated_ns=T - 5), Effective.CLEAN, False, T - 3),
        (Known(reported="U", reported_ns=T - 5, vacated_ns=T - 5), Effective.CLEAN, False, T - 5),
        (Known(reported="C", reported_ns=T - 9 * HOUR, vacated_ns=T - 5 * HOUR), Effective.CLEAN, True, T - 4 * HOUR),
        # kept for somebody, once it is clean
        (Known(reserved_ns=T - 7), Effective.RESERVED, False, T - 7),
        (Known(reserved_ns=T - 7, vacated_ns=T - 5), Effective.DIRTY, False, T - 5),
        (Known(reserved_ns=T - 7, reported="C", reported_ns=T - 9), Effective.CLOSED, False, T - 9),
        (Known(reserved_ns=T - 7, occupied_ns=T - 5), Effective.OCCUPIED, False, T - 5),
    ],
)
def test_who_lies_there_then_what_was_said_or_done_last(
    bed: Known, state: Effective, inferred: bool, since_ns: int | None
) -> None:
    assert effective(bed, T, HOUR) == (state, inferred, since_ns)


@pytest.mark.parametrize("bed", [Known(vacated_ns=1), Known(reported="H", reported_ns=1)])
def test_where_nothing_is_clean_by_itself_a_bed_stays_dirty(bed: Known) -> None:
    assert effective(bed, T, 0) == (Effective.DIRTY, False, 1)
