"""How a bed is drawn and called: its symbol, and the words for it."""

from flask_babel import gettext as _

from ioc.beds import BedKind
from ioc.census import BedNow, Effective

# The letters are the same in every language: the legend beside them says what they mean.
_LETTERS = {
    Effective.CLEAN: "S",
    Effective.RESERVED: "H",
    Effective.DIRTY: "B",
    Effective.CLEANING: "D",
    Effective.OCCUPIED: "N",
    Effective.BLOCKED: "K",
    Effective.CLOSED: "T",
    Effective.CONTAMINATED: "KK",
    Effective.ISOLATED: "CL",
}
SHARED = "G"
ALWAYS = ("S", "H", "B", "D", "N", SHARED, "K", "T")  # what the legend has, also where there is none
SOMETIMES = ("CL", "KK")
DRAWN = 4  # patients that the symbol of a shared bed tells apart


def symbol_of(bed: BedNow) -> str:
    """The letters on the bed: ``N``, ``G2``, ``S`` …"""
    if bed.patients > 1:
        return f"{SHARED}{bed.patients}"
    return "N" if bed.patients else _LETTERS[bed.effective]


def sort_of(symbol: str) -> str:
    """The symbol without its number: what the legend counts."""
    return SHARED if symbol.startswith(SHARED) else symbol


def shape_of(symbol: str) -> str:
    """The id of the drawing."""
    return f"{SHARED}{min(int(symbol[1:]), DRAWN)}" if symbol.startswith(SHARED) else symbol


def word_of(sort: str) -> str:
    """What the symbol means."""
    words: dict[str, str] = {
        "S": _("ready"),
        "H": _("reserved"),
        "B": _("dirty"),
        "D": _("being cleaned"),
        "N": _("occupied"),
        SHARED: _("shared"),
        "K": _("blocked"),
        "T": _("closed"),
        "CL": _("isolated"),
        "KK": _("to disinfect"),
    }
    return words[sort]


def label_of(bed: BedNow, symbol: str) -> str:
    """The bed for who cannot see it; no ``symbol`` where nothing is known of it."""
    parts = [" ".join(word for word in (bed.spot.room, bed.spot.bed) if word)]
    parts.append(word_of(sort_of(symbol)) if symbol else _("not known"))
    if bed.patients > 1:
        parts.append(_("%(n)s patients", n=bed.patients))
    if not bed.confirmed:
        parts.append(_("not in the register"))
    return ", ".join(parts)


def kind_title(kind: str) -> str:
    """What a bed is for; a general one needs no word."""
    titles: dict[str, str] = {
        BedKind.GENERAL: _("general"),
        BedKind.ICU: _("intensive care"),
        BedKind.EMERGENCY: _("emergency bed"),
        BedKind.NEONATAL: _("neonatal"),
        BedKind.ISOLATION: _("isolation"),
        BedKind.NEGATIVE: _("negative pressure"),
        BedKind.MATERNITY: _("maternity"),
        BedKind.PAEDIATRIC: _("paediatric"),
        BedKind.DAY: _("day bed"),
        BedKind.ADD_ON: _("add-on bed"),
    }
    return titles.get(kind, kind)
