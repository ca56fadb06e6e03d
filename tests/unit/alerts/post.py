"""A database with deliveries, people and notifiers that remember, for the tests of outbox and dispatcher."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, insert, select

from alerts.message import Message, Status, encode_message
from alerts.people import Channel, People, Person
from alerts.tables import attempts, deliveries, incidents
from ioc.config import Secret
from ioc.database import make_engine, metadata, reading, writing
from ioc.domain import SECOND

T0 = 1_763_859_600 * SECOND


def message(**changes: Any) -> Message:
    """A refrigerator that is warm."""
    known: dict[str, Any] = {
        "incident": "i1",
        "dedup_key": "i1-1",
        "rule": "fridge-warm",
        "labels": {"facility": "bv01", "device": "tl-01"},
        "level": "critical",
        "status": Status.FIRING,
        "value": 9.4,
        "unit": "Cel",
        "quality": "good",
        "event_ns": T0,
        "sent_ns": T0,
        "url": "http://ioc.example/alerts/i1",
        "title": "Tủ tl-01 ấm 9,4 °C",
        "place": "BVĐK Sông Mây",
    }
    return Message(**known | changes)


def database(folder: Path) -> Engine:
    engine = make_engine(f"sqlite:///{folder / 'ioc.sqlite'}")
    metadata.create_all(engine)
    return engine


def _incident(engine: Engine, number: str) -> None:
    """The row that a delivery refers to; only that it is there matters here."""
    blank = {column.name: 0 if column.type.python_type in (int, float) else "" for column in incidents.columns}
    with writing(engine) as connection:
        if connection.execute(select(incidents.c.id).where(incidents.c.id == number)).first() is None:
            connection.execute(insert(incidents).values(blank | {"id": number}))


def put(
    engine: Engine,
    *,
    incident: str = "i1",
    seq: int = 1,
    level: str = "critical",
    to: tuple[str, str] = ("lan", "email"),
    due_ns: int = T0,
    **columns: Any,
) -> int:
    """A delivery as the alert job writes it; gives its id."""
    _incident(engine, incident)
    person, channel = to
    key = f"{incident}-{seq}"
    row = {
        "incident": incident,
        "dedup_key": key,
        "status": "firing",
        "level": level,
        "person": person,
        "person_name": person.title(),
        "channel": channel,
        "message": encode_message(message(incident=incident, dedup_key=key, level=level)),
        "state": "due",
        "created_ns": due_ns,
        "due_ns": due_ns,
    }
    with writing(engine) as connection:
        number = connection.execute(insert(deliveries).values(row | columns)).inserted_primary_key
    assert number is not None
    return int(number[0])


def row(engine: Engine, number: int) -> Any:
    with reading(engine) as connection:
        return connection.execute(select(deliveries).where(deliveries.c.id == number)).one()


def proof(engine: Engine, number: int) -> list[tuple[int, str, str]]:
    """Number, outcome and detail of each attempt."""
    asked = select(attempts.c.number, attempts.c.outcome, attempts.c.detail).where(attempts.c.delivery == number)
    with reading(engine) as connection:
        return [(it.number, it.outcome, it.detail) for it in connection.execute(asked.order_by(attempts.c.number))]


def people(addresses: dict[tuple[str, str], str]) -> People:
    """People by (person, channel) and address; the kind is the channel's name without its number."""
    channels: dict[str, list[Channel]] = {}
    for (person, channel), address in addresses.items():
        channels.setdefault(person, []).append(Channel(channel, channel.partition("-")[0], Secret(address)))
    return People({code: Person(code, code.title(), "vi", "", tuple(found)) for code, found in channels.items()}, {})


@dataclass
class Remembering:
    """A notifier that keeps what it is given, and answers with what it is told to: a word, or an error to raise."""

    answers: Iterable[str | Exception] = ()
    before: Callable[[Message, str], object] = lambda _message, _address: None
    sent: list[tuple[str, str]] = field(default_factory=list)  # address and dedup_key

    def __post_init__(self) -> None:
        self._answers = iter(self.answers)

    def send(self, message: Message, address: Secret, deadline_s: float) -> str:
        """Nothing leaves this process."""
        self.before(message, address.reveal())
        answer = next(self._answers, "250 taken")
        if isinstance(answer, Exception):
            raise answer
        self.sent.append((address.reveal(), message.dedup_key))
        return answer

    def other_side(self, address: Secret) -> str:
        """What stands behind the @."""
        return address.reveal().rpartition("@")[2]
