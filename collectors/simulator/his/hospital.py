"""What the simulated HIS is told of a hospital, and the words that its parts share."""

from dataclasses import dataclass

Spot = tuple[str, str, str]  # ward, room, bed; the last two empty where a patient has no bed
NOWHERE: Spot = ("", "", "")

SECOND = 1_000  # all times are milliseconds since 1970
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
ZONE = 7 * HOUR  # the invented hospitals all lie in Vietnam, which has no summer time


@dataclass(frozen=True, slots=True)
class Bed:
    """One bed. ``kind`` is general, icu, emergency, neonatal, isolation, negative, maternity, paediatric, day or
    add_on (kê thêm)."""

    ward: str
    room: str
    bed: str
    kind: str = "general"

    @property
    def spot(self) -> Spot:
        """Where it is."""
        return self.ward, self.room, self.bed


@dataclass(frozen=True, slots=True)
class Hospital:
    """One hospital. ``emergency`` are the wards to which emergencies come; ``full`` says how many patients lie in it
    on an ordinary day, as a share of its beds (add-on beds left out)."""

    code: str
    beds: tuple[Bed, ...]
    emergency: tuple[str, ...] = ()
    full: float = 0.9


@dataclass(frozen=True, slots=True)
class Event:
    """Something that the HIS tells: all that its message is made of, and nobody's name.

    ``at`` is when it happened, ``since`` when the stay began. ``note`` is the disposition (A03) or the state of the
    bed (A20); ``more`` the other visit, patient and beginning (A17), the patient that is no more (A40) or the time
    of the expected admission (A05).
    """

    number: int
    trigger: str
    at: int
    visit: int = 0
    patient: int = 0
    kind: str = ""  # I, E or O
    spot: Spot = NOWHERE
    prior: Spot = NOWHERE
    since: int = 0
    note: str = ""
    more: tuple[int, ...] = ()


def midnight_before(at: int) -> int:
    """The local midnight that began the day of this moment; midnight itself belongs to the day that it ends."""
    return (at + ZONE - 1) // DAY * DAY - ZONE
