"""The history of a metric."""
