"""Which values alarm: the open incidents of a place, laid over what boards and pages show of it."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from alerts import Incident
from dashboards.boards import Term
from dashboards.reckon import Shown
from dashboards.services import Services
from ioc.catalogue import Catalogue
from ioc.domain import Series
from ioc.latest import Value
from ioc.registry import Registry


class Alarms:
    """By metric: the incident and the device that it is about, empty where it is about a whole place."""

    def __init__(self, incidents: Iterable[Incident], registry: Registry, catalogue: Catalogue) -> None:
        self._registry = registry
        self._catalogue = catalogue
        self._of_metric: dict[str, list[tuple[Incident, str]]] = {}
        for incident in incidents:
            self._of_metric.setdefault(incident.metric, []).append((incident, device_of(incident)))

    def on_term(self, shown: Shown, term: Term) -> Shown:
        """The figure of a board with the worst level of those that it shows."""
        return _marked(shown, (one for one in self._fitting(term) if _shows(term, one) and self._counts(term, one)))

    def worst(self, *terms: Term) -> Incident | None:
        """The worst of all that these figures take, silent ones and those that no figure shows included."""
        return worst_of(one for term in terms for one in self._fitting(term))

    def on_device(self, shown: Shown, device: str) -> Shown:
        """A value of one device with the level of its own series."""
        return _marked(shown, self.of_device(device, shown.metric))

    def on_value(self, shown: Shown, value: Value) -> Shown:
        """A value with the level of its own series, whatever else there is of its metric."""
        return _marked(shown, (one for one, _ in self._of_metric.get(value.metric, ()) if _about(one, value)))

    def of_device(self, device: str, metric: str = "") -> list[Incident]:
        """The incidents of a device, of one of its metrics or all."""
        found = self._of_metric.items()
        return [one for code, ones in found if metric in ("", code) for one, own in ones if own == device]

    def _counts(self, term: Term, incident: Incident) -> bool:
        """Whether what is wrong is what the figure counts: of the devices on battery a broken one is none."""
        metric = self._catalogue.get(incident.metric)
        wrong = [int(limit) for _, op, limit in incident.limits if op == "=="]
        if term.how != "equals" or metric is None or not wrong:
            return True
        return any(place < len(metric.states) and metric.states[place].code in term.state for place in wrong)

    def _fitting(self, term: Term) -> Iterator[Incident]:
        for metric in term.metric:
            for incident, code in self._of_metric.get(metric, ()):
                device = self._registry.device(incident.facility, code)
                if not term.use or device is None or device.use in term.use:
                    yield incident


def alarms_at(own: Services, facility: str, site: str) -> Alarms:
    """What alarms in a facility or site now."""
    return Alarms(own.incidents.open(facility, site), own.registry, own.catalogue)


def device_of(incident: Incident) -> str:
    """The code of the device that it is about; empty of a whole place."""
    named = incident.labels.get("device", "")
    return named or (Series.parse(incident.series).tag("device") if incident.series else "")


def _shows(term: Term, incident: Incident) -> bool:
    """Whether the figure is worse for it: the lowest of many is not where one is too high, none is by silence."""
    if incident.missing_since_ns:
        return False
    wrong = {"min": (">", ">="), "max": ("<", "<=")}.get(term.how, ())
    return not any(op in wrong for _, op, _ in incident.limits)


def worst_of(incidents: Iterable[Incident]) -> Incident | None:
    """The one of the highest level; of several a real one before what is simulated."""
    return max(incidents, key=lambda one: (one.level, not one.simulated), default=None)


def _about(incident: Incident, value: Value) -> bool:
    """Whether an incident is about this series, or about a group to which it belongs."""
    tags = {**value.tags, "source": value.source}
    if incident.series:
        return dict(Series.parse(incident.series).tags) == tags
    return all(tags.get(name) == label for name, label in incident.labels.items())


def _marked(shown: Shown, incidents: Iterable[Incident]) -> Shown:
    worst = worst_of(incidents)
    if worst is None:
        return shown
    return replace(shown, level=worst.level.word, alert=worst.id, real=not worst.simulated)
