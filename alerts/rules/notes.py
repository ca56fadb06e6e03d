"""What a rule is checked against, and where its faults and warnings are noted."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from alerts.rules.model import Read
from ioc.catalogue import Catalogue
from ioc.config import Document, Faults, Where
from ioc.registry import Device, Registry

AREA = "A"  # IOC-A010 and so on


@dataclass(frozen=True, slots=True)
class World:
    """What rules may name. Without ``groups`` or ``today`` nothing is said of groups, or of reviews that are due."""

    config_dir: Path
    catalogue: Catalogue
    registry: Registry
    groups: Collection[str] | None
    today: date | None = None

    def devices(self, read: Read) -> Iterator[Device]:
        """The devices of the registry whose values the rule reads."""
        wanted = dict(read.where)
        for device in self.registry.devices.values():
            if device.device_class != read.metric.partition(".")[0]:
                continue
            own = {
                "facility": device.facility,
                "site": self.registry.site_of(device),
                "device": device.code,
                "use": device.use,
            }
            if all(own.get(name, "") in words for name, words in wanted.items()):
                yield device


@dataclass(frozen=True, slots=True)
class Notes:
    """The faults and warnings of one part of a file, which stands at ``at``."""

    document: Document
    at: Where
    faults: Faults
    warnings: Faults

    def fault(self, number: int, key: Where, what: str, hint: str = "") -> None:
        """Something that must be mended before any rule is loaded; ``what`` is a sentence without its full stop."""
        self.faults.add(number, self.where(key), f"{what}.", hint)

    def warning(self, number: int, key: Where, what: str, hint: str = "") -> None:
        """Something that is allowed and yet looks wrong."""
        self.warnings.add(number, self.where(key), f"{what}.", hint)

    def where(self, key: Where = ()) -> str:
        """File and line."""
        return self.document.where((*self.at, *key))
