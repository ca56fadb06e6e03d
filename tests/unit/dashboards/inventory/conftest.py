"""A small IT department of bv01 with readings of every sort."""

from dataclasses import dataclass, field
from datetime import date

import pytest

from ioc.assets import Asset, AssetKind
from ioc.domain import Quality
from tests.unit.dashboards.conftest import Web


def asset(code: str, kind: AssetKind = AssetKind.SERVER, **more) -> Asset:
    given = {"department": "phong-cntt", "watched": True, **more}
    return Asset("bv01", "cs1", code, kind, **given)


@dataclass
class Shop:
    """``web`` with assets; each keeps to its place in the list."""

    web: Web
    assets: list[Asset] = field(default_factory=list)

    def has(self, *assets: Asset) -> None:
        """The register has these as well."""
        self.assets += assets
        register = self.web.services.assets
        register.apply(register.preview(self.assets), "test")

    def says(self, code: str, metric: str, value: float, *, age_s: float = 0, quality=Quality.GOOD, **tags) -> None:
        """A reading of an asset."""
        named = {"asset": code, "facility": "bv01", "site": "cs1", **tags}
        key = ",".join([metric, *(f"{name}={tag}" for name, tag in sorted(named.items()))])
        self.web.put(key, value, age_s=age_s, quality=quality)


@pytest.fixture
def shop(web: Web) -> Shop:
    return Shop(web)


@pytest.fixture
def small(shop: Shop) -> Shop:
    """One of each status among four servers, two computers, a room with its climate, and two contracts."""
    shop.has(
        asset("sv-up", name="HIS", contract_end=date(2026, 12, 1)),
        asset("sv-down", owner="Tổ hạ tầng"),
        asset("sv-silent"),
        asset("sv-missing"),
        asset("sv-nobody", watched=False, contract_end=date(2026, 11, 1)),
        asset("mt-1", AssetKind.WORKSTATION, department="khoa-noi"),
        asset("mt-2", AssetKind.WORKSTATION, department="khoa-noi"),
        asset("p-1", AssetKind.ROOM, place="phong-may", device="mt-may"),
    )
    shop.says("sv-up", "host.up", 1, host="sv-up")
    shop.says("sv-up", "host.cpu", 42.4, host="sv-up")
    shop.says("sv-down", "svc.up", 0, service="sv-down")
    shop.says("sv-silent", "host.up", 1, host="sv-silent", age_s=3_600)
    shop.says("mt-1", "pc.up", 1)
    shop.says("mt-2", "pc.up", 0)
    shop.web.put("room.temp,device=mt-may,facility=bv01,site=cs1", 22.5)
    return shop
