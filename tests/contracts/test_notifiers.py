"""What every notifier of the registry keeps to, whoever wrote it."""

import importlib
import inspect
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from pytest_socket import disable_socket

from alerts.notifiers import NOTIFIERS, CannotError, Notifier, load_notifiers
from alerts.people import KINDS
from ioc.config import Secret, ensure_secrets, load_settings
from ioc.errors import RetryError
from tests.functional.harness import free_port
from tests.functional.receiver import Mailbox, Receiver, answer, close, drip, hang, mail_server
from tests.unit.alerts.post import message

# Apprise loads all of its services at once, and some of them old modules of Python
pytestmark = [pytest.mark.sockets, pytest.mark.filterwarnings("ignore::DeprecationWarning")]
SHORT_S, LONG_S = 0.4, 10.0
# what an address of each kind is at a port of this machine; an e-mail's server stands in the settings
ADDRESSES: dict[str, Callable[[int], str]] = {
    "email": lambda _port: "topsecret@bv01.vn",
    "webhook": lambda port: f"http://127.0.0.1:{port}/topsecret",
    "apprise": lambda port: f"json://user:topsecret@127.0.0.1:{port}/topsecret",
}
NONSENSE = {"email": "topsecret", "webhook": "topsecret://x", "apprise": "topsecret"}


def notifier_for(kind: str, folder: Path, port: int) -> Notifier:
    settings = load_settings(
        {
            "IOC_DATA_DIR": str(folder),
            "IOC_CONFIG_DIR": str(folder),
            "IOC_NOTIFY__SMTP_URL": f"smtp://127.0.0.1:{port}",
            "IOC_NOTIFY__ALLOWED_HOSTS": "127.0.0.1",
        }
    )
    ensure_secrets(settings)
    return load_notifiers(settings)[kind]


@contextmanager
def taking(kind: str) -> Iterator[int]:
    """The port of another side that takes a message."""
    side: AbstractContextManager[object] = mail_server(Mailbox()) if kind == "email" else Receiver(answer())
    with side as made:
        yield made.port if isinstance(made, Receiver) else int(str(made))


@pytest.fixture(params=sorted(NOTIFIERS))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def send(kind: str, folder: Path, port: int, deadline_s: float = LONG_S) -> str:
    return notifier_for(kind, folder, port).send(message(), Secret(ADDRESSES[kind](port)), deadline_s)


def test_the_registry_has_every_kind_of_channel_that_a_person_may_have() -> None:
    assert set(NOTIFIERS) == set(KINDS) == set(ADDRESSES) == set(NONSENSE)


def test_its_module_says_what_it_is_for(kind: str) -> None:
    assert importlib.import_module(NOTIFIERS[kind].partition(":")[0]).__doc__


def test_it_offers_the_whole_contract_and_is_made_without_the_network(kind: str, tmp_path: Path) -> None:
    disable_socket()
    notifier = notifier_for(kind, tmp_path, 9)
    for name, function in inspect.getmembers(Notifier, inspect.isfunction):
        if not name.startswith("_"):
            expected = len(inspect.signature(function).parameters) - 1
            assert len(inspect.signature(getattr(notifier, name)).parameters) == expected


def test_what_is_taken_gives_the_word_of_the_other_side(kind: str, tmp_path: Path) -> None:
    with taking(kind) as port:
        assert send(kind, tmp_path, port)


def test_who_refuses_connections_is_tried_again(kind: str, tmp_path: Path) -> None:
    with pytest.raises(RetryError) as raised:
        send(kind, tmp_path, free_port())
    assert "topsecret" not in f"{raised.value} {raised.value.hint}"


def test_who_breaks_off_is_tried_again(kind: str, tmp_path: Path) -> None:
    with Receiver(close, hears=False) as receiver, pytest.raises(RetryError) as raised:
        send(kind, tmp_path, receiver.port)
    assert "topsecret" not in f"{raised.value} {raised.value.hint}"


@pytest.mark.parametrize("behave", [hang, drip(b"")], ids=["hang", "drip"])
def test_who_takes_for_ever_is_left_in_time(kind: str, tmp_path: Path, behave: Callable[..., None]) -> None:
    with Receiver(behave, hears=False) as receiver:
        notifier = notifier_for(kind, tmp_path, receiver.port)
        begun = time.monotonic()
        with pytest.raises(RetryError):
            notifier.send(message(), Secret(ADDRESSES[kind](receiver.port)), SHORT_S)
        assert time.monotonic() - begun < SHORT_S + 1.0


def test_an_address_that_is_none_can_never_work_and_is_not_shown(kind: str, tmp_path: Path) -> None:
    with pytest.raises(CannotError) as raised:
        notifier_for(kind, tmp_path, 9).send(message(), Secret(NONSENSE[kind]), LONG_S)
    assert "topsecret" not in f"{raised.value} {raised.value.hint}"


def test_the_other_side_is_the_same_for_the_same_address_and_shows_no_secret(kind: str, tmp_path: Path) -> None:
    notifier = notifier_for(kind, tmp_path, 9)
    for address in (ADDRESSES[kind](1), NONSENSE[kind]):
        side = notifier.other_side(Secret(address))
        assert side == notifier.other_side(Secret(address))
        assert "topsecret" not in side
