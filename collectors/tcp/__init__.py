"""Ports: whether a connection is taken, and greeted where it should be."""
