"""What the tests of targets stand on: one facility with two sites, one with one, and a small catalogue."""

from pathlib import Path

from ioc.catalogue import Adds, Catalogue, Kind, Metric, Text
from ioc.domain import SECOND
from ioc.polling import Target, TargetShape
from ioc.registry import Facility, Registry, Site

NAME = Text("tên", "name")


def facility(code: str, *sites: str) -> Facility:
    return Facility(code, NAME, NAME, "p", "1", {site: Site(site, NAME) for site in sites}, {})


REGISTRY = Registry({}, {"bv01": facility("bv01", "cs1"), "bv02": facility("bv02", "cs1", "cs2")}, {})


def metric(code: str, late_s: int = 180) -> Metric:
    return Metric(code, NAME, NAME, "1", Kind.GAUGE, ("facility",), Adds.LAST, Adds.SUM, late_s * SECOND)


CATALOGUE = Catalogue({"svc.up": metric("svc.up")})
KNOWN = (REGISTRY, CATALOGUE)


def target(name: str = "one", asset: str = "sv-1") -> Target[TargetShape]:
    return Target(name, "bv01", "cs1", TargetShape(facility="bv01", asset=asset, every="20ms"))  # type: ignore[arg-type]  # as a file says it


def write(folder: Path, kind: str, text: str) -> None:
    (folder / "collectors").mkdir(exist_ok=True)
    (folder / "collectors" / f"{kind}.yaml").write_text(text, encoding="utf-8")
