"""A past for tests of the history: beds hour by hour, and a fridge, written straight into the store."""

from collections.abc import Callable, Iterable
from typing import Any

from ioc.domain import MINUTE, Quality, Reading, Series, parse_rfc3339

HOUR = 60 * MINUTE
DAY = 24 * HOUR
ZONE = "Asia/Ho_Chi_Minh"


def at(text: str) -> int:
    """A local time in ns."""
    return parse_rfc3339(f"{text}:00+07:00")


def beds(
    web: Any, facility: str, start: int, stop: int, occupied: Callable[[int], float], staffed: float = 100.0
) -> None:
    """Occupied and staffed beds of a whole facility at each hour."""
    readings: list[Reading] = []
    for time_ns in range(start, stop, HOUR):
        for field, value in (("occupied", occupied(time_ns)), ("staffed", staffed)):
            readings.append(reading(f"bed.{field},facility={facility},source=census", time_ns, value))
    web.services.store.write(readings)


def reading(key: str, time_ns: int, value: float, quality: Quality = Quality.GOOD) -> Reading:
    """One value."""
    return Reading(Series.parse(key), time_ns, value, quality)


def fridge(web: Any, device: str, values: Iterable[tuple[int, float]], quality: Quality = Quality.GOOD) -> None:
    """Temperatures of a fridge of bv01."""
    key = f"fridge.temp,device={device},facility=bv01,site=cs1,source=mqtt"
    web.services.store.write([reading(key, time_ns, value, quality) for time_ns, value in values])


def data(web: Any, query: str, who: str = "viewer") -> dict[str, Any]:
    """What the page fetches."""
    answer = web.browser(who).get(f"/history/data?{query}")
    assert answer.status_code == 200, answer.get_data(as_text=True)
    found: dict[str, Any] = answer.get_json()
    return found
