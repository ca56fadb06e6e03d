"""Prometheus exporters: a page of figures, whose names a mapping turns into those of the catalogue."""
