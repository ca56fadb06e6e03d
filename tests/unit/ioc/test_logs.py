"""One line an event, as text or JSON; no key and no password in it, whoever wrote the message."""

import json
import logging
import logging.config
import subprocess
import sys

import pytest

from ioc.logs import formatter, gunicorn_config, set_up_logging, without_secrets
from tests.functional.harness import ROOT


@pytest.fixture
def root(monkeypatch):
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(root, "level", root.level)
    return root


def record(message: str, *args: object, exc_info: object = None) -> logging.LogRecord:
    made = logging.LogRecord("ioc.worker", logging.WARNING, "x.py", 1, message, args, exc_info)
    made.created, made.msecs = 1.25, 250.0
    return made


def fail(message: str) -> None:
    raise ValueError(message)


def raised(message: str) -> object:
    try:
        fail(message)
    except ValueError:
        return sys.exc_info()


def test_a_line_of_text_carries_time_level_and_logger():
    assert formatter("text").format(record("%d here", 3)) == "1970-01-01T00:00:01.250Z WARNING ioc.worker: 3 here"


def test_a_line_of_json_is_an_object_with_the_same(root, capsys):
    set_up_logging("info", "json")
    logging.getLogger("ioc.worker").info("nhiệt độ %s", "4,5 °C")
    event = json.loads(capsys.readouterr().err)
    assert (event["level"], event["logger"], event["message"]) == ("INFO", "ioc.worker", "nhiệt độ 4,5 °C")
    assert event["time"].endswith("Z")
    assert set(event) == {"time", "level", "logger", "message", "thread", "pid"}


@pytest.mark.parametrize("kind", ["text", "json"])
def test_a_message_of_somebody_elses_makes_no_second_line(kind):
    line = formatter(kind).format(
        record("refused: %s", "x\n2026-11-23T08:00:00Z CRITICAL forged: all is lost\r\x1b[2J")
    )
    assert len(line.splitlines()) == 1
    assert "\x1b" not in line


def test_a_traceback_is_set_in_below_its_line_or_one_field():
    text = formatter("text").format(record("it failed", exc_info=raised("two\nlines")))
    first, *others = text.splitlines()
    assert first.endswith("it failed")
    assert others
    assert all(line.startswith("    ") for line in others)
    line = formatter("json").format(record("it failed", exc_info=raised("x")))
    assert "ValueError: x" in json.loads(line)["exception"]


@pytest.mark.parametrize(
    "text",
    [
        "cannot reach postgresql+psycopg://ioc:s3cret-word@db:5432/ioc",
        "Authorization: Bearer s3cret-word-that-is-long",
        "Authorization: Token s3cret-word-that-is-long==",
        'refused {"password": "s3cret-word"}',
        "smtp login failed: password=s3cret-word, host=mail",
        "https://api/send?token=s3cret-word&to=1",
        "GET /bot?api_key=s3cret-word",
    ],
)
def test_what_is_secret_is_struck_out(text):
    assert "s3cret" not in without_secrets(text)
    assert "<secret>" in without_secrets(text)
    assert "s3cret" not in formatter("text").format(record("%s", text, exc_info=raised(text)))
    assert "s3cret" not in formatter("json").format(record("%s", text, exc_info=raised(text)))


@pytest.mark.parametrize(
    "text",
    [
        "This process does the scheduled work now (token 12).",
        "http://127.0.0.1:8086 answers 401: the token is wrong or was revoked",
        "mqtt://ioc@broker:1883 is connected",
        "2026-11-23T08:00:00Z at 10:20 a:b@c",
    ],
)
def test_what_is_no_secret_stays(text):
    assert without_secrets(text) == text


def test_gunicorn_writes_as_the_other_parts_do(root, capsys):
    logging.config.dictConfig(dict(gunicorn_config("info", "json")))
    logging.getLogger("gunicorn.error").info("Listening at: %s", "http://127.0.0.1:8080")
    logging.getLogger("dashboards.errors").warning("slow")
    logging.getLogger("gunicorn.access").info("GET /")
    events = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(event["logger"], event["level"]) for event in events] == [
        ("gunicorn.error", "INFO"),
        ("dashboards.errors", "WARNING"),
    ]


def test_a_command_that_stays_up_logs_as_the_settings_say(tmp_path):
    script = (
        "import logging; from ioc import cli; from click import Context; c = Context(cli.main); "
        "c.invoked_subcommand = 'worker'; print(cli._how_to_log(c))"
    )
    environ = {"IOC_LOG__FORMAT": "json", "IOC_LOG__LEVEL": "error", "IOC_DATA_DIR": str(tmp_path), "PATH": "/bin"}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "('error', 'json')"
