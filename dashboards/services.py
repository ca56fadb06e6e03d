"""What the pages stand on: one object of the application, ``current_app.extensions["ioc"]``."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import ParamSpec, TypeVar

from flask import Flask, current_app
from sqlalchemy import Engine

from alerts import Acts, IncidentBook, IncidentReader
from dashboards.acts import AuditedActs
from dashboards.census import Desk
from dashboards.live.hub import Hub
from dashboards.offload import in_background, offload
from dashboards.reckon import Lens
from dashboards.snapshot import Snapshots
from ioc.access import Sessions, SlowDown, Tokens, Users
from ioc.assets import AssetRegister, Drafts
from ioc.beds import BedRegister
from ioc.catalogue import Catalogue
from ioc.census import CensusReader
from ioc.config import Settings
from ioc.domain import Clock
from ioc.intake import Quarantine
from ioc.latest import Book
from ioc.registry import Registry
from ioc.telemetry import Pulses
from ioc.timeseries import Store

P = ParamSpec("P")
T = TypeVar("T")


@dataclass
class Services:
    """The parts of the centre that a web process uses."""

    app: Flask
    settings: Settings
    catalogue: Catalogue
    registry: Registry
    book: Book
    store: Store
    engine: Engine
    hub: Hub
    clock: Clock
    quarantine: Quarantine
    incidents: IncidentBook

    @cached_property
    def incident_reader(self) -> IncidentReader:
        """Single incidents with their timelines, and lists that reach into the past; asks the database each time."""
        return IncidentReader(self.engine)

    @cached_property
    def beds(self) -> BedRegister:
        """The register of beds; asks the database, and keeps what has not changed."""
        return BedRegister(self.engine, self.clock)

    @cached_property
    def assets(self) -> AssetRegister:
        """The register of assets; asks the database, and keeps what has not changed."""
        return AssetRegister(self.engine, self.clock)

    @cached_property
    def drafts(self) -> Drafts:
        """Lists of assets that wait for their word."""
        return Drafts(self.engine, self.clock)

    @cached_property
    def census_reader(self) -> CensusReader:
        """Stays, beds and findings of any moment; asks the database each time."""
        return CensusReader(self.engine, self.registry, self.beds, self.settings, self.catalogue)

    @cached_property
    def census(self) -> Desk:
        """The present of each facility's beds, shared by all that show it."""
        return Desk(self.census_reader, self.beds, self.registry, self.catalogue)

    @cached_property
    def acts(self) -> Acts:
        """What a person does with an incident; the audit log knows of it."""
        return AuditedActs(self.engine, self.clock)

    @cached_property
    def users(self) -> Users:
        """People who may log in."""
        return Users(self.engine, self.clock)

    @cached_property
    def tokens(self) -> Tokens:
        """Keys of programs and screens."""
        return Tokens(self.engine, self.clock)

    @cached_property
    def sessions(self) -> Sessions:
        """Who is logged in."""
        return Sessions(self.engine, self.clock, self.settings.web.session_hours)

    @cached_property
    def pulses(self) -> Pulses:
        """What the processes of the centre say of themselves; asks the database each time."""
        return Pulses(self.engine)

    @cached_property
    def slow_down(self) -> SlowDown:
        """What makes guessing passwords slow."""
        return SlowDown(self.clock)

    @cached_property
    def snapshots(self) -> Snapshots:
        """The present by facility and site."""
        return Snapshots(self.registry)

    def lens(self, book: Book, facility: str, site: str, language: str, now_ns: int) -> Lens:
        """What a facility or site is seen through at this moment, in this language."""
        present = self.snapshots.at(book, facility, site, now_ns)
        return Lens(present, self.catalogue, language, self.settings.timezone)

    def offload(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do what may block for over 20 ms beside gevent's loop; ``work`` has no flask context."""
        return offload(work, *args, **kwargs)

    def in_background(self, work: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
        """The same without waiting, for what may as well not be done."""
        in_background(work, *args, **kwargs)

    def present(self) -> Book:
        """The book as of now: the hub keeps it up to date while it runs, else it is read anew."""
        if not self.hub.running:
            self.hub.catch_up()
        return self.book

    def alerts(self) -> IncidentBook:
        """The incidents as of now, likewise."""
        self.present()
        return self.incidents


def services() -> Services:
    """The services of the application that serves this request."""
    found: Services = current_app.extensions["ioc"]
    return found
