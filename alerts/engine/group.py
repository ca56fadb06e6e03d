"""The series that one incident is about: which of them speak, and the one value that they make together."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import inf

from alerts.engine.limits import EVERYTHING, Band
from alerts.rules import Take
from ioc.domain import STALE_AFTER, Quality
from ioc.latest import Present

Thing = tuple[tuple[str, str], ...]  # the tags of a series; without its source where that makes no difference


@dataclass(slots=True, eq=False)
class Feed:
    """One series as the engine knows it.

    ``row`` is the newest value that may be judged, or where there never was one the row that says that it exists
    (``usable`` False). ``moved``: the registry has the device somewhere else now, so nobody waits for this series.
    Values within ``band`` change nothing.
    """

    row: Present
    usable: bool
    moved: bool = False
    band: Band = EVERYTHING

    @property
    def event_ns(self) -> int:
        """When it was so, by the source's time; a time that had not come yet counts as the moment of arrival."""
        return min(self.row.as_of_ns, self.row.received_ns)

    @property
    def waited_for(self) -> bool:
        """Whether its silence may be a fault: not that of a demo, nor of a device that stands elsewhere now."""
        return not self.moved and self.row.quality is not Quality.SIM

    def after_ns(self, missing_after_ns: int) -> int:
        """How long it may say nothing: what the rule says, or where it says nothing until its value is stale."""
        return missing_after_ns or STALE_AFTER * self.row.max_age_ns

    @property
    def stale_ns(self) -> int:
        """From when on its value may not be judged any more; 0 where it has none that may."""
        return self.event_ns + STALE_AFTER * self.row.max_age_ns + 1 if self.usable else 0


def may_be_judged(row: Present) -> bool:
    """Neither bad nor late when it came."""
    return row.quality is not Quality.BAD and row.received_ns - row.as_of_ns <= row.max_age_ns


@dataclass(slots=True)
class Sight:
    """A group at one moment. ``value``, ``event_ns`` and ``quality`` mean something where ``live``."""

    live: bool = False  # at least one member counts
    whole: bool = True  # every member that somebody waits for counts
    value: float = 0.0
    event_ns: int = 0  # of the newest that counts
    after_ns: int = 0  # how long that one may say nothing
    quality: Quality = Quality.GOOD
    silent: int = 0
    silent_ns: int = 0  # since when the first of them is
    closed: int = 0  # members whose silence a person has closed
    next_ns: float = inf  # when the next falls silent
    stale_ns: float = inf  # when the next ceases to count


@dataclass(slots=True)
class Group:
    """Members by their tags. Several sources of the same thing are one member: the newest.

    ``mute``: members with nothing usable of a group that was silent when the program ended: they are silent still.
    """

    take: Take
    missing_after_ns: int  # 0 where the rule does not say
    members: dict[Thing, list[Feed]] = field(default_factory=dict)
    mute: set[Thing] = field(default_factory=set)
    alone: bool = False  # one series is all there is, so that its value is the group's

    def add(self, thing: Thing, feed: Feed) -> None:
        """One more series."""
        self.members.setdefault(thing, []).append(feed)
        self.alone = len(self.members) == 1 and len(self.members[thing]) == 1 and self.take is not Take.COUNT

    def feeds(self) -> Iterable[Feed]:
        """Every series."""
        return (feed for feeds in self.members.values() for feed in feeds)

    def only(self) -> Feed | None:
        """The newest series of the only member; None where there are several."""
        return _newest(next(iter(self.members.values()))) if len(self.members) == 1 else None

    def sight(self, now_ns: int, closed_ns: int, *, alarming: bool) -> Sight:
        """How it stands now. Silences that began up to ``closed_ns`` were closed by a person.

        Of a demo, and of a device that has moved, silence counts only where nothing else speaks and a level is
        open: nobody else could end it.
        """
        sight = Sight()
        counted = []
        unexpected: list[int] = []
        for thing, feeds in self.members.items():
            feed = _newest(feeds)
            heard_ns = 0 if thing in self.mute and not feed.usable else feed.event_ns
            silent_ns = heard_ns + feed.after_ns(self.missing_after_ns)
            if silent_ns <= closed_ns:
                sight.closed += 1
                continue
            stale_ns = feed.stale_ns
            if now_ns < stale_ns:
                counted.append(feed)
                sight.stale_ns = min(sight.stale_ns, stale_ns)
            elif feed.waited_for:
                sight.whole = False
            if now_ns < silent_ns:
                sight.next_ns = min(sight.next_ns, silent_ns)
            elif feed.waited_for:
                sight.silent += 1
                sight.silent_ns = min(sight.silent_ns or silent_ns, silent_ns)
            else:
                unexpected.append(silent_ns)
        if alarming and unexpected and not sight.silent and sight.next_ns == inf:
            sight.silent, sight.silent_ns = len(unexpected), min(unexpected)
        if counted:
            self._put_together(counted, sight)
        return sight

    def _put_together(self, counted: Sequence[Feed], sight: Sight) -> None:
        newest = _newest(counted)
        sight.live = True
        sight.event_ns = newest.event_ns
        sight.after_ns = newest.after_ns(self.missing_after_ns)
        values = [feed.row.value for feed in counted]
        match self.take:
            case Take.LAST:
                of = [newest]
                sight.value = newest.row.value
            case Take.MIN | Take.MAX:
                sight.value = min(values) if self.take is Take.MIN else max(values)
                of = [counted[values.index(sight.value)]]
            case Take.MEAN | Take.SUM | Take.COUNT:
                of = list(counted)
                total = float(len(values)) if self.take is Take.COUNT else sum(values)
                sight.value = total / len(values) if self.take is Take.MEAN else total
        sight.quality = next((each.row.quality for each in of if each.row.quality is not Quality.GOOD), Quality.GOOD)


def _newest(feeds: Sequence[Feed]) -> Feed:
    return feeds[0] if len(feeds) == 1 else max(feeds, key=lambda feed: (feed.event_ns, feed.row.key))
