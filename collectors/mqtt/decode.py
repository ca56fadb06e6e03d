"""The plain JSON profile: one message in, a frame, a reason for quarantine, or both.

Pure and synchronous: what a message means follows from its topic, its bytes, the catalogue, the registry and the
time of receipt. Nothing that a sender can put into a message raises out of ``Decoder.decode``.
"""

import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

import orjson

from ioc.catalogue import Catalogue, Kind, Metric, nearest
from ioc.domain import MILLISECOND, MINUTE, SECOND, Frame, parse_rfc3339, rfc3339
from ioc.errors import Reason, RejectError
from ioc.registry import Facility, Registry

log = logging.getLogger(__name__)

TOPIC = "ioc/v1/{facility}/{area}/{class}/{device}/{tele|state|event|alarm|meta}"
CHANNELS = ("tele", "state", "event", "alarm", "meta")
QUALITIES = frozenset(("good", "bad", "sim", "test"))
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", flags=re.ASCII)
AHEAD_ALLOWED_NS = 2 * MINUTE
DAY_NS = 86_400 * SECOND
SEQ_SPAN = MILLISECOND  # a sequence takes the place of the nanoseconds that a millisecond leaves open
PRODUCER = "mqtt"  # as the catalogue calls us; what the centre computes itself is not taken from devices
NAMED_AT_MOST = 5  # bad keys named in one reason
CACHED_AT_MOST = 50_000  # topics; a flood of invented ones must not fill the memory
STRANGERS_AT_MOST = 20_000  # unknown devices of a facility that are taken, and unknown places that are listed

# Assets of a facility that are taken (host, pc, printer). The register of assets is not looked at here, so those that
# it knows count as well: the limit is several times the computers and printers of a large hospital.
ASSETS_AT_MOST = 20_000


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """A device or a place that a known facility's message names and the registry does not know."""

    kind: str  # "device" or "place"
    facility: str
    code: str


@dataclass(frozen=True, slots=True)
class Route:
    """What a topic says: where its values belong and which they may be. Worked out once for each topic."""

    facility: str
    device: str
    prefix: str
    fields: Mapping[str, Metric]
    meta: bool
    unconfirmed: tuple[Unconfirmed, ...]


@dataclass(slots=True)
class Decoded:
    """What became of one message. ``frame`` and ``fault`` both where only some of its values are good."""

    route: Route | None = None
    frame: Frame | None = None
    fault: RejectError | None = None
    seq: int | None = None


class Decoder:
    """Decodes messages for one source."""

    def __init__(
        self, source: str, catalogue: Catalogue, registry: Registry, *, max_payload: int, keep_days: int
    ) -> None:
        self._source = source
        self._catalogue = catalogue
        self._registry = registry
        self._max_payload = max_payload
        self._keep_days = keep_days
        self._routes: dict[str, Route | RejectError] = {}
        self._strangers: dict[tuple[str, str], set[str]] = {}  # by kind and facility
        self._seconds: dict[str, int] = {}

    def decode(self, topic: str, payload: bytes, received_ns: int) -> Decoded:
        """What this message says; never raises, whatever it holds."""
        route = self._routes.get(topic)
        if route is None:
            route = self._route_anew(topic)
        if isinstance(route, RejectError):
            return Decoded(fault=route)
        if route.meta:
            return Decoded(route)
        try:
            return self._message(route, payload, received_ns)
        except RejectError as fault:
            return Decoded(route, fault=fault)
        except Exception as error:
            log.exception("a message on %s could not be decoded", topic)
            return Decoded(route, fault=RejectError(Reason.INTERNAL, f"{type(error).__name__} while decoding"))

    def _route_anew(self, topic: str) -> Route | RejectError:
        if len(self._routes) >= CACHED_AT_MOST:
            self._routes.clear()
        try:
            self._routes[topic] = route = self._route(topic)
        except RejectError as fault:
            self._routes[topic] = fault
            return fault
        return route

    def _route(self, topic: str) -> Route:
        parts = topic.split("/")
        if len(parts) != 7 or parts[:2] != ["ioc", "v1"]:
            raise RejectError(Reason.TOPIC, f"topic {shown(topic)} has not the form {TOPIC}")
        for name, code in zip(("facility", "area", "class", "device"), parts[2:6], strict=True):
            if CODE.fullmatch(code) is None:
                raise RejectError(
                    Reason.TOPIC,
                    f"topic {shown(topic)}: the {name} {shown(code)} is no code "
                    "(letters, digits, '.', '_' and '-', at most 64, a letter or digit first)",
                )
        _, _, facility_code, area, device_class, device_code, channel = parts
        if channel not in CHANNELS:
            raise RejectError(
                Reason.TOPIC, f"topic {shown(topic)}: the last part {shown(channel)} is none of {', '.join(CHANNELS)}"
            )
        facility = self._registry.facility(facility_code)
        if facility is None:
            guess = _guess(facility_code, self._registry.facilities)
            raise RejectError(Reason.UNKNOWN_FACILITY, f"the registry has no facility {shown(facility_code)}{guess}")
        fields = self._catalogue.fields_of(device_class)
        if not fields:
            guess = _guess(device_class, {metric.measurement for metric in self._catalogue})
            raise RejectError(Reason.UNKNOWN_METRIC, f"the catalogue has no class {shown(device_class)}{guess}")
        measured = {field: metric for field, metric in fields.items() if PRODUCER in metric.producers}
        named = _named_by(measured.values())
        if "device" not in named:
            self._admit_asset(facility, device_code)
        site, unconfirmed = self._place(facility, area, device_code if "device" in named else "")
        tags = dict.fromkeys(named, device_code) | {"facility": facility_code, "site": site, "source": self._source}
        prefix = ",".join((device_class, *(f"{tag}={code}" for tag, code in sorted(tags.items()))))
        return Route(facility_code, device_code, prefix, measured, channel == "meta", unconfirmed)

    def _place(self, facility: Facility, area: str, device_code: str) -> tuple[str, tuple[Unconfirmed, ...]]:
        """The code of the site, and what of this the registry does not know; an asset is none of its devices."""
        unconfirmed = []
        place = facility.places.get(area)
        if place is None and self._admits("place", facility, area, STRANGERS_AT_MOST):
            unconfirmed.append(Unconfirmed("place", facility.code, area))
        device = self._registry.device(facility.code, device_code)
        if device is not None:
            return self._registry.site_of(device), tuple(unconfirmed)
        if device_code:
            self._admit_device(facility, device_code)
            unconfirmed.append(Unconfirmed("device", facility.code, device_code))
        if place is not None:
            return place.site, tuple(unconfirmed)
        only = next(iter(facility.sites)) if len(facility.sites) == 1 else "unknown"
        return only, tuple(unconfirmed)

    def _admit_device(self, facility: Facility, device_code: str) -> None:
        if not self._admits("device", facility, device_code, STRANGERS_AT_MOST):
            raise RejectError(
                Reason.TOPIC,
                f"{STRANGERS_AT_MOST} devices that the registry does not know have sent for {facility.code} already; "
                f"{shown(device_code)} is taken once the registry has it",
            )

    def _admit_asset(self, facility: Facility, code: str) -> None:
        if not self._admits("asset", facility, code, ASSETS_AT_MOST):
            raise RejectError(
                Reason.TOPIC,
                f"{ASSETS_AT_MOST} assets have sent for {facility.code} already; {shown(code)} is one too many",
            )

    def _admits(self, kind: str, facility: Facility, code: str, at_most: int) -> bool:
        """Whether one more code is taken: a sender that invents them for ever must not fill memory and disk."""
        known = self._strangers.setdefault((kind, facility.code), set())
        if code not in known and len(known) >= at_most:
            return False
        known.add(code)
        return True

    def _message(self, route: Route, payload: bytes, received_ns: int) -> Decoded:
        message = self._parse(payload)
        time_ns = self._time(message.get("ts"), received_ns)
        seq = message.get("seq")
        if seq is not None:
            if type(seq) is not int or seq < 0:
                raise RejectError(Reason.SHAPE, f"seq is {shown(seq)}; it must be a whole number, 0 or more")
            if time_ns % MILLISECOND == 0:
                time_ns += seq % SEQ_SPAN
        quality = message.get("q", "good")
        if type(quality) is not str or quality not in QUALITIES:
            raise RejectError(Reason.SHAPE, f"q is {shown(quality)}; it must be good, bad, sim or test")
        hist = message.get("hist", False)
        if type(hist) is not bool:
            raise RejectError(Reason.SHAPE, f"hist is {shown(hist)}; it must be true or false")
        values = message.get("m")
        if type(values) is not dict or not values:
            raise RejectError(Reason.SHAPE, 'm holds no values; write them as "m": {"temp": {"v": 4.2, "u": "Cel"}}')
        good, fault = self._values(route, values)
        frame = Frame(route.prefix, good, time_ns, quality, received_ns, hist) if good else None
        return Decoded(route, frame, fault, None if hist else seq)

    def _parse(self, payload: bytes) -> dict[str, Any]:
        if len(payload) > self._max_payload:
            text = f"the message has {len(payload)} bytes; at most {self._max_payload} are taken"
            raise RejectError(Reason.TOO_LARGE, text)
        if not payload:
            raise RejectError(Reason.EMPTY, "the message is empty")
        try:
            message = orjson.loads(payload)
        except orjson.JSONDecodeError as error:
            raise RejectError(Reason.JSON, f"not JSON: {error.msg}") from None
        if type(message) is not dict:
            raise RejectError(Reason.SHAPE, f"the message is {_kind(message)}; it must be an object with ts and m")
        return message

    def _time(self, ts: object, received_ns: int) -> int:
        if ts is None:
            raise RejectError(Reason.NO_TIME, "there is no ts: a repeated message could not be told from a new one")
        if type(ts) is not str:
            raise RejectError(Reason.BAD_TIME, f"ts is {_kind(ts)}; it must be text in RFC 3339")
        try:
            time_ns = self._nanoseconds(ts)
        except (ValueError, OverflowError):
            example = rfc3339(received_ns // MILLISECOND * MILLISECOND)
            raise RejectError(
                Reason.BAD_TIME, f"ts is {shown(ts)}; it must be RFC 3339 with a zone, such as {example}"
            ) from None
        if time_ns > received_ns + AHEAD_ALLOWED_NS:
            ahead = (time_ns - received_ns) // SECOND
            raise RejectError(Reason.FUTURE, f"ts {shown(ts)} is {ahead} s ahead of our clock; set the device's clock")
        if time_ns < received_ns - self._keep_days * DAY_NS:
            raise RejectError(
                Reason.TOO_OLD, f"ts {shown(ts)} is more than {self._keep_days} days old, which is how long values stay"
            )
        return time_ns

    def _nanoseconds(self, ts: str) -> int:
        """As ``parse_rfc3339``; the seconds of the usual form are looked up, as many messages share one."""
        usual = len(ts) == 24 and ts[19] == "." and ts[23] == "Z"
        if usual and (second := self._seconds.get(ts[:19])) is not None:
            millis = ts[20:23]
            if millis.isascii() and millis.isdigit():
                return second + int(millis) * MILLISECOND
        time_ns = parse_rfc3339(ts)
        if usual:
            if len(self._seconds) >= 4_096:
                self._seconds.clear()
            self._seconds[ts[:19]] = time_ns - time_ns % SECOND
        return time_ns

    def _values(self, route: Route, values: dict[str, Any]) -> tuple[dict[str, float], RejectError | None]:
        good: dict[str, float] = {}
        bad: list[str] = []
        fields = route.fields
        for key, entry in values.items():
            metric = fields.get(key)
            if metric is not None and type(entry) is dict:
                value = entry.get("v")
                if (
                    (type(value) is float or type(value) is int)
                    and ((unit := entry.get("u")) is None or unit == metric.unit)
                    and isfinite(value)
                    and (metric.kind is not Kind.STATE or _is_state(value, metric))
                ):
                    good[key] = float(value)
                    continue
            bad.append(key)
        if not bad:
            return good, None
        faults = [_fault_of(route, key, values[key]) for key in bad[:NAMED_AT_MOST]]
        text = "; ".join(str(fault) for fault in faults)
        more = f"; and {len(bad) - len(faults)} more" if len(bad) > len(faults) else ""
        return good, RejectError(faults[0].reason, text + more)


def _named_by(measured: Iterable[Metric]) -> tuple[str, ...]:
    """The tags that the device of the topic fills: ``device``, or those that a class of assets has in its place."""
    tags = {tag for metric in measured for tag in metric.tags if tag not in ("facility", "site")}
    return ("device",) if "device" in tags or not tags else tuple(sorted(tags))


def _is_state(value: float, metric: Metric) -> bool:
    return value == int(value) and 0 <= value < (len(metric.states) or 2)


def _fault_of(route: Route, key: str, entry: Any) -> RejectError:
    """Why the value ``entry`` of ``key`` cannot be taken."""
    measurement = route.prefix.partition(",")[0]
    metric = route.fields.get(key)
    if metric is None:
        guess = _guess(key, route.fields)
        return RejectError(Reason.UNKNOWN_METRIC, f"devices give no {measurement}.{shown(key)[1:-1]}{guess}")
    if type(entry) is not dict:
        return RejectError(Reason.SHAPE, f'{metric.code} is {_kind(entry)}; write it as {{"v": 4.2, "u": "Cel"}}')
    value: Any = entry.get("v")
    unit = entry.get("u")
    if type(value) not in (int, float) or not isfinite(value):
        return RejectError(Reason.NOT_A_NUMBER, f"{metric.code}: v is {shown(value)}; it must be a number")
    if unit is not None and unit != metric.unit:
        return RejectError(Reason.UNIT, f"{metric.code} is in {shown(unit)}; its unit is '{metric.unit}'")
    last = (len(metric.states) or 2) - 1
    return RejectError(Reason.STATE_RANGE, f"{metric.code} is {shown(value)}; its states are 0 to {last}")


def _guess(word: str, words: Any) -> str:
    found = nearest(word[:64], words)
    return f"; did you mean '{found}'?" if found else ""


def _kind(value: object) -> str:
    if value is None:
        return "null"
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false", int: "a number", float: "a number"}
    return names[type(value)]


def shown(value: object) -> str:
    """A sender's value as it may stand in a text: short, on one line, control characters written out."""
    if type(value) in (dict, list):
        return _kind(value)
    text = ascii(value) if isinstance(value, str) and not value[:60].isprintable() else repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
