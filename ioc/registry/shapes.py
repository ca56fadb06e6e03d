"""What the files of ``configs/registry/`` may hold."""

import re
from typing import Any, Literal

from pydantic import Field, model_validator

from ioc.catalogue import Text
from ioc.config import Duration, Faults, Shape

CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*", flags=re.ASCII)
SHORT_MAX = 18


class TextShape(Shape):
    """A name in Vietnamese and English, in French where it has one of its own."""

    vi: str = Field(min_length=1)
    en: str = Field(min_length=1)
    fr: str = ""

    def text(self) -> Text:
        """As the other parts know it."""
        return Text(self.vi, self.en, self.fr)


class KindShape(Shape):
    """A kind of device: what all devices of it have in common unless one says otherwise."""

    class_: str = Field(alias="class")
    title: TextShape
    use: str = ""
    keys: list[str] = Field(min_length=1)
    derived: list[str] = Field(default_factory=list)
    interval: Duration | None = None
    low: float | None = None
    high: float | None = None


class KindsFile(Shape):
    """``kinds.yaml``."""

    provinces: dict[str, TextShape]
    kinds: dict[str, Any]  # each a KindShape


class PlaceShape(TextShape):
    """One line of ``places``; ``in`` names the place that it lies in."""

    kind: Literal["department", "ward", "room", "area"]
    in_: str = Field(default="", alias="in")
    site: str = ""


class StandShape(Shape):
    """Where a device stood from one day or moment on, until the next or until an earlier day."""

    area: str
    from_: str = Field(alias="from")
    until: str | None = None


class DeviceShape(Shape):
    """One line of ``devices``: only what differs from its kind."""

    area: str = ""
    stands: list[StandShape] = Field(default_factory=list)
    title: TextShape | None = None
    interval: Duration | None = None
    keys: list[str] | None = None
    low: float | None = None
    high: float | None = None

    @model_validator(mode="before")
    @classmethod
    def _in_short(cls, value: Any) -> Any:
        """``tl-01: kho-vac-xin`` is short for ``tl-01: {area: kho-vac-xin}``."""
        return {"area": value} if isinstance(value, str) else value


class FacilityFile(Shape):
    """One facility, in the file that is named after its code."""

    title: TextShape
    short: TextShape
    province: str
    level: Literal["initial", "basic", "specialised"]
    demo: bool = False
    test: bool = False
    since: str
    sites: dict[str, TextShape] = Field(min_length=1)
    places: dict[str, Any] = Field(default_factory=dict)  # each a PlaceShape
    devices: dict[str, dict[str, Any]] = Field(default_factory=dict)  # by kind, each a DeviceShape


def check_code(code: str, where: str, faults: Faults) -> None:
    """A code needs no escaping anywhere; an underscore in front is kept for the centre itself (``_self``)."""
    if not CODE.fullmatch(code):
        faults.add(10, where, f"{code!r} is no code: letters, digits, . _ and -, the first a letter or a digit.")
