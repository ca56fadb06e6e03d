"""What `ioc doctor` looks at of the hospitals' information systems: the door for HL7, its senders, wards and beds."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Engine

from collectors.hl7.sources import FILE, Source
from ioc.beds import BedRegister
from ioc.census import CensusReader, Feed, FindingKind
from ioc.commands import machinery
from ioc.commands.findings import Finding, counted, fault, fine, note, span
from ioc.commands.machinery import START
from ioc.config import Address, Settings, read_secret
from ioc.domain import MINUTE, State, state_at
from ioc.errors import Reason
from ioc.intake import Item, Quarantine, Sealer, SourceStatus
from ioc.registry import Registry

OLD_NS = 2 * MINUTE
LATELY_NS = 60 * MINUTE
LOOKED_AT = 500
NAMED = 10
HARMLESS = frozenset({FindingKind.LATE, FindingKind.DOUBLED})  # every line has them, and they change no number
PAGE = "docs/connect-his.md"


@dataclass(frozen=True, slots=True)
class Look:
    """When it is looked at, and by what; ``max_age_ns`` is that of the census's numbers."""

    now_ns: int
    registry: Registry
    max_age_ns: int


def door(settings: Settings, others: Mapping[str, str]) -> Iterator[Finding]:
    """Whether somebody takes HL7 messages; ``others`` are the parts at work elsewhere."""
    bind = Address.parse(machinery.told(settings, "worker", "IOC_MLLP__BIND") or str(settings.mllp.bind))
    why = machinery.answers(bind.host, bind.port)
    if why and "worker" in others:
        yield note("HL7", f"The worker is on {others['worker']}: ask there whether its door for HL7 answers.")
    elif why:
        yield fault("HL7", f"Nothing answers on mllp://{bind}: {why}.", START)
    else:
        yield fine("HL7", f"The door for HL7 mllp://{bind} answers.")


def senders(
    sources: Iterable[Source], statuses: Iterable[SourceStatus], feeds: Mapping[str, Feed], look: Look
) -> Iterator[Finding]:
    """What each configured sender has sent, when last, and of when."""
    known = {status.name: status for status in statuses}
    in_order = sorted(sources, key=lambda source: source.name)
    if not in_order:
        yield note("HL7", f"No sender is configured in configs/{FILE}: every message is refused.", f"See {PAGE}.")
    silent = []
    for source in in_order:
        status = known.get(source.name)
        if not source.allowed:
            yield note("HL7", f"{_named(source)} is refused: allowed is false in configs/{FILE}.")
        elif status is None or status.last_message_ns is None:
            silent.append(_named(source))
        else:
            feed = feeds.get(source.facility)
            yield _heard(source, status, feed.as_of_ns if feed else None, look)
    if silent:
        names = ", ".join(silent[:NAMED]) + (f" and {len(silent) - NAMED} more" if len(silent) > NAMED else "")
        yield note("HL7", f"Nothing has come yet from {names}.", f"{PAGE} leads to the first message.")


def _named(source: Source) -> str:
    words = [f"MSH-3 {source.application}"] if source.application else []
    words += [f"MSH-4 {source.sender}"] if source.sender else []
    return f"{source.name} ({', '.join([source.facility, *words])})"


def _heard(source: Source, status: SourceStatus, as_of_ns: int | None, look: Look) -> Finding:
    """One that has sent; that a test facility is silent is no fault."""
    came_ns = status.last_message_ns or 0
    what = f"{_named(source)}: {counted(status.received, 'message')}, the last {span(look.now_ns - came_ns)} ago"
    if as_of_ns is not None and came_ns - as_of_ns > OLD_NS:
        what += f", the newest of {span(look.now_ns - as_of_ns)} ago"
    if status.quarantined:
        what += f", {status.quarantined.total()} quarantined"
    if status.error:
        return note("HL7", f"{what}. {status.error}")
    state = state_at(as_of_ns, look.max_age_ns, look.now_ns)
    if state is State.FRESH:
        return fine("HL7", f"{what}.")
    beds = "No bed or stay follows from them yet" if state is State.MISSING else f"Its beds are {state}"
    if state is State.STALE and not look.registry.facilities[source.facility].test:
        hint = "See whether the HIS still sends, whether it reaches this door, and whether its clock is right."
        return fault("HL7", f"{what}. {beds}.", hint)
    return note("HL7", f"{what}. {beds}.")


def refused(settings: Settings, engine: Engine, now_ns: int) -> Iterator[Finding]:
    """Who tried to send and may not: as far back as the quarantine remembers."""
    quarantine = Quarantine(engine, Sealer(read_secret(settings, "quarantine").reveal()))
    groups: dict[str, list[Item]] = defaultdict(list)
    for item in quarantine.list(reason=Reason.UNKNOWN_SENDER, limit=LOOKED_AT):
        peer = item.topic.split("/")[1] if item.topic.count("/") > 1 else ""
        groups[f"{item.detail}{f', from {peer}' if peer else ''}"].append(item)
    for who, items in groups.items():
        ago_ns = now_ns - max(item.last_ns for item in items)
        count = counted(sum(item.count for item in items), "message")
        what = f"Refused: {who}: {count}, the last {span(ago_ns)} ago."
        hint = f"If it may send, add it to configs/{FILE} and start the centre again ({PAGE}); else discard them."
        yield fault("HL7", what, hint) if ago_ns < LATELY_NS else note("HL7", what, hint)


def wards(census: CensusReader, register: BedRegister, feeds: Mapping[str, Feed], look: Look) -> Iterator[Finding]:
    """Facilities with patients and no beds, and what is wrong with what they send."""
    for facility in sorted(feeds):
        patients = sum(ward.patients for ward in census.at(facility, look.now_ns, look.now_ns).wards)
        beds = sum(1 for _ in register.beds(facility).at(look.now_ns))
        if patients and not beds:
            hint = "`ioc import beds FILE.csv` brings them in."
            yield note("beds", f"{facility} has {counted(patients, 'inpatient')} and no bed in the register.", hint)
        elif beds:
            what = f"{facility}: {counted(patients, 'inpatient')}, {counted(beds, 'bed')} in the register."
            yield fine("beds", what)
    counts: dict[str, list[str]] = defaultdict(list)
    for (facility, kind), number in sorted(census.counts().items()):
        if kind not in HARMLESS:
            counts[facility].append(f"{number} {kind.replace('_', ' ')}")
    for facility, found in counts.items():
        hint = f"The page /quality/{facility} shows each, and what it was found in."
        yield note("beds", f"{facility}: {', '.join(found)}.", hint)
