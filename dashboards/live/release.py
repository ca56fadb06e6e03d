"""Which pages this server makes: after an update, screens that come back with a page of the old one load it anew."""

import hashlib
from functools import cache
from pathlib import Path

HOME = Path(__file__).parent.parent
KINDS = {".html", ".js", ".css", ".py"}


@cache
def release(home: Path = HOME) -> str:
    """Eight letters that change with any template, script, style or module of the pages."""
    digest = hashlib.sha256()
    for path in sorted(path for path in home.rglob("*") if path.suffix in KINDS):
        digest.update(str(path.relative_to(home)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:8]
