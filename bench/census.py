"""What the census costs: python -m bench.census [--stays N] [--facts N]

Keeps the facts of a few hospitals in batches, as the worker does, and asks for their beds: first in an empty database,
then in one that holds N stays of the past. Says the cost of each, and the ratio of the two.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, text

from ioc.beds import Bed, Beds, Ward
from ioc.catalogue import Catalogue, Text
from ioc.census import CensusReader, Ledger
from ioc.config import load_settings
from ioc.database import make_engine, metadata
from ioc.domain import NOWHERE, SECOND, BedStatus, Fact, FactKind, Spot, VisitClass
from ioc.registry import Facility, Place, Registry, Site

BATCH = 256
FACILITIES = 6
LYING = 1_000  # inpatients of each
WARDS, ROOMS, BEDS = 12, 20, 5
START = 1_795_107_600 * SECOND
YEARS_NS = 3 * 365 * 86_400 * SECOND
TEXT = Text("x", "x")
CODES = [f"bv{number:02}" for number in range(1, FACILITIES + 1)]
SPOTS = [Spot(f"W{w}", f"P{r}", f"G{b}") for w in range(WARDS) for r in range(ROOMS) for b in range(BEDS)]

# Stays that are over: each was admitted, moved once and discharged within the years before. Keys are as random as
# digests are; rows go in by the order of their keys, and the indexes are made afterwards.
FILL = """
insert into census_stay
  select visit, 'bv0' || (1 + at % 6), 'q' || visit, 'inpatient', at, at + 345600000000000, null, 'home', 0,
    'W' || (at % 12), 'P' || (at % 20), 'G' || (at % 5)
  from (
    with recursive n(i) as (select 1 union all select i + 1 from n where i < :stays)
    select lower(hex(randomblob(15))) as visit, :start - abs(random() % :years) - 345600000000000 as at from n
  ) order by visit;
insert into census_spell
  select visit, facility, k, 'inpatient', ward, room, case k when 0 then 'G9' else bed end,
    opened_ns + k * 86400000000000, case k when 0 then opened_ns + 86400000000000 else closed_ns end, 1
  from census_stay, (select 0 as k union all select 1) where closed_ns < :start order by visit, facility, k;
insert into census_move
  select visit, facility, k, case k when 0 then opened_ns else closed_ns end,
    case k when 0 then 'admitted' else 'discharged' end,
    case k when 0 then '' else ward end, case k when 0 then ward else '' end, null
  from census_stay, (select 0 as k union all select 1) where closed_ns < :start order by visit, facility, k;
insert into census_fact
  select visit || '0' || k, 0, facility, 'his-' || facility,
    case k when 0 then 'admitted' when 1 then 'transferred' else 'discharged' end,
    case k when 2 then closed_ns else opened_ns + k * 86400000000000 end, opened_ns, opened_ns,
    visit || '0' || k, k, visit, patient, '', 'inpatient', ward, room, bed, '', '', '', 'home', '', 'good', 0
  from census_stay, (select 0 as k union all select 1 union all select 2) where closed_ns < :start order by visit, k
"""
TABLES = ("census_stay", "census_spell", "census_move", "census_fact")


def fill(engine: Engine, stays: int) -> None:
    """Put so many stays into the database."""
    values = {"stays": stays, "start": START, "years": YEARS_NS}
    indexes = [index for name in TABLES for index in metadata.tables[name].indexes]
    with engine.connect() as connection, connection.begin():
        for index in indexes:
            index.drop(connection)
        for statement in FILL.split(";\n"):
            connection.execute(text(statement), {name: at for name, at in values.items() if f":{name}" in statement})
        for index in indexes:
            index.create(connection)


@dataclass
class Listed:
    """A register of beds in memory."""

    def beds(self, facility: str) -> Beds:
        """As ``ioc.beds.BedRegister``."""
        return Beds([Bed(facility, "cs1", "k", spot) for spot in SPOTS])

    def wards(self, facility: str) -> list[Ward]:
        """As ``ioc.beds.BedRegister``."""
        del facility
        return []


def told(number: int) -> Iterator[Fact]:
    """Facts of hospitals that are full: as many come as go, others move, and much is said twice."""
    chance = random.Random(7)
    lying: dict[str, list[tuple[str, Spot]]] = {code: [] for code in CODES}
    for n in range(number):
        facility, spot, at = chance.choice(CODES), chance.choice(SPOTS), START + n * SECOND
        here, kind, visit, bed_status = lying[facility], FactKind.ADMITTED, "", None
        draw = chance.random() if len(here) >= LYING else 0.0
        if draw < 0.25:
            visit = f"{chance.getrandbits(120):030x}"
            here.append((visit, spot))
        else:
            at_random = chance.randrange(len(here))
            visit, lay = here[at_random]
            if draw < 0.5:
                kind, spot = FactKind.UPDATED, lay
            elif draw < 0.65:
                kind = FactKind.TRANSFERRED
                here[at_random] = visit, spot
            elif draw < 0.9:
                kind = FactKind.DISCHARGED
                here.pop(at_random)
            else:
                kind, visit, bed_status = FactKind.BED_STATUS, "", BedStatus.UNOCCUPIED
        yield Fact(
            message=f"{chance.getrandbits(120):030x}",
            part=0,
            kind=kind,
            facility=facility,
            source=f"his-{facility}",
            occurred_ns=at,
            sent_ns=at,
            received_ns=at + SECOND,
            control=f"{chance.getrandbits(120):030x}",
            sequence=n,
            visit=visit,
            patient=f"q{visit}" if visit else "",
            visit_class=VisitClass.INPATIENT,
            spot=spot if visit or bed_status else NOWHERE,
            bed_status=bed_status,
        )


def facility(code: str) -> Facility:
    """One hospital with its wards."""
    places = {f"W{ward}": Place(f"W{ward}", TEXT, "ward", "cs1") for ward in range(WARDS)}
    return Facility(code, TEXT, TEXT, "p", "2", {"cs1": Site("cs1", TEXT)}, places)


def measure(engine: Engine, number: int) -> tuple[float, float]:
    """Microseconds of processor a fact, and milliseconds of it for the census of one hospital."""
    settings, catalogue = load_settings({"IOC_CONFIG_DIR": "configs"}), Catalogue({})
    ledger = Ledger(engine, settings, catalogue)
    registry = Registry({}, {code: facility(code) for code in CODES}, {})
    reader = CensusReader(engine, registry, Listed(), settings, catalogue)
    facts = list(told(FACILITIES * LYING + number))
    batches = [facts[first : first + BATCH] for first in range(0, len(facts), BATCH)]
    filling = FACILITIES * LYING // BATCH
    for batch in batches[:filling]:
        ledger.keep(batch)
    wall, processor = time.perf_counter(), time.process_time()
    for batch in batches[filling:]:
        ledger.keep(batch)
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    kept = len(facts) - filling * BATCH
    row(f"facts kept, batches of {BATCH}", f"{kept / wall:,.0f}/s, {processor / kept * 1e6:.0f} us CPU each")
    now_ns = facts[-1].occurred_ns
    took = [cost(lambda: reader.at(CODES[0], now_ns, now_ns)) for _ in range(9)]
    patients = sum(ward.patients for ward in reader.at(CODES[0], now_ns, now_ns).wards)
    row(f"census of {patients:,} patients in {len(SPOTS):,} beds", f"{min(took):.1f} ms CPU")
    long_ago = min(cost(lambda: reader.at(CODES[0], now_ns - YEARS_NS // 2, now_ns)) for _ in range(3))
    row("a census of the middle of these years", f"{long_ago:.1f} ms CPU")
    return processor / kept, min(took)


def cost(ask: Callable[[], object]) -> float:
    """Milliseconds of processor."""
    began = time.process_time()
    ask()
    return (time.process_time() - began) * 1_000


def row(what: str, figure: str) -> None:
    """One line of the table."""
    print(f"{what:<62} {figure:>32}", flush=True)


def main() -> None:
    """Measure both, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stays", type=int, default=1_000_000)
    parser.add_argument("--facts", type=int, default=20_000)
    options = parser.parse_args()
    found = []
    for stays in (0, options.stays):
        with tempfile.TemporaryDirectory() as folder:
            engine = make_engine(f"sqlite:///{Path(folder) / 'ioc.sqlite'}")
            metadata.create_all(engine)
            began = time.perf_counter()
            fill(engine, stays)
            row(f"a database of {stays:,} stays", f"filled in {time.perf_counter() - began:.0f} s")
            with engine.connect():  # as the worker's other connections: to close the last one costs a checkpoint
                found.append(measure(engine, options.facts))
    (fact, census), (fact_full, census_full) = found
    row("a fact, full to empty", f"{fact_full / fact:.2f} times")
    row("a census, full to empty", f"{census_full / census:.2f} times")


if __name__ == "__main__":
    main()
