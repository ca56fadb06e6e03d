"""``POST /api/v1/backups/<facility>/<job>``: the job that makes a backup says so, or that it restored one."""

import re
from typing import Any

import orjson
from flask import Response, request

from dashboards.access import authorise
from dashboards.api import params
from dashboards.api.alert_forms import time_form
from dashboards.api.answers import as_json
from dashboards.errors import ProblemError, bad_request, not_found
from dashboards.services import services
from ioc.config import hint_for
from ioc.domain import MINUTE, parse_rfc3339
from ioc.errors import RefuseToStartError
from ioc.polling import names_of
from ioc.stamps import Stamp, Stamps, TooManyError

JOB = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", flags=re.ASCII)
AHEAD_NS = 2 * MINUTE
WHAT = ("backup", "restore")
FIELDS = ("what", "at")


def stamp(facility: str, job: str) -> Response:
    """Note that a backup was made (``what`` is backup, or not said) or restored for a test, now or ``at``."""
    params.only()
    authorise("stamp", facility)
    if services().registry.facility(facility) is None:
        raise not_found(f"there is no facility {facility!r}")
    if not JOB.fullmatch(job):
        raise bad_request("job", "is no code: letters, digits, . _ and -, at most 64")
    note = _known(facility, job)
    asked = _body()
    what = asked.get("what", WHAT[0])
    if what not in WHAT:
        raise bad_request("what", f"{what!r} is none of {', '.join(WHAT)}")
    at_ns = _time(asked)
    said = Stamp(backup_ns=at_ns) if what == "backup" else Stamp(restore_ns=at_ns)
    try:
        known = services().offload(Stamps(services().engine).put, facility, job, said)
    except TooManyError as error:
        raise ProblemError(409, "too_many", str(error), error.hint) from None
    return as_json(
        {
            "facility": facility,
            "job": job,
            "backup_at": time_form(known.backup_ns),
            "restore_at": time_form(known.restore_ns),
        }
        | note
    )


def _known(facility: str, job: str) -> dict[str, str]:
    """Raises where no target of the facility has this name, as nobody would ever look at what its job says. Where the
    file of the targets cannot be read here, that is added to the answer: a backup is not to be lost for it."""
    folder = services().settings.config_dir
    try:
        targets = names_of("backups", folder)
    except RefuseToStartError as error:
        return {"note": f"whether there is a target {job!r} is not known: {error.faults[0]}"}
    if targets.get(job) == facility:
        return {}
    names = [name for name, its in targets.items() if its == facility]
    hint = hint_for(job, names) or "Write it there first, then send this again."
    raise not_found(f"{facility} has no target {job!r} in collectors/backups.yaml", hint)


def _body() -> dict[str, Any]:
    raw = request.get_data(cache=False)
    try:
        asked = orjson.loads(raw) if raw.strip() else {}
    except orjson.JSONDecodeError as error:
        raise bad_request("body", f"is not JSON: {error}") from None
    if not isinstance(asked, dict):
        raise bad_request("body", "is not a JSON object", f"It has {', '.join(FIELDS)}.")
    for name in asked:
        if name not in FIELDS:
            raise bad_request(name, "there is no such field here", params.meant(name, FIELDS))
    return asked


def _time(asked: dict[str, Any]) -> int:
    now_ns = services().clock.now_ns()
    if "at" not in asked:
        return now_ns
    try:
        at_ns = parse_rfc3339(asked["at"])
    except (ValueError, TypeError, AttributeError, OverflowError):
        at_ns = -1
    if at_ns < 0:  # also what is before 1970, and no time of a backup
        raise bad_request("at", "is no time", "Write a time such as 2026-11-21T14:30:00+07:00.")
    if at_ns > now_ns + AHEAD_NS:
        raise bad_request("at", "lies in the future", "One of the two clocks is wrong.")
    return at_ns
