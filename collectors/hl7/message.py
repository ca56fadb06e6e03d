"""One HL7 v2 message: split into segments at once, and into fields where they are asked for.

Fields stay bytes until then, so that a name that cannot be decoded spoils no message of which only the bed is read.
"""

import re
from collections.abc import Iterator, Sequence

from collectors.hl7.charset import UTF_8, codec, decoded
from ioc.errors import Reason, RejectError

BOM = b"\xef\xbb\xbf"
HEAD_FIELDS = 21  # MSH-1 to MSH-20 and the rest
LONGEST = 250  # bytes of a field of the header: HL7 allows 227
LONGEST_PART = 1_000  # bytes of a component that is used; none of them needs more than 64 letters
REPETITIONS = 50  # of one field that are looked at
ANY = "iso8859-1"  # takes any byte
NULL = '""'  # a field that is to be emptied
_SPACE = b" \t\r\n"

Fields = Sequence[bytes]


class Message:
    """``head`` is MSH by its numbers: head[10] is MSH-10. Raises RejectError (HEADER) where that cannot be read."""

    __slots__ = ("_escape", "_escapes", "codecs", "component", "field", "head", "raw", "repetition", "segments")

    def __init__(self, raw: bytes) -> None:
        self.raw = trimmed(raw)
        self.segments = segments_of(self.raw)
        first = self.segments[0]
        if not first.startswith(b"MSH") or len(first) < 5:
            raise RejectError(Reason.HEADER, "it does not begin with an MSH segment")
        self.field = first[3:4]
        self.head: list[bytes] = [b"MSH", self.field, *first[4:].split(self.field, HEAD_FIELDS - 2)]
        signs = self.head[2]
        self._check(signs)
        self.component = signs[:1]
        self.repetition = signs[1:2]
        self._escape = signs[2:3]
        self._escapes: re.Pattern[str] | None = None
        self.codecs: tuple[str, ...] = (UTF_8, ANY)

    def settle_charset(self, usual: str) -> None:
        """Read fields in the character set of MSH-18; in the usual one where it names none, or the wrong one."""
        self.codecs = tuple(dict.fromkeys((codec(self.header(18)) or usual, usual)))

    def _check(self, signs: bytes) -> None:
        used = self.field + signs[:4]
        if not signs or len(set(used)) < len(used) or any(it <= 0x20 or it >= 0x7F or chr(it).isalnum() for it in used):
            raise RejectError(Reason.HEADER, "MSH-1 and MSH-2 do not say what separates fields and components")
        if any(len(part) > LONGEST for part in self.head[:19]):
            raise RejectError(Reason.HEADER, f"a field of MSH has more than {LONGEST} bytes")
        if len(self.head) < 10 or not self.head[9]:
            raise RejectError(Reason.HEADER, "MSH-9 is empty: what sort of message?")

    def header(self, number: int, component: int = 1) -> str:
        """A component of MSH-``number``, 3 or higher."""
        return self.text(self.head, number, component)

    def find(self, name: bytes) -> Fields | None:
        """The fields of the first segment of this name, None where there is none."""
        return next(self.all(name), None)

    def all(self, name: bytes) -> Iterator[Fields]:
        """The fields of each segment of this name."""
        start = name + self.field
        for segment in self.segments:
            if segment.startswith(start):
                yield segment.split(self.field)

    def repetitions(self, fields: Fields, number: int) -> list[bytes]:
        """The repetitions of a field."""
        field = fields[number] if len(fields) > number else b""
        return field.split(self.repetition, REPETITIONS)[:REPETITIONS] if self.repetition else [field]

    def text(self, fields: Fields, number: int, component: int = 1) -> str:
        """One component of a field's first repetition; empty where it is absent or to be emptied."""
        if len(fields) <= number or not fields[number]:
            return ""
        field = fields[number]
        if self.repetition and self.repetition in field:
            field = field.partition(self.repetition)[0]
        return self.part(field, component)

    def part(self, repetition: bytes, component: int) -> str:
        """One component of a repetition. Raises RejectError where it is too long, or in none of the character sets."""
        parts = repetition.split(self.component, component)
        data = parts[component - 1] if len(parts) >= component else b""
        if not data:
            return ""
        if len(data) > LONGEST_PART:
            raise RejectError(Reason.FIELD, f"a field that is needed has more than {LONGEST_PART} bytes")
        try:
            text = decoded(data, self.codecs).strip()
        except UnicodeDecodeError:
            what = f"a field that is needed is not in the character set {self.codecs[0]}"
            raise RejectError(Reason.ENCODING, what) from None
        if self._escape and self._escape in data:
            text = self._unescaped(text).strip()
        return "" if text == NULL else text

    def _unescaped(self, text: str) -> str:
        if self._escapes is None:
            sign = re.escape(self._escape.decode())
            self._escapes = re.compile(f"{sign}([^{sign}]*){sign}")
        return self._escapes.sub(lambda match: self._meant(match[1]), text)

    def _meant(self, escape: str) -> str:
        """What stands between two escape signs; what only says how to print is left out."""
        signs = self.head[2][:4].decode()  # what may stand after them was not looked at
        plain = {"F": self.field.decode(), "S": signs[:1], "R": signs[1:2], "E": signs[2:3], "T": signs[3:4]}
        if escape in plain:
            return plain[escape]
        if escape[:1] == "X":
            try:
                return decoded(bytes.fromhex(escape[1:]), self.codecs)
            except (ValueError, UnicodeDecodeError):
                return ""
        return " " if escape[:1] == "." else ""


def trimmed(raw: bytes) -> bytes:
    """Without byte order mark and without blank lines around."""
    return raw.strip(_SPACE).removeprefix(BOM).strip(_SPACE)


def segments_of(raw: bytes) -> list[bytes]:
    """The segments, whether they end in CR, LF or both."""
    if b"\n" in raw:
        raw = raw.replace(b"\r\n", b"\r").replace(b"\n", b"\r")
    return raw.split(b"\r")
