"""What `ioc doctor` looks at beside the values: processes, doors, disk, secrets, sources, quarantine."""

import http.client
import shutil
import socket
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from sqlalchemy import Engine

from collectors.registry import ASKING
from ioc.access import verify_audit
from ioc.backup import is_on, newest
from ioc.broker import choose
from ioc.commands.findings import Finding, fault, fine, note, span
from ioc.config import Address, Settings, read_secret
from ioc.domain import MINUTE, SECOND
from ioc.errors import IocError
from ioc.intake import Quarantine, Sealer, SourceStatus, Unconfirmed
from ioc.mqtt import MqttUrl
from ioc.pidfile import process_id
from ioc.telemetry import ALIVE_NS, GONE_NS, Pulses

FREE_AT_LEAST = 2 << 30
FREE_SHARE = 0.05
HEARTBEAT_NS = 10 * SECOND
ANSWER_S = 3.0
NAMED = 10
START = "Start the centre with `ioc run`; the folder log of the data folder says why a part does not run."
LOSSES = {
    "mosquitto": "A kill -9 of the broker or a power failure may lose up to about 3 s of what it had acknowledged "
    "while the worker was away, and up to a few dozen messages otherwise.",
    "iotcore": "This broker keeps its queue in memory: a kill or a power failure loses everything that it had "
    "acknowledged and the worker had not yet taken.",
    "": "What a kill or a power failure of that broker loses is for its own configuration to say "
    "(persistence, size of the queues).",
}
REPEAT = "Devices that cannot afford it repeat with hist: true (docs/connect-a-device.md)."


def told(settings: Settings, part: str, variable: str) -> str:
    """What a running part was told in its environment: `ioc run` moves on from a default port that is taken."""
    pid = process_id(settings.data_dir, part)
    try:
        pairs = Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return ""
    return next((pair.partition("=")[2] for pair in pairs if pair.startswith(f"{variable}=")), "")


def answers(host: str, port: int) -> str:
    """Why nobody answers there; empty where somebody does."""
    try:
        socket.create_connection(({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port), ANSWER_S).close()  # noqa: S104
    except OSError as error:
        return error.strerror or str(error)
    return ""


def disk(settings: Settings) -> Iterator[Finding]:
    """Room for journal, store and database."""
    folder = next(path for path in (settings.data_dir, *settings.data_dir.parents) if path.exists())
    usage = shutil.disk_usage(folder)
    what = f"{usage.free / 2**30:.1f} GiB of {usage.total / 2**30:.1f} GiB are free for {settings.data_dir}."
    if usage.free < max(FREE_AT_LEAST, FREE_SHARE * usage.total):
        yield fault("disk", what, "Make room, or move the data folder to a larger disk (IOC_DATA_DIR).")
    else:
        yield fine("disk", what)


def secrets(settings: Settings) -> Iterator[Finding]:
    """The keys made on the first start."""
    for name in ("web", "quarantine", "identity"):
        try:
            read_secret(settings, name)
        except IocError as error:
            yield fault("secrets", str(error), error.hint)


def elsewhere(engine: Engine, now_ns: int) -> dict[str, str]:
    """The parts at work on other machines, or in other containers, each with the name of one."""
    here = socket.gethostname()
    return {pulse.part: pulse.host for pulse in Pulses(engine).alive(now_ns) if pulse.host != here}


def parts(settings: Settings, others: Mapping[str, str]) -> Iterator[Finding]:
    """Which processes are alive: those of `ioc run`, or each by itself where something else looks after them; others
    are those at work elsewhere."""
    own = ["worker", "scheduler", "web"]
    supervised = ["supervisor", *([] if settings.mqtt.url else ["broker"]), *own]
    up = [name for name in supervised if process_id(settings.data_dir, name)]
    names = own if others or (up and "supervisor" not in up) else supervised
    down = [name for name in names if name not in up and name not in others]
    if up:
        yield fine("processes", f"Running: {', '.join(up)}.")
    if down == names:
        yield fault("processes", f"Nothing runs with the data in {settings.data_dir}.", START)
    elif down:
        hint = START if names is supervised else "See `systemctl status ioc.target`, or where else they should run."
        yield fault("processes", f"Not running: {', '.join(down)}.", hint)


def at_work(engine: Engine, now_ns: int) -> Iterator[Finding]:
    """The processes on every machine that have lately said so, and those that have fallen silent."""
    for pulse in Pulses(engine).alive(now_ns, GONE_NS):
        lease = pulse.one("lease_held")
        what = f"{pulse.part} on {pulse.host} (process {pulse.pid})"
        if now_ns - pulse.at_ns > ALIVE_NS:
            yield note("processes", f"The {what} has said nothing for {span(now_ns - pulse.at_ns)}.", START)
        else:
            yield fine("processes", f"The {what} works{', and stands by' if lease and not lease.value else ''}.")


def backups(settings: Settings, now_ns: int) -> Iterator[Finding]:
    """How old the newest copy is."""
    if not is_on(settings):
        yield note("backup", "No copies are made (IOC_BACKUP__EVERY_HOURS=0).", "`ioc backup --to DIR`, from cron.")
        return
    last = newest(settings)
    every_ns = settings.backup.every_hours * 60 * MINUTE
    if last is None:
        yield note("backup", "There is no copy yet.", "The scheduler makes one soon after its start, or: ioc backup")
    elif now_ns - last.time_ns > 2 * every_ns:
        hint = "See log/scheduler.log; is there room on the disk? `ioc backup` says what is wrong."
        yield fault("backup", f"The newest copy is {span(now_ns - last.time_ns)} old.", hint)
    else:
        yield fine("backup", f"The newest copy is {span(now_ns - last.time_ns)} old: {last.path}.")


def broker(settings: Settings) -> Iterator[Finding]:
    """Whether the broker can be reached, which one it is, and what it may lose."""
    if settings.mqtt.url:
        url, name = MqttUrl.parse(settings.mqtt.url), ""
    else:
        bind = Address.parse(told(settings, "worker", "IOC_MQTT__BIND") or str(settings.mqtt.bind))
        url, name = MqttUrl(bind.host, bind.port), ""
        try:
            name = choose(settings)
        except IocError as error:
            yield fault("broker", str(error), error.hint)
    title = f"{name or 'broker'} at {url}"
    if why := answers(url.host, url.port):
        yield fault("broker", f"The {title} does not answer: {why}.", START if name else "See whether it runs.")
    else:
        yield fine("broker", f"The {title} answers.")
    more = " `sudo apt-get install mosquitto` gives one that keeps it on disk." if name == "iotcore" else ""
    yield note("broker", LOSSES[name], REPEAT + more)


def web(settings: Settings) -> Iterator[Finding]:
    """Whether the web server answers, and what it says of itself."""
    bind = Address.parse(told(settings, "web", "IOC_WEB__BIND") or str(settings.web.bind))
    if why := answers(bind.host, bind.port):
        yield fault("web", f"Nothing answers on http://{bind}: {why}.", START)
        return
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(bind.host, bind.host)  # noqa: S104 (nothing is bound here)
    connection = http.client.HTTPConnection(host, bind.port, timeout=ANSWER_S)
    try:
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        text = answer.read(2_000).decode(errors="replace").strip()
    except (OSError, http.client.HTTPException) as error:
        yield fault("web", f"http://{bind}/healthz gives no answer: {error}.", START)
        return
    finally:
        connection.close()
    if answer.status == http.HTTPStatus.OK:
        yield fine("web", f"http://{bind}/healthz answers.")
    else:
        yield fault("web", f"http://{bind}/healthz says {answer.status}: {text[:300]}", "See log/web.log.")


def sources(statuses: Sequence[SourceStatus], now_ns: int) -> Iterator[Finding]:
    """The worker's heartbeat, and what it says of each source and of its journal."""
    if not statuses:
        yield fault("worker", "The worker has never run with this database.", START)
        return
    beat = now_ns - max(status.updated_ns for status in statuses)
    if beat > HEARTBEAT_NS:
        yield fault("worker", f"The worker has not been heard of for {span(beat)}.", START)
    else:
        yield fine("worker", "The worker works.")
    for status in statuses:
        if status.kind in ASKING and now_ns - status.updated_ns > HEARTBEAT_NS >= beat:
            continue  # its last target was taken out of its file
        if status.kind != "hl7" or status.name == "hl7":  # each of its senders is looked at by itself
            yield from _source(status, now_ns, alive=beat <= HEARTBEAT_NS)


def _source(status: SourceStatus, now_ns: int, *, alive: bool) -> Iterator[Finding]:
    name = f"The {status.kind}" if status.kind == status.name else f"Source {status.name}"
    waiting = f"; {status.backlog} messages wait" if status.backlog else ""
    if status.error:
        yield fault("sources", f"{name}: {status.error}{waiting}", "See log/worker.log.")
    elif alive and not status.connected:
        yield fault("sources", f"{name} is not connected{waiting}.", "See log/worker.log and the broker.")
    elif status.kind != "journal":
        ago = "none yet" if status.last_message_ns is None else f"the last {span(now_ns - status.last_message_ns)} ago"
        gaps = f", {status.gaps} holes in sequence numbers" if status.gaps else ""
        yield fine("sources", f"{name}: {status.received} messages, {ago}{gaps}{waiting}.")
    elif waiting:
        yield note("sources", f"{name}: {status.backlog} messages wait to be stored.")


def quarantine(settings: Settings, engine: Engine) -> Iterator[Finding]:
    """What could not be understood, by reason."""
    counts = Quarantine(engine, Sealer(read_secret(settings, "quarantine").reveal())).counts()
    if counts:
        reasons = ", ".join(f"{number} {reason}" for reason, number in sorted(counts.items()))
        hint = "`ioc quarantine list` shows them; mend the cause, then `ioc quarantine resend`, or discard them."
        yield note("quarantine", f"{sum(counts.values())} messages could not be understood: {reasons}.", hint)
    else:
        yield fine("quarantine", "Nothing is quarantined.")


def unconfirmed(engine: Engine) -> Iterator[Finding]:
    """Devices and places that send and that the registry does not know."""
    things = Unconfirmed(engine).list()
    for kind in ("device", "place"):
        found = [f"{thing.facility}/{thing.code}" for thing in things if thing.kind == kind]
        if found:
            names = ", ".join(found[:NAMED]) + (f" and {len(found) - NAMED} more" if len(found) > NAMED else "")
            plural = "s" if len(found) > 1 else ""
            hint = "Add what is right to configs/registry/FACILITY.yaml, and correct the topic of what is not."
            yield note("registry", f"{len(found)} unconfirmed {kind}{plural}: {names}.", hint)


def audit(engine: Engine) -> Iterator[Finding]:
    """Whether the chain of the audit log is whole."""
    if (broken := verify_audit(engine)) is not None:
        yield fault(
            "audit", f"The audit log was changed: entry {broken} does not fit the one before it.", "Find out who."
        )
