"""The newest file of a pattern."""

import glob
import os
import stat
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from ioc.config import parse_size
from ioc.polling import Deadline, TargetShape


def _pattern(text: str) -> str:
    if text and not os.path.isabs(text):  # noqa: PTH117 (a pattern is no path)
        raise ValueError(f"{text!r} does not begin with /: a pattern names its folder")
    return text


class BackupShape(TargetShape):
    """Backups of another system. ``files`` is a pattern (``**`` for all folders below); a file of fewer bytes than
    ``at_least`` does not count, as a job that fails may leave one. Without ``files`` the job itself tells us."""

    files: Annotated[str, AfterValidator(_pattern)] = ""
    at_least: Annotated[int, BeforeValidator(parse_size)] = Field(default=1)


def newest_of(ask: BackupShape, deadline: Deadline) -> tuple[int | None, int]:
    """When the newest file that counts was last written (ns), None without any, and how many match at all.

    Raises OSError, also TimeoutError where there are too many to look at.
    """
    newest: int | None = None
    matched = 0
    for path in glob.iglob(ask.files, recursive=True):  # noqa: PTH207 (of an absolute pattern)
        deadline.left()
        try:
            found = os.stat(path)  # noqa: PTH116 (as above)
        except FileNotFoundError:
            continue  # taken away meanwhile
        if not stat.S_ISREG(found.st_mode):
            continue
        matched += 1
        if found.st_size >= ask.at_least and (newest is None or found.st_mtime_ns > newest):
            newest = found.st_mtime_ns
    return newest, matched
