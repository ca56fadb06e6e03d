"""Who can be told: the people and groups of ``configs/people.yaml``.

Addresses are secrets: they stand in no log, fault or page as a whole, only masked (``l…@bv01.vn``).
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field

from ioc.catalogue import Text
from ioc.config import Document, Faults, Secret, Settings, Shape, Where, hint_for, load_yaml, shown, validate_each
from ioc.config import validate as fit
from ioc.errors import Fault, RefuseToStartError

FILE = "people.yaml"
KINDS = ("email", "webhook", "apprise")
AREA = "P"  # IOC-P010 and so on
_CODE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", re.ASCII)
_EMAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[a-z0-9-]+(\.[a-z0-9-]+)*", re.ASCII | re.IGNORECASE)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://\S+", re.ASCII | re.IGNORECASE)
_ADDRESS = re.compile(r"[^\s'\"]+@[^\s'\"]+|[a-z][a-z0-9+.-]*://[^\s'\"]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Channel:
    """One way to reach a person. ``name`` is unique within the person: email, email-2, webhook …"""

    name: str
    kind: str  # one of KINDS
    address: Secret

    @property
    def masked(self) -> str:
        """What may be shown of the address: ``l…@bv01.vn``, ``https://host/…``, ``tgram://…``."""
        return mask(self.address.reveal())


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can be told. ``user`` is the name that they log in with, empty where they do not."""

    code: str
    name: str
    language: str
    user: str
    channels: tuple[Channel, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """What a rule notifies. ``members`` are codes of people."""

    code: str
    title: Text
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class People:
    """Everybody, as loaded together; ``warnings`` are what is allowed and yet reaches nobody."""

    people: Mapping[str, Person]
    groups: Mapping[str, Group]
    digest: str = ""
    warnings: tuple[Fault, ...] = ()

    def person(self, code: str) -> Person | None:
        """The person of this code, or None."""
        return self.people.get(code)

    def group(self, code: str) -> Group | None:
        """The group of this code, or None."""
        return self.groups.get(code)

    def members(self, group: str) -> list[Person]:
        """The people of a group; none where there is no such group."""
        found = self.groups.get(group)
        return [self.people[code] for code in found.members if code in self.people] if found else []


def mask(address: str) -> str:
    """An address as it may be shown."""
    scheme, separator, _ = address.partition("://")
    if not separator:
        local, _, domain = address.partition("@")
        return f"{local[:1]}…@{''.join(filter(str.isprintable, domain))}" if domain else "…"
    host = _host(address) if scheme.lower() in ("http", "https") else ""
    return f"{scheme}://{host}/…" if host else f"{scheme}://…"


def host_allowed(url: str, allowed_hosts: Iterable[str]) -> bool:
    """Whether a webhook may call this URL: its host stands in the list, alone or with the port."""
    host = _host(url)
    if not host:
        return False
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme.lower() == "https" else 80)
    name = host.rpartition(":")[0] if parts.port else host
    return bool({name, f"{name}:{port}"} & {allowed.lower() for allowed in allowed_hosts})


def load_people(config_dir: Path, settings: Settings, base: Path | None = None) -> People:
    """The people of ``config_dir``; raises RefuseToStartError with every fault found."""
    people, found = read_people(config_dir, settings, base)
    faults = Faults(AREA)
    faults.found = found
    faults.refuse()
    return people


def read_people(config_dir: Path, settings: Settings | None, base: Path | None = None) -> tuple[People, list[Fault]]:
    """As much as can be read, and every fault: for those who report on more than people.

    ``base`` is the folder from which an ``apprise_file`` is named, where it is another one.

    Without settings (they are faulty themselves) nothing is said of hosts that may be called or of a mail server.
    """
    faults, warnings = Faults(AREA), Faults(AREA)
    read = digest(config_dir)
    try:
        document = load_yaml(config_dir / FILE, AREA)
    except RefuseToStartError as error:
        return People({}, {}, read), error.faults
    if base is not None:
        document = replace(document, path=base / FILE)
    reader = _Reader(document, settings, faults, warnings)
    people, groups = reader.people(), reader.groups()
    reader.members(people, groups)
    told = tuple(_without_addresses(fault) for fault in warnings.found)
    return People(people, groups, read, told), [_without_addresses(fault) for fault in faults.found]


def digest(config_dir: Path) -> str:
    """SHA-256 of the file; empty where it cannot be read. A file of Apprise URLs does not count."""
    try:
        return hashlib.sha256((config_dir / FILE).read_bytes()).hexdigest()
    except OSError:
        return ""


def _host(url: str) -> str:
    """Host and port as they stand in a URL, in small letters; empty where there is none, or the port is no port."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    name = parts.hostname or ""
    return f"{f'[{name}]' if ':' in name else name}{port}" if name else ""


def _without_addresses(fault: Fault) -> Fault:
    return replace(fault, what=_ADDRESS.sub(lambda match: mask(match[0]), fault.what))


def _addresses(value: Any) -> Any:
    """One address or a list of them; what is neither is refused without being printed."""
    found = [value] if isinstance(value, str) else value
    if not isinstance(found, list) or not all(isinstance(one, str) and one for one in found):
        raise ValueError("an address or a list of addresses is needed")
    return tuple(found)


_Addresses = Annotated[tuple[str, ...], BeforeValidator(_addresses)]


class _Person(Shape):
    name: str = Field(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f]*$")
    language: Literal["vi", "en", "fr"]
    user: str = ""
    email: _Addresses = ()
    webhook: _Addresses = ()
    apprise: _Addresses = ()
    apprise_file: str = ""


class _Title(Shape):
    vi: str = Field(min_length=1)
    en: str = Field(min_length=1)
    fr: str = ""


class _Group(Shape):
    title: _Title
    members: list[str] = Field(default_factory=list)


class _File(Shape):
    schema_: Literal["ioc.people/1"] = Field(alias="schema")
    people: dict[str, Any] = Field(default_factory=dict)
    groups: dict[str, Any] = Field(default_factory=dict)


class _Reader:
    """Reads one document."""

    def __init__(self, document: Document, settings: Settings | None, faults: Faults, warnings: Faults) -> None:
        self._document = document
        self._notify = settings and settings.notify
        self._faults = faults
        self._warnings = warnings
        fit(_File, document, faults)

    def _fault(self, number: int, where: Where, what: str, hint: str = "") -> None:
        self._faults.add(number, self._document.where(where), what, hint)

    def _warn(self, number: int, where: Where, what: str, hint: str = "") -> None:
        self._warnings.add(number, self._document.where(where), what, hint)

    def people(self) -> dict[str, Person]:
        """Everybody by code."""
        found = {}
        for code, shape in validate_each(_Person, self._document, self._faults, ("people",)).items():
            self._code(code, ("people", code))
            if shape is not None:
                found[code] = Person(code, shape.name, shape.language, shape.user, tuple(self._channels(code, shape)))
        users = Counter(person.user for person in found.values() if person.user)
        for person in found.values():
            if users[person.user] > 1:
                where = ("people", person.code, "user")
                self._fault(11, where, f"the user {person.user!r} is named by {users[person.user]} people.")
        return found

    def groups(self) -> dict[str, Group]:
        """All groups by code; a faulty one stands there without members, so that rules may name it."""
        found = {}
        for code, shape in validate_each(_Group, self._document, self._faults, ("groups",)).items():
            self._code(code, ("groups", code))
            title = Text(shape.title.vi, shape.title.en, shape.title.fr) if shape else Text(code, code)
            found[code] = Group(code, title, tuple(shape.members) if shape else ())
        return found

    def members(self, people: Mapping[str, Person], groups: Mapping[str, Group]) -> None:
        """Checks who is named by the groups."""
        written = self._document.data.get("people") if isinstance(self._document.data, dict) else None
        known = written if isinstance(written, dict) else {}
        for group in groups.values():
            for n, code in enumerate(group.members):
                where = ("groups", group.code, "members", n)
                if code not in known:
                    self._fault(12, where, f"there is no person {code!r}.", hint_for(code, known))
                elif code in group.members[:n]:
                    self._fault(12, where, f"{code!r} stands in {group.code} a second time.")
                elif code in people and not people[code].channels:
                    what = f"{code} has no channel: what {group.code} is told never arrives there."
                    self._warn(13, ("people", code), what, f"Known: {', '.join(KINDS)}, apprise_file.")
        if empty := [group.code for group in groups.values() if not group.members]:
            what = f"nobody is in {', '.join(empty)}: incidents are shown on the pages and told to nobody."
            self._warn(14, ("groups",), what, "Write members: [code, …].")

    def _code(self, code: str, where: Where) -> None:
        if not _CODE.fullmatch(code):
            self._fault(10, where, f"{code!r} is no code.", "Words of a-z and 0-9 with - between them.")

    def _channels(self, code: str, shape: _Person) -> Iterator[Channel]:
        checks = {"email": self._email, "webhook": self._webhook, "apprise": self._apprise}
        for kind, check in checks.items():
            where: Where = ("people", code, kind)
            found = [(address, (*where, n)) for n, address in enumerate(getattr(shape, kind))]
            if kind == "apprise" and shape.apprise_file:
                found += self._lines(shape.apprise_file, ("people", code, "apprise_file"))
            for n, (address, at) in enumerate(found, start=1):
                check(address, at)
                yield Channel(kind if n == 1 else f"{kind}-{n}", kind, Secret(address))

    def _email(self, address: str, where: Where) -> None:
        if not _EMAIL.fullmatch(address):
            self._fault(15, where, f"{mask(address)} is no e-mail address.", "Such as lan@bv01.vn.")
        elif self._notify and not self._notify.smtp_url:
            what = "an e-mail address is written, but there is no mail server: no e-mail is sent."
            self._warn(15, where, what, "Set IOC_NOTIFY__SMTP_URL.")

    def _webhook(self, address: str, where: Where) -> None:
        fault = partial(self._fault, 16, where)
        scheme = address.partition("://")[0].lower()
        if scheme not in ("http", "https") or not address.isprintable() or " " in address or not _host(address):
            fault("it is no web address.", "Such as https://host/path.")
        elif "@" in urlsplit(address).netloc:
            fault(f"{mask(address)} holds a name or password.", "Webhooks are signed: leave it out.")
        elif self._notify and not host_allowed(address, self._notify.allowed_hosts):
            what = f"webhooks may not call {_host(address)}."
            fault(what, f"Add it to IOC_NOTIFY__ALLOWED_HOSTS (notify.allowed_hosts): {_host(address)}")

    def _apprise(self, address: str, where: Where) -> None:
        if not _SCHEME.fullmatch(address):
            self._fault(17, where, "an Apprise URL has a scheme.", "Such as tgram://token/chat.")

    def _lines(self, name: str, where: Where) -> list[tuple[str, Where]]:
        """The URLs of a file, one a line; # begins a comment."""
        path = self._document.path.parent / name
        try:
            text = path.read_text(encoding="utf-8")
            mode = path.stat().st_mode
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
            self._fault(17, where, f"{shown(path)} cannot be read: {reason}.")
            return []
        if mode & 0o077:
            self._warn(17, where, f"{shown(path)} can be read by others.", f"chmod 600 {shown(path)}")
        lines = (line.strip() for line in text.splitlines())
        return [(line, where) for line in lines if line and not line.startswith("#")]
