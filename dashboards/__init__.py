"""Dashboards: the live hub, the pages and the HTTP interface."""
