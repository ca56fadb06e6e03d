"""``ioc send``: play a file of messages into a door."""

import base64
import binascii
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, field
from typing import IO, Any

import click
import orjson

from ioc.commands.mllp_client import MllpUrl
from ioc.commands.progress import Progress
from ioc.domain import MILLISECOND, SystemClock, parse_rfc3339, rfc3339
from ioc.errors import IocError, RetryError
from ioc.mqtt import MqttUrl, Publisher

WAIT_S = 10.0
BAD_LINES_NAMED = 20


class BadLineError(Exception):
    """A line that cannot be sent; says what is wrong with it."""


@dataclass(slots=True)
class Line:
    """One line of the file: what goes where."""

    topic: str
    payload: Any  # bytes and str are sent as they are, the rest as JSON
    retain: bool = False

    def encoded(self) -> bytes:
        """The bytes of the message."""
        if isinstance(self.payload, bytes):
            return self.payload
        return self.payload.encode() if isinstance(self.payload, str) else orjson.dumps(self.payload)


@dataclass(slots=True)
class Report:
    """How the sending went."""

    file: str
    to: str
    lines: int = 0
    sent: int = 0
    acknowledged: int = 0
    failed: int = 0
    bad_lines: list[str] = field(default_factory=list)
    error: str = ""
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Acknowledged messages a second."""
        return self.acknowledged / self.seconds if self.seconds else 0.0

    @property
    def fine(self) -> bool:
        """Whether every line was sent and acknowledged."""
        return not (self.failed or self.bad_lines or self.error)


def parse_line(text: bytes) -> Line:
    """Read ``{"topic": …, "payload": …}`` or ``{"topic": …, "payload_base64": "…"}``."""
    try:
        data = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadLineError(f"not JSON: {error}") from None
    if not isinstance(data, dict):
        raise BadLineError('a line must be an object {"topic": …, "payload": …}')
    topic, retain = data.get("topic"), data.get("retain", False)
    if not isinstance(topic, str) or not topic:
        raise BadLineError('"topic" is missing or no text')
    if not isinstance(retain, bool):
        raise BadLineError('"retain" must be true or false')
    if "payload_base64" in data:
        try:
            return Line(topic, base64.b64decode(data["payload_base64"], validate=True), retain)
        except (binascii.Error, ValueError, TypeError):
            raise BadLineError('"payload_base64" is not base64') from None
    if "payload" not in data:
        raise BadLineError('"payload" is missing (or "payload_base64")')
    return Line(topic, data["payload"], retain)


def time_of(line: Line) -> int | None:
    """The ``ts`` of its payload, where it has one that can be read."""
    if isinstance(line.payload, dict) and isinstance(ts := line.payload.get("ts"), str):
        try:
            return parse_rfc3339(ts)
        except ValueError:
            return None
    return None


def shift_to(now_ns: int, file: IO[bytes]) -> int:
    """By how much to move every time so that the newest is now: whole milliseconds, as ``seq`` fills the rest."""
    newest = None
    for text in file:
        try:
            time_ns = time_of(parse_line(text)) if text.strip() else None
        except BadLineError:
            continue
        if time_ns is not None and (newest is None or time_ns > newest):
            newest = time_ns
    file.seek(0)
    return 0 if newest is None else (now_ns - newest) // MILLISECOND * MILLISECOND


def lines_of(file: IO[bytes], report: Report, shift_ns: int) -> Iterator[tuple[int, Line]]:
    """The lines that can be sent, with their numbers; the others are noted in the report."""
    for number, text in enumerate(file, start=1):
        if not text.strip():
            continue
        report.lines += 1
        try:
            line = parse_line(text)
        except BadLineError as error:
            report.bad_lines.append(f"{report.file}:{number}: {error}")
            continue
        if shift_ns and (time_ns := time_of(line)) is not None:
            line.payload["ts"] = rfc3339(time_ns + shift_ns)
        yield number, line


def send_all(file: IO[bytes], report: Report, publisher: Publisher, rate: float, shift_ns: int) -> None:
    """Send every line in order. What is not acknowledged in the end counts as failed."""
    begun = time.monotonic()
    progress = Progress(publisher)
    until = begun + WAIT_S
    while not publisher.connected and time.monotonic() < until:
        time.sleep(0.02)
    if not publisher.connected:
        raise IocError(
            publisher.error or f"{report.to} does not answer.",
            "See whether the broker runs and the address is right; `ioc run` prints it after READY.",
        )
    for number, line in lines_of(file, report, shift_ns):
        if rate:
            time.sleep(max(0.0, begun + publisher.sent / rate - time.monotonic()))
        try:
            publisher.publish(line.topic, line.encoded(), retain=line.retain, timeout=WAIT_S)
        except ValueError as error:
            report.bad_lines.append(f"{report.file}:{number}: {error}")
        except RetryError as error:
            report.error = f"stopped at {report.file}:{number}: {error}"
            break
        progress.show()
    report.failed = publisher.flush(WAIT_S)
    report.sent, report.acknowledged = publisher.sent, publisher.acknowledged
    report.seconds = round(time.monotonic() - begun, 3)
    progress.show(last=True)


def print_report(report: Report, *, as_json: bool) -> None:
    """What happened, for a program or for a person."""
    if as_json:
        click.echo(orjson.dumps(asdict(report) | {"rate": round(report.rate, 1)}).decode())
        return
    click.echo(f"{report.acknowledged} acknowledged, {report.failed} failed, {len(report.bad_lines)} bad lines"
               f" ({report.seconds:.1f} s, {report.rate:.0f} messages/s)")  # fmt: skip
    for text in report.bad_lines[:BAD_LINES_NAMED]:
        click.echo(f"  {text}", err=True)
    if len(report.bad_lines) > BAD_LINES_NAMED:
        click.echo(f"  and {len(report.bad_lines) - BAD_LINES_NAMED} more bad lines", err=True)
    if report.error:
        click.echo(f"  {report.error}", err=True)


@contextmanager
def rewindable(file: IO[bytes]) -> Iterator[IO[bytes]]:
    """The file itself, or a copy of what cannot be read twice."""
    if file.seekable():
        yield file
        return
    with tempfile.TemporaryFile() as copy:
        while block := file.read(1 << 20):
            copy.write(block)
        copy.seek(0)
        yield copy


def _door(_ctx: click.Context, _param: click.Parameter, value: str) -> MqttUrl | MllpUrl:
    scheme = value.partition("://")[0]
    if scheme not in ("mllp", "mqtt", "mqtts"):
        raise click.BadParameter("a door is written as mllp://host:port, mqtt://host:port or mqtts://host:port.")
    try:
        return MllpUrl.parse(value) if scheme == "mllp" else MqttUrl.parse(value)
    except ValueError as error:
        raise click.BadParameter(f"{error}.") from None


@click.command()
@click.argument("file", type=click.File("rb"))
@click.option("--to", "url", required=True, callback=_door, metavar="URL", help="mllp://HOST:PORT, mqtt:// or mqtts://")
@click.option(
    "--rate", type=click.FloatRange(min=0, min_open=True), help="Messages a second; as fast as it goes without."
)
@click.option("--connections", type=click.IntRange(1, 64), help="HL7: over so many connections at once.  [default: 1]")
@click.option("--shift-to-now", is_flag=True, help="Move all times so that the newest message of the file is of now.")
@click.option("--json", "as_json", is_flag=True, help="Report as one JSON object.")
def command(
    file: IO[bytes],
    url: MqttUrl | MllpUrl,
    rate: float | None,
    connections: int | None,
    *,
    shift_to_now: bool,
    as_json: bool,
) -> None:
    """Play FILE (or - for standard input) into a door.

    To mllp://, FILE holds HL7 v2 messages, one after the other, in MLLP frames or not. Each connection waits for
    the answer to a message before it sends the next. After AE, CE or a broken connection a message is sent again,
    for up to a minute. The report counts the answers by code, and says what of it was quarantined where the door
    is the one of this machine. --shift-to-now moves MSH-7, EVN-2, EVN-6, PV1-44 and PV1-45.

    To mqtt://, every line of FILE is one JSON object with a topic and a payload:

    \b
      {"topic": "ioc/v1/bv01/kho/fridge/tl-01/tele", "payload": {"ts": …, "m": …}}

    A payload that is a text, or given as "payload_base64", is sent byte for byte as it is: that is
    how bad input is tried out. "retain": true keeps the message at the broker. Everything is sent with QoS 1, and
    the report says how many messages the broker acknowledged. --shift-to-now moves every ts.
    """
    name = getattr(file, "name", "<stdin>")
    if isinstance(url, MllpUrl):
        from ioc.commands.send_hl7 import Play, send_file  # noqa: PLC0415 (the database: a second that MQTT need not spend)

        fine = send_file(file.read(), name, url, Play(connections or 1, rate or 0.0, shift_to_now), as_json=as_json)
    elif connections:
        raise click.UsageError("--connections is for HL7 (mllp://): one connection takes all messages of MQTT.")
    else:
        fine = _send_lines(file, Report(name, str(url)), url, rate or 0.0, shift_to_now=shift_to_now, as_json=as_json)
    if not fine:
        raise click.exceptions.Exit(1)


def _send_lines(
    file: IO[bytes], report: Report, url: MqttUrl, rate: float, *, shift_to_now: bool, as_json: bool
) -> bool:
    with rewindable(file) if shift_to_now else nullcontext(file) as lines:
        shift_ns = shift_to(SystemClock().now_ns(), lines) if shift_to_now else 0
        with Publisher(url) as publisher:
            send_all(lines, report, publisher, rate, shift_ns)
    print_report(report, as_json=as_json)
    return report.fine
