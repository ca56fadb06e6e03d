"""Findings and facts in the words of the page."""

from flask_babel import gettext as _
from flask_babel import ngettext

from dashboards import format as fmt
from ioc.census import Finding, FindingKind
from ioc.domain import SECOND, Disposition, FactKind, VisitClass

KEY = 8  # digits of a key that people compare


def key_of(digest: str) -> str:
    """The beginning of a keyed digest: enough to tell two of them apart, and nobody's name."""
    return digest[:KEY]


def finding_title(kind: FindingKind) -> str:
    """The kind of a finding, short."""
    titles: dict[FindingKind, str] = {
        FindingKind.UNKNOWN_WARD: _("Unknown ward"),
        FindingKind.UNKNOWN_BED: _("Unknown bed"),
        FindingKind.CONFLICT: _("Two patients in one bed"),
        FindingKind.NO_END: _("Stay without an end"),
        FindingKind.NO_BEGINNING: _("End without a beginning"),
        FindingKind.LATE: _("Late messages"),
        FindingKind.DOUBLED: _("Doubled messages"),
        FindingKind.SAME_CONTROL_ID: _("One number for two messages"),
        FindingKind.FUTURE: _("Clock ahead of ours"),
        FindingKind.MOVED_SILENTLY: _("Moved without a transfer"),
        FindingKind.CANCELS_NOTHING: _("Cancels what never was"),
    }
    return titles[kind]


def what_to_do(kind: FindingKind) -> str:
    """Who can mend it, and how."""
    words: dict[FindingKind, str] = {
        FindingKind.UNKNOWN_WARD: _("Take the ward into the register, or correct its code in the hospital's system."),
        FindingKind.UNKNOWN_BED: _("Take the bed into the register, or correct its code in the hospital's system."),
        FindingKind.CONFLICT: _("Ask the ward who lies there; the other one was moved or discharged and not entered."),
        FindingKind.NO_END: _("Ask the ward whether the patient is still there; if not, enter the discharge."),
        FindingKind.NO_BEGINNING: _("Let the sender repeat the admission; it never arrived here."),
        FindingKind.LATE: _("Moves are entered long after they happen, or the sender waits: see its queue."),
        FindingKind.DOUBLED: _("Nothing is counted twice. If there are many, the sender does not see our answers."),
        FindingKind.SAME_CONTROL_ID: _(
            "Both are taken. The sender must give each message a number of its own (MSH-10)."
        ),
        FindingKind.FUTURE: _("The time of receipt was taken. Set the clock or the time zone of the sender."),
        FindingKind.MOVED_SILENTLY: _("The patient was left where the last transfer said. Enter the transfer (A02)."),
        FindingKind.CANCELS_NOTHING: _("What it takes back never arrived here: let the sender repeat it."),
    }
    return words[kind]


def sentence(finding: Finding, place: str, language: str) -> str:
    """What was found, in one sentence with its figures."""
    where = place or _("an unnamed place")
    told = _of_messages(finding, language)
    patients = _whole(finding.detail.get("patients")) or 2
    silent = fmt.brief(_whole(finding.detail.get("silent_s")) * SECOND, language)
    said: dict[FindingKind, str] = {
        FindingKind.UNKNOWN_WARD: _(
            "The hospital's system names the ward %(place)s, which the register does not know.", place=where
        ),
        FindingKind.UNKNOWN_BED: _unknown_bed(finding, where),
        FindingKind.CONFLICT: _(
            "%(n)s patients lie in %(place)s, a bed that nobody shares by habit.", n=patients, place=where
        ),
        FindingKind.NO_END: _(
            "A patient is in %(place)s, and nothing was heard of the visit for %(span)s.", place=where, span=silent
        ),
        FindingKind.NO_BEGINNING: _("A visit in %(place)s was moved or ended that never began.", place=where),
        FindingKind.MOVED_SILENTLY: _("An update names %(place)s, where the patient was never moved to.", place=where),
        FindingKind.CANCELS_NOTHING: _("A message takes back what never happened."),
    }
    return said.get(finding.kind, told)


def _unknown_bed(finding: Finding, where: str) -> str:
    """One bed, or all beds of a ward where the register has none at all."""
    one: str = _("The hospital's system names the bed %(place)s, which the register does not know.", place=where)
    many: str = ngettext(
        "%(num)s bed of %(place)s is not in the register.",
        "%(num)s beds of %(place)s are not in the register.",
        _whole(finding.detail.get("beds")) or finding.count,
        place=where,
    )
    return one if finding.spot.bed else many


def _of_messages(finding: Finding, language: str) -> str:
    """How many messages of a day were so."""
    n, late_s = finding.count, _whole(finding.detail.get("late_s"))
    newest = _("The newest: %(span)s after it happened.", span=fmt.span(late_s * SECOND, language)) if late_s else ""
    said: dict[FindingKind, str] = {
        FindingKind.DOUBLED: ngettext("%(num)s message came twice.", "%(num)s messages came twice.", n),
        FindingKind.SAME_CONTROL_ID: ngettext(
            "%(num)s message bears a used number.", "%(num)s messages bear a used number.", n
        ),
        FindingKind.FUTURE: ngettext(
            "%(num)s message was ahead of our clock.", "%(num)s messages were ahead of our clock.", n
        ),
        FindingKind.LATE: ngettext("%(num)s message came late.", "%(num)s messages came late.", n) + f" {newest}",
    }
    return said.get(finding.kind, "").strip()


def _whole(figure: str | float | None) -> int:
    return int(figure) if isinstance(figure, (int, float)) else 0


def fact_title(kind: FactKind) -> str:
    """What happened."""
    titles: dict[FactKind, str] = {
        FactKind.ADMITTED: _("admitted"),
        FactKind.TRANSFERRED: _("moved"),
        FactKind.DISCHARGED: _("left"),
        FactKind.REGISTERED: _("registered"),
        FactKind.EXPECTED: _("expected"),
        FactKind.BECAME_INPATIENT: _("became an inpatient"),
        FactKind.BECAME_OUTPATIENT: _("became an outpatient"),
        FactKind.UPDATED: _("updated"),
        FactKind.MOVED_BY_UPDATE: _("moved by an update"),
        FactKind.ADMIT_CANCELLED: _("admission taken back"),
        FactKind.TRANSFER_CANCELLED: _("transfer taken back"),
        FactKind.DISCHARGE_CANCELLED: _("discharge taken back"),
        FactKind.EXPECTED_CANCELLED: _("no longer expected"),
        FactKind.BED_STATUS: _("state of the bed"),
        FactKind.MERGED: _("two records became one"),
        FactKind.HEARD: _("a sign of life"),
    }
    return titles[kind]


def class_word(visit_class: VisitClass) -> str:
    """The sort of visit."""
    words: dict[VisitClass, str] = {
        VisitClass.INPATIENT: _("inpatient"),
        VisitClass.EMERGENCY: _("emergency"),
        VisitClass.OUTPATIENT: _("outpatient"),
    }
    return words.get(visit_class, "")


def end_word(disposition: Disposition) -> str:
    """How a stay ended."""
    words: dict[Disposition, str] = {
        Disposition.HOME: _("home"),
        Disposition.DIED: _("died"),
        Disposition.ELSEWHERE: _("to another hospital"),
    }
    return words[disposition]
