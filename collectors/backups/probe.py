"""How old the newest backup of a system is, and its last test."""

from collections.abc import Callable

from sqlalchemy.exc import DBAPIError

from collectors.backups.files import BackupShape, newest_of
from ioc.domain import MINUTE, SECOND
from ioc.polling import Deadline, Found, Target, thing
from ioc.stamps import Stamp

HOUR_NS = 60 * MINUTE
DAY_NS = 24 * HOUR_NS


class Probe:
    """Looks into folders, and at what jobs have told us. ``told`` gives that by facility and name."""

    def __init__(self, told: Callable[[str, str], Stamp]) -> None:
        self._told = told

    def __call__(self, target: Target[BackupShape], now_ns: int) -> Found:
        """Look at one."""
        stamp, error_text = Stamp(), ""
        try:
            stamp = self._told(target.facility, target.name)
        except DBAPIError as error:
            error_text = f"what its job told us cannot be read: {error.orig}"
            if not target.ask.files:
                return Found(error=error_text)
        newest = stamp.backup_ns
        if target.ask.files:
            newest, wrong = _of_files(target, now_ns)
            error_text = wrong or error_text  # a database that is away takes no age from a file
        elif newest is None:
            error_text = "its job has never told us of a backup"
        fields = {
            "backup_age": None if newest is None else max(0.0, (now_ns - newest) / HOUR_NS),
            "restore_age": None if stamp.restore_ns is None else max(0.0, (now_ns - stamp.restore_ns) / DAY_NS),
        }
        return Found((thing("svc", target, fields),), error_text)


def _of_files(target: Target[BackupShape], now_ns: int) -> tuple[int | None, str]:
    """When the newest file was written, or what is wrong."""
    try:
        newest, matched = newest_of(target.ask, Deadline(target.timeout_s))
    except OSError as error:
        return None, error.strerror or str(error)
    if newest is None:
        few = f"none of {matched} files has {target.ask.at_least} bytes" if matched else "there is no such file"
        return None, f"{few} ({target.ask.files})"
    if newest > now_ns + MINUTE:
        ahead = (newest - now_ns) // SECOND
        return None, f"its newest file is {ahead} s in the future: one of the two clocks is wrong"
    return newest, ""
