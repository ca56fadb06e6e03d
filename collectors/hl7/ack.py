"""Answers to messages: original and enhanced mode (HL7 2.x chapter 2), and answers to batches."""

from dataclasses import dataclass
from enum import StrEnum

from collectors.hl7.message import Message
from collectors.hl7.times import stamp

APPLICATION = b"IOC"
PLAIN = b"|^~\\&"  # delimiters of an answer to what has none that can be read
VERSION = b"2.5"


class Verdict(StrEnum):
    """The second letter of MSA-1."""

    ACCEPT = "A"
    ERROR = "E"  # our own trouble: send it again
    REJECT = "R"  # not from this sender, or not readable as HL7


ASKED = {  # MSH-15 and MSH-16, table 0155
    "": (),
    "NE": (),
    "AL": tuple(Verdict),
    "ER": (Verdict.ERROR, Verdict.REJECT),
    "SU": (Verdict.ACCEPT,),
}


@dataclass(frozen=True, slots=True)
class Reply:
    """What an answer repeats of the message that it answers; made while the message is at hand, as that is not kept."""

    signs: bytes = PLAIN  # MSH-1 and MSH-2
    receiver: tuple[bytes, bytes] = (APPLICATION, b"")  # MSH-5, MSH-6: who speaks now
    sender: tuple[bytes, bytes] = (b"", b"")  # MSH-3, MSH-4
    trigger: bytes = b""
    control: bytes = b""
    processing: bytes = b"P"
    version: bytes = VERSION
    charset: bytes = b""
    accept: str | None = None  # MSH-15; None in original mode
    application: str = ""  # MSH-16

    @classmethod
    def to(cls, message: Message) -> "Reply":
        """The reply to a message whose header could be read."""
        head = message.head

        def field(number: int) -> bytes:
            return head[number] if len(head) > number else b""

        asked = field(15) or field(16)
        return cls(
            signs=message.field + head[2],
            receiver=(field(5) or APPLICATION, field(6)),
            sender=(field(3), field(4)),
            trigger=(field(9) + 2 * message.component).split(message.component)[1],
            control=field(10),
            processing=field(11) or b"P",
            version=field(12) or VERSION,
            charset=field(18),
            accept=_asked(field(15)) if asked else None,
            application=_asked(field(16)),
        )

    def code(self, verdict: Verdict) -> str:
        """MSA-1, empty where no answer is wanted; of the two kinds of enhanced mode the one that says it is safe."""
        if self.accept is None:
            return f"A{verdict.value}"
        if verdict in ASKED[self.accept]:
            return f"C{verdict.value}"
        return f"A{verdict.value}" if verdict in ASKED[self.application] else ""

    def render(self, verdict: Verdict, number: int, now_ns: int, text: bytes = b"") -> bytes:
        """The answer without its frame; empty where none is wanted."""
        code = self.code(verdict)
        if not code:
            return b""
        bar, component = self.signs[:1], self.signs[1:2]
        kind = component.join((b"ACK", self.trigger, b"ACK")) if self.trigger else b"ACK"
        ours = str(number).encode()
        head = [b"MSH" + self.signs, *self.receiver, *self.sender, stamp(now_ns), b"", kind, ours, self.processing]
        head.append(self.version)
        if self.charset:
            head += [b""] * 5 + [self.charset]
        answer = [b"MSA", code.encode(), self.control]
        if text:
            answer.append(text)
        return bar.join(head) + b"\r" + bar.join(answer) + b"\r"


def _asked(field: bytes) -> str:
    word = field.strip().upper().decode("ascii", "replace")
    return word if word in ASKED else "AL"


@dataclass(frozen=True, slots=True)
class BatchReply:
    """What stands around the answers to the messages of one batch."""

    header: bytes  # the segment BHS of what is answered; its FHS where that is the only one
    count: int

    @property
    def _bar(self) -> bytes:
        return self.header[3:4]

    def opening(self, now_ns: int) -> bytes:
        """BHS: sender and receiver change places, and BHS-12 names the batch that is answered."""
        parts = self.header.split(self._bar)

        def field(number: int) -> bytes:
            return parts[number - 1] if len(parts) >= number else b""

        fields = [b"BHS", field(2), field(5) or APPLICATION, field(6), field(3), field(4), stamp(now_ns)]
        fields += [b"", b"", b"", field(11), field(11)]
        return self._bar.join(fields) + b"\r"

    @property
    def closing(self) -> bytes:
        """BTS, with the number of messages."""
        return b"BTS" + self._bar + str(self.count).encode() + b"\r"
