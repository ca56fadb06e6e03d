"""What an IT department has: servers, computers, printers, network, UPS, rooms, services, with validity dates."""

from ioc.assets.differences import Change, Differences
from ioc.assets.drafts import Draft, Drafts
from ioc.assets.model import Asset, AssetKind, Assets
from ioc.assets.register import AssetRegister
from ioc.assets.sheet import COLUMNS, read_first_assets, read_sheet

__all__ = [
    "COLUMNS",
    "Asset",
    "AssetKind",
    "AssetRegister",
    "Assets",
    "Change",
    "Differences",
    "Draft",
    "Drafts",
    "read_first_assets",
    "read_sheet",
]
