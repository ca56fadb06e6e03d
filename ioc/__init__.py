"""The core of the hospital operations centre: what collectors, alerts and dashboards stand on."""
