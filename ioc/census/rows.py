"""Facts and stays as rows of the tables, and back."""

from collections.abc import Iterator, Sequence
from typing import Any

from ioc.census.stay import Stay
from ioc.domain import NOWHERE, BedStatus, Disposition, Fact, FactKind, Quality, Spot, VisitClass

Values = tuple[Any, ...]  # one row, in the order of its table's columns

# many times as quick as the enums' own look-up
_KINDS = {kind.value: kind for kind in FactKind}
_CLASSES = {each.value: each for each in VisitClass}
_DISPOSITIONS = {each.value: each for each in Disposition}
_STATUSES: dict[str, BedStatus | None] = {"": None} | {status.value: status for status in BedStatus}
_QUALITIES = {quality.value: quality for quality in Quality}


def row_of_fact(fact: Fact) -> Values:
    """A fact as a row of ``census_fact``."""
    return (
        fact.message,
        fact.part,
        fact.facility,
        fact.source,
        fact.kind.value,
        fact.occurred_ns,
        fact.sent_ns,
        fact.received_ns,
        fact.control,
        fact.sequence,
        fact.visit,
        fact.patient,
        fact.other_patient,
        fact.visit_class.value,
        *spot_values(fact.spot),
        *spot_values(fact.prior),
        fact.disposition.value,
        fact.bed_status.value if fact.bed_status else "",
        fact.quality.value,
        fact.skewed,
    )


def fact_of_row(row: Sequence[Any]) -> Fact:
    """The fact of a row of ``census_fact``, all columns in their order."""
    (message, part, facility, source, kind, occurred_ns, sent_ns, received_ns, control, sequence, visit, patient) = row[
        :12
    ]
    (other, visit_class, ward, room, bed, p_ward, p_room, p_bed, disposition, status, quality, skewed) = row[12:]
    return Fact(
        message,
        part,
        _KINDS[kind],
        facility,
        source,
        occurred_ns,
        sent_ns,
        received_ns,
        control,
        sequence,
        visit,
        patient,
        other,
        _CLASSES[visit_class],
        Spot(ward, room, bed) if ward or room or bed else NOWHERE,
        Spot(p_ward, p_room, p_bed) if p_ward or p_room or p_bed else NOWHERE,
        _DISPOSITIONS[disposition],
        _STATUSES[status],
        _QUALITIES[quality],
        bool(skewed),
    )


def spot_values(spot: Spot) -> tuple[str, str, str]:
    """The three columns of a place."""
    return spot.ward, spot.room, spot.bed


def row_of_stay(facility: str, stay: Stay) -> Values:
    """A stay as a row of ``census_stay``."""
    return (
        stay.visit,
        facility,
        stay.patient,
        stay.visit_class.value,
        stay.opened_ns,
        stay.closed_ns,
        stay.expected_ns,
        str(stay.ended),
        stay.provisional,
        *spot_values(stay.spot),
    )


def rows_of_spells(facility: str, stay: Stay) -> Iterator[Values]:
    """Its spells as rows of ``census_spell``."""
    for n, spell in enumerate(stay.spells):
        yield (
            stay.visit,
            facility,
            n,
            str(spell.visit_class),
            *spot_values(spell.spot),
            spell.from_ns,
            spell.to_ns,
            spell.vacated,
        )


def rows_of_moves(facility: str, stay: Stay) -> Iterator[Values]:
    """What it counts in the balance, as rows of ``census_move``."""
    for n, move in enumerate(stay.moves):
        wards = move.from_spot.ward, move.to_spot.ward
        yield (stay.visit, facility, n, move.at_ns, move.kind, *wards, move.cancelled_ns)
