"""The API of other programs, /api/v1: every outward name stands in ``routes.py``."""

from dashboards.api.routes import bp

__all__ = ["bp"]
