"""How old a value of a series may be: the registry's interval for the device, else the catalogue's default."""

from ioc.catalogue import Catalogue
from ioc.domain import MINUTE, Series
from ioc.registry import Registry

UNKNOWN_MAX_AGE = 5 * MINUTE  # of what the catalogue does not have any more


def max_age_ns(series: Series, catalogue: Catalogue, registry: Registry) -> int:
    """The age past which a value of this series is late."""
    measurement, _, field = series.metric.partition(".")
    tags = dict(series.tags)
    device = registry.device(tags.get("facility", ""), tags.get("device", ""))
    if device is not None and device.device_class == measurement and field in device.max_age_ns:
        return device.max_age_ns[field]
    metric = catalogue.get(series.metric)
    return metric.max_age_ns if metric else UNKNOWN_MAX_AGE
