"""Findings and facts, ready to be listed."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask import url_for

from dashboards.beds.scene import ward_title
from dashboards.quality.words import class_word, end_word, fact_title, finding_title, key_of, sentence, what_to_do
from ioc.beds import Ward
from ioc.census import Finding, FindingKind, ward_tag
from ioc.domain import NOWHERE, Fact, FactKind, Spot

UNKNOWN = (FindingKind.UNKNOWN_WARD, FindingKind.UNKNOWN_BED)
OF_MESSAGES = (FindingKind.LATE, FindingKind.DOUBLED, FindingKind.SAME_CONTROL_ID, FindingKind.FUTURE)
Names = Mapping[str, Ward]


@dataclass(frozen=True, slots=True)
class FindingRow:
    """One finding. ``href`` leads to what it was found in, ``mend`` to where it is mended; both may be empty."""

    finding: Finding
    title: str
    text: str
    to_do: str
    place: str
    href: str
    link: str
    of_visit: bool
    mend: str


@dataclass(frozen=True, slots=True)
class FactRow:
    """One thing that a message said."""

    fact: Fact
    title: str
    place: str
    prior: str
    more: str
    message: str
    href: str


def place_of(spot: Spot, names: Names, language: str) -> str:
    """Where: ward, room and bed, as people call them."""
    ward = ward_title(spot.ward, names, language) if spot.ward else ""
    return " · ".join(word for word in (ward, spot.room, spot.bed) if word)


def finding_row(finding: Finding, names: Names, language: str) -> FindingRow:
    """A finding with its words and where it leads."""
    place, facility, href, link = place_of(finding.spot, names, language), finding.facility, "", ""
    of_visit = bool(finding.visit) and not (finding.message and finding.kind in OF_MESSAGES)
    if of_visit:
        href, link = url_for("quality.visit", facility=facility, visit=finding.visit), key_of(finding.visit)
    elif finding.message:
        href, link = url_for("quality.message", facility=facility, message=finding.message), key_of(finding.message)
    unknown = finding.kind in UNKNOWN and bool(finding.spot.ward) and finding.cleared_ns is None
    mend = url_for("quality.ward", facility=facility, ward=ward_tag(finding.spot.ward)) if unknown else ""
    return FindingRow(
        finding=finding,
        title=finding_title(finding.kind),
        text=sentence(finding, place, language),
        to_do=what_to_do(finding.kind),
        place=place,
        href=href,
        link=link,
        of_visit=of_visit,
        mend=mend,
    )


def fact_row(fact: Fact, names: Names, language: str) -> FactRow:
    """A fact with its words."""
    more = [class_word(fact.visit_class)]
    if fact.kind is FactKind.DISCHARGED:
        more.append(end_word(fact.disposition))
    if fact.bed_status is not None:
        more.append(fact.bed_status.value)
    return FactRow(
        fact=fact,
        title=fact_title(fact.kind),
        place=place_of(fact.spot, names, language),
        prior="" if fact.prior == NOWHERE else place_of(fact.prior, names, language),
        more=", ".join(word for word in more if word),
        message=key_of(fact.message),
        href=url_for("quality.message", facility=fact.facility, message=fact.message),
    )
