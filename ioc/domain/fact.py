"""Facts: what a hospital's information system says has happened, without anybody's identity."""

from dataclasses import dataclass
from enum import StrEnum

from ioc.domain.reading import Quality


class FactKind(StrEnum):
    """What happened. The names in brackets are the HL7 v2 triggers that say so."""

    ADMITTED = "admitted"  # A01
    TRANSFERRED = "transferred"  # A02, and each of the two of A17
    DISCHARGED = "discharged"  # A03
    REGISTERED = "registered"  # A04: an outpatient or emergency visit begins
    EXPECTED = "expected"  # A05
    BECAME_INPATIENT = "became_inpatient"  # A06
    BECAME_OUTPATIENT = "became_outpatient"  # A07
    UPDATED = "updated"  # A08: says where the patient is, and moves nobody
    MOVED_BY_UPDATE = "moved_by_update"  # A08 of a source that is configured to move patients by it
    ADMIT_CANCELLED = "admit_cancelled"  # A11
    TRANSFER_CANCELLED = "transfer_cancelled"  # A12
    DISCHARGE_CANCELLED = "discharge_cancelled"  # A13
    EXPECTED_CANCELLED = "expected_cancelled"  # A38
    BED_STATUS = "bed_status"  # A20
    MERGED = "merged"  # A34, A40
    HEARD = "heard"  # anything else that was understood: the source is alive


class VisitClass(StrEnum):
    """What sort of visit: what the source's configuration makes of PV1-2. Empty where the message does not say."""

    INPATIENT = "inpatient"
    EMERGENCY = "emergency"
    OUTPATIENT = "outpatient"
    UNSAID = ""


class Disposition(StrEnum):
    """How a stay ended."""

    HOME = "home"
    DIED = "died"
    ELSEWHERE = "elsewhere"  # to another hospital (chuyển viện)


class BedStatus(StrEnum):
    """HL7 table 0116."""

    CLOSED = "C"
    HOUSEKEEPING = "H"
    OCCUPIED = "O"
    UNOCCUPIED = "U"
    CONTAMINATED = "K"
    ISOLATED = "I"


@dataclass(frozen=True, slots=True, order=True)
class Spot:
    """Where a patient lies, in the source's own words; a bed is one only as the whole of the three.

    Each is empty where nothing was said: an emergency ward often names no bed.
    """

    ward: str = ""
    room: str = ""
    bed: str = ""


NOWHERE = Spot()


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that happened, as one source said it. Times are ns; hashes are keyed and hexadecimal.

    ``message`` tells the message from every other (sender, control id and body); a message may give several facts,
    numbered by ``part``. ``control`` is of sender and control id alone. ``visit`` and ``patient`` are empty where
    the message names none. ``sequence`` is the number at the end of the control id, 0 where there is none: of two
    messages of the same time the lower one was written first.
    """

    message: str
    part: int
    kind: FactKind
    facility: str
    source: str
    occurred_ns: int
    sent_ns: int
    received_ns: int
    control: str = ""
    sequence: int = 0
    visit: str = ""
    patient: str = ""
    other_patient: str = ""  # MERGED: who is no more
    visit_class: VisitClass = VisitClass.UNSAID
    spot: Spot = NOWHERE
    prior: Spot = NOWHERE
    disposition: Disposition = Disposition.HOME
    bed_status: BedStatus | None = None
    quality: Quality = Quality.GOOD
    skewed: bool = False  # its time lay in the future: the time of receipt was taken
