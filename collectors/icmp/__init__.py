"""Ping: whether a machine answers at all, how fast, and how many packets are lost."""
