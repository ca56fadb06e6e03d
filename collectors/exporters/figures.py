"""From the samples of a page to values of the catalogue: pure functions."""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from math import isfinite

from collectors.exporters.mapping import Figure, StateShape, Term
from collectors.exporters.page import Sample, Samples

Raw = Mapping[str, tuple[float, float]]  # by the value of the label: take, and over (1 where there is none)
PICKS: Mapping[str, Callable[[list[float]], float]] = {"sum": sum, "max": max, "min": min, "count": len}


def raw(figure: Figure, samples: Samples) -> dict[str, tuple[float, float]]:
    """What a page says of a figure, before rates: by the value of its label, under '' where it has none."""
    if figure.only_if and not any(value > 0 for value in _term(figure.only_if, samples, "").values()):
        return {}
    label = next(iter(figure.by.values()), figure.each)
    taken = _term(figure.take, samples, label)
    if figure.over is None:
        return {group: (value, 1.0) for group, value in taken.items()}
    over = _term(figure.over, samples, label)
    return {group: (value, over[group]) for group, value in taken.items() if group in over}


def values(figure: Figure, now: Raw, before: Raw, seconds: float, now_s: float) -> dict[str, float]:
    """The values of a figure from what this page says and, for a rate, the page ``seconds`` before.

    A counter that fell was reset: nothing is said until the page after. What would be over 0 is nothing.
    """
    found = {}
    for group, (take, over) in now.items():
        if figure.how == "rate":
            if group not in before or seconds <= 0:
                continue
            take -= before[group][0]  # noqa: PLW2901 (the increase of both takes their place)
            over = over - before[group][1] if figure.over else seconds  # noqa: PLW2901
            if take < 0:
                continue
        elif figure.how == "age":
            take = now_s - take  # noqa: PLW2901
        if over <= 0:
            continue
        share = take / over
        value = figure.scale * (1.0 - share if figure.rest else share)
        if isfinite(value):
            found[group] = abs(value) if figure.absolute else value
    if not figure.each:
        return found
    known = [value for value in found.values() if value >= 0]
    return {"": min(known)} if known else {}


def state(figure: Figure, samples: Samples, names: list[str]) -> float | None:
    """The place in ``names`` of the first state that holds; None where none does."""
    every = [sample for _, name in figure.take.names for sample in _chosen(figure.take, samples.get(name, ()))]
    for shape in figure.states:
        if any(_holds(shape, sample) for sample in every):
            return float(names.index(shape.state))
    return None


def _holds(shape: StateShape, sample: Sample) -> bool:
    return sample.value == shape.value and _fits(shape.where, sample)


def _term(term: Term, samples: Samples, label: str) -> dict[str, float]:
    """The term by the value of a label; a value for which one of its names says nothing is left out."""
    total: dict[str, float] | None = None
    for sign, name in term.names:
        groups: dict[str, list[float]] = {}
        for sample in _chosen(term, samples.get(name, ())):
            groups.setdefault(sample.labels.get(label, ""), []).append(sample.value)
        picked = {group: sign * PICKS[term.pick](found) for group, found in groups.items()}
        total = picked if total is None else {g: total[g] + value for g, value in picked.items() if g in total}
    return total or {}


def _chosen(term: Term, samples: Iterable[Sample]) -> list[Sample]:
    return [it for it in samples if _fits(term.where, it) and not (term.without and _any(term.without, it))]


def _fits(patterns: Mapping[str, str], sample: Sample) -> bool:
    return all(_compiled(pattern).fullmatch(sample.labels.get(name, "")) for name, pattern in patterns.items())


def _any(patterns: Mapping[str, str], sample: Sample) -> bool:
    return any(_compiled(pattern).fullmatch(sample.labels.get(name, "")) for name, pattern in patterns.items())


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
