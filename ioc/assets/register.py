"""The register of assets in the relational database: dated rows, and a version by which readers keep what they read."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, or_, select

from ioc.access import record
from ioc.assets.differences import Differences, compare
from ioc.assets.model import Asset, AssetKind, Assets, Lookup
from ioc.assets.tables import assets as table
from ioc.assets.tables import versions
from ioc.database import reading, writing
from ioc.domain import Clock, SystemClock
from ioc.errors import IocError
from ioc.upsert import upsert

NAMES = tuple(each.name for each in fields(Asset))
KIND = NAMES.index("kind")
SAME = (table.c.facility == bindparam("its_facility")) & (table.c.code == bindparam("its_code"))
FORGET = table.delete().where(SAME, table.c.from_ns >= bindparam("start"))
END = (
    table.update()
    .where(SAME, or_(table.c.until_ns.is_(None), table.c.until_ns > bindparam("start")))
    .values(until_ns=bindparam("start"))
)
PLACE = table.update().where(SAME).values(position=bindparam("its_position"))


class AssetRegister:
    """The assets of every facility.

    ``who`` is the actor of the audit log (``cli:name``, ``user:name``). What is changed holds from now on unless an
    asset says from when; what held before stays known, so that the past can be asked for. Every change is one
    transaction with its entry in the audit log. May be used by several threads.
    """

    def __init__(self, engine: Engine, clock: Clock | None = None) -> None:
        self._engine = engine
        self._clock = clock or SystemClock()
        self._kept: dict[str, Assets] = {}

    def assets(self, facility: str) -> Assets:
        """Every asset there is and was, by kind in the order of the lists; kept until the register changes."""
        kept = self._kept.get(facility)
        with reading(self._engine) as connection:
            if kept is None or _version(connection, facility) != kept.version:
                kept = self._kept[facility] = _load(connection, facility)
        return kept

    def lookup(self, facility: str) -> Lookup:
        """What a list of this facility leaves as it is where it does not speak of it: as known then, else now."""
        known, now_ns = self.assets(facility), self._clock.now_ns()
        return lambda code, time_ns: known.current(code, time_ns or now_ns) or known.current(code, now_ns)

    def preview(self, assets: Sequence[Asset]) -> Differences:
        """What a list that names these assets would change."""
        now_ns = self._clock.now_ns()
        listed: dict[str, list[Asset]] = {}
        for asset in assets:
            listed.setdefault(asset.facility, []).append(asset)
        known = {facility: self.assets(facility) for facility in listed}
        parts = [compare(listed[facility], known[facility], now_ns) for facility in listed]
        return Differences(
            after=tuple(asset for part in parts for asset in part.after),
            added=tuple(asset for part in parts for asset in part.added),
            removed=tuple(asset for part in parts for asset in part.removed),
            changed=tuple(change for part in parts for change in part.changed),
            versions={facility: kept.version for facility, kept in known.items()},
        )

    def apply(self, differences: Differences, who: str) -> None:
        """Bring the register to the list, also its order.

        Raises IocError where the register has changed since they were compared.
        """
        now_ns = self._clock.now_ns()
        with writing(self._engine) as connection:
            for facility, version in differences.versions.items():
                if _version(connection, facility) != version:
                    raise IocError(
                        f"The assets of {facility} have been changed by somebody else in the meantime.",
                        "Look at the differences again: import the file once more.",
                    )
                part = differences.of(facility)
                moved = _apply(connection, part, now_ns)
                if moved or not part.empty:
                    upsert(connection, versions, [{"facility": facility, "version": 1}], add=("version",))
                    record(connection, now_ns, who, "assets.import", f"facility:{facility}", **_summary(part))


def _version(connection: Connection, facility: str) -> int:
    query = select(versions.c.version).where(versions.c.facility == facility)
    return connection.execute(query).scalar_one_or_none() or 0


def _load(connection: Connection, facility: str) -> Assets:
    version = _version(connection, facility)  # first: what is newer than it is read again
    columns = [table.c[name] for name in NAMES]
    query = select(*columns).where(table.c.facility == facility)
    rows = connection.execute(query.order_by(table.c.position, table.c.from_ns, table.c.id))
    of_kind: dict[str, list[Asset]] = {kind.value: [] for kind in AssetKind}
    for row in rows:
        said: list[Any] = [*row]
        said[KIND] = AssetKind(row.kind)
        of_kind[row.kind].append(Asset(*said))
    return Assets(tuple(asset for found in of_kind.values() for asset in found), version)


def _apply(connection: Connection, part: Differences, now_ns: int) -> bool:
    """Write the changes of one facility; returns whether its order is another one."""
    (facility,) = part.versions
    query = select(table.c.code, table.c.position).where(table.c.facility == facility)
    stand = {row.code: row.position for row in connection.execute(query)}
    new = [*part.added, *(change.new for change in part.changed)]
    ended = [_at(asset, start=asset.from_ns) for asset in new if asset.code in stand]
    ended += [_at(asset, start=now_ns) for asset in part.removed]
    if ended:
        connection.execute(FORGET, ended)
        connection.execute(END, ended)
    places = {asset.code: place for place, asset in enumerate(part.after)}
    if new:
        connection.execute(table.insert(), [_row(asset, places[asset.code]) for asset in new])
    moved = [asset for asset in part.after if stand.get(asset.code, places[asset.code]) != places[asset.code]]
    if moved:
        connection.execute(PLACE, [_at(asset, its_position=places[asset.code]) for asset in moved])
    return bool(moved)


def _row(asset: Asset, position: int) -> dict[str, object]:
    said = {name: getattr(asset, name) for name in NAMES}
    return said | {"kind": asset.kind.value, "position": position}


def _at(asset: Asset, **more: int) -> dict[str, str | int]:
    return {"its_facility": asset.facility, "its_code": asset.code, **more}


def _summary(part: Differences) -> dict[str, object]:
    return {
        "added": len(part.added),
        "removed": len(part.removed),
        "changed": len(part.changed),
        "unchanged": part.unchanged,
        "kinds": sorted({asset.kind.value for asset in part.after}),
    }
