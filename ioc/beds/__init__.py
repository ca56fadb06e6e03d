"""The beds that a hospital has, as its administrators list them: planned, actual and staffed, with validity dates."""

from ioc.beds.model import Bed, BedKind, Beds

__all__ = ["Bed", "BedKind", "Beds"]
