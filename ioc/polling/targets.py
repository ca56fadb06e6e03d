"""``configs/collectors/<kind>.yaml``: the targets of one kind of collector, and what is wrong with the file."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Generic, Protocol, TypeVar

from pydantic import BeforeValidator, Field

from ioc.catalogue import Catalogue
from ioc.config import Document, Duration, Faults, Shape, hint_for, load_yaml, shown, validate, validate_each
from ioc.domain import SECOND
from ioc.errors import Fault, RefuseToStartError
from ioc.registry import SELF, Facility, Registry

FOLDER = "collectors"
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", flags=re.ASCII)
NO_CODE = "letters, digits, . _ and -, the first a letter or a digit, at most 64"
MOST_S = 60.0


class TargetShape(Shape):
    """What every target may say, whatever its kind. Times in ns."""

    facility: str
    site: str = ""
    asset: str = ""
    every: Duration = 60 * SECOND
    timeout: Duration = 10 * SECOND


S = TypeVar("S", bound=TargetShape)
S_co = TypeVar("S_co", bound=TargetShape, covariant=True)


@dataclass(frozen=True, slots=True)
class Target(Generic[S_co]):
    """One thing to ask, at its ``facility`` and ``site``; ``ask`` is all that the file says of it."""

    name: str
    facility: str
    site: str
    ask: S_co
    where: Callable[[str], str] = field(default=str, repr=False, compare=False)  # file and line of one of its keys

    @property
    def every_s(self) -> float:
        """Seconds between two looks."""
        return self.ask.every / SECOND

    @property
    def timeout_s(self) -> float:
        """Seconds that one look may take, all in all."""
        return self.ask.timeout / SECOND


class Note(Protocol):
    """Where a kind notes what else is wrong with a target: the number of the fault (20 on), its key, what, hint."""

    def __call__(self, number: int, key: str, what: str, hint: str = "") -> None:
        """Note one."""
        ...


Writes = Callable[[S], Iterable[str]]  # the codes of the metrics that a target has to keep fresh


def _no_list(targets: object) -> object:
    if isinstance(targets, list):
        what = "this is a list: each target is a line such as `name: {facility: bv01, …}`, without a dash"
        raise ValueError(what)  # noqa: TRY004 (pydantic tells no other)
    return targets


class _File(Shape):
    targets: Annotated[dict[str, Any], BeforeValidator(_no_list)] = Field(default_factory=dict)  # of the kind's shape


def read_targets(
    kind: str,
    shape: type[S],
    config_dir: Path,
    known: tuple[Registry, Catalogue],
    *,
    writes: Writes[S] = lambda _: (),
    check: Callable[[Target[S], Note], None] = lambda _target, _note: None,
) -> tuple[list[Target[S]], list[Fault]]:
    """As many targets as can be read, and every fault; none of either where there is no such file.

    ``writes`` names the metrics of a target: where it is asked less often than they stay fresh, its values would
    look late while all is well, so that is a fault.
    """
    faults = Faults("N")
    path = config_dir / FOLDER / f"{kind}.yaml"
    if not path.exists():
        return [], []
    document = None
    with faults.collecting():
        document = load_yaml(path, faults.area)
    if document is None or validate(_File, document, faults) is None:
        return [], faults.found
    reader = _Reader(document, known, faults)
    targets = []
    for name, ask in validate_each(shape, document, faults, ("targets",)).items():
        if ask is None:
            continue
        target = reader.target(name, ask, tuple(writes(ask)))
        if target is not None:
            check(target, reader.note(name))
            targets.append(target)
    return targets, faults.found


def sound(read: tuple[list[Target[S]], list[Fault]]) -> list[Target[S]]:
    """The targets that were read; raises RefuseToStartError with the faults, where there are any."""
    targets, faults = read
    if faults:
        raise RefuseToStartError(faults)
    return targets


def names_of(kind: str, config_dir: Path) -> dict[str, str]:
    """The facility of each target that the file of this kind names, for whoever needs no more of it.

    Raises RefuseToStartError where it cannot be read.
    """
    path = config_dir / FOLDER / f"{kind}.yaml"
    data = load_yaml(path, "N").data
    targets = data.get("targets") if isinstance(data, dict) else None
    if targets is not None and not isinstance(targets, dict):
        raise RefuseToStartError([Fault("IOC-N006", shown(path), "targets: this is no mapping.", "See `ioc check`.")])
    return {name: str(ask.get("facility", "")) for name, ask in (targets or {}).items() if isinstance(ask, dict)}


class _Reader:
    """Judges what every target has, whatever its kind."""

    def __init__(self, document: Document, known: tuple[Registry, Catalogue], faults: Faults) -> None:
        self._document = document
        self._registry, self._catalogue = known
        self._faults = faults

    def note(self, name: str) -> Note:
        """Where faults of this target are noted."""

        def add(number: int, key: str, what: str, hint: str = "") -> None:
            self._faults.add(number, self._where(name, key), f"{name}: {what}", hint)

        return add

    def _where(self, name: str, key: str = "") -> str:
        return self._document.where(("targets", name, key) if key else ("targets", name))

    def target(self, name: str, ask: S, codes: Sequence[str]) -> Target[S] | None:
        """The target, None where its facility or site cannot be known."""
        note = self.note(name)
        if not CODE.fullmatch(name):
            note(10, "", f"this is no code: {NO_CODE}.")
        if ask.asset and not CODE.fullmatch(ask.asset):
            note(11, "asset", f"{ask.asset!r} is no code of an asset: {NO_CODE}.")
        self._check_times(ask, codes, note)
        facility = self._registry.facility(ask.facility)
        if facility is None:
            known = [*self._registry.facilities, SELF.code]
            note(12, "facility", f"the registry has no facility {ask.facility!r}.", hint_for(ask.facility, known))
            return None
        site = _site(ask.site, facility, note)
        return Target(name, facility.code, site, ask, partial(self._where, name)) if site else None

    def _check_times(self, ask: S, codes: Sequence[str], note: Note) -> None:
        if ask.timeout > MOST_S * SECOND:
            note(14, "timeout", f"more than {MOST_S:g} s: it would hold up other targets for too long.")
        metrics = [metric for code in codes if (metric := self._catalogue.get(code)) is not None]
        shortest = min(metrics, key=lambda metric: metric.max_age_ns, default=None)
        if shortest is not None and ask.every > shortest.max_age_ns:
            what = f"{shortest.code} is late after {shortest.max_age_ns // SECOND} s: asked so rarely it looks old."
            note(15, "every", what, "Ask more often, or raise max_age in the catalogue.")


def _site(code: str, facility: Facility, note: Note) -> str:
    """The site that is meant; empty where that is not to be known."""
    if not code and len(facility.sites) == 1:
        return next(iter(facility.sites))
    if code in facility.sites:
        return code
    what = f"{facility.code} has no site {code!r}." if code else f"{facility.code} has several sites: name the one."
    note(13, "site", what, hint_for(code, facility.sites))
    return ""
