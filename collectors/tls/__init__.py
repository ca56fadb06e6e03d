"""Certificates: whether one may be trusted for its name, and when it ends."""
