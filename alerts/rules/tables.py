"""Tables of limits: limits by labels are data, not copies of a rule."""

import re
from collections.abc import Mapping

from alerts.rules.model import DEVICE_TABLE, Table
from alerts.rules.notes import Notes, World
from alerts.rules.shapes import TableShape
from ioc.config import hint_for
from ioc.registry import Registry

_NAME = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
Tables = Mapping[str, Table | None]  # None in the place of one whose shape is faulty


def build_tables(shapes: Mapping[str, TableShape | None], notes: Notes, world: World) -> Tables:
    """The tables by their names, each row with every column."""
    tables: dict[str, Table | None] = {}
    for name, shape in shapes.items():
        if not _NAME.fullmatch(name) or name == DEVICE_TABLE:
            what = f"{name!r} is no name for a table" + (": it is the registry's" if name == DEVICE_TABLE else "")
            notes.fault(24, ("tables", name), what, "a-z, 0-9 and _.")
        tables[name] = _table(name, shape, notes, world.registry) if shape else None
    return tables


def _table(name: str, shape: TableShape, notes: Notes, registry: Registry) -> Table:
    rows = {}
    for written, limits in shape.rows.items():
        at = ("tables", name, "rows", written)
        key = tuple(written.split("/"))
        if len(key) != len(shape.key):
            what = f"the row {written!r} has {len(key)} of the {len(shape.key)} parts of the key"
            notes.fault(24, at, what, f"Write {'/'.join(shape.key)}.")
            continue
        for column in limits:
            if column not in shape.default:
                what = f"the default has no column {column!r}"
                notes.fault(24, (*at, column), what, hint_for(column, shape.default))
        for part, hint in _dead(dict(zip(shape.key, key, strict=True)), registry).items():
            notes.warning(25, at, f"the row {written!r} of {name} is dead: there is no {part}", hint)
        rows[key] = {**shape.default, **limits}
    return Table(name, shape.key, shape.default, rows)


def _dead(labels: Mapping[str, str], registry: Registry) -> dict[str, str]:
    """What a row names and the registry does not have, with the nearest name that it has."""
    found: dict[str, str] = {}
    facility = labels.get("facility", "")
    known = registry.facility(facility)
    if facility and known is None:
        found[f"facility {facility!r}"] = hint_for(facility, registry.facilities)
    elif known is not None:
        site, device = labels.get("site", ""), labels.get("device", "")
        if site and site not in known.sites:
            found[f"site {site!r}"] = hint_for(site, known.sites)
        if device and registry.device(facility, device) is None:
            found[f"device {device!r}"] = hint_for(device, [one.code for one in registry.devices_of(facility)])
    return found
