"""The table of settings, and what they are once loaded."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ioc.config.address import Address
from ioc.config.database_url import parse_database_url
from ioc.config.parse import (
    Networks,
    parse_bool,
    parse_count,
    parse_networks,
    parse_size,
    parse_timezone,
    parse_up_to_a_minute,
)
from ioc.config.secret import Secret


@dataclass(frozen=True, slots=True)
class Setting:
    """One line of the table. ``parse`` raises ValueError with a sentence; ``default`` is written as a person would.

    A ``secret`` or one with ``file`` may also be given as the name of a file that holds it (``…_FILE``).
    """

    name: str
    parse: Callable[[str], Any]
    default: str
    help: str
    file: bool = False

    @property
    def variable(self) -> str:
        """``web.bind`` is ``IOC_WEB__BIND``."""
        return f"IOC_{self.name.upper().replace('.', '__')}"

    @property
    def secret(self) -> bool:
        """Whether its value must never be shown or stand in configs/ioc.yaml."""
        return self.parse is Secret


@dataclass(frozen=True, slots=True)
class WebSettings:
    """The web server's."""

    bind: Address
    session_hours: int
    url: str
    proxies: Networks


@dataclass(frozen=True, slots=True)
class MqttSettings:
    """The broker's and the collector's. ``url`` is empty where the embedded broker is meant."""

    url: str = field(repr=False)
    bind: Address
    broker: str
    username: str
    password: Secret
    max_payload: int


@dataclass(frozen=True, slots=True)
class MllpSettings:
    """The door for HL7 messages: where it listens, the size above which a message is quarantined, in bytes, and
    the seconds after which a connection that sends nothing is closed."""

    bind: Address
    max_message: int
    idle_seconds: int


@dataclass(frozen=True, slots=True)
class CensusSettings:
    """What the census reckons with where nobody says it: when a bed that was left is clean (0: never), and when
    an emergency visit without an end is over."""

    clean_after_minutes: int
    emergency_hours: int


@dataclass(frozen=True, slots=True)
class HostsSettings:
    """Those of the collector that looks at this machine. ``name`` is empty where its host name is meant."""

    every_seconds: int
    name: str


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    """The relational database's. ``url`` may hold a password and is not printed."""

    url: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class InfluxdbSettings:
    """The InfluxDB 2 that keeps the series. ``url`` is empty where the centre keeps them itself, in SQLite; it may
    hold a password and is not printed."""

    url: str = field(repr=False)
    org: str
    bucket: str
    token: Secret
    ca_file: str


@dataclass(frozen=True, slots=True)
class JournalSettings:
    """The intake journal's."""

    max_bytes: int


@dataclass(frozen=True, slots=True)
class QuarantineSettings:
    """The quarantine's."""

    max_bytes: int
    days: int


@dataclass(frozen=True, slots=True)
class RetentionSettings:
    """How long the tiers of the time series are kept."""

    raw_days: int
    five_minutes_days: int
    one_hour_days: int


@dataclass(frozen=True, slots=True)
class NotifySettings:
    """The channels'. ``smtp_url`` and ``watchdog_url`` may hold a password or key and are not printed."""

    smtp_url: str = field(repr=False)
    smtp_password: Secret
    sender: str
    allowed_hosts: tuple[str, ...]
    webhook_key: Secret
    watchdog_url: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class BackupSettings:
    """The daily copy's."""

    every_hours: int
    keep: int


@dataclass(frozen=True, slots=True)
class LogSettings:
    """What is written to standard error, and how: ``text`` or ``json``."""

    level: str
    format: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that can be set. ``given`` names what was set on purpose, in the environment or in ioc.yaml:
    a default port that is taken moves on, a given one is an error."""

    data_dir: Path
    config_dir: Path
    timezone: str
    language: str
    simulate: bool
    web: WebSettings
    mqtt: MqttSettings
    mllp: MllpSettings
    hosts: HostsSettings
    census: CensusSettings
    database: DatabaseSettings
    influxdb: InfluxdbSettings
    journal: JournalSettings
    quarantine: QuarantineSettings
    retention: RetentionSettings
    notify: NotifySettings
    backup: BackupSettings
    log: LogSettings
    given: frozenset[str]


SECTIONS: dict[str, Callable[..., Any]] = {
    "web": WebSettings,
    "mqtt": MqttSettings,
    "mllp": MllpSettings,
    "hosts": HostsSettings,
    "census": CensusSettings,
    "database": DatabaseSettings,
    "influxdb": InfluxdbSettings,
    "journal": JournalSettings,
    "quarantine": QuarantineSettings,
    "retention": RetentionSettings,
    "notify": NotifySettings,
    "backup": BackupSettings,
    "log": LogSettings,
}


def _path(text: str) -> Path:
    if not text:
        raise ValueError("a folder is needed")
    return Path(text).expanduser().absolute()


def _one_of(*words: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in words:
            raise ValueError(f"{text!r} is none of {', '.join(words)}")
        return text

    return parse


def _there(text: str) -> str:
    if text and not _path(text).is_file():
        raise ValueError("there is no such file")
    return str(_path(text)) if text else ""


def _url(*schemes: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text and text.partition("://")[0].partition("+")[0] not in schemes:
            raise ValueError(f"it does not begin with {' or '.join(f'{scheme}://' for scheme in schemes)}")
        return text

    return parse


def _database_url(text: str) -> str:
    return parse_database_url(text) if text else ""


def _hours(text: str) -> int:
    return 0 if text == "0" else parse_count(text)


def _code(text: str) -> str:
    if text and re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", text, flags=re.ASCII) is None:
        raise ValueError(f"{text!r} is no code: letters, digits, . _ and -, the first a letter or a digit")
    return text


def _bucket(text: str) -> str:
    if not text:
        raise ValueError("a name is needed")
    return _code(text)


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


SETTINGS: tuple[Setting, ...] = (
    Setting("data_dir", _path, "./data", "Folder of all that is kept: databases, journal, secrets, pids."),
    Setting("config_dir", _path, "./configs", "Folder of ioc.yaml, catalogue, registry and boards. Environment only."),
    Setting("timezone", parse_timezone, "Asia/Ho_Chi_Minh", "Time zone of days and of clocks on screens."),
    Setting(
        "language", _one_of("vi", "en", "fr"), "vi", "Language of pages where the browser or the user asks for none."
    ),
    Setting("simulate", parse_bool, "true", "Whether `ioc run` starts the simulator, for the demo registry only."),
    Setting("web.bind", Address.parse, "127.0.0.1:8080", "Where the web server listens."),
    Setting("web.session_hours", parse_count, "12", "Hours after which a person has to log in again."),
    Setting(
        "web.url",
        _url("http", "https"),
        "",
        "Address of the web server as people reach it, for links in messages. Empty: where it listens.",
    ),
    Setting(
        "web.proxies",
        parse_networks,
        "",
        "Proxies on other machines that may say for whom they ask: addresses and networks, separated by commas.",
    ),
    Setting(
        "mqtt.url",
        _url("mqtt", "mqtts"),
        "",
        "Broker to use, `mqtt://host:1883` or `mqtts://…`. Empty: the embedded one.",
        file=True,
    ),
    Setting("mqtt.bind", Address.parse, "127.0.0.1:1883", "Where the embedded broker listens."),
    Setting(
        "mqtt.broker",
        _one_of("auto", "mosquitto", "iotcore"),
        "auto",
        "Embedded broker: Mosquitto where it is installed (auto), or one by name.",
    ),
    Setting("mqtt.username", str, "", "User name at the broker."),
    Setting("mqtt.password", Secret, "", "Password at the broker.", file=True),
    Setting("mqtt.max_payload", parse_size, "256KiB", "Size above which a message is quarantined."),
    Setting("mllp.bind", Address.parse, "127.0.0.1:2575", "Where HL7 messages are taken (MLLP)."),
    Setting("mllp.max_message", parse_size, "1MiB", "Size above which an HL7 message is quarantined."),
    Setting("mllp.idle_seconds", parse_count, "3600", "Seconds of silence after which a connection is closed."),
    Setting(
        "hosts.every_seconds", parse_up_to_a_minute, "10", "Seconds between two samples of this machine, at most 60."
    ),
    Setting("hosts.name", _code, "", "Name of this machine among the hosts. Empty: its host name."),
    Setting(
        "census.clean_after_minutes",
        _hours,
        "60",
        "Minutes after which a bed that was left counts as clean where no cleaning is reported. 0: never.",
    ),
    Setting(
        "census.emergency_hours", parse_count, "24", "Hours after which an emergency visit without an end is over."
    ),
    Setting(
        "database.url",
        _database_url,
        "",
        "Relational database: postgresql://user@host/name, or sqlite:////path. Empty: `ioc.sqlite` in the data folder.",
        file=True,
    ),
    Setting(
        "influxdb.url",
        _url("http", "https"),
        "",
        "InfluxDB 2.x that keeps the values over time. Empty: SQLite in the data folder.",
        file=True,
    ),
    Setting("influxdb.org", str, "ioc", "Organisation at InfluxDB."),
    Setting(
        "influxdb.bucket",
        _bucket,
        "ioc",
        "Bucket of the single values; those of the other tiers begin with its name. `ioc timeseries init` makes them.",
    ),
    Setting("influxdb.token", Secret, "", "Token at InfluxDB that may read and write these buckets.", file=True),
    Setting(
        "influxdb.ca_file",
        _there,
        "",
        "PEM file of the authority that signed the certificate of an https:// address. Empty: those of the machine.",
    ),
    Setting(
        "journal.max_bytes", parse_size, "4GiB", "Size at which the intake journal is full and senders have to wait."
    ),
    Setting(
        "quarantine.max_bytes",
        parse_size,
        "1GiB",
        "Size of the quarantine above which only the first kilobyte of a message is kept.",
    ),
    Setting("quarantine.days", parse_count, "90", "Days that a quarantined message is kept."),
    Setting(
        "retention.raw_days", parse_count, "30", "Days that every single value is kept; older messages are quarantined."
    ),
    Setting("retention.five_minutes_days", parse_count, "730", "Days that the five-minute values are kept."),
    Setting("retention.one_hour_days", parse_count, "3650", "Days that the hourly values are kept."),
    Setting(
        "notify.smtp_url",
        _url("smtp", "smtps"),
        "",
        "Mail server: `smtp://user@host:587` (STARTTLS where it is offered) or `smtps://…`. Empty: no e-mail is sent.",
        file=True,
    ),
    Setting("notify.smtp_password", Secret, "", "Password at the mail server.", file=True),
    Setting("notify.sender", str, "ioc@localhost", "From whom e-mails come."),
    Setting(
        "notify.allowed_hosts",
        _words,
        "",
        "Hosts that webhooks may call, `host` or `host:port`, separated by commas. Empty: none.",
    ),
    Setting(
        "notify.webhook_key",
        Secret,
        "",
        "Key with which webhooks are signed (HMAC-SHA256). Empty: one is made among the secrets.",
        file=True,
    ),
    Setting(
        "notify.watchdog_url",
        _url("http", "https"),
        "",
        "Where a sign of life goes each minute through the webhook channel: a dead man's receiver. Empty: nowhere.",
        file=True,
    ),
    Setting("backup.every_hours", _hours, "24", "Hours between two copies of the database. 0: none are made."),
    Setting("backup.keep", parse_count, "7", "Copies that are kept."),
    Setting("log.level", _one_of("debug", "info", "warning", "error"), "info", "What is written to standard error."),
    Setting(
        "log.format", _one_of("text", "json"), "text", "A line of text an event, or one JSON object for a log server."
    ),
)
