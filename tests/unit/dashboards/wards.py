"""A hospital's census as the worker publishes it: one series a ward, and emergency by site."""

from typing import Any

from ioc.domain import Quality

WARD = {"staffed": 40, "actual": 42, "planned": 38, "occupied": 30, "avail": 7, "dirty": 3, "shared": 2, "blocked": 1}
PEOPLE = {"inpatient": 33, "without_bed": 1, "admitted": 4, "discharged": 2, "died": 0}


def put_ward(
    web: Any, facility: str = "bv01", ward: str = "noi", site: str = "cs1", *,
    age_s: float = 0.0, quality: Quality = Quality.GOOD, **changes: float,
) -> None:  # fmt: skip
    """One ward: 40 staffed beds, 30 of them occupied, unless ``changes`` say otherwise."""
    tags = f"facility={facility},site={site},ward={ward}"
    for measurement, fields in (("bed", WARD), ("pt", PEOPLE)):
        for name, value in fields.items():
            put(web, f"{measurement}.{name},{tags}", changes.get(name, value), age_s=age_s, quality=quality)


def put_emergency(web: Any, facility: str = "bv01", site: str = "cs1", *, patients: float, arrivals: float) -> None:
    """The emergency department of one site."""
    put(web, f"ed.census,facility={facility},site={site}", patients)
    put(web, f"ed.arr,facility={facility},site={site}", arrivals)


def put(web: Any, key: str, value: float, *, age_s: float = 0.0, quality: Quality = Quality.GOOD) -> None:
    """One series of the census."""
    web.put(key, value, age_s=age_s, quality=quality, source="census")
