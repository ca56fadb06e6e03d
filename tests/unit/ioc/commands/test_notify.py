"""``ioc notify test``: who is told, by what, and how it is said whether it worked."""

import json

import pytest
from click.testing import CliRunner

from alerts.message import Status
from ioc.commands import notify
from ioc.commands.notify import command
from ioc.errors import RetryError
from tests.unit.alerts.post import Remembering

PEOPLE = """schema: ioc.people/1
people:
  lan: {name: Nguyễn Thị Lan, language: vi, email: [lan@bv01.vn, lan@example.com], webhook: "http://127.0.0.1:9/x"}
  minh: {name: Minh, language: fr, email: minh@bv01.vn}
  nobody: {name: Nobody, language: en}
groups:
  pharmacy: {title: {vi: Khoa Dược, en: Pharmacy}, members: [lan]}
  empty: {title: {vi: Trống, en: Empty}, members: []}
"""
WATCHDOG = "http://127.0.0.1:9/dog"


@pytest.fixture
def sent(own_configs, monkeypatch):
    """A centre with people and with notifiers that remember; gives what they were given."""
    (own_configs / "people.yaml").write_text(PEOPLE, encoding="utf-8")
    monkeypatch.setenv("IOC_NOTIFY__ALLOWED_HOSTS", "127.0.0.1:9")
    monkeypatch.setenv("IOC_NOTIFY__SMTP_URL", "smtp://127.0.0.1:9")
    messages = []
    made = {"notifier": Remembering(before=lambda message, address: messages.append((address, message)))}
    monkeypatch.setattr(notify, "builder", lambda _kind: lambda _settings: made["notifier"])
    messages.append(made)
    return messages


def run(*words):
    return CliRunner().invoke(command, ["test", *words], terminal_width=200)


def told(sent):
    return [address for address, _ in sent[1:]]


def test_everybody_is_told_by_every_channel(sent):
    result = run()
    assert result.exit_code == 0
    assert told(sent) == ["lan@bv01.vn", "lan@example.com", "http://127.0.0.1:9/x", "minh@bv01.vn"]
    lines = result.stdout.splitlines()
    assert [line.split()[:3] for line in lines] == [
        ["lan", "email", "ok"],
        ["lan", "email-2", "ok"],
        ["lan", "webhook", "ok"],
        ["minh", "email", "ok"],
    ]
    assert all(line.endswith("250 taken") for line in lines)
    assert "@" not in result.output


def test_it_is_a_test_in_the_persons_language_with_one_key_for_all(sent):
    run()
    messages = [message for _, message in sent[1:]]
    assert {message.status for message in messages} == {Status.TEST}
    assert len({message.dedup_key for message in messages}) == 1
    assert (messages[0].title, messages[-1].title) == ("Kênh báo tin hoạt động", "Ce canal fonctionne")
    assert messages[0].url == "http://127.0.0.1:1"


def test_two_tests_have_different_keys(sent):
    run("minh")
    run("minh")
    assert len({message.dedup_key for _, message in sent[1:]}) == 2


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["minh"], ["minh@bv01.vn"]),
        (["minh", "minh"], ["minh@bv01.vn"]),
        (["--group", "pharmacy", "--channel", "webhook"], ["http://127.0.0.1:9/x"]),
        (["minh", "--group", "pharmacy", "--channel", "email"], ["minh@bv01.vn", "lan@bv01.vn"]),
        (["--channel", "email-2"], ["lan@example.com"]),
    ],
)
def test_people_groups_and_channels_can_be_chosen(sent, words, expected):
    assert run(*words).exit_code == 0
    assert told(sent) == expected


@pytest.mark.parametrize("words", [[], ["watchdog"]])
def test_the_dead_mans_receiver_is_tried_as_watchdog(sent, monkeypatch, words):
    monkeypatch.setenv("IOC_NOTIFY__WATCHDOG_URL", WATCHDOG)
    result = run(*words)
    assert result.stdout.splitlines()[-1].split()[:3] == ["watchdog", "webhook", "ok"]
    assert told(sent)[-1] == WATCHDOG


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["lam"], "There is no person 'lam'. Did you mean 'lan'?"),
        (["watchdog"], "There is no person 'watchdog'."),
        (["--group", "pharmac"], "There is no group 'pharmac'. Did you mean 'pharmacy'?"),
        (["--channel", "webhok"], "None of them has a channel 'webhok'. Did you mean 'webhook'?"),
        (["minh", "--channel", "webhook"], "None of them has a channel 'webhook'. Known: email."),
    ],
)
def test_a_name_that_nobody_has_is_wrong_use(sent, words, said):
    result = run(*words)
    assert result.exit_code == 2
    assert said in result.stderr
    assert told(sent) == []


def test_what_failed_is_said_and_the_others_are_told_all_the_same(sent):
    sent[0]["notifier"] = Remembering([RetryError("it refuses connections", "Look."), "250 taken", "200 OK", "250 x"])
    result = run()
    assert result.exit_code == 1
    assert [line.split()[2] for line in result.stdout.splitlines()] == ["FAILED", "ok", "ok", "ok"]
    assert "it refuses connections Look." in result.stdout


def test_as_json_it_is_one_document(sent):
    sent[0]["notifier"] = Remembering([RetryError("no\nway")])
    result = run("minh", "--json")
    assert result.exit_code == 1
    ((item),) = json.loads(result.stdout)["items"]
    assert item.pop("seconds") >= 0
    assert item == {
        "person": "minh",
        "name": "Minh",
        "channel": "email",
        "kind": "email",
        "ok": False,
        "said": "no\nway",
    }


@pytest.mark.parametrize("words", [["nobody"], ["--group", "empty"]])
def test_where_nobody_has_an_address_it_says_how_to_write_one(sent, words):
    result = run(*words)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "configs/people.yaml" in result.stderr
    assert "docs/connect-email-and-webhook.md" in result.stderr


def test_as_it_ships_nobody_is_told_and_it_says_how_to_change_that(environment):
    result = run()
    assert result.exit_code == 1
    assert "Nobody was told" in result.stderr


def test_people_that_cannot_be_read_are_faults(own_configs):
    (own_configs / "people.yaml").write_text("schema: x", encoding="utf-8")
    assert "people.yaml" in str(run().exception)
