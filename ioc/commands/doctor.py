"""``ioc doctor``: what is down, late, stale or missing, and how to mend it."""

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

import click
from sqlalchemy import Engine

from collectors.hl7.sources import load_sources
from collectors.registry import COLLECTORS
from ioc.beds import BedRegister
from ioc.catalogue import Catalogue, load_catalogue
from ioc.census import CensusReader
from ioc.commands import database_look, his, machinery
from ioc.commands.check import check
from ioc.commands.common import database, print_json, print_table
from ioc.commands.findings import Finding, Level, fault, fine, note, span
from ioc.config import Settings, load_settings
from ioc.domain import State, SystemClock, rfc3339
from ioc.errors import IocError
from ioc.intake import SourceStatus, SourceStatuses
from ioc.latest import Book, LatestReader, Value
from ioc.registry import SELF, Registry, load_registry

STATES = (State.FRESH, State.LATE, State.STALE, State.MISSING)
WORST = 20
MARKS = {Level.FINE: "ok   ", Level.NOTE: "note ", Level.FAULT: "FAULT"}


@dataclass(frozen=True, slots=True)
class Silent:
    """A device of which something is late, stale or missing: its worst state, and since when."""

    facility: str
    area: str
    device: str
    device_class: str
    state: State
    as_of_ns: int | None
    keys: list[str]


@dataclass(slots=True)
class Report:
    """All that was found."""

    now_ns: int
    findings: list[Finding] = field(default_factory=list)
    counts: dict[tuple[str, str], Counter[State]] = field(default_factory=dict)  # by facility and class
    silent: list[Silent] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)

    @property
    def faults(self) -> int:
        """How many findings are faults."""
        return sum(finding.level is Level.FAULT for finding in self.findings)

    def add(self, area: str, look: Callable[[], Iterable[Finding]]) -> None:
        """Add what a look finds; a look that fails is a finding too and ends no other."""
        try:
            self.findings += look()
        except IocError as error:
            self.findings.append(fault(area, str(error), error.hint))
        except Exception as error:  # noqa: BLE001 (a doctor that dies of one patient helps nobody)
            self.findings.append(fault(area, f"Could not be looked at: {type(error).__name__}: {error}"))


def examine(environ: dict[str, str], now_ns: int) -> Report:
    """Look at everything, whatever of it runs."""
    report = Report(now_ns)
    report.add("configuration", lambda: _configuration(environ))
    try:
        settings = load_settings(environ)
    except IocError:
        return report  # said above; without settings there is nowhere to look
    report.add("disk", partial(machinery.disk, settings))
    report.add("secrets", partial(machinery.secrets, settings))
    others = _elsewhere(settings, now_ns)
    report.add("processes", partial(machinery.parts, settings, others))
    report.add("backup", partial(machinery.backups, settings, now_ns))
    report.add("broker", partial(machinery.broker, settings))
    report.add("HL7", partial(his.door, settings, others))
    report.add("web", partial(machinery.web, settings))
    report.add("database", partial(_database, settings, report))
    return report


def _configuration(environ: dict[str, str]) -> Iterator[Finding]:
    counts, faults = check(environ)
    for found in faults:
        yield fault("configuration", f"{found.where}: {found.what}", found.hint)
    if not faults:
        yield fine("configuration", f"No faults in {counts['metrics']} metrics and {counts['devices']} devices.")


def _elsewhere(settings: Settings, now_ns: int) -> dict[str, str]:
    try:
        with database(settings) as engine:
            return machinery.elsewhere(engine, now_ns)
    except IocError:
        return {}  # the look at the database says why


def _database(settings: Settings, report: Report) -> list[Finding]:
    with database(settings) as engine:
        statuses = SourceStatuses(engine).all()  # says first whether the database can be used at all
        report.add("database", partial(database_look.server, engine))
        report.add("processes", partial(machinery.at_work, engine, report.now_ns))
        report.add("worker", partial(machinery.sources, statuses, report.now_ns))
        report.add("HL7", partial(_his, settings, engine, statuses, report))
        report.add("quarantine", partial(machinery.quarantine, settings, engine))
        report.add("registry", partial(machinery.unconfirmed, engine))
        report.add("audit", partial(machinery.audit, engine))
        report.add("values", partial(_values, settings, engine, report))
    return []


def _his(settings: Settings, engine: Engine, statuses: Sequence[SourceStatus], report: Report) -> Iterator[Finding]:
    """The senders of HL7, and the wards and beds that follow from what they send."""
    catalogue = load_catalogue(settings.config_dir)
    registry = load_registry(settings.config_dir, catalogue, settings.timezone)
    register = BedRegister(engine)
    census = CensusReader(engine, registry, register, settings, catalogue)
    look = his.Look(report.now_ns, registry, catalogue.metrics["bed.occupied"].max_age_ns)
    feeds = census.feeds()
    yield from his.senders(load_sources(settings.config_dir, registry, settings.timezone), statuses, feeds, look)
    yield from his.refused(settings, engine, report.now_ns)
    yield from his.wards(census, register, feeds, look)


def _values(settings: Settings, engine: Engine, report: Report) -> Iterator[Finding]:
    """What is late, stale and missing, by facility; and what no source of this version brings."""
    catalogue = load_catalogue(settings.config_dir)
    registry = load_registry(settings.config_dir, catalogue)
    book = Book(LatestReader(engine), registry, catalogue)
    book.refresh()
    by_device: dict[tuple[str, str], list[Value]] = defaultdict(list)
    sent: dict[str, Counter[State]] = defaultdict(Counter)  # by facility, what devices themselves give
    derived: list[Value] = []
    for value in book.values(now_ns=report.now_ns):
        facility, device_class = value.tags.get("facility", ""), value.metric.partition(".")[0]
        report.counts.setdefault((facility, device_class), Counter())[value.state] += 1
        metric = catalogue.get(value.metric)
        if metric is not None and metric.producers == ("derive",) and facility != SELF.code:
            derived.append(value)
            continue
        if metric is not None and metric.producers == ("census",):
            continue  # as old as what its hospital sent: said of the sender
        sent[facility][value.state] += 1
        if value.state is not State.FRESH:
            by_device[facility, _thing(value)].append(value)
    report.silent = sorted((_silent(registry, *key, values) for key, values in by_device.items()), key=_badness)
    yield from _by_facility(sent, report.silent)
    yield from _derived(derived)
    yield from _orphans(catalogue, report)


def _thing(value: Value) -> str:
    """The code of what it is a value of: a device, a host, a part of the centre, or a source."""
    return next((value.tags[tag] for tag in ("device", "host", "service") if tag in value.tags), value.source)


def _silent(registry: Registry, facility: str, code: str, values: list[Value]) -> Silent:
    worst = max(values, key=lambda value: (STATES.index(value.state), -(value.as_of_ns or 0)))
    device = registry.device(facility, code)
    keys = sorted(value.metric.partition(".")[2] for value in values)
    device_class = worst.metric.partition(".")[0]
    return Silent(facility, device.area if device else "", code, device_class, worst.state, worst.as_of_ns, keys)


def _badness(silent: Silent) -> tuple[bool, int]:
    """The longest silent first, then what never was: a device that falls silent is news, one not connected is not."""
    return silent.as_of_ns is None, silent.as_of_ns or 0


def _by_facility(sent: Mapping[str, Counter[State]], silent: Sequence[Silent]) -> Iterator[Finding]:
    devices = [counts for facility, counts in sent.items() if facility != SELF.code]
    if devices and all(counts[State.MISSING] == counts.total() for counts in devices):
        hint = "Connect a device (docs/connect-a-device.md), or start with the simulator: IOC_SIMULATE=1."
        yield fault("values", f"None of the {sum(c.total() for c in devices)} values has ever come.", hint)
        return
    for facility, counts in sorted(sent.items()):
        what = f"{facility}: {', '.join(f'{counts[state]} {state}' for state in STATES if counts[state])}."
        gone = [it.device for it in silent if it.facility == facility and it.state is not State.LATE]
        if facility == SELF.code and gone:
            yield note("values", what, "A disk, an interface or a source that is no more stays in this list.")
        elif gone:
            names = f"{', '.join(gone[:5])}{' …' if len(gone) > 5 else ''}"
            yield fault("values", what, f"See to {names} and to what connects them; they are listed below.")
        elif counts[State.LATE]:
            yield note("values", what)
        else:
            yield fine("values", what)


def _derived(values: Sequence[Value]) -> Iterator[Finding]:
    """What the scheduler computes; it is missing at first, and where it cannot be computed."""
    hint = "The scheduler computes them from what devices send: see log/scheduler.log if it stays so."
    for state, say in ((State.STALE, fault), (State.MISSING, note)):
        if found := [value.metric for value in values if value.state is state]:
            yield say("values", f"{len(found)} computed values are {state} ({', '.join(sorted(set(found)))}).", hint)


def _orphans(catalogue: Catalogue, report: Report) -> Iterator[Finding]:
    producers = {*COLLECTORS, "derive", "census"}
    report.orphans = [metric.code for metric in catalogue if not producers & set(metric.producers)]
    if report.orphans:
        hint = "They stay missing; take them out of configs/catalogue, or wait for the version that brings them."
        yield note("catalogue", f"No source of this version gives {', '.join(report.orphans)}.", hint)


def as_json(report: Report) -> dict[str, Any]:
    """The report for a program."""
    return {
        "ok": not report.faults,
        "now": rfc3339(report.now_ns),
        "faults": report.faults,
        "findings": [asdict(finding) for finding in report.findings],
        "values": [
            {"facility": facility, "class": name, **{state.value: counts[state] for state in STATES}}
            for (facility, name), counts in sorted(report.counts.items())
        ],
        "devices": [
            {
                "facility": silent.facility,
                "area": silent.area,
                "device": silent.device,
                "class": silent.device_class,
                "state": silent.state,
                "as_of": None if silent.as_of_ns is None else rfc3339(silent.as_of_ns),
                "keys": silent.keys,
            }
            for silent in report.silent
        ],
        "without_producer": report.orphans,
    }


def print_report(report: Report) -> None:
    """The report for a person."""
    for finding in report.findings:
        click.echo(f"{MARKS[finding.level]}  {finding.area:<13}  {finding.what}")
        if finding.hint:
            click.echo(f"{'':<22}→ {finding.hint}")
    if report.counts:
        click.echo()
        rows = [(*key, *(counts[state] or "" for state in STATES)) for key, counts in sorted(report.counts.items())]
        print_table(("facility", "class", *STATES), rows)
    if report.silent:
        click.echo()
        print_table(
            ("device", "facility", "place", "class", "state", "last heard", "of"),
            [
                (it.device, it.facility, it.area, it.device_class, it.state, _ago(it, report.now_ns), " ".join(it.keys))
                for it in report.silent[:WORST]
            ],
        )
        if len(report.silent) > WORST:
            click.echo(f"… and {len(report.silent) - WORST} more devices; --json lists all.")
    click.echo()
    click.echo("No faults." if not report.faults else f"{report.faults} fault{'s' if report.faults > 1 else ''}.")


def _ago(silent: Silent, now_ns: int) -> str:
    return "never" if silent.as_of_ns is None else f"{span(now_ns - silent.as_of_ns)} ago"


@click.command("doctor")
@click.option("--json", "as_json_", is_flag=True, help="Print one JSON object.")
def command(*, as_json_: bool) -> None:
    """Say what is down, late, stale or missing, and how to mend it.

    Looks at configuration, disk, processes, backups, broker, door for HL7, web server, database, sources, senders of
    HL7, beds, quarantine and every value, also while nothing runs. Exits with 0 when all is well and with 1 when there
    is a fault; changes nothing.
    """
    report = examine(dict(os.environ), SystemClock().now_ns())
    if as_json_:
        print_json(as_json(report))
    else:
        print_report(report)
    if report.faults:
        raise click.exceptions.Exit(1)
