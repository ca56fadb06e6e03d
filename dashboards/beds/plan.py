"""Where the rooms of a ward stand on a wall: as large as they fit, and no larger than the eye needs. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

# in u, the pixel of a 1920 × 1080 wall, as beds.css has them
WIDE, TALL = (1206.0, 902.0), (1104.0, 1150.0)  # what is left for the rooms on a wall, and on an upright one
BED_HIGH = 134 / 118
LARGEST, SMALLEST, STEP = 150, 30, 6  # widths of beds for which the style sheet has a class
MOST_COLUMNS, MOST_BEDS = 8, 8
TINY = 56  # below this nothing but its number stands under a bed
GOOD = 72  # a bed as wide as this needs no small scale


@dataclass(frozen=True, slots=True)
class Scale:
    """Lengths that change with how crowded the wall is: gaps, the head of a room, the line below a bed."""

    column_gap: float
    row_gap: float
    bed_gap: float
    bed_row_gap: float
    head: float
    label: float
    narrowest: float  # room whose head can be read


ROOMY = Scale(32, 20, 16, 14, 60, 36, narrowest=250)
DENSE = Scale(22, 10, 10, 6, 40, 25, narrowest=120)


@dataclass(frozen=True, slots=True)
class Plan:
    """Rooms side by side, beds side by side in a room, how wide a bed is, and whether the small scale is needed."""

    columns: int = 1
    beds: int = 1
    width: int = LARGEST
    dense: bool = False

    @property
    def tiny(self) -> bool:
        """Whether there is room for little more than the bed itself."""
        return self.width < TINY


def plan(counts: Sequence[int], *, tall: bool = False) -> Plan:
    """The arrangement with the largest beds that shows every room; ``counts`` are the beds of each.

    More than a wall can hold is shown at the smallest size, and what is below its edge is cut.
    """
    if not counts:
        return Plan()
    area = TALL if tall else WIDE
    found = [
        Plan(columns, beds, _width(counts, columns, beds, scale, area), scale is DENSE)
        for scale in (ROOMY, DENSE)
        for columns in range(1, min(MOST_COLUMNS, len(counts)) + 1)
        for beds in range(1, min(MOST_BEDS, max(counts)) + 1)
    ]
    roomy = [one for one in found if not one.dense and one.width >= GOOD]
    best = max(roomy or found, key=lambda one: (one.width, -(-len(counts) % one.columns), one.beds, one.columns))
    return best if best.width >= SMALLEST else Plan(min(MOST_COLUMNS, len(counts)), 4, SMALLEST, dense=True)


def _width(counts: Sequence[int], columns: int, beds: int, scale: Scale, area: tuple[float, float]) -> int:
    """How wide a bed may be so that all rooms fit in width and height, in the steps of the style sheet."""
    room = (area[0] - (columns - 1) * scale.column_gap) / columns
    if room < scale.narrowest:
        return 0
    wide = (room - (beds - 1) * scale.bed_gap) / beds
    rows = [-(-max(counts[start : start + columns]) // beds) for start in range(0, len(counts), columns)]
    fixed = len(rows) * (scale.head + scale.row_gap) - scale.row_gap + sum(rows) * (scale.label + scale.bed_row_gap)
    high = (area[1] - fixed) / max(1, sum(rows)) / BED_HIGH
    fitting = int(min(wide, high))
    return LARGEST if fitting >= LARGEST else fitting - fitting % STEP
