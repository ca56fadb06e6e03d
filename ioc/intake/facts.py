"""Facts as bytes, for what holds them until the census has them: the journal, and the quarantine of what it refused."""

from collections.abc import Sequence
from typing import Any

import orjson

from ioc.domain import BedStatus, Disposition, Fact, FactKind, Quality, Spot, VisitClass


def pack_facts(facts: Sequence[Fact]) -> bytes:
    """The facts as one body, to be sealed: it names nobody, and still tells when somebody lay where.

    Raises TypeError for text that no file can hold (half a surrogate pair) and for numbers of more than 64 bits.
    """
    return orjson.dumps(list(facts))


def unpack_facts(body: bytes) -> list[Fact]:
    """What ``pack_facts`` was given; raises ValueError, KeyError or TypeError for anything else."""
    return [_fact(record) for record in orjson.loads(body)]


def _fact(record: dict[str, Any]) -> Fact:
    status = record["bed_status"]
    record |= {
        "kind": FactKind(record["kind"]),
        "visit_class": VisitClass(record["visit_class"]),
        "spot": Spot(**record["spot"]),
        "prior": Spot(**record["prior"]),
        "disposition": Disposition(record["disposition"]),
        "bed_status": None if status is None else BedStatus(status),
        "quality": Quality(record["quality"]),
    }
    return Fact(**record)
