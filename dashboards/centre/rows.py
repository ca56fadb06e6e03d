"""What the lists of the centre's own board say: parts, jobs, writes and channels, each a line of ready texts."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import gettext

from alerts import Channel
from dashboards import format as fmt
from ioc.domain import SECOND, State
from ioc.telemetry import ALIVE_NS, Figure, Pulse

MIB = 2**20
FEW = 14  # lines of a list
SLOW_S = 1.0  # a batch that takes so long is worth a look
LATE_RUNS = 3600 * SECOND + 600 * SECOND  # of a job; the rarest run each hour


@dataclass(frozen=True, slots=True)
class Line:
    """One line: a name, a value, and what stands smaller beside it. ``as_of_ns`` ticks where there is one."""

    key: str
    name: str
    value: str
    beside: str = ""
    as_of_ns: int | None = None
    state: State = State.FRESH
    wrong: bool = False


def names() -> dict[str, str]:
    """Parts and jobs as people call them."""
    return {
        "worker": gettext("Worker"),
        "scheduler": gettext("Scheduler"),
        "web": gettext("Web server"),
        "alerts": gettext("Judging alerts"),
        "windows": gettext("Long windows"),
        "derive": gettext("Computed values"),
        "derive_disks": gettext("Days of disk left"),
        "sample_census": gettext("Census samples"),
        "prune_census": gettext("Pruning the census"),
        "roll_up": gettext("Roll-up"),
        "retain": gettext("Retention"),
        "backup": gettext("Backup"),
        "prune_quarantine": gettext("Pruning the quarantine"),
        "prune_sessions": gettext("Pruning sessions"),
        "journal": gettext("Journal of readings"),
        "journal-his": gettext("Journal of the HIS"),
        "ioc.sqlite": gettext("Database"),
        "timeseries.sqlite": gettext("Values over time"),
        "email": gettext("E-mail"),
    }


def parts(pulses: Sequence[Pulse], now_ns: int, language: str) -> list[Line]:
    """Each process: on which machine, how much memory it takes, when it last said something."""
    called = names()
    return [_part(pulse, called, now_ns, language) for pulse in pulses[:FEW]]


def _part(pulse: Pulse, called: dict[str, str], now_ns: int, language: str) -> Line:
    memory = pulse.one("process_resident_memory_bytes")
    lease = pulse.one("lease_held")
    alive = now_ns - pulse.at_ns <= ALIVE_NS
    return Line(
        key=f"{pulse.part}-{pulse.host}-{pulse.pid}",
        name=called.get(pulse.part, pulse.part),
        value=fmt.quantity(memory.value / MIB, "MiB", 0, language) if memory else fmt.NO_VALUE,
        beside=gettext("%(host)s, stands by", host=pulse.host) if lease and not lease.value else pulse.host,
        as_of_ns=pulse.at_ns,
        state=State.FRESH if alive else State.STALE,
        wrong=not alive,
    )


def jobs(pulses: Sequence[Pulse], now_ns: int, language: str) -> list[Line]:
    """Each job of the scheduler that has the work: when it last ended well, and how long it takes."""
    called = names()
    own = next((pulse for pulse in pulses if (lease := pulse.one("lease_held")) and lease.value), None)
    if own is None:
        return []
    lines = []
    for times in own.all("job_seconds"):
        job = dict(times.labels)["job"]
        ended = own.one("job_last_success_timestamp_seconds", job=job)
        went_wrong = own.one("job_failures_total", job=job, what="failed")  # one that is left out comes again at once
        failed = went_wrong.value if went_wrong else 0
        ended_ns = int(ended.value * SECOND) if ended else None
        beside = gettext("%(n)s went wrong", n=fmt.number(failed, 0, language)) if failed else ""
        late = ended_ns is None or own.at_ns - ended_ns > LATE_RUNS
        lines.append(
            Line(job, called.get(job, job), took(times.mean, language), beside, ended_ns, _state(own, now_ns), late)
        )
    return lines[:FEW]


def writes(pulses: Sequence[Pulse], now_ns: int, language: str) -> list[Line]:
    """Of each worker: how long journals and stores take to write, what waits, and how large the databases are."""
    return [line for pulse in pulses if pulse.part == "worker" for line in _writes(pulse, now_ns, language)][:FEW]


def _writes(pulse: Pulse, now_ns: int, language: str) -> list[Line]:
    called, state = names(), _state(pulse, now_ns)
    lines = []
    for append in pulse.all("journal_append_seconds"):
        lane = dict(append.labels)["lane"]
        waits = pulse.one("journal_items", lane=lane)
        beside = gettext("%(n)s wait", n=fmt.number(waits.value if waits else 0, 0, language))
        lines.append(_timed(lane, called[lane], append, state, beside, language))
    for write in pulse.all("writer_seconds"):
        lane = dict(write.labels)["lane"]
        name = gettext("Writing the census") if lane == "journal-his" else gettext("Writing values over time")
        failed = pulse.one("writer_failures_total", lane=lane)
        beside = gettext("%(n)s went wrong", n=fmt.number(failed.value, 0, language)) if failed else ""
        lines.append(_timed(f"write-{lane}", name, write, state, beside, language))
    if (present := pulse.one("latest_write_seconds")) is not None:
        lines.append(_timed("present", gettext("Writing the present"), present, state, "", language))
    for file in pulse.all("file_bytes"):
        name = dict(file.labels)["file"]
        if name in called:
            lines.append(Line(name, called[name], fmt.quantity(file.value / MIB, "MiB", 1, language), "", state=state))
    return lines


def _timed(key: str, name: str, times: Figure, state: State, beside: str, language: str) -> Line:
    slow = times.mean is not None and times.mean > SLOW_S
    return Line(key, name, took(times.mean, language), beside, state=state, wrong=slow)


def told(found: Sequence[Channel], language: str) -> list[Line]:
    """Each channel: how many it has sent in a day, what waits and what it gave up."""
    called = names()
    lines = []
    for channel in found:
        words = [gettext("%(n)s wait", n=fmt.number(channel.due, 0, language))] if channel.due else []
        if channel.given_up:
            words.append(gettext("%(n)s not delivered", n=fmt.number(channel.given_up, 0, language)))
        sent = gettext("%(n)s sent", n=fmt.number(channel.sent, 0, language))
        lines.append(
            Line(
                channel.kind,
                called.get(channel.kind, channel.kind),
                sent,
                " · ".join(words),
                channel.sent_ns,
                wrong=bool(channel.given_up),
            )
        )
    return lines[:FEW]


def took(seconds: float | None, language: str) -> str:
    """A time as people read it: 0.4 ms, 12 ms, 1.3 s."""
    if seconds is None:
        return fmt.NO_VALUE
    if seconds >= 1:
        return f"{fmt.number(seconds, 1, language)}{fmt.NBSP}s"
    return fmt.quantity(seconds * 1000, "ms", 0 if seconds >= 0.01 else 1, language)


def _state(pulse: Pulse, now_ns: int) -> State:
    return State.FRESH if now_ns - pulse.at_ns <= ALIVE_NS else State.STALE
