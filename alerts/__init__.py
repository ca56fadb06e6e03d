"""Alerts: rules, engine, outbox and notifiers. The room is kept; its first part comes with the first rule."""
