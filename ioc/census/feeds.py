"""How old each facility's census is: the newest message of its sources, the silences, what must be sampled again."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, or_, select, update

from ioc.census.model import Feed
from ioc.census.rows import Values
from ioc.census.statements import add, put
from ioc.census.tables import feeds, gaps, sampled
from ioc.domain import Fact, Quality

_FEEDS = select(feeds).where(feeds.c.facility.in_(bindparam("facilities", expanding=True)))
_AGAIN = (
    update(sampled)
    .where(sampled.c.facility == bindparam("its_facility"), sampled.c.to_ns >= bindparam("first_ns"))
    .where(or_(sampled.c.again_from_ns.is_(None), sampled.c.again_from_ns > bindparam("first_ns")))
    .values(again_from_ns=bindparam("first_ns"))
)


def heard_ns(fact: Fact) -> int:
    """The time that a fact is news of: of its message or of what happened, never later than its receipt."""
    return min(max(fact.sent_ns, fact.occurred_ns), fact.received_ns)


class FeedBook:
    """Writes ``census_feed``, ``census_gap`` and ``census_sampled``."""

    def __init__(self, engine: Engine, silence_ns: int) -> None:
        self._silence_ns = silence_ns
        self._put = put(engine, feeds)
        self._add_gap = add(engine, gaps)

    def known(self, connection: Connection, facilities: Iterable[str]) -> dict[str, list[Feed]]:
        """What was known of these facilities, by facility: one entry a source."""
        found: dict[str, list[Feed]] = {}
        for row in connection.execute(_FEEDS, {"facilities": sorted(facilities)}):
            found.setdefault(row.facility, []).append(feed_of_row(row))
        return found

    def write(
        self,
        connection: Connection,
        known: Mapping[str, Sequence[Feed]],
        heard: Iterable[Fact],
        changed: AbstractSet[str],
    ) -> None:
        """Take note of what was heard, new or not; ``changed`` names the facilities whose census is another now."""
        by_facility: dict[str, dict[str, list[Fact]]] = {}
        for fact in heard:
            by_facility.setdefault(fact.facility, {}).setdefault(fact.source, []).append(fact)
        for facility, by_source in by_facility.items():
            before = {feed.source: feed for feed in known.get(facility, ())}
            number = max((feed.changed for feed in before.values()), default=0) + (facility in changed)
            self._put.run(connection, [_row(before.get(s), facts, number) for s, facts in by_source.items()])
            times = {heard_ns(fact) for facts in by_source.values() for fact in facts}
            self._note_silence(connection, facility, max((f.as_of_ns for f in before.values()), default=None), times)

    def sample_again(self, connection: Connection, fresh: Iterable[Fact], changed: AbstractSet[str]) -> None:
        """Ask for the samples from the first of these facts on, where they are written already."""
        first: dict[str, int] = {}
        for fact in fresh:
            if fact.facility in changed:
                first[fact.facility] = min(first.get(fact.facility, fact.occurred_ns), fact.occurred_ns)
        if first:
            rows = [{"its_facility": facility, "first_ns": first_ns} for facility, first_ns in first.items()]
            connection.execute(_AGAIN, rows)

    def _note_silence(self, connection: Connection, facility: str, last_ns: int | None, times: set[int]) -> None:
        rows = []
        for time_ns in sorted(times):
            if last_ns is not None and time_ns - last_ns > self._silence_ns:
                rows.append((facility, last_ns + self._silence_ns, time_ns))
            last_ns = time_ns if last_ns is None else max(last_ns, time_ns)
        self._add_gap.run(connection, rows)


def feed_of_row(row: Any) -> Feed:
    """A row of ``census_feed``."""
    quality = Quality(row.quality)
    return Feed(row.facility, row.source, row.first_ns, row.as_of_ns, row.received_ns, quality, row.changed)


def together(found: Sequence[Feed]) -> Feed | None:
    """What the sources of one facility say together; None where there is none."""
    if not found:
        return None
    newest = max(found, key=lambda feed: (feed.as_of_ns, feed.received_ns, feed.source))
    return replace(
        newest,
        first_ns=min(feed.first_ns for feed in found),
        received_ns=max(feed.received_ns for feed in found),
        changed=max(feed.changed for feed in found),
    )


def _row(before: Feed | None, heard: Sequence[Fact], changed: int) -> Values:
    """The row of one source after these facts."""
    newest = max(heard, key=lambda fact: (heard_ns(fact), fact.received_ns))
    feed = Feed(
        newest.facility,
        newest.source,
        min(min(fact.sent_ns, fact.received_ns) for fact in heard),
        heard_ns(newest),
        max(fact.received_ns for fact in heard),
        newest.quality,
        changed,
    )
    if before is not None:
        older = before if before.as_of_ns > feed.as_of_ns else feed
        feed = replace(
            feed,
            first_ns=min(feed.first_ns, before.first_ns),
            as_of_ns=older.as_of_ns,
            received_ns=max(feed.received_ns, before.received_ns),
            quality=older.quality,
        )
    times = feed.first_ns, feed.as_of_ns, feed.received_ns
    return feed.facility, feed.source, *times, feed.quality.value, feed.changed
