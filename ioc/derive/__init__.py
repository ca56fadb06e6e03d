"""Values computed from others: totals over devices, and what is reckoned for one device or disk."""

from ioc.derive.devices import Derived, breach, burn, hours_left
from ioc.derive.disks import days_until_full
from ioc.derive.job import Present, derive_all, derive_disks
from ioc.derive.ratio import Placed, Ratio, ratio
from ioc.derive.total import Counted, Total, TotalHow, quality_of, total

__all__ = [
    "Counted",
    "Derived",
    "Placed",
    "Present",
    "Ratio",
    "Total",
    "TotalHow",
    "breach",
    "burn",
    "days_until_full",
    "derive_all",
    "derive_disks",
    "hours_left",
    "quality_of",
    "ratio",
    "total",
]
