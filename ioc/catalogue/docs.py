"""``python -m ioc.catalogue.docs`` prints docs/metrics.md from ``configs/catalogue/``."""

import sys
from collections.abc import Iterator
from pathlib import Path

from ioc.catalogue.load import load_catalogue
from ioc.catalogue.metric import Catalogue, Metric, Thresholds
from ioc.domain import MINUTE, SECOND

HEAD = """# Metrics

What the centre knows how to take, keep and show. A device sends the part after the dot as a key of its message; units
are [UCUM](https://ucum.org). A message without a unit is taken to be in the unit below; a different one is refused.
States are sent as the number in front of their name.

*Late* is the age at which a value is late by default; a device of the registry is late after three of its own
intervals. At three times that age it is stale.
"""


def metrics_page(catalogue: Catalogue) -> str:
    """The whole page."""
    return HEAD + "".join(part for name in catalogue.class_titles for part in _class(name, catalogue))


def _class(name: str, catalogue: Catalogue) -> Iterator[str]:
    title = catalogue.class_titles[name]
    yield f"\n## `{name}`: {title.en} ({title.vi})\n\n"
    yield "| code | name | definition | unit | values | over time, places | late | limits | from |\n"
    yield "|---|---|---|---|---|---|---|---|---|\n"
    for metric in catalogue.fields_of(name).values():
        yield _row(metric)


def _row(metric: Metric) -> str:
    states = ", ".join(f"{number} {state.title.en}" for number, state in enumerate(metric.states))
    limits = "; ".join(text for text in (_limits(metric.thresholds), metric.reference) if text)
    cells = [
        f"`{metric.code}`",
        f"{metric.title.en} ({metric.title.vi})",
        metric.definition.en,
        f"`{metric.unit}`",
        states or str(metric.kind),
        f"{metric.over_time}, {metric.over_places}",
        _duration(metric.max_age_ns),
        limits,
        ", ".join(metric.producers),
    ]
    return f"| {' | '.join(cells)} |\n"


def _limits(limits: Thresholds) -> str:
    low = (("crit", "<", limits.crit_low), ("warn", "<", limits.warn_low))
    high = (("warn", ">", limits.warn_high), ("crit", ">", limits.crit_high))
    return ", ".join(f"{level} {sign} {limit:g}" for level, sign, limit in (*low, *high) if limit is not None)


def _duration(ns: int) -> str:
    return f"{ns // SECOND} s" if ns % MINUTE else f"{ns // MINUTE} min"


if __name__ == "__main__":
    sys.stdout.write(metrics_page(load_catalogue(Path("configs"))))
