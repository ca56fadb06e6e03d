"""From a piece of the stream to what is to be committed and what is to be answered. It knows no socket."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import NamedTuple

from collectors.hl7.ack import BatchReply, Reply, Verdict
from collectors.hl7.decode import Decoded, facts_of
from collectors.hl7.framing import END, START, Piece, Shape
from collectors.hl7.identity import Identity
from collectors.hl7.message import Message, segments_of, trimmed
from collectors.hl7.sources import CODE, Source, Sources
from ioc.domain import Clock, Fact
from ioc.errors import Reason, RejectError
from ioc.intake import Reject

DOOR = "hl7"  # the source of what no configured sender sent
CUT = "cut"  # in the topic of a reject that is only the beginning of what came
END_OF_FRAME = END + b"\r"
_HEADERS = (b"FHS", b"BHS")
_AROUND = (*_HEADERS, b"BTS", b"FTS")
_TYPE = re.compile(rb"[A-Z0-9]{3}")
WHY = {  # MSA-3, without any delimiter that a sender may have chosen
    Reason.HEADER: b"the header cannot be read",
    Reason.UNKNOWN_SENDER: b"this sender is not configured or not allowed here",
    Reason.EMPTY: b"there is no message in it",
    Reason.TOO_LARGE: b"too large",
}
NOTHING = Decoded()
AGAIN = b"cannot be kept now and has to be sent again"


@dataclass(slots=True)
class Taken:
    """One message: what is kept of it, and its answer. ``kept`` is set to False where that failed."""

    source: str
    reply: Reply | None  # None where nobody can be answered
    decoded: Decoded = NOTHING
    reject: Reject | None = None
    refused: bool = False
    opening: bytes = START
    closing: bytes = END_OF_FRAME
    in_batch: bool = False
    kept: bool = True

    @property
    def facts(self) -> tuple[Fact, ...]:
        """Those that it gives."""
        return self.decoded.facts

    @property
    def verdict(self) -> Verdict:
        """What its sender is told."""
        if self.refused:
            return Verdict.REJECT
        return Verdict.ACCEPT if self.kept else Verdict.ERROR

    @property
    def unsaid(self) -> bool:
        """Whether it is lost and its sender wants no answer that would say so."""
        return not self.kept and self.reply is not None and not self.reply.code(Verdict.ERROR)


class Lag(NamedTuple):
    """When a source was last heard, and how long before that it had sent what was heard (ns)."""

    received_ns: int
    behind_ns: int


class Reception:
    """Knows who may send; turns what they send into facts, rejects and answers."""

    def __init__(self, sources: Sources, identity: Identity, clock: Clock) -> None:
        self._sources = sources
        self._identity = identity
        self._clock = clock
        self._numbers = count(clock.now_ns() // 1000)  # MSH-10 of our answers, higher with each start
        self._lags: dict[str, Lag] = {}

    @property
    def lags(self) -> Mapping[str, Lag]:
        """By source; one that never spoke is not in it."""
        return self._lags

    def receive(self, piece: Piece, peer: str) -> Iterator[Taken]:
        """Each message of this piece, in order. Never raises, whatever it holds."""
        received_ns = self._clock.now_ns()
        match piece.shape:
            case Shape.MESSAGE:
                yield from self._frame(piece.data, peer, received_ns)
            case Shape.TOO_LARGE:
                yield self._too_large(piece, peer, received_ns)
            case Shape.CUT | Shape.OUTSIDE:
                where = "it stood outside a frame"
                if piece.shape is Shape.CUT:
                    where = "its frame was not ended"
                fault = RejectError(Reason.HEADER, f"{where}; its beginning, of {piece.size} bytes in all")
                yield Taken(DOOR, None, reject=_reject(fault, topic(peer, CUT), piece.data, received_ns))

    def message(self, raw: bytes, peer: str, received_ns: int) -> Taken:
        """One message without its frame."""
        try:
            message = Message(raw)
        except RejectError as fault:
            reject = _reject(fault, topic(peer, "unreadable"), raw, received_ns)
            return Taken(DOOR, Reply(), reject=reject, refused=True)
        reply = Reply.to(message)
        source, stranger = self._sender(message, peer)
        if stranger is not None:
            name, facility = (source.name, source.facility) if source else (DOOR, "")
            reject = _reject(stranger, topic(peer, _type(message)), raw, received_ns, facility)
            return Taken(name, reply, reject=reject, refused=True)
        assert source is not None
        decoded = facts_of(message, source, self._identity, received_ns)
        if decoded.fault is not None:
            reject = _reject(decoded.fault, topic(peer, _type(message)), raw, received_ns, source.facility)
            return Taken(source.name, reply, reject=reject)
        self._lags[source.name] = Lag(received_ns, received_ns - max(fact.sent_ns for fact in decoded.facts))
        return Taken(source.name, reply, decoded)

    def answer(self, taken: Taken) -> bytes:
        """With its frame, or its part of the frame around a batch; empty where the sender wants none."""
        text = b""
        if taken.verdict is Verdict.ERROR:
            text = AGAIN
        elif taken.reject is not None:
            text = WHY.get(taken.reject.reason, b"")
        answer = b""
        if taken.reply is not None:
            answer = taken.reply.render(taken.verdict, next(self._numbers), self._clock.now_ns(), text)
        return taken.opening + answer + taken.closing if answer or taken.in_batch else b""

    def _frame(self, data: bytes, peer: str, received_ns: int) -> Iterator[Taken]:
        """Usually one message. A batch is answered by one frame; several messages without one by a frame each."""
        if b"\rMSH" not in data and b"\nMSH" not in data and data[:3] == b"MSH":
            yield self.message(data, peer, received_ns)
            return
        header, messages = split(data)
        if not messages:
            fault = RejectError(Reason.EMPTY if header or not data.strip() else Reason.HEADER, "no MSH segment in it")
            reject = _reject(fault, topic(peer, "unreadable"), data, received_ns) if data.strip() else None
            yield Taken(DOOR, Reply(), reject=reject, refused=True)
            return
        batch = BatchReply(header, len(messages)) if header else None
        for number, raw in enumerate(messages):
            taken = self.message(raw, peer, received_ns)
            if batch is not None:
                taken.in_batch = True
                taken.opening = START + batch.opening(self._clock.now_ns()) if number == 0 else b""
                taken.closing = batch.closing + END_OF_FRAME if number == len(messages) - 1 else b""
            yield taken

    def _too_large(self, piece: Piece, peer: str, received_ns: int) -> Taken:
        """Its beginning is kept; it is acknowledged, as sending it again would not make it smaller."""
        what = f"the message has {piece.size} bytes, more than are taken; its beginning is kept"
        fault = RejectError(Reason.TOO_LARGE, what)
        source, reply, refused = None, Reply(), True
        try:
            message = Message(piece.data)
        except RejectError:
            pass
        else:
            reply = Reply.to(message)
            source, stranger = self._sender(message, peer)
            refused = stranger is not None
            fault = stranger or fault
        name, facility = (source.name, source.facility) if source else (DOOR, "")
        reject = _reject(fault, topic(peer, CUT), piece.data, received_ns, facility)
        return Taken(name, reply, reject=reject, refused=refused)

    def _sender(self, message: Message, peer: str) -> tuple[Source | None, RejectError | None]:
        """The source that speaks, or why it may not; both where it is known and not allowed."""
        application, sender = message.header(3), message.header(4)
        named = self._sources.named(application, sender)
        for source in named:
            if source.may_speak_from(peer):
                if source.allowed:
                    return source, None
                return source, RejectError(Reason.UNKNOWN_SENDER, f"{source.name} is not allowed to send")
        if named:
            what = f"{named[0].name} may not send from {peer}"
            return named[0], RejectError(Reason.UNKNOWN_SENDER, what)
        what = f"no source has the sender {_shown(application)} (MSH-3), {_shown(sender)} (MSH-4)"
        return None, RejectError(Reason.UNKNOWN_SENDER, what)


def split(data: bytes) -> tuple[bytes, list[bytes]]:
    """The header of a batch (its BHS, or FHS where that is the only one), empty where there is none; the messages."""
    header = b""
    messages: list[list[bytes]] = []
    inside = False
    for segment in segments_of(trimmed(data)):
        name = segment[:3]
        if name == b"MSH":
            messages.append([])
            inside = True
        elif name in _AROUND:
            inside = False
            if name in _HEADERS and len(segment) > 4 and not header.startswith(b"BHS"):
                header = segment
        if inside and segment:
            messages[-1].append(segment)
    return header, [b"\r".join(segments) for segments in messages]


def topic(peer: str, what: str) -> str:
    """Where a reject came from, as the quarantine shows it."""
    return f"mllp/{peer}/{what}"


def _type(message: Message) -> str:
    """``ADT^A01``, as far as it is a code."""
    parts = message.head[9].upper().split(message.component)[:2]
    return "^".join(part.decode("ascii") for part in parts if _TYPE.fullmatch(part)) or "unreadable"


def _shown(code: str) -> str:
    if not code:
        return "none"
    return f"'{code}'" if CODE.fullmatch(code) else "that is no code"


def _reject(fault: RejectError, where: str, raw: bytes, received_ns: int, facility: str = "") -> Reject:
    return Reject(fault.reason, f"{fault} {fault.hint}".strip(), where, raw, received_ns, facility)
