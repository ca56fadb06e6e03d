"""The catalogue: every metric that anything shows or judges."""

from ioc.catalogue.metric import (
    LANGUAGES,
    Adds,
    Catalogue,
    Kind,
    Metric,
    StateName,
    Text,
    Thresholds,
    nearest,
)

__all__ = ["LANGUAGES", "Adds", "Catalogue", "Kind", "Metric", "StateName", "Text", "Thresholds", "nearest"]
