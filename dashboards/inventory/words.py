"""What kinds, statuses and columns of assets are called."""

from datetime import UTC, date, datetime, time

from flask_babel import gettext as _

from dashboards import format as fmt
from dashboards.inventory.present import Status
from ioc.assets import AssetKind
from ioc.domain import SECOND


def kind_title(kind: str) -> str:
    """Several assets of a kind."""
    titles: dict[str, str] = {
        AssetKind.SERVER: _("Servers"),
        AssetKind.RENTED_SERVER: _("Rented servers"),
        AssetKind.SERVICE: _("Services"),
        AssetKind.NETWORK: _("Network devices"),
        AssetKind.UPS: _("UPS units"),
        AssetKind.ROOM: _("Technical rooms"),
        AssetKind.WORKSTATION: _("Computers"),
        AssetKind.PRINTER: _("Printers"),
    }
    return titles[kind]


def status_word(status: str) -> str:
    """What is so of one asset."""
    words: dict[str, str] = {
        Status.UP: _("working"),
        Status.DOWN: _("off"),
        Status.SILENT: _("silent"),
        Status.MISSING: _("no data"),
        Status.UNWATCHED: _("not watched"),
    }
    return words[status]


def status_mark(status: str) -> str:
    """Its mark."""
    return {Status.UP: "fresh", Status.DOWN: "bad", Status.SILENT: "stale"}.get(Status(status), "missing")


def field_title(name: str) -> str:
    """A field of an asset."""
    titles: dict[str, str] = {
        "kind": _("kind"),
        "name": _("name"),
        "site": _("site"),
        "department": _("department"),
        "place": _("place"),
        "owner": _("owner"),
        "address": _("address"),
        "model": _("model"),
        "serial": _("serial number"),
        "supplier": _("supplier"),
        "contract": _("contract"),
        "contract_end": _("contract ends"),
        "device": _("measured by"),
        "watched": _("watched"),
    }
    return titles.get(name, name)


def day_of(day: date, language: str) -> str:
    """A day as people write it."""
    midnight = datetime.combine(day, time(), UTC)
    return fmt.date(int(midnight.timestamp()) * SECOND, language, "UTC")
