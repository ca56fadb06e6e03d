"""The kinds of devices: what the devices of one kind have in common."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ioc.catalogue import Catalogue, Metric
from ioc.config import Document, Faults, hint_for, validate_each
from ioc.registry.shapes import KindShape, check_code


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of device, with the metrics of its class by the part after the dot."""

    shape: KindShape
    metrics: Mapping[str, Metric]


def read_kinds(document: Document, catalogue: Catalogue, faults: Faults) -> dict[str, Kind | None]:
    """Every kind by its name; None where its entry is faulty, so that what uses it is not reported as well."""
    classes = sorted({metric.measurement for metric in catalogue})
    kinds: dict[str, Kind | None] = {}
    for name, shape in validate_each(KindShape, document, faults, ("kinds",)).items():
        kinds[name] = None
        if shape is None:
            continue
        metrics = catalogue.fields_of(shape.class_)
        if not metrics:
            where = document.where(("kinds", name, "class"))
            faults.add(14, where, f"{name}: there is no class {shape.class_!r}.", hint_for(shape.class_, classes))
            continue
        kinds[name] = Kind(shape, metrics)
        if shape.use:
            check_code(shape.use, document.where(("kinds", name, "use")), faults)
        check_keys(shape.keys, metrics, document.where(("kinds", name, "keys")), faults)
        check_keys(shape.derived, metrics, document.where(("kinds", name, "derived")), faults, derived=True)
        check_range(shape.low, shape.high, document.where(("kinds", name, "low")), faults)
    return kinds


def check_keys(
    fields: Iterable[str], metrics: Mapping[str, Metric], where: str, faults: Faults, *, derived: bool = False
) -> None:
    """Every field is a metric of the class, and comes from where it is said to come: a message, or the centre."""
    possible = [name for name, metric in metrics.items() if (metric.producers == ("derive",)) == derived]
    for name in fields:
        if name in metrics and name not in possible:
            what = f"{metrics[name].code} is {'sent by devices' if derived else 'computed by the centre'}."
            faults.add(15, where, what, f"Write it under {'keys' if derived else 'derived'}.")
        elif name not in possible:
            faults.add(15, where, f"the class has no key {name!r}.", hint_for(name, possible))


def check_range(low: float | None, high: float | None, where: str, faults: Faults) -> None:
    """The low end of a range lies under the high one."""
    if low is not None and high is not None and low >= high:
        faults.add(17, where, f"the range is empty: low {low:g} is not under high {high:g}.")
