"""Values computed from others: totals over devices, and what is reckoned for one device."""

from ioc.derive.devices import Derived, breach, burn, hours_left
from ioc.derive.job import Present, derive_all
from ioc.derive.total import Counted, Total, TotalHow, total

__all__ = ["Counted", "Derived", "Present", "Total", "TotalHow", "breach", "burn", "derive_all", "hours_left", "total"]
