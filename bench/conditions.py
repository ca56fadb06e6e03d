"""How many series a second the alert engine judges, on one core.

``python bench/conditions.py [--rounds N]``: 10,000 series under 200 rules (each series read by two of them, with three
conditions in all), changes in batches of 5,000. Prints the median of the rounds with every value in order, with one
in twenty devices beyond a limit all the time, with one in twenty crossing its limit at every change, and what it
costs to meet the series for the first time. Making the rows is not counted: the database does that.
"""

import argparse
import gc
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from alerts.engine import Engine
from alerts.level import Level
from alerts.rules import Ack, Condition, Kind, LevelRule, Missing, Notify, Op, Read, Rule, Runbook
from ioc.catalogue import Text
from ioc.domain import MINUTE, SECOND, Quality
from ioc.latest import Present
from ioc.registry import Registry

METRICS, DEVICES, BATCH = 100, 100, 5_000
CONDITIONS = 3  # warning and critical above, warning below
T0 = 1_763_859_600 * SECOND
CALM, HOT = 5.0, 9.0


def rule(name: str, metric: str, *levels: LevelRule) -> Rule:
    return Rule(
        id=name,
        title=Text(name, name),
        kind=Kind.THRESHOLD,
        read=Read(metric, ("device", "facility", "site")),
        levels=levels,
        missing=Missing(15 * MINUTE, Level.WARNING),
        notify=Notify("pharmacy"),
        ack=Ack(Level.CRITICAL, 30 * MINUTE, reason=True),
        owner="pharmacy",
        runbook=Runbook("", {}, {}),
        review_by="2027-06-30",
        where="",
    )


def rules() -> dict[str, Rule]:
    made = []
    for number in range(METRICS):
        metric = f"class{number:02d}.temp"
        warm = LevelRule(Level.WARNING, Condition(Op.GT, 8.0), Condition(Op.LT, 7.5))
        hot = LevelRule(Level.CRITICAL, Condition(Op.GT, 12.0), Condition(Op.LT, 11.0))
        made.append(rule(f"high-{number:02d}", metric, warm, hot))
        made.append(rule(f"low-{number:02d}", metric, LevelRule(Level.WARNING, Condition(Op.LT, 2.0))))
    return {each.id: each for each in made}


KEYS = [
    f"class{metric:02d}.temp,device=d{device:03d},facility=bv{device % 60:02d},site=cs1,source=mqtt"
    for device in range(DEVICES)
    for metric in range(METRICS)
]


def rows(second: int, value: Callable[[int, int], float]) -> list[list[Present]]:
    """All series once, in batches."""
    at = T0 + second * SECOND
    made = [
        Present(key, value(number, second), Quality.GOOD, at, at, 5 * MINUTE, second) for number, key in enumerate(KEYS)
    ]
    return [made[start : start + BATCH] for start in range(0, len(made), BATCH)]


def calm(_number: int, second: int) -> float:
    return CALM + second % 2 / 10


def one_in_twenty(number: int, second: int) -> float:
    return (HOT if number % 20 == 0 else CALM) + second % 2 / 10


def crossing(number: int, second: int) -> float:
    return HOT if number % 20 == 0 and second % 2 else CALM


def judged(engine: Engine, batches: list[list[Present]]) -> tuple[float, int]:
    """Seconds, and how many events there were."""
    events = 0
    gc.collect()
    began = time.perf_counter()
    for batch in batches:
        events += len(engine.step(batch, batch[0].as_of_ns).events)
    return time.perf_counter() - began, events


def measure(name: str, value: Callable[[int, int], float], rounds: int) -> None:
    engine = Engine(rules(), Registry({}, {}, {}))
    first_s, _ = judged(engine, rows(0, value))
    judged(engine, rows(1, value))
    found = [judged(engine, rows(second, value)) for second in range(2, rounds + 2)]
    seconds = statistics.median(each[0] for each in found)
    a_second = len(KEYS) / seconds
    print(
        f"{name:32s}{a_second:10,.0f} series/s {a_second * CONDITIONS:12,.0f} conditions/s"
        f" {found[-1][1]:6d} events a round;  first sight {first_s / len(KEYS) * 1e6:5.1f} us a series"
    )


def measure_silence(rounds: int) -> None:
    """What a step costs that has nothing to do."""
    engine = Engine(rules(), Registry({}, {}, {}))
    judged(engine, rows(0, calm))
    began = time.perf_counter()
    for _ in range(rounds * 100):
        engine.step([], T0 + SECOND)
    print(f"a step without changes          {(time.perf_counter() - began) / rounds / 100 * 1e6:10.1f} us")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    print(f"{len(KEYS):,} series, {2 * METRICS} rules, batches of {BATCH:,}, one core of {os.cpu_count()}")
    measure("every value in order", calm, options.rounds)
    measure("one in twenty beyond its limit", one_in_twenty, options.rounds)
    measure("one in twenty crosses each time", crossing, options.rounds)
    measure_silence(options.rounds)


if __name__ == "__main__":
    main()
