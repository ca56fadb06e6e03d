"""The beds that a hospital has, as its administrators list them: planned, actual and staffed, with validity dates."""

from ioc.beds.differences import Change, Differences
from ioc.beds.model import NOT_SHARED, Bed, BedKind, Beds, Ward, wards_of
from ioc.beds.register import BedRegister
from ioc.beds.sheet import COLUMNS, Sheet, read_first_beds, read_sheet

__all__ = [
    "COLUMNS",
    "NOT_SHARED",
    "Bed",
    "BedKind",
    "BedRegister",
    "Beds",
    "Change",
    "Differences",
    "Sheet",
    "Ward",
    "read_first_beds",
    "read_sheet",
    "wards_of",
]
