"""Rules and people as their files say now: looked at every two seconds, taken over whole or not at all."""

import logging
import threading
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson

from alerts.incidents import WATCHDOG
from alerts.kept import keep, kept_folder
from alerts.people import Channel, Group, People, Person, load_people, read_people
from alerts.people import digest as digest_of_people
from alerts.rules import RuleSet, document_of, load_rules
from alerts.rules import digest as digest_of_rules
from ioc.catalogue import Catalogue, Text
from ioc.config import Faults, Secret, Settings
from ioc.domain import SECOND, Clock, SystemClock
from ioc.errors import Fault, RefuseToStartError
from ioc.registry import Registry

log = logging.getLogger(__name__)

LOOK_EVERY_NS = 2 * SECOND


class PeopleFile:
    """Called, it gives everybody as of now; any thread may call it. Raises RefuseToStartError when it is made.

    Where there is a receiver for signs of life, it is one person more, alone in a group of the same name.
    """

    def __init__(self, settings: Settings, clock: Clock | None = None, first: Path | None = None) -> None:
        """``first``: read those that lie there, and look for newer ones where they belong."""
        self._settings = settings
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._looked_ns = 0
        self.digest = digest_of_people(settings.config_dir)
        self.faults: list[Fault] = []
        self._people = self._load(first)

    def __call__(self) -> People:
        """Everybody; after a faulty change those of before."""
        with self._lock:
            now_ns = self._clock.now_ns()
            if not 0 <= now_ns - self._looked_ns < LOOK_EVERY_NS:
                self._looked_ns = now_ns
                self._look()
        return self._people

    def _look(self) -> None:
        digest = digest_of_people(self._settings.config_dir)
        if digest == self.digest:
            return
        self.digest = digest
        try:
            self._people = self._load()
        except RefuseToStartError as error:
            self.faults = error.faults
            log.warning("people.yaml is faulty and the one before goes on to hold:\n%s", error)
        else:
            self.faults = []
            log.info("people.yaml has been read anew.")

    def _load(self, first: Path | None = None) -> People:
        people = load_people(first or self._settings.config_dir, self._settings, self._settings.config_dir)
        url = self._settings.notify.watchdog_url
        if not url:
            return people
        channel = Channel("webhook", "webhook", Secret(url))
        receiver = Person(WATCHDOG, WATCHDOG, self._settings.language, "", (channel,))
        group = Group(WATCHDOG, Text(WATCHDOG, WATCHDOG), (WATCHDOG,))
        return replace(people, people={**people.people, WATCHDOG: receiver}, groups={**people.groups, WATCHDOG: group})


def with_watchdog(settings: Settings) -> Settings:
    """The same settings, where webhooks may also call the receiver of signs of life."""
    host = urlsplit(settings.notify.watchdog_url).netloc.rpartition("@")[2]
    allowed = (*settings.notify.allowed_hosts, *([host] if host else []))
    return replace(settings, notify=replace(settings.notify, allowed_hosts=allowed))


def open_files(
    settings: Settings, catalogue: Catalogue, registry: Registry, clock: Clock | None = None
) -> tuple[PeopleFile, "RuleFiles"]:
    """People and rules; raises RefuseToStartError with every fault of both.

    Where there is a copy of those that were in force before, it goes on to hold, and the faults are told.
    """
    try:
        return _open_newest(settings, catalogue, registry, clock)
    except RefuseToStartError as refused:
        kept = kept_folder(settings.data_dir)
        if not kept.exists():
            raise
        try:
            known = PeopleFile(settings, clock, kept)
            files = RuleFiles(settings, catalogue, registry, known, kept)
        except RefuseToStartError:  # they do not fit what else was changed
            raise refused from None
        files.refuse(refused.faults)
        return known, files


def _open_newest(
    settings: Settings, catalogue: Catalogue, registry: Registry, clock: Clock | None
) -> tuple[PeopleFile, "RuleFiles"]:
    people, found = read_people(settings.config_dir, settings)
    if found:
        faults = Faults("P")
        faults.found += found
        with faults.collecting():
            load_rules(settings.config_dir, catalogue, registry, people.groups)
        faults.refuse()
    known = PeopleFile(settings, clock)
    return known, RuleFiles(settings, catalogue, registry, known)


class RuleFiles:
    """The rules in force, and why newer ones are not. Raises RefuseToStartError when it is made."""

    def __init__(
        self,
        settings: Settings,
        catalogue: Catalogue,
        registry: Registry,
        people: PeopleFile,
        first: Path | None = None,
    ) -> None:
        """``first``: read those that lie there, and look for newer ones where they belong."""
        self._config_dir = settings.config_dir
        self._data_dir = settings.data_dir
        self._catalogue = catalogue
        self._registry = registry
        self._people = people
        self._looked_ns = 0
        self._loaded_at_ns = 0
        self._refused_at_ns: int | None = None
        self._faults: list[Fault] = []
        self._seen = self._digests()
        self.rules = self._load(first)

    def refuse(self, faults: list[Fault]) -> None:
        """The newest files are not in force, for these reasons."""
        self._faults = faults
        faulty = RefuseToStartError(faults)
        log.warning("The rules or people are faulty and those of before go on to hold:\n%s", faulty)

    @property
    def faults(self) -> list[Fault]:
        """Why the newest files are not in force; none where they are."""
        return [*self._people.faults, *self._faults]

    def row(self) -> dict[str, Any]:
        """What pages are to know of it, as ``alerts.tables.rule_sets`` keeps it."""
        document = document_of(self.rules.rules.values(), self._catalogue, self._people().groups)
        return {
            "id": 1,
            "digest": self.rules.digest,
            "loaded_at_ns": self._loaded_at_ns,
            "document": orjson.dumps(document).decode(),
            "refused_at_ns": self._refused_at_ns,
            "faults": orjson.dumps([asdict(fault) for fault in self.faults]).decode(),
        }

    def look(self, now_ns: int) -> bool:
        """Whether rules or faults are others than at the last look."""
        if not self._loaded_at_ns:
            self._loaded_at_ns = now_ns
            self._refused_at_ns = now_ns if self.faults else None
            self._keep()
        if 0 <= now_ns - self._looked_ns < LOOK_EVERY_NS:
            return False
        self._looked_ns = now_ns
        self._people()
        digests = self._digests()
        if digests == self._seen:
            return False
        self._seen = digests
        try:
            self.rules = self._load()
        except RefuseToStartError as error:
            self.refuse(error.faults)
        else:
            self._faults = []
            self._loaded_at_ns = now_ns
            self._keep()
            log.info("The rules have been read anew: %d.", len(self.rules.rules))
        self._refused_at_ns = now_ns if self.faults else None
        return True

    def _digests(self) -> tuple[str, str]:
        return digest_of_rules(self._config_dir), self._people.digest

    def _keep(self) -> None:
        if not self.faults:
            keep(self._config_dir, self._data_dir, self._seen)

    def _load(self, first: Path | None = None) -> RuleSet:
        return load_rules(first or self._config_dir, self._catalogue, self._registry, self._people().groups)
