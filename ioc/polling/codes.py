"""Names of the world as tags can hold them."""

import re
import zlib
from collections.abc import Iterable

CODE_MAX = 64


def codes(names: Iterable[str], fallback: str) -> dict[str, str]:
    """A code for each name, no two alike: ``/var/lib`` is ``var-lib``, and ``/`` what ``fallback`` says."""
    found: dict[str, str] = {}
    for name in sorted(names):
        code = code_of(name, fallback)
        found[name] = f"{code[: CODE_MAX - 9]}-{zlib.crc32(name.encode()):08x}" if code in found.values() else code
    return found


def code_of(text: str, fallback: str) -> str:
    """The text as a tag can hold it."""
    code = re.sub(r"[^A-Za-z0-9._-]+", "-", text, flags=re.ASCII)
    return code.strip("-._")[:CODE_MAX] or fallback
