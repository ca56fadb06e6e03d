"""Who and what there is: province > facility > site > department > ward > room > bed, and the devices in them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ioc.catalogue import Text
from ioc.domain import Series


@dataclass(frozen=True, slots=True)
class Site:
    """One of the places where a facility works; a facility with one site has a site too."""

    code: str
    title: Text


@dataclass(frozen=True, slots=True)
class Place:
    """A department, ward, room or technical area: what the ``{area}`` of a topic names.

    ``kind`` is department, ward, room or area; ``parent`` the code of the place it lies in, empty at the top.
    """

    code: str
    title: Text
    kind: str
    site: str
    department: str = ""
    ward: str = ""
    parent: str = ""


@dataclass(frozen=True, slots=True)
class Facility:
    """A hospital or health centre. ``short`` has at most 18 characters, for walls.

    ``demo``: invented, and its devices are simulated. ``test``: what it sends proves an interface; it can be looked
    at, and stands in no list of hospitals and in no total.
    """

    code: str
    title: Text
    short: Text
    province: str
    level: str
    sites: Mapping[str, Site]
    places: Mapping[str, Place]
    demo: bool = False
    test: bool = False

    @property
    def wards(self) -> Iterator[Place]:
        """Its places that are wards."""
        return (place for place in self.places.values() if place.kind == "ward")


SELF_TITLE = Text("Máy này", "This machine", "Cette machine")

# What the centre says of itself belongs to a facility of its own: no hospital, so no list of hospitals has it.
SELF = Facility(
    code="_self",
    title=SELF_TITLE,
    short=SELF_TITLE,
    province="",
    level="",
    sites={"local": Site("local", SELF_TITLE)},
    places={},
)


@dataclass(frozen=True, slots=True)
class Stand:
    """Where a device stood from one moment to another (ns; ``until_ns`` None while it stands there)."""

    area: str
    from_ns: int
    until_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Device:
    """One device: its class, the metrics it should give, how often, and where it stands.

    ``keys`` are the fields it should give (``temp``, ``door``); ``interval_ns`` how often; ``low`` and ``high``
    its own allowed range of its main value, the first of ``keys``, None where it has none; ``use`` what it is for
    within its class (``vaccine``, ``blood``, ``oxygen``, ``vacuum``). ``derived`` are the fields that the centre
    computes for it and that no message brings (``tte``, ``breach``).
    """

    code: str
    facility: str
    title: Text
    device_class: str
    keys: tuple[str, ...]
    interval_ns: int
    stands: tuple[Stand, ...]
    use: str = ""
    low: float | None = None
    high: float | None = None
    max_age_ns: Mapping[str, int] = field(default_factory=dict)  # by key: what replaces the catalogue's
    derived: tuple[str, ...] = ()

    def area_at(self, time_ns: int) -> str:
        """The code of the place where it stood at that time; the first known one before that."""
        for stand in reversed(self.stands):
            if stand.from_ns <= time_ns:
                return stand.area
        return self.stands[0].area

    @property
    def area(self) -> str:
        """Where it stands now."""
        return self.stands[-1].area


@dataclass(frozen=True, slots=True)
class Expected:
    """One series that the registry says there should be; ``series`` carries no ``source`` tag."""

    series: Series
    device: Device
    max_age_ns: int


@dataclass(frozen=True)
class Registry:
    """All facilities and devices. ``devices`` is keyed by (facility, device code).

    ``facilities`` lacks ``SELF``; the ones for tests stand last in it.
    """

    provinces: Mapping[str, Text]
    facilities: Mapping[str, Facility]
    devices: Mapping[tuple[str, str], Device]

    @property
    def demo(self) -> bool:
        """Whether this is the invented registry that ships with the product."""
        return any(facility.demo for facility in self.facilities.values())

    @property
    def hospitals(self) -> dict[str, Facility]:
        """The facilities that stand in lists and count in totals: all but those for tests."""
        return {code: facility for code, facility in self.facilities.items() if not facility.test}

    def facility(self, code: str) -> Facility | None:
        """The facility of this code, the machine's own included, or None."""
        return SELF if code == SELF.code else self.facilities.get(code)

    def device(self, facility: str, code: str) -> Device | None:
        """The device of this code in this facility, or None."""
        return self.devices.get((facility, code))

    def devices_of(self, facility: str, site: str = "") -> Iterator[Device]:
        """The devices of a facility, or of one of its sites, in the order of the registry."""
        for device in self.devices.values():
            if device.facility == facility and (not site or self.site_of(device) == site):
                yield device

    def site_of(self, device: Device) -> str:
        """The code of the site where the device stands now."""
        return self.facilities[device.facility].places[device.area].site

    def expected(self, facility: str = "") -> Iterator[Expected]:
        """Every series there should be, in the whole registry or in one facility, without its source."""
        for device in self.devices.values():
            if facility and device.facility != facility:
                continue
            site = self.site_of(device)
            for key in (*device.keys, *device.derived):
                series = Series.of(
                    f"{device.device_class}.{key}", device=device.code, facility=device.facility, site=site
                )
                yield Expected(series, device, device.max_age_ns[key])
