"""Lists that people have sent and not confirmed yet."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import orjson
from sqlalchemy import Engine, select

from ioc.assets.model import Asset, AssetKind
from ioc.assets.tables import drafts
from ioc.database import reading, writing
from ioc.domain import MINUTE, Clock
from ioc.upsert import upsert

KEPT_NS = 60 * MINUTE


@dataclass(frozen=True, slots=True)
class Draft:
    """One such list: the file's name, when it came, and the versions of the register that it was compared with."""

    name: str
    made_ns: int
    assets: tuple[Asset, ...]
    versions: Mapping[str, int]


class Drafts:
    """One draft for each person and facility, for an hour: in the database, so that any web process can go on."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def keep(self, facility: str, who: str, name: str, assets: Sequence[Asset], versions: Mapping[str, int]) -> int:
        """Keep a list in place of the person's last one; returns its ``made_ns``, by which it can be confirmed."""
        now_ns = self._clock.now_ns()
        kept = {"assets": [asdict(asset) for asset in assets], "versions": dict(versions)}
        packed = zlib.compress(orjson.dumps(kept))
        row = {"facility": facility, "who": who[:128], "name": name[:200], "made_ns": now_ns, "packed": packed}
        with writing(self._engine) as connection:
            connection.execute(drafts.delete().where(drafts.c.made_ns < now_ns - KEPT_NS))
            upsert(connection, drafts, [row])
        return now_ns

    def get(self, facility: str, who: str) -> Draft | None:
        """The person's draft for this facility, where there is one not older than an hour."""
        query = select(drafts).where(drafts.c.facility == facility, drafts.c.who == who[:128])
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        if row is None or row.made_ns < self._clock.now_ns() - KEPT_NS:
            return None
        kept = orjson.loads(zlib.decompress(row.packed))
        return Draft(row.name, row.made_ns, tuple(_asset(each) for each in kept["assets"]), kept["versions"])

    def drop(self, facility: str, who: str) -> None:
        """Forget it."""
        with writing(self._engine) as connection:
            connection.execute(drafts.delete().where(drafts.c.facility == facility, drafts.c.who == who[:128]))


def _asset(row: dict[str, Any]) -> Asset:
    end = row["contract_end"]
    day = date.fromisoformat(end) if end else None
    return Asset(**row | {"kind": AssetKind(row["kind"]), "contract_end": day})
