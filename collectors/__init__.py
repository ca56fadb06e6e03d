"""Collectors: one folder a source. Each turns what a source says into readings for the intake."""
