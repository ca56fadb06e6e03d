"""Which bytes are which letters: MSH-18 as people spell it, and a source's own character set where it says none."""

import re
import unicodedata

UTF_8 = "utf-8"
_ISO = re.compile(r"(?:ISO)?8859(\d{1,2})")
_WINDOWS = re.compile(r"(?:MS|WIN|WINDOWS|ANSI)?(?:CP)?(125[0-8])")
_SAME = {  # what has its ASCII part in common with UTF-8; ASCII itself is often said by those who send more
    "ASCII": UTF_8,
    "USASCII": UTF_8,
    "ISOIR6": UTF_8,
    "UNICODE": UTF_8,
    "UTF8": UTF_8,
    "UNICODEUTF8": UTF_8,
    "ISOIR100": "iso8859-1",
    "LATIN1": "iso8859-1",
}


def codec(name: str) -> str:
    """Python's codec for a name of table 0211 in any spelling; empty where it is none that we read.

    All of them have ASCII in them, so that delimiters can be found in the bytes.
    """
    word = re.sub(r"[^A-Z0-9]", "", name.upper())
    if word in _SAME:
        return _SAME[word]
    if (match := _ISO.fullmatch(word)) and 1 <= int(match[1]) <= 16 and match[1] != "12":
        return f"iso8859-{int(match[1])}"
    return f"cp{match[1]}" if (match := _WINDOWS.fullmatch(word)) else ""


def decoded(data: bytes, codecs: tuple[str, ...]) -> str:
    """The text in the first of ``codecs`` that takes it, put together (CP1258 has accents apart).

    Raises UnicodeDecodeError.
    """
    if data.isascii():
        return data.decode("ascii")
    for name in codecs[:-1]:
        try:
            return unicodedata.normalize("NFC", data.decode(name))
        except UnicodeDecodeError:
            continue
    return unicodedata.normalize("NFC", data.decode(codecs[-1]))
