"""A device as one row, and a value of it as one line."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from dashboards import format as fmt
from dashboards.alarms import Alarms, worst_of
from dashboards.reckon import Lens, Shown, aged
from dashboards.reporting import state_of_device
from ioc.catalogue import Kind, Metric
from ioc.domain import STALE_AFTER, Quality, State
from ioc.latest import Value
from ioc.registry import Device

VALUES_SHOWN = 4


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """One device of the list."""

    id: str
    code: str
    title: str
    device_class: str
    place: str
    href: str
    state: State
    values: tuple[Shown, ...]
    as_of_ns: int | None
    ago: str
    unconfirmed: bool
    sim: bool
    turns_ns: int | None
    level: str = ""  # of its worst incident
    alert: str = ""  # that incident
    real: bool = False  # whether that is no exercise

    @property
    def titled(self) -> bool:
        """Whether its title says its code."""
        return self.code.lower() in self.title.lower()


def shown(value: Value, lens: Lens) -> Shown:
    """One value of one device as people read it."""
    metric = lens.catalogue.get(value.metric)
    scope = f"{lens.scope}/device:{value.tags.get('device', '')}"
    base = Shown(
        value.metric,
        scope,
        value.state,
        value.quality.value,
        value.value,
        fmt.NO_VALUE,
        brief=fmt.NO_VALUE,
        label=metric.title.in_(lens.language) if metric else value.metric,
        as_of_ns=value.as_of_ns,
        max_age_ns=value.max_age_ns,
        turns_ns=value.next_change_ns,
        key=value.metric.replace(".", "-"),
    )
    if value.value is None or value.as_of_ns is None:
        return base
    text, unit, brief = written(value.value, metric, lens.language)
    late = value.as_of_ns + value.max_age_ns + 1
    stale = value.as_of_ns + STALE_AFTER * value.max_age_ns + 1
    base = replace(base, text=text, unit=unit, brief=brief, stale_ns=stale)
    return aged(replace(base, late_ns=late if value.state is State.FRESH else None), lens)


def written(number: float, metric: Metric | None, language: str) -> tuple[str, str, str]:
    """The number, its unit, and both together; the name of a state where it is one."""
    if metric is None:
        text = fmt.number(number, 2, language)
        return text, "", text
    if metric.kind is Kind.STATE and 0 <= round(number) < len(metric.states):
        name = metric.states[round(number)].title.in_(language)
        return name, "", name
    text = fmt.number(number, metric.decimals, language)
    return text, fmt.unit(metric.unit, language), fmt.quantity(number, metric.unit, metric.decimals, language)


def place_of(device: Device, lens: Lens) -> str:
    """Where it stands, in words."""
    facility = lens.registry.facilities[device.facility]
    place = facility.places[device.area]
    words = place.title.in_(lens.language)
    return words if len(facility.sites) == 1 else f"{words}, {facility.sites[place.site].title.in_(lens.language)}"


def row_of(code: str, values: Sequence[Value], lens: Lens, alarms: Alarms) -> DeviceRow:
    """The row of one device from its values."""
    worst = worst_of(alarms.of_device(code))
    device = lens.registry.device(lens.facility, code)
    order = {key: place for place, key in enumerate(device.keys)} if device else {}
    values = sorted(values, key=lambda v: (order.get(v.metric.partition(".")[2], len(order)), v.metric))
    newest = max((v.as_of_ns for v in values if v.as_of_ns is not None), default=None)
    return DeviceRow(
        id=f"device-{code}",
        code=code,
        title=device.title.in_(lens.language) if device else code,
        device_class=device.device_class if device else values[0].metric.partition(".")[0],
        place=place_of(device, lens) if device else "",
        href=f"/device/{lens.facility}/{code}",
        state=state_of_device(values),
        values=tuple(alarms.on_device(shown(value, lens), code) for value in values[:VALUES_SHOWN]),
        as_of_ns=newest,
        ago="" if newest is None else fmt.ago(newest, lens.now_ns, lens.language, lens.zone),
        unconfirmed=device is None,
        sim=any(value.quality is Quality.SIM for value in values),
        turns_ns=min((t for v in values if (t := v.next_change_ns) is not None), default=None),
        level=worst.level.word if worst else "",
        alert=worst.id if worst else "",
        real=worst is not None and not worst.simulated,
    )


def rows(lens: Lens, alarms: Alarms, device_class: str = "") -> list[DeviceRow]:
    """Every device of the facility or site, in the order of the registry; those it does not know come last."""
    found = [row_of(code, values, lens, alarms) for code, values in lens.present.by_device.items()]
    return [row for row in found if not device_class or row.device_class == device_class]
