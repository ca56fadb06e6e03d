"""``ioc notify``: try the channels by which people are told."""

import secrets
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass

import click

from alerts.message import Message, Status
from alerts.notifiers import DEADLINE_S, CannotError, Notifier
from alerts.notifiers.registry import builder
from alerts.notifiers.text import one_line
from alerts.people import Channel, People, Person
from alerts.reload import PeopleFile, with_watchdog
from ioc.commands.common import print_json, settings_of_environment
from ioc.config import Settings, ensure_secrets, hint_for
from ioc.domain import Clock, Quality, SystemClock
from ioc.errors import RetryError

TITLES = {
    "vi": "Kênh báo tin hoạt động",
    "en": "This channel works",
    "fr": "Ce canal fonctionne",
}
NOBODY = """Nobody was told: nobody of them has an address in configs/people.yaml.
  Write people, their addresses and groups there (docs/connect-email-and-webhook.md), then `ioc check`, then this."""


@dataclass(frozen=True, slots=True)
class Result:
    """How it went with one channel; ``said`` is the word of the other side, or why there is none."""

    person: str
    name: str
    channel: str
    kind: str
    ok: bool
    said: str
    seconds: float


@click.group("notify")
def command() -> None:
    """Try the channels by which people are told."""


@command.command("test")
@click.argument("people", metavar="[PERSON]...", nargs=-1)
@click.option("--group", metavar="CODE", help="Only the members of this group.")
@click.option("--channel", metavar="NAME", help="Only channels of this name: email, webhook, apprise, email-2 …")
@click.option("--json", "json_", is_flag=True, help="Print one JSON object.")
@click.pass_context
def test(ctx: click.Context, people: tuple[str, ...], group: str | None, channel: str | None, *, json_: bool) -> None:
    """Send a real message that says it is a test, and print what each channel answered.

    PERSON is a code of configs/people.yaml, or `watchdog` for the dead man's receiver of IOC_NOTIFY__WATCHDOG_URL.
    Without any, everybody is told, by all their channels. Exit code 1 where one could not be reached.
    """
    settings = settings_of_environment()
    ensure_secrets(settings)  # so that channels can be tried before the first start
    chosen = channels_of(PeopleFile(settings)(), people, group, channel)
    results = []
    for result in send_to(chosen, settings, SystemClock()):
        results.append(result)
        if not json_:
            click.echo(_line(result))
    if json_:
        print_json({"items": [asdict(result) for result in results]})
    elif not results:
        click.echo(NOBODY, err=True)
    ctx.exit(0 if results and all(result.ok for result in results) else 1)


def channels_of(
    known: People, names: Iterable[str], group: str | None, channel: str | None
) -> list[tuple[Person, Channel]]:
    """What is to be tried; raises UsageError for a name that is not known."""
    people, wanted = known.people, list(names)
    if group is not None:
        if group not in known.groups:
            raise click.UsageError(f"There is no group {group!r}. {hint_for(group, known.groups)}".strip())
        wanted += [person.code for person in known.members(group)]
    elif not wanted:
        wanted = list(people)
    for name in wanted:
        if name not in people:
            raise click.UsageError(f"There is no person {name!r}. {hint_for(name, people)}".strip())
    pairs = [(people[name], it) for name in dict.fromkeys(wanted) for it in people[name].channels]
    found = [(person, it) for person, it in pairs if channel in (None, it.name)]
    if pairs and not found:
        hint = hint_for(str(channel), sorted({it.name for _, it in pairs}))
        raise click.UsageError(f"None of them has a channel {channel!r}. {hint}".strip())
    return found


def send_to(chosen: Iterable[tuple[Person, Channel]], settings: Settings, clock: Clock) -> Iterator[Result]:
    """Send to one after the other, each under its own deadline."""
    notifiers: dict[str, Notifier] = {}
    key = f"test-{secrets.token_hex(6)}"
    for person, channel in chosen:
        if channel.kind not in notifiers:
            notifiers[channel.kind] = builder(channel.kind)(with_watchdog(settings))
        begun = time.monotonic()
        message = message_for(person, key, settings, clock.now_ns())
        try:
            said, ok = notifiers[channel.kind].send(message, channel.address, DEADLINE_S), True
        except (RetryError, CannotError) as error:
            said, ok = f"{error} {error.hint}".strip(), False
        yield Result(person.code, person.name, channel.name, channel.kind, ok, said, round(time.monotonic() - begun, 3))


def message_for(person: Person, key: str, settings: Settings, now_ns: int) -> Message:
    """The test in the person's language."""
    return Message(
        incident="test",
        dedup_key=key,
        rule="",
        labels={},
        level="",
        status=Status.TEST,
        value=None,
        unit="1",
        quality=Quality.GOOD,
        event_ns=now_ns,
        sent_ns=now_ns,
        url=settings.web.url or f"http://{settings.web.bind}",
        title=TITLES.get(person.language, TITLES["vi"]),
        language=person.language,
    )


def _line(result: Result) -> str:
    mark = "ok" if result.ok else "FAILED"
    return f"{result.person:<16} {result.channel:<12} {mark:<7} {result.seconds:5.1f} s  {one_line(result.said)}"
