"""What a message says, as facts: pure, and without anything by which a person could be known.

Nothing that a sender can put into a message raises out of ``decode``. Texts of faults name fields and codes of HL7
tables, never what stands in a field that is somebody's.
"""

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from collectors.hl7.identity import Identity
from collectors.hl7.message import Fields, Message
from collectors.hl7.sources import Source
from collectors.hl7.times import Moment, moment
from ioc.domain import (
    MINUTE,
    NOWHERE,
    SECOND,
    BedStatus,
    Disposition,
    Fact,
    FactKind,
    Quality,
    Spot,
    VisitClass,
)
from ioc.errors import Reason, RejectError

log = logging.getLogger(__name__)

AHEAD_ALLOWED_NS = 2 * MINUTE
SENT_AHEAD_AT_MOST_NS = 86_400 * SECOND  # a clock may be wrong; a year 2200 would be the newest message for ever
FACTS_AT_MOST = 500  # of one message
SPOT_LETTERS = 64  # of a ward, room or bed code
TEST = ("T", "D")  # MSH-11, table 0103: training and debugging
OWN_NUMBER = ("", "PI", "MR")  # types of identifier by which a hospital knows its patients
_LAST_NUMBER = re.compile(rb"(\d{1,18})$")

VISITS = {  # triggers about one visit
    "A01": FactKind.ADMITTED,
    "A02": FactKind.TRANSFERRED,
    "A03": FactKind.DISCHARGED,
    "A04": FactKind.REGISTERED,
    "A05": FactKind.EXPECTED,
    "A06": FactKind.BECAME_INPATIENT,
    "A07": FactKind.BECAME_OUTPATIENT,
    "A08": FactKind.UPDATED,
    "A11": FactKind.ADMIT_CANCELLED,
    "A12": FactKind.TRANSFER_CANCELLED,
    "A13": FactKind.DISCHARGE_CANCELLED,
    "A38": FactKind.EXPECTED_CANCELLED,
}
MERGES = ("A34", "A40")
BEDS = tuple(status.value for status in BedStatus)
OWN_TIME = {"A01": 44, "A04": 44, "A05": 44, "A03": 45}  # the field of PV1 that says when it happened


@dataclass(frozen=True, slots=True)
class Decoded:
    """What became of one message: facts or a fault. ``ignored``: understood, and no more than a sign of life."""

    facts: tuple[Fact, ...] = ()
    fault: RejectError | None = None
    ignored: bool = False


def decode(raw: bytes, source: Source, identity: Identity, received_ns: int) -> Decoded:
    """The facts of one message (without its frame) of this source; never raises, whatever it holds."""
    try:
        message = Message(raw)
    except RejectError as fault:
        return Decoded(fault=fault)
    return facts_of(message, source, identity, received_ns)


def facts_of(message: Message, source: Source, identity: Identity, received_ns: int) -> Decoded:
    """As ``decode``, of a message whose header has been read."""
    try:
        return _Decoder(message, source, identity, received_ns).decode()
    except RejectError as fault:
        return Decoded(fault=fault)
    except Exception as error:  # noqa: BLE001 (it is logged)
        # without the error's own words and values: they may hold what the message holds
        frame = error.__traceback__
        while frame is not None and frame.tb_next is not None:
            frame = frame.tb_next
        where = f"{frame.tb_frame.f_code.co_name}:{frame.tb_lineno}" if frame is not None else "?"
        log.error("a message of %s could not be decoded (%s in %s)", source.name, type(error).__name__, where)  # noqa: TRY400
        return Decoded(fault=RejectError(Reason.INTERNAL, f"{type(error).__name__} while decoding"))


def trigger_of(message: Message) -> str:
    """``A01`` of ``ADT^A01``; of EVN-1 only where MSH-9 has none, as senders copy EVN-1 and forget to change it."""
    trigger = message.header(9, 2)
    if not trigger and (evn := message.find(b"EVN")):
        trigger = message.text(evn, 1)
    return trigger.upper()


class _Decoder:
    """One message on its way."""

    def __init__(self, message: Message, source: Source, identity: Identity, received_ns: int) -> None:
        message.settle_charset(source.charset)
        self._message = message
        self._source = source
        self._identity = identity
        self._received_ns = received_ns
        self._evn = message.find(b"EVN") or ()
        self._trigger = trigger_of(message) if message.header(9).upper() == "ADT" else ""

    def decode(self) -> Decoded:
        """Facts, or a sign of life; raises RejectError."""
        source = self._source
        test = self._message.header(11).upper() in TEST
        if test and not source.test_messages:
            raise RejectError(Reason.TEST_MESSAGE, f"a test message (MSH-11), and {source.name} may send none")
        common = self._common(Quality.TEST if test else source.quality)
        said = list(islice(self._said(), FACTS_AT_MOST + 1))
        if len(said) > FACTS_AT_MOST:
            raise self._too_many()
        if not said:
            occurred_ns, skewed = self._time((), 0)
            heard = Fact(part=0, kind=FactKind.HEARD, occurred_ns=occurred_ns, skewed=skewed, **common)
            return Decoded((heard,), ignored=True)
        return Decoded(tuple(Fact(part=part, **what, **common) for part, what in enumerate(said)))

    def _common(self, quality: Quality) -> dict[str, Any]:
        """What all facts of the message share."""
        head = self._message.head
        sender = self._message.field.join(head[3:5])
        control = head[10] if len(head) > 10 else b""
        sent = moment(self._message.header(7), self._source.zone)
        sent_ns = min(sent.ns, self._received_ns + SENT_AHEAD_AT_MOST_NS) if sent else self._received_ns
        number = _LAST_NUMBER.search(control)
        return {
            "message": self._identity.message(sender, control, self._message.raw),
            "control": self._identity.control(sender, control),
            "sequence": int(number[1]) if number else 0,
            "facility": self._source.facility,
            "source": self._source.name,
            "sent_ns": sent_ns,
            "received_ns": self._received_ns,
            "quality": quality,
        }

    def _said(self) -> Iterator[dict[str, Any]]:
        """What is different in each fact."""
        trigger = self._trigger
        if trigger in VISITS:
            pv1 = self._message.find(b"PV1")
            if pv1 is None and trigger == "A08":
                return  # of the person alone: nothing about a bed
            yield self._visit(VISITS[trigger], self._message.find(b"PID") or (), pv1)
        elif trigger == "A17":
            yield from self._swap()
        elif trigger == "A20":
            yield from self._beds()
        elif trigger in MERGES:
            yield from self._merges()

    def _visit(self, kind: FactKind, pid: Fields, pv1: Fields | None) -> dict[str, Any]:
        if pv1 is None:
            raise self._missing("PV1")
        text = self._message.text
        spot = self._spot(pv1, "PV1", 3)
        if kind is FactKind.TRANSFERRED and spot == NOWHERE:
            raise RejectError(Reason.FIELD, f"{self._trigger}: PV1-3 is empty; where to?")
        if kind is FactKind.UPDATED and self._source.moved_by_update:
            kind = FactKind.MOVED_BY_UPDATE
        patient = self._patient(pid, 3) if pid else ""
        occurred_ns, skewed = self._time(pv1, OWN_TIME.get(self._trigger, 0))
        said = text(pv1, 2)
        return {
            "kind": kind,
            "occurred_ns": occurred_ns,
            "skewed": skewed,
            "visit": self._visit_key(pv1, pid, patient),
            "patient": patient,
            "visit_class": self._source.classes.get(said, VisitClass.OUTPATIENT) if said else VisitClass.UNSAID,
            "spot": spot,
            "prior": self._spot(pv1, "PV1", 6),
            "disposition": self._source.dispositions.get(text(pv1, 36), Disposition.HOME),
        }

    def _swap(self) -> Iterator[dict[str, Any]]:
        pids, visits = (list(islice(self._message.all(name), 3)) for name in (b"PID", b"PV1"))
        if len(pids) != 2 or len(visits) != 2:
            raise RejectError(Reason.SEGMENT, "A17 needs two patients, each with a PID and a PV1 segment")
        for pid, pv1 in zip(pids, visits, strict=True):
            yield self._visit(FactKind.TRANSFERRED, pid, pv1)

    def _beds(self) -> Iterator[dict[str, Any]]:
        occurred_ns, skewed = self._time((), 0)
        named = False
        for npu in self._message.all(b"NPU"):
            named = True
            spot, said = self._spot(npu, "NPU", 1), self._message.text(npu, 2).upper()
            if not spot.ward or not spot.bed:
                raise RejectError(Reason.FIELD, "A20: NPU-1 names no bed")
            if said not in BEDS:
                raise RejectError(Reason.FIELD, f"A20: NPU-2 is none of {', '.join(BEDS)} (table 0116)")
            status = BedStatus(said)
            what = {"kind": FactKind.BED_STATUS, "occurred_ns": occurred_ns, "skewed": skewed}
            yield what | {"spot": spot, "bed_status": status}
        if not named:
            raise self._missing("NPU")

    def _merges(self) -> Iterator[dict[str, Any]]:
        """Each MRG belongs to the PID before it; A40 may have several of both."""
        occurred_ns, skewed = self._time((), 0)
        pid: Fields = ()
        named = 0
        for segment in self._message.segments:
            name = segment[:3]
            if name == b"PID":
                pid = segment.split(self._message.field)
            if name != b"MRG":
                continue
            fields = segment.split(self._message.field)
            named += 1
            if named > FACTS_AT_MOST:
                raise self._too_many()
            if not pid:
                raise self._missing("PID")
            kept, gone = self._patient(pid, 3), self._patient(fields, 1)
            if not kept or not gone:
                raise RejectError(Reason.FIELD, f"{self._trigger}: PID-3 or MRG-1 is empty; who became whom?")
            if kept != gone:
                what = {"kind": FactKind.MERGED, "occurred_ns": occurred_ns, "skewed": skewed}
                yield what | {"patient": kept, "other_patient": gone}
        if not named:
            raise self._missing("MRG")

    def _time(self, pv1: Fields, own: int) -> tuple[int, bool]:
        """When it happened, and whether receipt was taken as the time it names is still to come."""
        text, evn = self._message.text, self._evn
        day: Moment | None = None
        found: Moment | None = None
        for fields, number in ((evn, 6), (pv1, own), (evn, 2), (self._message.head, 7)):
            found = moment(text(fields, number), self._source.zone) if number else None
            if found is not None and found.exact and not (fields is pv1 and self._planned(found)):
                break
            day, found = day or found, None
        found = found or day
        if found is None:
            return self._received_ns, False
        ahead = found.ns > self._received_ns + AHEAD_ALLOWED_NS
        return (self._received_ns if ahead else found.ns), ahead

    def _planned(self, found: Moment) -> bool:
        """Whether PV1-44 of a pre-admission says when somebody is to come, and not when that was written down."""
        if self._trigger != "A05":
            return False
        sent = moment(self._message.header(7), self._source.zone)
        return found.ns > (sent.ns if sent else self._received_ns) + AHEAD_ALLOWED_NS

    def _spot(self, fields: Fields, segment: str, number: int) -> Spot:
        if len(fields) <= number or not fields[number]:
            return NOWHERE
        place = self._source.location
        ward, room, bed = (
            self._code(fields, number, part, f"{segment}-{number}.{part}") if part else ""
            for part in (place.ward, place.room, place.bed)
        )
        return Spot(self._source.wards.get(ward, ward), room, bed)

    def _code(self, fields: Fields, number: int, component: int, name: str) -> str:
        """On one line, without what cannot be seen, so that two spellings of one bed are one bed."""
        text = self._message.text(fields, number, component)
        if not text.isprintable() or "  " in text:
            text = " ".join("".join(it if it.isprintable() else " " for it in text).split())
        if len(text) > SPOT_LETTERS:
            raise RejectError(Reason.FIELD, f"{name} has more than {SPOT_LETTERS} letters")
        return text

    def _patient(self, fields: Fields, number: int) -> str:
        """The hospital's own record number, as a hash; another one where it gives none of its own."""
        part = self._message.part
        first = ""
        for repetition in self._message.repetitions(fields, number):
            found = part(repetition, 1)
            if found and part(repetition, 5).upper() in OWN_NUMBER:
                first = found
                break
            first = first or found
        if not first and number == 3:
            first = self._message.text(fields, 2)  # where it stood before HL7 2.3
        return self._identity.patient(self._source.facility, first) if first else ""

    def _visit_key(self, pv1: Fields, pid: Fields, patient: str) -> str:
        facility = self._source.facility
        if number := self._message.text(pv1, 19):
            return self._identity.visit(facility, number)
        if account := self._message.text(pid, 18):
            return self._identity.account(facility, account)
        if patient:
            return f"p{patient}"
        raise RejectError(Reason.FIELD, f"{self._trigger}: PV1-19, PID-18 and PID-3 are empty; whose visit?")

    def _too_many(self) -> RejectError:
        return RejectError(Reason.FIELD, f"{self._trigger}: more than {FACTS_AT_MOST} beds or patients in it")

    def _missing(self, segment: str) -> RejectError:
        return RejectError(Reason.SEGMENT, f"{self._trigger} without a {segment} segment")
