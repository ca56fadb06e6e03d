"""The day of an invented hospital, message by message through the decoder, against what really was."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from collectors.hl7.decode import decode
from collectors.hl7.identity import Identity
from collectors.hl7.sources import Source
from ioc.beds import Bed
from ioc.catalogue import Catalogue
from ioc.census import Census, CensusReader, Ledger
from ioc.domain import SECOND, Fact, Quality, Spot
from ioc.registry import Facility, Place, Registry
from tests.unit.ioc.census.scene import KEYS, TEXT, Listed, settings

CODE = "bv-mau"
DAY = 24 * 3_600 * SECOND
FILES = ("day.hl7", "day-late-and-doubled.hl7")
IDENTITY = Identity("k" * 43)
SOURCE = Source("his-bv-mau", CODE, sender="BV-MAU")


@pytest.fixture(scope="module")
def day(shared: Path) -> Path:
    return shared / "samples" / "hl7" / "day"


@pytest.fixture(scope="module")
def truth(day: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((day / "day.truth.json").read_text(encoding="utf-8"))
    return found


def facts_in(path: Path, source: Source = SOURCE) -> list[Fact]:
    """Every fact of a file, each message received a second after the one before."""
    raw = [part.strip() for part in re.split(rb"(?<=[\r\n])(?=MSH\|)", path.read_bytes()) if part.strip()]
    received_ns = 1_800_000_000 * SECOND
    found: list[Fact] = []
    for number, message in enumerate(raw):
        decoded = decode(message, source, IDENTITY, received_ns + number * SECOND)
        assert decoded.fault is None
        found += decoded.facts
    return found


def ns(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * SECOND


class Hospital:
    """A ledger and a reader with the beds of the truth file."""

    def __init__(self, engine: Engine, truth: dict[str, Any], code: str = CODE) -> None:
        beds = [
            Bed(code, "cs1", "k", Spot(ward, *bed.split("_"))) for ward, beds in truth["beds"].items() for bed in beds
        ]
        places = {ward: Place(ward, TEXT, "ward", "cs1") for ward in truth["beds"]}
        facility = Facility(code=code, places=places, **KEYS)
        reckoned = settings()
        self.ledger = Ledger(engine, reckoned, Catalogue({}))
        self.reader = CensusReader(engine, Registry({}, {code: facility}, {}), Listed(beds), reckoned, Catalogue({}))

    def at(self, text: str) -> Census:
        return self.reader.at(CODE, ns(text), ns(text))


def check(hospital: Hospital, truth: dict[str, Any]) -> None:
    for hour in truth["hourly"]:
        census = hospital.at(hour["at"])
        wards = {ward.code: {"patients": ward.patients, "beds_occupied": ward.occupied} for ward in census.wards}
        assert wards == hour["wards"], hour["at"]
    census = hospital.at(truth["hourly"][-1]["at"])
    occupants = {f"{bed.spot.ward}^{bed.spot.room}^{bed.spot.bed}": bed for bed in beds_of(census)}
    assert {name: bed.patients for name, bed in occupants.items() if bed.patients} == truth["final_bed_occupants"]
    for name, bed in occupants.items():
        if not bed.patients:
            reported = truth["final_bed_status_reported"].get(name)
            assert bed.reported == reported if reported else bed.reported in ("", "U"), name
    for ward in census.wards:
        expected = truth["day_balance"][ward.code]
        assert {name: getattr(ward.balance, name) for name in expected} == expected, ward.code
        assert ward.balance.corrected == 0


def beds_of(census: Census) -> Iterator[Any]:
    return (bed for ward in census.wards for bed in ward.beds)


@pytest.mark.parametrize("name", FILES)
def test_both_files_give_the_day_hour_by_hour_bed_by_bed_balance_by_balance(
    engine: Engine, day: Path, truth: dict[str, Any], name: str
) -> None:
    hospital = Hospital(engine, truth)
    facts = facts_in(day / name)
    for first in range(0, len(facts), 97):
        hospital.ledger.keep(facts[first : first + 97])
    check(hospital, truth)
    hospital.ledger.keep(facts_in(day / FILES[0]))
    check(hospital, truth)


def test_backwards_it_is_the_same_day(engine: Engine, day: Path, truth: dict[str, Any]) -> None:
    hospital = Hospital(engine, truth)
    facts = facts_in(day / FILES[1])[::-1]
    for first in range(0, len(facts), 13):
        hospital.ledger.keep(facts[first : first + 13])
    check(hospital, truth)


def test_the_simulated_hospital_has_400_inpatients_however_often_and_whenever_it_is_played(
    engine: Engine, shared: Path
) -> None:
    code = "simulated-hospital"
    hospital = Hospital(engine, {"beds": {}}, code)
    facts = facts_in(shared / "samples" / "hl7" / "simhospital.hl7", Source(f"his-{code}", code, test_messages=True))
    later = 7 * DAY
    shifted = [
        replace(
            fact,
            message=f"again-{number}",
            occurred_ns=fact.occurred_ns + later,
            sent_ns=fact.sent_ns + later,
            received_ns=fact.received_ns + later,
        )
        for number, fact in enumerate(facts)
    ]
    for played in (facts, facts, shifted):
        hospital.ledger.keep(played)
        now_ns = played[-1].received_ns
        census = hospital.reader.at(code, now_ns, now_ns)
        assert {ward.code: ward.patients for ward in census.wards} == {"OtherWard": 344, "RenalWard": 56}
        assert sum(ward.occupied for ward in census.wards) == 400
        assert census.quality is Quality.TEST
