"""What a person may see of a quarantined message: an HL7 message without what names a patient."""

import re

HIDDEN = "•"
# Fields by segment that say what, when and where, and never who (HL7 v2.5, chapters 2 and 3). All others are hidden.
OPEN = {
    "FHS": range(1, 6),
    "BHS": range(1, 6),
    "MSH": (1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 15, 16, 17, 18),
    "EVN": (1, 2, 6),
    "PV1": (1, 2, 3, 6, 36, 44, 45),
    "NPU": (1, 2),
}
_HEADERS = ("FHS", "BHS", "MSH")
_START = re.compile(rb"\s*(?:\xef\xbb\xbf)?[\x0b\s]*(FHS|BHS|MSH)[^\w\s]")
_NAME = re.compile(r"[A-Z][A-Z0-9]{2}")


def is_hl7(raw: bytes) -> bool:
    """Whether it begins as an HL7 v2 message or batch does."""
    return _START.match(raw[:64]) is not None


def readable(raw: bytes) -> str:
    """The message as text. Of HL7 only what cannot name a patient: fields that may are a dot each."""
    text = raw.decode("utf-8", "backslashreplace")
    if not is_hl7(raw):
        return text
    lines = [line for line in re.split(r"[\r\n\x0b\x1c]+", text) if line.strip()]
    separator = next((line[3] for line in lines if line.lstrip("\ufeff")[:3] in _HEADERS and len(line) > 3), "|")
    return "\n".join(_line(line.lstrip("\ufeff"), separator) for line in lines)


def _line(line: str, separator: str) -> str:
    name, *fields = line.split(separator)
    if _NAME.fullmatch(name) is None:
        return HIDDEN
    first = 2 if name in _HEADERS else 1  # the separator itself is the first field of a header
    shown = OPEN.get(name, ())
    numbered = enumerate(fields, first)
    return separator.join([name, *(field if number in shown or not field else HIDDEN for number, field in numbered)])
