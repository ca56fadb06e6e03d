"""What a new list of assets would change in the register."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace

from ioc.assets.model import Asset, Assets

DATES = frozenset({"from_ns", "until_ns"})
SAID = tuple(each.name for each in fields(Asset) if each.name not in DATES)


@dataclass(frozen=True, slots=True)
class Change:
    """One asset before and after."""

    old: Asset
    new: Asset

    @property
    def what(self) -> tuple[str, ...]:
        """The names of the fields that differ."""
        return tuple(name for name in SAID if getattr(self.old, name) != getattr(self.new, name))


@dataclass(frozen=True, slots=True)
class Differences:
    """What a list says otherwise than the register, for the kinds of assets of each facility that it names.

    ``after`` is all of the list, in its order, each with the moment from which it holds. ``removed`` are assets of
    a named kind that the list lacks. ``versions`` are those of the register that was compared, by facility.
    """

    after: tuple[Asset, ...] = ()
    added: tuple[Asset, ...] = ()
    removed: tuple[Asset, ...] = ()
    changed: tuple[Change, ...] = ()
    versions: Mapping[str, int] = field(default_factory=dict)

    @property
    def unchanged(self) -> int:
        """How many assets of the list are in the register as they are."""
        return len(self.after) - len(self.added) - len(self.changed)

    @property
    def empty(self) -> bool:
        """Whether the register says the same already."""
        return not (self.added or self.removed or self.changed)

    def of(self, facility: str) -> "Differences":
        """Those of one facility."""
        return Differences(
            after=_of(facility, self.after),
            added=_of(facility, self.added),
            removed=_of(facility, self.removed),
            changed=tuple(change for change in self.changed if change.new.facility == facility),
            versions={facility: self.versions[facility]},
        )


def _of(facility: str, assets: Iterable[Asset]) -> tuple[Asset, ...]:
    return tuple(asset for asset in assets if asset.facility == facility)


def compare(listed: Sequence[Asset], known: Assets, now_ns: int) -> Differences:
    """What the list of one facility changes in what is known of it.

    An asset of the list holds from its own ``from_ns`` on; where that is 0, from now on, and since ever where
    nothing is known of the facility yet. A line that differs from the row which began when it says, or that repeats
    a row which has ended, says nothing of the past: it holds from now on, and what held until now stays known.
    Assets of a kind that the list does not name stay as they are.
    """
    after, added, changed = [], [], []
    for line in listed:
        start = line.from_ns or (now_ns if known.all else 0)
        old = known.current(line.code, start)
        if old is not None and start < now_ns and _from_now(old, line, now_ns):
            start = now_ns
            old = known.current(line.code, start)
        asset = replace(line, from_ns=start, until_ns=None)
        if old is None:
            added.append(asset)
        elif not _same(old, asset):
            changed.append(Change(old, asset))
        after.append(asset)
    codes, kinds = {asset.code for asset in listed}, {asset.kind for asset in listed}
    removed = {
        row.code: row
        for row in known.all
        if row.kind in kinds and row.code not in codes and (row.until_ns or now_ns + 1) > now_ns
    }
    return Differences(tuple(after), tuple(added), tuple(removed.values()), tuple(changed))


def _from_now(old: Asset, line: Asset, now_ns: int) -> bool:
    """Whether a line that names a moment of the row ``old`` is meant from now on (see ``compare``)."""
    if _same(old, line):
        return old.until_ns is not None and old.until_ns <= now_ns
    return old.from_ns == line.from_ns


def _same(one: Asset, other: Asset) -> bool:
    """Whether both say the same, whenever they hold."""
    return all(getattr(one, name) == getattr(other, name) for name in SAID)
