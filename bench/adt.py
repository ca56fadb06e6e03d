"""How many HL7 messages a second go over MLLP through journal and ledger into the census, and what they cost.

`python bench/adt.py [--messages N] [--backlog N]`: the days of one large hospital (A01 A02 A03 A04 A08 and all the
others), from a process of its own with one message in flight on each connection, to a real worker: over one connection,
over eight, and while the database takes nothing, so that the journal fills and is caught up with afterwards. After each
the census must be what the hospital's model says. Prints one line a figure.
"""

import argparse
import multiprocessing
import os
import selectors
import socket
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.intake import asked, cpu_s
from collectors.simulator.his.hospital import HOUR, MINUTE, Event
from collectors.simulator.his.message import Writer
from collectors.simulator.his.model import Model
from collectors.simulator.his.world import Pace
from collectors.simulator.hospitals import hospitals
from ioc.beds import BedRegister
from ioc.catalogue import load_catalogue
from ioc.census import CensusReader
from ioc.commands.prepare import first_beds
from ioc.database import make_engine
from ioc.registry import load_registry
from tests.functional.harness import Stack, stack, wait_for

FACILITY = "bv01"
PAST = 2 * HOUR  # over which what happened is spread
STEP = MINUTE


@dataclass(frozen=True, slots=True)
class Day:
    """Framed messages, and what the census has to be after them."""

    messages: Sequence[bytes]
    truth: dict[str, Any]


def lived(running: Stack, messages: int) -> Day:
    """So many messages of the hospital or a few more; the last one is of now."""
    engine = make_engine(running.settings.database.url)
    first_beds(running.settings, engine)
    (hospital,) = hospitals([FACILITY], BedRegister(engine).beds, time.time_ns())
    engine.dispose()
    begin = time.time_ns() // 1_000_000 - PAST
    slow = Model(hospital, 1, Pace(begin, begin))
    told(slow, messages)
    model = Model(hospital, 1, Pace(begin, begin, (slow.world.now - begin) / PAST))  # the same life, within PAST
    events = told(model, messages)
    writer = Writer(FACILITY, model.begun)
    return Day([b"\x0b" + writer.message(event) + b"\x1c\r" for event in events], model.truth())


def told(model: Model, messages: int) -> list[Event]:
    """What it tells until there are so many."""
    events = list(model.begin())
    while len(events) < messages:
        events += model.step(model.world.now + STEP) or []
    return events


def send(port: int, messages: Sequence[bytes], connections: int) -> None:
    """Send all, one in flight on each connection; whichever is free takes the next. Nothing else than AA is taken."""
    waiting = iter(messages)
    with selectors.DefaultSelector() as selector:
        for _ in range(connections):
            sock = socket.create_connection(("127.0.0.1", port))
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if (message := next(waiting, None)) is not None:
                selector.register(sock, selectors.EVENT_READ)
                sock.sendall(message)
        while selector.get_map():
            for key, _ in selector.select():
                answer = key.fileobj.recv(4096)  # type: ignore[union-attr] # they are sockets
                assert b"\rMSA|AA|" in answer, answer
                assert answer.endswith(b"\x1c\r"), answer
                if (message := next(waiting, None)) is None:
                    selector.unregister(key.fileobj)
                    key.fileobj.close()  # type: ignore[union-attr] # as above
                else:
                    key.fileobj.sendall(message)  # type: ignore[union-attr] # as above


@contextmanager
def sending(running: Stack, day: Day, connections: int) -> Iterator[multiprocessing.Process]:
    """From a process of its own; ends when all is acknowledged."""
    sender = multiprocessing.Process(target=send, args=(running.mllp_port, day.messages, connections))
    sender.start()
    try:
        yield sender
    finally:
        sender.join()
    assert sender.exitcode == 0


def waits(running: Stack) -> int:
    """Entries of the journal that the census does not have."""
    return asked(running.settings.data_dir / "journal-his.sqlite", "select count(*) from entry")[0]


def drained(running: Stack) -> None:
    """Return once there are none."""
    wait_for("the census has all", lambda: waits(running) == 0, 600)


def check(running: Stack, day: Day) -> None:
    """The census is what the model says."""
    engine = make_engine(running.settings.database.url)
    catalogue = load_catalogue(running.settings.config_dir)
    registry = load_registry(running.settings.config_dir, catalogue)
    now_ns = time.time_ns()
    reader = CensusReader(engine, registry, BedRegister(engine), running.settings, catalogue)
    census = reader.at(FACILITY, now_ns, now_ns)
    engine.dispose()
    patients = {ward.code: ward.patients for ward in census.wards if ward.code in day.truth["patients"]}
    assert patients == day.truth["patients"], f"{patients} and not {day.truth['patients']}"


@contextmanager
def worker(messages: int) -> Iterator[tuple[Stack, Day]]:
    """A fresh one, with what it is to be sent."""
    with tempfile.TemporaryDirectory() as folder, stack(Path(folder), "auto") as running:
        day = lived(running, messages)
        running.start_worker()
        running.wait_for_worker()
        yield running, day


def live(messages: int, connections: int) -> tuple[float, float, float]:
    """Acknowledged and in the census a second, and the worker's CPU seconds for 100,000."""
    with worker(messages) as (running, day):
        pid = running.processes["worker"].pid
        before, began = cpu_s(pid), time.monotonic()
        with sending(running, day, connections):
            pass
        acknowledged_s = time.monotonic() - began
        drained(running)
        kept_s = time.monotonic() - began
        many = len(day.messages)
        used = (cpu_s(pid) - before) / many * 1e5
        check(running, day)
        return many / acknowledged_s, many / kept_s, used


def backlog(messages: int) -> tuple[float, float, int]:
    """Acknowledged a second while the database takes nothing, seconds until it is caught up, and how many waited."""
    with worker(messages) as (running, day):
        path = running.settings.data_dir / "ioc.sqlite"
        with closing(sqlite3.connect(path, timeout=60, isolation_level=None)) as holding:
            holding.execute("begin immediate")  # from now on nobody else writes
            began = time.monotonic()
            with sending(running, day, 8):
                pass
            acknowledged_s = time.monotonic() - began
            waited = waits(running)
            holding.execute("rollback")
        released = time.monotonic()
        drained(running)
        caught_up_s = time.monotonic() - released
        check(running, day)
        return len(day.messages) / acknowledged_s, caught_up_s, waited


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--backlog", type=int, default=50_000, help="messages; 0: it is not measured")
    options = parser.parse_args()
    print(f"{options.messages} messages of one hospital, {os.cpu_count()} cores")
    print(f"{'':24}{'acknowledged/s':>16}{'in the census/s':>17}{'worker CPU s per 100,000':>26}")
    found = []
    for connections in (1, 8):
        found.append(live(options.messages, connections))
        name = f"{connections} connection{'s' if connections > 1 else ''}"
        print(f"{name:24}{found[-1][0]:16,.0f}{found[-1][1]:17,.0f}{found[-1][2]:26.1f}")
    one, eight = found
    print(f"{'eight against one':24}{eight[0] / one[0]:14.2f} x{eight[1] / one[1]:15.2f} x{eight[2] / one[2]:24.2f} x")
    if options.backlog:
        rate, seconds, waited = backlog(options.backlog)
        print(f"while the database takes nothing: {rate:,.0f} acknowledged/s, {waited:,} entries of the journal wait")
        per_second = options.backlog / seconds
        print(f"{options.backlog:,} messages of backlog caught up in {seconds:.1f} s: {per_second:,.0f}/s, "
              f"{per_second / eight[1]:.2f} x as fast as live")  # fmt: skip


if __name__ == "__main__":
    main()
