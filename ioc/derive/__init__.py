"""Values computed from others: totals over devices, and what is reckoned for one device or disk."""

from ioc.derive.devices import Derived, breach, burn, hours_left
from ioc.derive.disks import days_until_full
from ioc.derive.job import Present, derive_all, derive_disks
from ioc.derive.total import Counted, Total, TotalHow, total

__all__ = [
    "Counted",
    "Derived",
    "Present",
    "Total",
    "TotalHow",
    "breach",
    "burn",
    "days_until_full",
    "derive_all",
    "derive_disks",
    "hours_left",
    "total",
]
