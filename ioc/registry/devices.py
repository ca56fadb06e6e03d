"""A facility's devices: what they are, how often they speak, where they stood."""

from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

from ioc.catalogue import Text
from ioc.config import Document, Faults, Where, hint_for, validate_each
from ioc.domain import MINUTE, SECOND, max_age_from_interval, parse_rfc3339
from ioc.registry.kinds import Kind, check_keys, check_range
from ioc.registry.model import Device, Stand
from ioc.registry.shapes import DeviceShape, check_code

LONG_AGO = "2000-01-01"  # stands in for a facility's ``since`` that cannot be read


class DeviceReader:
    """Reads the devices of one facility's file; every fault goes to ``faults``."""

    def __init__(self, document: Document, zone: ZoneInfo, places: Collection[str], faults: Faults) -> None:
        self._document = document
        self._zone = zone
        self._places = places
        self._faults = faults

    def read(self, kinds: Mapping[str, Kind | None]) -> Iterator[Device]:
        """In the order of the file; a device that is faulty is left out."""
        data = self._document.data if isinstance(self._document.data, dict) else {}
        written = data.get("since")
        since = self._time(written, "since") if isinstance(written, str) else self._time(LONG_AGO)
        groups = data["devices"] if isinstance(data.get("devices"), dict) else {}
        seen: dict[str, str] = {}
        for name in groups:
            if name not in kinds:
                self._fault(22, f"there is no kind {name!r}.", "devices", name, hint=hint_for(name, kinds))
            for code, shape in validate_each(DeviceShape, self._document, self._faults, ("devices", name)).items():
                at = ("devices", name, code)
                check_code(code, self._document.where(at), self._faults)
                if first := seen.get(code):
                    self._fault(21, f"the device {code!r} stands here a second time (first under {first}).", *at)
                stands = self._stands(shape, since, at) if shape else ()
                kind = kinds.get(name)
                if shape and kind and stands and not first:
                    yield self._device(code, shape, kind, stands, at)
                seen.setdefault(code, name)

    def _device(self, code: str, shape: DeviceShape, kind: Kind, stands: tuple[Stand, ...], at: Where) -> Device:
        common = kind.shape
        keys = tuple(common.keys if shape.keys is None else shape.keys)
        low = common.low if shape.low is None else shape.low
        high = common.high if shape.high is None else shape.high
        if shape.keys is not None:
            check_keys(keys, kind.metrics, self._document.where((*at, "keys")), self._faults)
        if (low, high) != (common.low, common.high):
            check_range(low, high, self._document.where((*at, "low")), self._faults)
        interval = shape.interval or common.interval
        if interval is None:
            self._fault(16, f"{code} has no interval, and its kind has none either.", *at, hint="Add interval: 60s.")
        return Device(
            code=code,
            facility=self._document.path.stem,
            title=shape.title.text() if shape.title else _numbered(common.title.text(), code),
            device_class=common.class_,
            keys=keys,
            interval_ns=interval or SECOND,
            stands=stands,
            use=common.use,
            low=low,
            high=high,
            max_age_ns=_max_ages(keys, interval or SECOND, kind),
            derived=tuple(common.derived),
        )

    def _stands(self, shape: DeviceShape, since: int | None, at: Where) -> tuple[Stand, ...]:
        """Where the device stood, in order; empty where that cannot be told."""
        if bool(shape.area) == bool(shape.stands):
            self._fault(20, f"{at[-1]}: give either area or stands.", *at)
            return ()
        if shape.area:
            return (Stand(shape.area, since),) if self._known(shape.area, *at, "area") and since is not None else ()
        stands: list[Stand] = []
        for index, stand in enumerate(shape.stands):
            here: Where = (*at, "stands", index)
            start = self._time(stand.from_, *here, "from")
            until = None if stand.until is None else self._time(stand.until, *here, "until")
            if not self._known(stand.area, *here, "area") or start is None:
                return ()
            if stands:
                stands[-1] = self._ended(stands[-1], start, here)
            if until is not None and until <= start:
                self._fault(20, f"{at[-1]}: this stand ends before it begins.", *here, "until")
            stands.append(Stand(stand.area, start, until))
        if stands[-1].until_ns is not None:
            self._fault(20, f"{at[-1]}: the last stand has no end.", *here, hint="Take out a device that is gone.")
        return tuple(stands)

    def _ended(self, stand: Stand, next_ns: int, here: Where) -> Stand:
        """The stand before the one that begins at ``next_ns``."""
        if next_ns <= stand.from_ns or (stand.until_ns or 0) > next_ns:
            self._fault(20, "this stand begins before the one above it has ended.", *here)
        return Stand(stand.area, stand.from_ns, stand.until_ns or next_ns)

    def _known(self, area: str, *at: object) -> bool:
        if area not in self._places:
            self._fault(13, f"there is no place {area!r}.", *at, hint=hint_for(area, self._places))
        return area in self._places

    def _time(self, text: str, *at: object) -> int | None:
        """A day (its midnight here) or a moment, in ns."""
        try:
            if len(text) > 10:
                return parse_rfc3339(text)
            day = datetime.combine(date.fromisoformat(text), datetime.min.time(), self._zone)
        except ValueError:
            self._fault(19, f"{text!r} is neither a day (2026-01-31) nor a time with its zone.", *at)
            return None
        return int(day.timestamp()) * SECOND

    def _fault(self, number: int, what: str, *at: object, hint: str = "") -> None:
        self._faults.add(number, self._document.where(at), what, hint)


def _max_ages(keys: tuple[str, ...], interval: int, kind: Kind) -> dict[str, int]:
    """Three intervals. What is computed is late with its inputs; a minute leaves time to compute it."""
    three = max_age_from_interval(interval)
    return dict.fromkeys(keys, three) | dict.fromkeys(kind.shape.derived, max(three, MINUTE))


def _numbered(title: Text, code: str) -> Text:
    """``Tủ vắc xin TL-01``: the name of a device that has none of its own."""
    label = code.upper()
    return Text(f"{title.vi} {label}", f"{title.en} {label}", f"{title.fr} {label}" if title.fr else "")
