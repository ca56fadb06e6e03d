"""A metric of the catalogue in words, in the language of the page and in the others."""

from dataclasses import dataclass

from flask_babel import gettext as _

from dashboards import format as fmt
from dashboards.render import language, say
from dashboards.services import services
from ioc.catalogue import LANGUAGES, Adds, Catalogue, Metric


@dataclass(frozen=True, slots=True)
class Definition:
    """One metric, ready to be read."""

    code: str
    title: str
    definition: str
    others: tuple[tuple[str, str], ...]  # (language, title) of the other languages
    unit: str
    due: str
    over_time: str
    numerator: str
    denominator: str
    class_title: str
    states: str
    limits: str
    reference: str


@dataclass(frozen=True, slots=True)
class Group:
    """The metrics of one class."""

    code: str
    title: str
    metrics: list[Definition]


def definition_of(metric: Metric, class_title: str = "") -> Definition:
    """The metric in words."""
    spoken = language()
    t = metric.thresholds
    limits = [x for x in (t.crit_low, t.warn_low, t.warn_high, t.crit_high) if x is not None]
    return Definition(
        code=metric.code,
        title=say(metric.title),
        definition=say(metric.definition),
        others=tuple((code, metric.title.in_(code)) for code in LANGUAGES if code != spoken),
        unit=fmt.unit(metric.unit, spoken),
        due=fmt.span(metric.max_age_ns, spoken),
        over_time=_over_time(metric.over_time),
        numerator=metric.numerator,
        denominator=metric.denominator,
        class_title=class_title or metric.measurement,
        states=", ".join(f"{number} {say(state.title)}" for number, state in enumerate(metric.states)),
        limits=" · ".join(fmt.quantity(x, metric.unit, metric.decimals, spoken) for x in limits),
        reference=metric.reference,
    )


def class_title(code: str) -> str:
    """The name of a device class."""
    titles = services().catalogue.class_titles
    return say(titles[code]) if code in titles else code


def groups(catalogue: Catalogue) -> list[Group]:
    """All metrics by class, in the catalogue's order."""
    found: dict[str, list[Definition]] = {}
    for metric in catalogue:
        found.setdefault(metric.measurement, []).append(definition_of(metric))
    return [Group(code, class_title(code), own) for code, own in found.items()]


def _over_time(adds: Adds) -> str:
    words: dict[Adds, str] = {
        Adds.SUM: _("sum"),
        Adds.MIN: _("lowest"),
        Adds.MAX: _("highest"),
        Adds.MEAN: _("mean"),
        Adds.LAST: _("last"),
        Adds.LAST_THEN_SUM: _("last"),
        Adds.RATIO_OF_SUMS: _("ratio of sums"),
    }
    return words[adds] if adds in words else str(_("not put together"))
