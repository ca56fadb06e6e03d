"""``ioc probe``: asks the configured targets once, now, and says what each answers."""

import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import Any, cast

import click

from collectors.registry import ASKING, builder
from ioc.catalogue import Catalogue, load_catalogue
from ioc.commands.common import print_json, print_table
from ioc.config import Settings, load_settings
from ioc.domain import Frame
from ioc.errors import Fault, IocError, RefuseToStartError
from ioc.polling import PollingCollector
from ioc.registry import load_registry

AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Answer:
    """What one target said."""

    kind: str
    target: str
    facility: str
    asset: str
    error: str = ""
    values: dict[str, float] = field(default_factory=dict)


@click.command("probe")
@click.argument("names", nargs=-1)
@click.option("--kind", type=click.Choice(ASKING), help="Only targets of this kind.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def command(ctx: click.Context, names: tuple[str, ...], kind: str | None, *, as_json: bool) -> None:
    """Ask the targets of configs/collectors once, all of them or those NAMES, and say what each answers.

    Rates need two questions and are left out. Stores nothing. Exits with 0 when all are well and with 1 when one
    fails.
    """
    settings = load_settings(os.environ)
    answers = list(ask(settings, [kind] if kind else ASKING, names))
    if as_json:
        print_json({"ok": not any(it.error for it in answers), "items": [asdict(it) for it in answers]})
    elif not answers:
        click.echo("No target is configured: see configs/collectors/ and docs/connect-servers.md.")
    else:
        print_table(("target", "kind", "facility", "asset", "answer"), [_row(it) for it in answers])
    ctx.exit(1 if any(it.error for it in answers) else 0)


def ask(settings: Settings, kinds: Iterable[str], names: Sequence[str]) -> Iterator[Answer]:
    """Every target of these kinds, or those of these names; raises RefuseToStartError with the faults of their files,
    IocError where there is no target of a name."""
    catalogue = load_catalogue(settings.config_dir)
    collectors = _collectors(settings, kinds, catalogue)
    found = [(one, target) for one in collectors for target in one.targets if not names or target.name in names]
    unknown = sorted(set(names) - {target.name for _, target in found})
    if unknown:
        raise IocError(f"There is no target {unknown[0]!r}.", "`ioc probe` without names asks all.")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        looks = list(pool.map(lambda pair: pair[0].look_at(pair[1]), found))
    for (collector, target), (frames, error) in zip(found, looks, strict=True):
        yield Answer(collector.kind, target.name, target.facility, target.ask.asset, error, dict(_values(frames)))


def _collectors(settings: Settings, kinds: Iterable[str], catalogue: Catalogue) -> list[PollingCollector[Any]]:
    registry = load_registry(settings.config_dir, catalogue)
    made: list[PollingCollector[Any]] = []
    faults: list[Fault] = []
    for kind in kinds:
        try:
            made.append(cast("PollingCollector[Any]", builder(kind)(settings, catalogue, registry)))
        except RefuseToStartError as error:
            faults += error.faults
    if faults:
        raise RefuseToStartError(faults)
    return made


def _values(frames: Iterable[Frame]) -> Iterator[tuple[str, float]]:
    """By metric, with the mount or interface where it has one."""
    for frame in frames:
        for name, value in frame.fields.items():
            series = frame.series(name)
            yield " ".join(filter(None, (series.metric, series.tag("mount"), series.tag("iface")))), value


def _row(answer: Answer) -> tuple[str, ...]:
    values = ", ".join(f"{name} {value:.6g}" for name, value in answer.values.items())
    said = f"FAULT: {answer.error}. {values}".rstrip() if answer.error else values or "nothing"
    return answer.target, answer.kind, answer.facility, answer.asset, said
