"""Who is told of an event, in which words, and who cannot be: rows of the outbox and lines of the timeline."""

from collections.abc import Collection, Iterator

from sqlalchemy import Connection, select

from alerts.compose import Composer
from alerts.event import Happened
from alerts.incidents import Incident
from alerts.message import Status
from alerts.people import People, Person
from alerts.rules import Notify
from alerts.tables import events
from alerts.timeline import Row, Told, chunks, delivery_of, end_messages, told_of


class Telling:
    """The messages of one transaction. ``rows`` are those to be written."""

    def __init__(self, people: People, composer: Composer, now_ns: int) -> None:
        self._people = people
        self._composer = composer
        self._now_ns = now_ns
        self._told: dict[str, Told] = {}
        self._untold: dict[str, set[str]] = {}
        self.rows: list[Row] = []

    def recall(self, connection: Connection, ids: Collection[str]) -> None:
        """Look up who was told of these incidents before, and of whom it was written that they could not be."""
        known = sorted(ids)
        self._told |= told_of(connection, known)
        for some in chunks(known):
            query = select(events.c.incident, events.c.text)
            query = query.where(events.c.incident.in_(some), events.c.kind == Happened.UNTOLD)
            for incident, text in connection.execute(query):
                self._untold.setdefault(incident, set()).add(text)

    def tell(
        self, incident: Incident, status: Status, seq: int, notify: Notify, *, again: bool = False
    ) -> Iterator[str]:
        """Tell the group where the level asks for it, and all who were told before; gives why anybody is not."""
        told = self._told.setdefault(incident.id, {})
        whom = dict.fromkeys(told)
        if incident.level >= notify.min_level:
            for each in self._group(notify.group):
                if isinstance(each, str):
                    yield from self._unheard(incident.id, each)
                else:
                    whom |= dict.fromkeys((each.code, channel.name) for channel in each.channels)
        texts: dict[str, str] = {}
        for code, channel in whom:
            person = self._people.person(code)
            if person is None or channel not in {each.name for each in person.channels}:
                continue  # was told before, and is not to be reached any more
            language = person.language
            if language not in texts:
                texts[language] = self._composer.message(incident, status, seq, language, again=again)
            row = delivery_of(incident, seq, status, texts[language], self._now_ns)
            self._add(incident.id, row | {"person": code, "person_name": person.name, "channel": channel})

    def tell_the_end(self, incident: Incident, seq: int) -> None:
        """Tell everybody who was told of it that it is over."""
        for row in list(end_messages(incident, seq, self._told.get(incident.id, {}), self._now_ns)):
            self._add(incident.id, row)

    def _add(self, incident: str, row: Row) -> None:
        self.rows.append(row)
        self._told.setdefault(incident, {})[row["person"], row["channel"]] = row

    def _group(self, code: str) -> Iterator[Person | str]:
        """The people of a group who can be reached; of those who cannot, why: ``no-channel:lan``."""
        group = self._people.group(code)
        if group is None:
            yield f"group-unknown:{code}"
            return
        if not group.members:
            yield f"group-empty:{code}"
        for member in group.members:
            person = self._people.person(member)
            if person is None or not person.channels:
                yield f"no-channel:{person.name if person else member}"
            else:
                yield person

    def _unheard(self, incident: str, why: str) -> Iterator[str]:
        """The reason, where it does not stand in the timeline already."""
        known = self._untold.setdefault(incident, set())
        if why not in known:
            known.add(why)
            yield why
