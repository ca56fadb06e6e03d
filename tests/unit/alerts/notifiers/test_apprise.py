"""The side of Apprise that needs no network: what is shown, and what is not."""

import logging
import logging.handlers
import threading

import pytest

from alerts.message import Status
from alerts.notifiers import CannotError
from alerts.notifiers.apprise import AppriseNotifier, _keep_quiet, _type
from ioc.config import Secret
from ioc.errors import RetryError
from tests.unit.alerts.post import message

# Apprise loads all of its services at once, and some of them old modules of Python
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
TELEGRAM = Secret("tgram://123456789:AAbbCCddEE/5551234/?format=text")


def test_libraries_that_log_whole_addresses_are_not_heard():
    _keep_quiet()
    assert not logging.getLogger("apprise").propagate
    assert not logging.getLogger("urllib3.connection").isEnabledFor(logging.WARNING)


def test_the_other_side_is_told_apart_without_being_named():
    notifier = AppriseNotifier("UTC")
    same = Secret("tgram://123456789:AAbbCCddEE/other-chat")
    assert notifier.other_side(TELEGRAM) == notifier.other_side(same)
    assert notifier.other_side(TELEGRAM) != notifier.other_side(Secret("tgram://2:AAbbCCddEE/5551234"))
    assert "AAbb" not in notifier.other_side(TELEGRAM)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "failure"),
        ({"level": "warning"}, "warning"),
        ({"status": Status.RESOLVED}, "success"),
        ({"status": Status.TEST, "level": ""}, "info"),
    ],
)
def test_a_message_has_the_colour_of_its_level(changes, expected):
    assert _type(message(**changes)) == expected


def test_an_address_that_apprise_cannot_read_is_refused_and_logged_nowhere(capfd, monkeypatch):
    logged = logging.handlers.BufferingHandler(1000)  # caplog would listen to apprise itself
    monkeypatch.setattr(logging.getLogger(), "handlers", [logged])
    with pytest.raises(CannotError) as raised:
        AppriseNotifier("UTC").send(message(), Secret("nonsense://topsecret"), 10.0)
    said = [str(raised.value), *capfd.readouterr(), *(record.getMessage() for record in logged.buffer)]
    assert "topsecret" not in " ".join(said)


def test_one_who_hangs_is_left_behind_and_not_asked_again_until_it_ends(monkeypatch):
    ended = threading.Event()
    notifier = AppriseNotifier("UTC")
    notify = AppriseNotifier._notify

    def hang(self, told, address):
        assert ended.wait(20.0)
        with pytest.raises(CannotError):
            notify(self, told, address)
        gone.set()
        return ""

    gone = threading.Event()
    monkeypatch.setattr(AppriseNotifier, "_notify", hang)
    address = Secret("nonsense://x")
    with pytest.raises(RetryError, match=r"no answer within 0\.01 s"):
        notifier.send(message(), address, 0.01)
    with pytest.raises(RetryError, match="the attempt before has not ended"):
        notifier.send(message(), address, 0.01)
    ended.set()
    assert gone.wait(20.0)
    with pytest.raises(CannotError):
        notify(notifier, message(), address)
