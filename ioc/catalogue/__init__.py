"""The catalogue: every metric that anything shows or judges."""

from ioc.catalogue.load import load_catalogue, read_catalogue
from ioc.catalogue.metric import (
    LANGUAGES,
    Adds,
    Catalogue,
    Kind,
    Metric,
    StateName,
    Text,
    Thresholds,
)
from ioc.config import nearest

__all__ = [
    "LANGUAGES",
    "Adds",
    "Catalogue",
    "Kind",
    "Metric",
    "StateName",
    "Text",
    "Thresholds",
    "load_catalogue",
    "nearest",
    "read_catalogue",
]
