"""Databases: whether one answers, how fast, and how PostgreSQL fares inside."""
