"""The centre's own figures in Prometheus' text format."""

import importlib.metadata
import itertools
import math
import os
import socket
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from alerts import Level
from dashboards.services import Services
from ioc.domain import SECOND, State
from ioc.intake import SourceStatus, SourceStatuses
from ioc.telemetry import BUCKETS, FIGURES, Figure, Kind, Meter, Pulse, of_process

Labels = dict[str, str]
Sample = tuple[Labels, float]


def text(parts: Services) -> str:
    """Everything, as one answer."""
    looks = (_hub, _present, _alerts, _sources, _quarantine, _processes)
    return "".join([_build(), *(piece for look in looks for piece in look(parts))])


def family(name: str, kind: str, about: str, samples: Iterable[Sample]) -> str:
    """One metric with its lines."""
    lines = [f"# HELP ioc_{name} {about}", f"# TYPE ioc_{name} {kind}"]
    for labels, value in samples:
        inside = ",".join(f'{label}="{_escaped(content)}"' for label, content in labels.items())
        lines.append(f"ioc_{name}{{{inside}}} {_number(value)}" if inside else f"ioc_{name} {_number(value)}")
    return "\n".join(lines) + "\n"


def histogram(name: str, about: str, samples: Iterable[tuple[Labels, Figure]]) -> str:
    """One histogram with its lines: buckets add up, as Prometheus wants them."""
    lines = [f"# HELP ioc_{name} {about}", f"# TYPE ioc_{name} histogram"]
    for labels, figure in samples:
        inside = "".join(f'{label}="{_escaped(content)}",' for label, content in labels.items())
        for bound, count in zip([*BUCKETS, math.inf], itertools.accumulate(figure.counts), strict=True):
            lines.append(f'ioc_{name}_bucket{{{inside}le="{_bound(bound)}"}} {count}')
        suffix = f"{{{inside.rstrip(',')}}}" if inside else ""
        lines += [f"ioc_{name}_sum{suffix} {_number(figure.value)}", f"ioc_{name}_count{suffix} {figure.count}"]
    return "\n".join(lines) + "\n"


def _bound(bound: float) -> str:
    return "+Inf" if bound == math.inf else repr(bound)


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(float(value))


def _escaped(label: str) -> str:
    return label.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _one(name: str, kind: str, about: str, value: float) -> str:
    return family(name, kind, about, [({}, value)])


def _hub(parts: Services) -> Iterator[str]:
    hub = parts.hub
    yield _one("hub_clients", "gauge", "Open streams of this web process.", hub.clients)
    yield _one("hub_views", "gauge", "Views kept up to date.", hub.views)
    if hub.last_tick_ns is not None:
        age = (parts.clock.now_ns() - hub.last_tick_ns) / SECOND
        yield _one("hub_tick_age_seconds", "gauge", "Time since the hub last looked for changes.", age)
    for count, about in (
        ("ticks", "Turns of the hub."),
        ("changes", "Changed series that the hub has read."),
        ("renders", "Parts rendered."),
        ("deltas", "Deltas sent, each to all screens of a view."),
        ("fallbacks", "Slow screens that were given a snapshot instead of what they missed."),
        ("errors", "Failed readings and renderings."),
    ):
        yield _one(f"hub_{count}_total", "counter", about, hub.counts[count])
    seconds = hub.counts["render_ns"] / SECOND
    yield _one("hub_render_seconds_total", "counter", "Time spent on rendering.", seconds)


def _present(parts: Services) -> Iterator[str]:
    values = parts.present().values()
    states = Counter(value.state for value in values)
    samples = [({"state": str(state)}, float(states[state])) for state in State]
    yield family("values", "gauge", "Values of the present by state.", samples)
    yield _one("latest_change", "gauge", "Newest change number of the present.", parts.book.change)


def _alerts(parts: Services) -> Iterator[str]:
    reader, open_ = parts.incident_reader, parts.alerts().open()
    levels = Counter(incident.level for incident in open_)
    samples = [({"level": level.word}, float(levels[level])) for level in Level if level]
    yield family("alerts_open", "gauge", "Open alerts by level.", samples)
    silent = sum(incident.status == "missing" for incident in open_)
    yield _one("alerts_missing", "gauge", "Open alerts whose series is silent.", silent)
    unowned = sum(incident.unowned for incident in open_)
    yield _one("alerts_unowned", "gauge", "Open alerts that somebody has to take, and nobody has.", unowned)
    outbox = reader.outbox()
    yield _one("alert_deliveries_due", "gauge", "Messages that are still to be sent.", outbox["due"])
    yield _one("alert_deliveries_given_up", "gauge", "Messages that could not be sent.", outbox["given_up"])
    until = reader.judged_until_ns() / SECOND
    yield _one(
        "alert_judged_until_timestamp_seconds", "gauge", "Until when a scheduler holds the work, Unix time.", until
    )
    rules = reader.rules()
    yield _one("alert_rules", "gauge", "Rules in force.", len(rules.document) if rules else 0)
    refused = bool(rules and rules.refused_at_ns)
    yield _one("alert_rules_refused", "gauge", "Whether the newest rule files are refused.", refused)


def _sources(parts: Services) -> Iterator[str]:
    found = SourceStatuses(parts.engine).all()
    now_ns = parts.clock.now_ns()
    columns: tuple[tuple[str, str, str, Callable[[SourceStatus], float]], ...] = (
        ("received_total", "counter", "Messages received.", lambda status: status.received),
        ("accepted_total", "counter", "Messages taken.", lambda status: status.accepted),
        ("ignored_total", "counter", "Messages that mean nothing to us.", lambda status: status.ignored),
        ("gaps_total", "counter", "Gaps in the sequence of devices.", lambda status: status.gaps),
        ("connected", "gauge", "Whether the source is connected.", lambda status: status.connected),
        ("journal_backlog", "gauge", "Entries of the journal that are not stored yet.", lambda status: status.backlog),
        ("heartbeat_age_seconds", "gauge", "Age of the worker's heartbeat.",
         lambda status: (now_ns - status.updated_ns) / SECOND),
    )  # fmt: skip
    for name, kind, about, value in columns:
        samples = [({"source": status.name}, float(value(status))) for status in found]
        yield family(f"source_{name}", kind, about, samples)
    refused = [
        ({"source": status.name, "reason": reason}, float(count))
        for status in found
        for reason, count in sorted(status.quarantined.items())
    ]
    yield family("source_quarantined_total", "counter", "Inputs put into quarantine.", refused)


def _quarantine(parts: Services) -> Iterator[str]:
    counts = parts.quarantine.counts()
    samples = [({"reason": reason}, float(count)) for reason, count in sorted(counts.items())]
    yield family("quarantine_open", "gauge", "Inputs in quarantine that nobody has dealt with.", samples)


def _build() -> str:
    version = importlib.metadata.version("ioc-hospital")
    return family("build_info", "gauge", "The version that runs.", [({"version": version}, 1.0)])


def _processes(parts: Services) -> Iterator[str]:
    """What the processes of the centre, on whatever machines, say of themselves; this one is asked directly."""
    own = Meter()
    of_process(own)
    now_ns = parts.clock.now_ns()
    web = Pulse("web", socket.gethostname(), os.getpid(), now_ns, tuple(own.figures()))
    alive = [web, *parts.pulses.alive(now_ns)]
    ages = [(_who(pulse), max(0.0, (now_ns - pulse.at_ns) / SECOND)) for pulse in alive]
    yield family("process_heartbeat_age_seconds", "gauge", "Time since the process last said what it does.", ages)
    for name, (kind, about) in FIGURES.items():
        found = [(_who(pulse) | dict(figure.labels), figure) for pulse in alive for figure in pulse.all(name)]
        if kind is Kind.HISTOGRAM:
            yield histogram(name, about, found)
        else:
            yield family(name, kind, about, [(labels, figure.value) for labels, figure in found])


def _who(pulse: Pulse) -> Labels:
    return {"part": pulse.part, "host": pulse.host, "pid": str(pulse.pid)}
