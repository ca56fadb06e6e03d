"""What every report says of itself, and numbers as reports write them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from flask_babel import gettext as _

from dashboards import format as fmt
from dashboards.alerts.words import Words, words_of
from dashboards.beds.scene import ward_title
from dashboards.render import colon
from dashboards.reports.paper import Foot
from dashboards.services import Services
from ioc.beds import Ward
from ioc.census import Census
from ioc.domain import Quality, State
from ioc.registry import Facility


@dataclass(frozen=True, slots=True)
class Writer:
    """Numbers, shares and times in the language of the report."""

    language: str
    zone: str
    now_ns: int

    def count(self, value: int) -> str:
        """A whole number."""
        return fmt.number(value, 0, self.language)

    def signed(self, value: int) -> str:
        """The same with its sign where it is above zero."""
        return f"+{self.count(value)}" if value > 0 else self.count(value)

    def number(self, value: float | None, decimals: int = 1) -> str:
        """A number, or that there is none."""
        return fmt.NO_VALUE if value is None else fmt.number(value, decimals, self.language)

    def percent(self, value: float | None, decimals: int = 1) -> str:
        """Per cent."""
        return fmt.NO_VALUE if value is None else fmt.quantity(value, "%", decimals, self.language)

    def share(self, value: float) -> str:
        """A share of 1 as per cent: never 100 where anything is wanting, nor 0 where there is anything."""
        percent = 100.0 * value
        shown = min(percent, 99.9) if value < 1 else percent
        return fmt.quantity(max(shown, 0.1) if value > 0 else shown, "%", 1, self.language)

    def span(self, ns: int | None) -> str:
        """A length of time."""
        return fmt.NO_VALUE if ns is None else fmt.span(ns, self.language)

    def moment(self, ns: int) -> str:
        """Time and date."""
        return fmt.moment(ns, self.language, self.zone)

    def day(self, ns: int) -> str:
        """A date."""
        return fmt.date(ns, self.language, self.zone)


def writer_of(own: Services, language: str, now_ns: int) -> Writer:
    """For this centre."""
    return Writer(language, own.settings.timezone, now_ns)


@dataclass(frozen=True)
class Place:
    """A facility, or one site of it, of which a report is written."""

    own: Services
    facility: Facility
    site: str
    write: Writer

    @property
    def title(self) -> str:
        """What it is called."""
        name = self.facility.title.in_(self.write.language)
        return f"{name} · {self.facility.sites[self.site].title.in_(self.write.language)}" if self.site else name

    @property
    def scope(self) -> str:
        """As in ``data-scope``."""
        return f"facility:{self.facility.code}" + (f"/site:{self.site}" if self.site else "")

    @cached_property
    def words(self) -> Words:
        """Its incidents in words."""
        return words_of(self.own, self.write.language, self.write.now_ns)

    def ward(self, code: str) -> str:
        """What a ward is called."""
        return ward_title(code, self._wards, self.write.language)

    @cached_property
    def _wards(self) -> Mapping[str, Ward]:
        return self.own.census.wards(self.facility.code, self.write.now_ns)


def as_of(census: Census, known: float, write: Writer) -> tuple[str, ...]:
    """As of when, and for how much of the time something is known."""
    if census.as_of_ns is None:
        return ()
    return (
        _(
            "As of %(time)s, by the last message of the hospital's information system.",
            time=write.moment(census.as_of_ns),
        ),
        _("Its messages cover %(share)s of the time.", share=write.share(known)),
    )


def warning_of(census: Census, write: Writer) -> str:
    """That the numbers are old, or that there are none; empty while they are in date."""
    if census.as_of_ns is None:
        return str(_("No hospital information system has sent anything for this time: there are no numbers."))
    if census.state is State.STALE:
        return str(_("OLD NUMBERS: nothing was heard since %(time)s.", time=write.moment(census.as_of_ns)))
    if census.state is State.LATE:
        return str(_("Late: nothing was heard since %(time)s.", time=write.moment(census.as_of_ns)))
    return ""


def ages_of(own: Services, censuses: Iterable[Census]) -> tuple[int, int] | None:
    """From when on the first of these is late, and stale, if nothing more is heard."""
    ages = [own.census.ages(one) for one in censuses]
    late, stale = ([ns for pair in ages if (ns := pair[place]) is not None] for place in (0, 1))
    return (min(late), min(stale)) if late and stale else None


def sim_of(*censuses: Census, more: bool) -> str:
    """That it is simulated: a census, or ``more``, anything else that stands on the report; empty where nothing is."""
    simulated = more or any(one.quality is Quality.SIM and one.as_of_ns is not None for one in censuses)
    return sim_word() if simulated else ""


def sim_word() -> str:
    """What stands on a simulated report."""
    return f"{_('SIMULATED')}{colon()} {_('Figures made up for training, not a real hospital')}"


def foot_of(write: Writer) -> Foot:
    """What stands at the foot of every report."""
    return Foot(
        text=_("For information only. Does not replace the alarms of medical devices."),
        made=_("printed %(time)s", time=write.moment(write.now_ns)),
        pages=_("Page {page} of {pages}"),
    )
