"""The texts of a PDF as fpdf2 writes it, read through its own character maps: what is tested is what is shown."""

import re
import zlib

_OBJECT = re.compile(rb"(\d+) 0 obj\n(.*?)\nendobj", re.DOTALL)
_STREAM = re.compile(rb"stream\r?\n(.*)\r?\nendstream", re.DOTALL)
_SHOWN = re.compile(rb"/(F\d+) [\d.]+ Tf|\(((?:[^\\()]|\\.)*)\) Tj", re.DOTALL)
_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def texts_of(data: bytes) -> list[str]:
    """Every text that is shown, in the order in which it is drawn."""
    objects = {int(match[1]): match[2] for match in _OBJECT.finditer(data)}
    fonts = _fonts(objects)
    shown = []
    for each in objects.values():
        content = _stream(each)
        if b" Tj" not in content:
            continue
        font: dict[int, str] = {}
        for match in _SHOWN.finditer(content):
            if match[1]:
                font = fonts[match[1].decode()]
            else:
                raw = re.sub(rb"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), match[2], flags=re.DOTALL)
                codes = [int.from_bytes(raw[at : at + 2], "big") for at in range(0, len(raw), 2)]
                shown.append("".join(font[code] for code in codes))
    return shown


def pages_of(data: bytes) -> int:
    """How many pages it has."""
    count = re.search(rb"/Count (\d+)", data)
    assert count
    return int(count[1])


def _fonts(objects: dict[int, bytes]) -> dict[str, dict[int, str]]:
    found = {}
    for each in objects.values():
        for name, number in re.findall(rb"/(F\d+) (\d+) 0 R", each):
            unicode = re.search(rb"/ToUnicode (\d+) 0 R", objects[int(number)])
            assert unicode
            found[name.decode()] = _characters(_stream(objects[int(unicode[1])]))
    return found


def _characters(cmap: bytes) -> dict[int, str]:
    pairs = re.findall(rb"<([0-9A-Fa-f]{4})> <([0-9A-Fa-f]{4,})>", cmap)
    return {int(code, 16): bytes.fromhex(text.decode()).decode("utf-16-be") for code, text in pairs}


def _stream(content: bytes) -> bytes:
    match = _STREAM.search(content)
    if match is None:
        return b""
    return zlib.decompress(match[1]) if b"FlateDecode" in content[: match.start()] else match[1]
