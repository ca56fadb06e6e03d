"""What ``ioc send`` does at the door for HL7: several connections, each with one message in flight at a time."""

import ipaddress
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from zoneinfo import ZoneInfo

import click
import orjson

from collectors.hl7.sources import Sources, load_sources
from ioc.catalogue import load_catalogue
from ioc.commands.common import database
from ioc.commands.hl7_file import header, messages_of, shift_to, shifted
from ioc.commands.machinery import told
from ioc.commands.mllp_client import Answer, BrokenAnswerError, Connection, MllpUrl
from ioc.commands.progress import Progress
from ioc.config import Settings, load_settings
from ioc.domain import SystemClock
from ioc.errors import IocError
from ioc.intake import SourceStatuses
from ioc.registry import load_registry

WAIT_S = 10.0
SEEN_S = 5.0  # the worker writes down what it counts each second
ANSWER_S = 30.0
PATIENCE_S = 60.0  # for one message: a worker that is started again takes a few seconds
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 5.0
TAKEN = frozenset({"AA", "CA"})
LATER = frozenset({"AE", "CE"})  # theirs to mend: the same message is taken later

UNKNOWN = "hl7"  # the source of what comes from no sender that is configured
ZONE = "Asia/Ho_Chi_Minh"

Open = Callable[[MllpUrl, float], Connection]


@dataclass(frozen=True, slots=True)
class Play:
    """How to send; ``rate`` 0 as fast as it goes."""

    connections: int = 1
    rate: float = 0.0
    shift_to_now: bool = False


@dataclass(slots=True)
class Hl7Report:
    """How the sending went. ``answers`` counts every answer by its code, those to repeated messages too.

    ``quarantined`` is by reason; None where it cannot be seen from here.
    """

    file: str
    to: str
    messages: int
    accepted: int = 0
    refused: int = 0
    repeated: int = 0
    answers: dict[str, int] = field(default_factory=dict)
    quarantined: Mapping[str, int] | None = None
    error: str = ""
    seconds: float = 0.0

    @property
    def failed(self) -> int:
        """Messages without a final answer."""
        return self.messages - self.accepted - self.refused

    @property
    def rate(self) -> float:
        """Answered messages a second."""
        return (self.accepted + self.refused) / self.seconds if self.seconds else 0.0

    @property
    def fine(self) -> bool:
        """Whether every message was accepted."""
        return self.accepted == self.messages and not self.error


class Player:
    """Sends messages in order, each on the next connection that is free, and waits for each answer.

    A message is sent again after AE or CE and after a broken connection, for up to ``patience`` seconds; then all
    of it stops, as what comes after would fare no better. AR and CR are final for that message.
    """

    def __init__(
        self,
        url: MllpUrl,
        messages: Sequence[bytes],
        *,
        connections: int = 1,
        rate: float = 0.0,
        patience: float = PATIENCE_S,
        open_: Open = Connection,
    ) -> None:
        self.answers: Counter[str] = Counter()
        self.sent = self.accepted = self.refused = self.repeated = 0
        self.error = ""
        self._url = url
        self._open = open_
        self._rate = rate
        self._patience = patience
        self._waiting: Iterator[tuple[int, bytes]] = iter(enumerate(messages))
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._begun = 0.0
        self._threads = [
            threading.Thread(target=self._work, name=f"mllp-{number}", daemon=True)
            for number in range(min(connections, len(messages)))
        ]

    @property
    def acknowledged(self) -> int:
        """How many were accepted."""
        return self.accepted

    def play(self, tell: Callable[[], None], every: float = 0.5) -> None:
        """Send all of it; ``tell`` is called now and then meanwhile."""
        self._begun = time.monotonic()
        try:
            for thread in self._threads:
                thread.start()
            for thread in self._threads:
                while thread.is_alive():
                    thread.join(every)
                    tell()
        finally:
            self._stop.set()

    def _work(self) -> None:
        connection: Connection | None = None
        while not self._stop.is_set():
            with self._lock:
                index, message = next(self._waiting, (-1, b""))
            if index < 0:
                break
            if self._rate:
                self._stop.wait(max(0.0, self._begun + index / self._rate - time.monotonic()))
            connection = self._deliver(connection, index, message)
        if connection is not None:
            connection.close()

    def _deliver(self, connection: Connection | None, index: int, message: bytes) -> Connection | None:
        """See one message through; gives the connection that is open afterwards."""
        until = time.monotonic() + self._patience
        pause, again = FIRST_PAUSE_S, False
        while not self._stop.is_set():
            try:
                connection = connection or self._open(self._url, ANSWER_S)
                self._leaves(again=again)
                again = True
                answers = connection.exchange(message)
                _check(message, answers)
            except OSError as error:
                if connection is not None:
                    connection.close()
                connection, why = None, f"{self._url}: {error.strerror or error}"
            else:
                if not self._counted(answers):
                    return connection
                why = f"{self._url} answers {answers[-1].code}: it cannot keep anything now"
            if time.monotonic() + pause > until:
                self._give_up(f"stopped at message {index + 1}: {why}.")
                return connection
            self._stop.wait(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)
        return connection

    def _leaves(self, *, again: bool) -> None:
        with self._lock:
            self.repeated += again
            self.sent += not again

    def _counted(self, answers: Sequence[Answer]) -> bool:
        """Count the answers; whether the message has to be sent again."""
        codes = [answer.code for answer in answers]
        with self._lock:
            self.answers.update(codes)
            if not LATER.isdisjoint(codes):
                return True
            if TAKEN.issuperset(codes):
                self.accepted += 1
            else:
                self.refused += 1
        return False

    def _give_up(self, why: str) -> None:
        with self._lock:
            self.error = self.error or why
        self._stop.set()


def _check(message: bytes, answers: Sequence[Answer]) -> None:
    """An answer to another message (one that came too late) is none to this one."""
    control = header(message).control
    if control and answers[0].control and all(answer.control != control for answer in answers):
        raise BrokenAnswerError("the answer is to another message")


def send_file(data: bytes, name: str, url: MllpUrl, play: Play, *, as_json: bool) -> bool:
    """Send the messages of a file and report; whether all of them were accepted. Raises IocError where it cannot."""
    messages = messages_of(data)
    if not messages:
        raise IocError(f"There is no HL7 message in {name}.", "Each begins with MSH at the start of a line.")
    senders = {(head.application, head.facility) for head in map(header, messages)}
    settings, sources = _here()
    if play.shift_to_now:
        zone_of = _zones(settings, sources)
        seconds = shift_to(SystemClock().now_ns(), messages, zone_of)
        messages = [shifted(message, seconds) for message in messages]
    _await_door(url)
    watched = _sources_of(senders, sources) if settings and _is_ours(url, settings) else frozenset()
    before = _quarantined(settings, watched)
    player = Player(url, messages, connections=play.connections, rate=play.rate, patience=PATIENCE_S, open_=Connection)
    progress = Progress(player, len(messages))
    begun = time.monotonic()
    player.play(progress.show)
    progress.show(last=True)
    report = Hl7Report(name, str(url), len(messages), player.accepted, player.refused, player.repeated)
    report.answers, report.error = dict(sorted(player.answers.items())), player.error
    report.seconds = round(time.monotonic() - begun, 3)
    if before is not None:
        after = _quarantined(settings, watched, since_ns=SystemClock().now_ns()) or Counter()
        report.quarantined = dict(after - before)
    print_report(report, sorted(watched), as_json=as_json)
    return report.fine


def print_report(report: Hl7Report, sources: Sequence[str], *, as_json: bool) -> None:
    """What happened, for a program or for a person."""
    if as_json:
        more = {"failed": report.failed, "rate": round(report.rate, 1)}
        click.echo(orjson.dumps(asdict(report) | more).decode())
        return
    click.echo(f"{report.accepted} of {report.messages} messages accepted, {report.refused} refused, {report.failed}"
               f" without an answer ({report.seconds:.1f} s, {report.rate:.0f} messages/s)")  # fmt: skip
    codes = ", ".join(f"{count} {code}" for code, count in report.answers.items()) or "none"
    click.echo(f"Answers: {codes}{f'; {report.repeated} sent again' if report.repeated else ''}.")
    if report.error:
        click.echo(f"  {report.error}", err=True)
    if report.quarantined is None:
        click.echo("What was quarantined: see `ioc quarantine list` where the centre runs, or its page Quarantine.")
    elif report.quarantined:
        found = ", ".join(f"{count} {reason}" for reason, count in sorted(report.quarantined.items()))
        look = " or ".join(f"`ioc quarantine list --source {name}`" for name in sources)
        click.echo(f"Quarantined: {found}; see {look}.")
    else:
        click.echo("Quarantined: none.")


def _here() -> tuple[Settings | None, Sources]:
    """The settings and senders of the centre on this machine, as far as there is one."""
    settings, sources = None, Sources()
    with suppress(IocError):
        settings = load_settings(os.environ)
        registry = load_registry(settings.config_dir, load_catalogue(settings.config_dir), settings.timezone)
        sources = load_sources(settings.config_dir, registry, settings.timezone)
    return settings, sources


def _zones(settings: Settings | None, sources: Sources) -> Callable[[bytes, bytes], ZoneInfo]:
    usual = ZoneInfo(settings.timezone if settings else ZONE)

    def zone_of(application: bytes, facility: bytes) -> ZoneInfo:
        found = sources.named(application.decode(errors="replace"), facility.decode(errors="replace"))
        return found[0].zone if found else usual

    return zone_of


def _sources_of(senders: Iterable[tuple[bytes, bytes]], sources: Sources) -> frozenset[str]:
    names = [[word.decode(errors="replace") for word in sender] for sender in senders]
    return frozenset({UNKNOWN} | {source.name for name in names for source in sources.named(*name)})


def _is_ours(url: MllpUrl, settings: Settings) -> bool:
    """Whether that is the door of the centre whose data lies here."""
    try:
        loopback = url.host == "localhost" or ipaddress.ip_address(url.host).is_loopback
    except ValueError:
        return False
    bind = told(settings, "worker", "IOC_MLLP__BIND") or str(settings.mllp.bind)
    return loopback and bind.rpartition(":")[2] == str(url.port)


def _quarantined(settings: Settings | None, watched: Iterable[str], since_ns: int = 0) -> Counter[str] | None:
    """How much of these sources was ever quarantined, by reason, as the worker has it after ``since_ns``."""
    names = set(watched)
    if settings is None or not names:
        return None
    until = time.monotonic() + SEEN_S
    try:
        with database(settings) as engine:
            statuses = SourceStatuses(engine).all()
            while since_ns and max((it.updated_ns for it in statuses), default=0) < since_ns:
                if time.monotonic() > until:
                    break
                time.sleep(0.1)
                statuses = SourceStatuses(engine).all()
    except IocError:
        return None
    return sum((it.quarantined for it in statuses if it.name in names), Counter())


def _await_door(url: MllpUrl) -> None:
    """Until somebody answers there, for a few seconds; raises IocError where nobody does."""
    until = time.monotonic() + WAIT_S
    while True:
        try:
            Connection(url, ANSWER_S).close()
        except OSError as error:
            if time.monotonic() > until:
                hint = "See whether the worker runs and the address is right; `ioc run` prints it after READY."
                raise IocError(f"{url} does not answer: {error.strerror or error}.", hint) from None
            time.sleep(FIRST_PAUSE_S)
        else:
            return
