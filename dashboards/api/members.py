"""Which series answer a question about the past of the census: those of wards, of the facility or of the province.

The census keeps a series for each ward (of emergency for each site), and rolls each minute up into one of the facility
and one of the province. To add all of them up would count every bed three times.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ioc.catalogue import Kind, Metric
from ioc.derive import quality_of
from ioc.domain import Quality
from ioc.timeseries import ABSENT, How, Window

PRODUCER = "census"
ADDABLE = (How.LAST, How.MEAN, How.SUM)
SITE = ("facility", "site")


@dataclass(frozen=True, slots=True)
class Members:
    """``where`` finds the series and ``by`` groups them; ``add_up`` names the tags of the sums that are to be made of
    their windows then, ``named`` a tag that only those have which are meant."""

    where: Mapping[str, str]
    by: tuple[str, ...] | None
    add_up: tuple[str, ...] = ()
    named: str = ""

    def of(self, windows: Iterable[Window]) -> list[Window]:
        """The windows that are meant, added up where they have to be."""
        found = [window for window in windows if not self.named or window.tags.get(self.named)]
        return _sums(found, self.add_up) if self.add_up else found


def members_of(metric: Metric, where: Mapping[str, str], by: tuple[str, ...] | None) -> Members:
    """The series of ``metric`` that answer for ``where``, in groups of ``by``."""
    own = {name: text for name, text in where.items() if text}
    if PRODUCER not in metric.producers or "facility" not in metric.tags:
        return Members(own, by)
    asked, has_wards = {*own, *(by or ())}, "ward" in metric.tags
    if has_wards and "ward" in asked:
        return Members(own, by, named="ward" if "ward" not in own else "")
    if "site" in asked and has_wards and metric.kind is not Kind.RATIO:
        return Members(own, None, add_up=by or SITE, named="ward")
    if "site" in asked:
        by = by or (SITE if has_wards else None)
        return Members(own, by, named="site" if "site" not in own else "")
    if "province" in asked:
        return Members(own | {"facility": ABSENT}, by)
    return Members(own | {name: ABSENT for name in ("ward", "site", "province") if name in metric.tags}, by)


def _sums(windows: Iterable[Window], by: Sequence[str]) -> list[Window]:
    """One line a group: the sum of those that have a value in the window; none where none has."""
    groups: dict[tuple[str, ...], list[Window]] = {}
    for window in windows:
        groups.setdefault(tuple(window.tags.get(name, "") for name in by), []).append(window)
    return [
        Window(
            {name: text for name, text in zip(by, key, strict=True) if text},
            [_sum(points) for points in zip(*(window.points for window in group), strict=True)],
        )
        for key, group in sorted(groups.items())
    ]


def _sum(points: Sequence[tuple[int, float | None, Quality]]) -> tuple[int, float | None, Quality]:
    known = [(value, quality) for _, value, quality in points if value is not None]
    if not known:
        return points[0][0], None, Quality.GOOD
    return points[0][0], sum(value for value, _ in known), quality_of({quality for _, quality in known})
