"""A rule, people, a database and a record of incidents: what the tests of all that is written stand on."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Engine, Table, select

import alerts.tables
from alerts.compose import Composer
from alerts.engine import Step
from alerts.event import Event, Happened, Labels, TrackState
from alerts.level import Level
from alerts.people import Channel, Group, People, Person
from alerts.record import Record
from alerts.rules import Ack, Condition, Kind, LevelRule, Missing, Notify, Op, Read, Rule, Runbook
from ioc.catalogue import Catalogue, Text, load_catalogue
from ioc.config import Secret, Settings, load_settings
from ioc.database import make_engine, metadata, reading
from ioc.domain import MINUTE, SECOND, VirtualClock
from ioc.lease import Lease
from ioc.registry import Registry, load_registry

CONFIGS = Path(__file__).parents[3] / "configs"
T0 = 1_763_859_600 * SECOND
LABELS: Labels = (("device", "tl-01"), ("facility", "bv01"), ("site", "cs1"))
SERIES = "fridge.temp,device=tl-01,facility=bv01,site=cs1,source=mqtt"
INCIDENT = "i0123456789abcde"

RULE = Rule(
    id="fridge-warm",
    title=Text("{device} ấm: {value:.1f} °C", "{device} is warm: {value:.1f} °C", "{device} est chaud"),
    kind=Kind.THRESHOLD,
    read=Read("fridge.temp", ("device", "facility", "site")),
    levels=(
        LevelRule(Level.WARNING, Condition(Op.GT, 8.0), Condition(Op.LE, 7.5)),
        LevelRule(Level.CRITICAL, Condition(Op.GT, 12.0), Condition(Op.LE, 11.0)),
    ),
    missing=Missing(15 * MINUTE, Level.WARNING),
    notify=Notify("pharmacy"),
    ack=Ack(Level.CRITICAL, 30 * MINUTE, reason=True),
    owner="pharmacy",
    runbook=Runbook("runbooks/fridge.md", {"vi": ("Xem cửa tủ",), "en": ("Look at the door",)}, {"en": "WHO"}),
    review_by="2027-06-30",
    where="configs/rules/cold-chain.yaml:3",
)


def person(code: str, language: str, *kinds: str) -> Person:
    channels = tuple(Channel(kind, kind.partition("-")[0], Secret(f"{kind}:{code}")) for kind in kinds)
    return Person(code, code.capitalize(), language, "", channels)


LAN = person("lan", "vi", "email", "webhook")
MINH = person("minh", "en", "email")


def people(*members: Person, group: str = "pharmacy") -> People:
    found = {each.code: each for each in members}
    return People(found, {group: Group(group, Text(group, group), tuple(found))})


@cache
def catalogue() -> Catalogue:
    return load_catalogue(CONFIGS)


@cache
def registry() -> Registry:
    return load_registry(CONFIGS, catalogue())


def settings_of(folder: Path, **more: str) -> Settings:
    return load_settings({"IOC_DATA_DIR": str(folder / "data"), "IOC_CONFIG_DIR": str(CONFIGS), **more})


def event(kind: Happened, level: Level = Level.WARNING, at_ns: int = T0, **more: Any) -> Event:
    given: dict[str, Any] = {"value": 9.1, "limit": 8.0, "series": SERIES, "rule": RULE, "labels": LABELS}
    given |= {"incident": INCIDENT, "limits": (("warning", ">", 8.0), ("critical", ">", 12.0))} | more
    return Event(kind, given.pop("rule"), given.pop("labels"), given.pop("incident"), level, at_ns, **given)


def state(level: Level = Level.NONE, **more: Any) -> TrackState:
    return TrackState(RULE.id, LABELS, repr(RULE.read), level=level, **more)


@dataclass
class Scene:
    """One database with the record of one scheduler, ``lan`` (vi) and ``minh`` (en) in the group of the rule."""

    folder: Path
    clock: VirtualClock = field(default_factory=lambda: VirtualClock(T0))
    people: People = field(default_factory=lambda: people(LAN, MINH))
    more: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def engine(self) -> Engine:
        engine = make_engine(f"sqlite:///{self.folder / 'ioc.sqlite'}")
        metadata.create_all(engine)
        return engine

    @cached_property
    def lease(self) -> Lease:
        lease = Lease(self.engine, "scheduler", "a", self.clock)
        assert lease.acquire()
        return lease

    @cached_property
    def record(self) -> Record:
        composer = Composer(settings_of(self.folder, **self.more), catalogue(), registry())
        return Record(self.engine, self.lease, lambda: self.people, composer)

    def commit(self, *events: Event, states: tuple[TrackState, ...] = (), tried_ns: int | None = None) -> None:
        step = Step(list(events), list(states))
        self.record.commit(step, self.lease.token, self.clock.now_ns(), tried_ns)

    def rows(self, table: Table) -> list[dict[str, Any]]:
        with reading(self.engine) as connection:
            return [dict(row) for row in connection.execute(select(table)).mappings()]

    def incident(self) -> dict[str, Any]:
        [row] = self.rows(alerts.tables.incidents)
        return row

    def kinds(self) -> list[str]:
        return [row["kind"] for row in sorted(self.rows(alerts.tables.events), key=lambda row: row["seq"])]

    def sent(self) -> list[tuple[str, str, str, str]]:
        """(dedup_key, status, person, channel) of all that is to be sent, in its order."""
        return [
            (row["dedup_key"], row["status"], row["person"], row["channel"])
            for row in self.rows(alerts.tables.deliveries)
        ]

    def messages(self) -> list[dict[str, Any]]:
        return [orjson.loads(row["message"]) for row in self.rows(alerts.tables.deliveries)]


def rule(**more: Any) -> Rule:
    return replace(RULE, **more)
