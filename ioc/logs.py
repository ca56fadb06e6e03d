"""What is written to standard error: one line an event, in UTC, as text for people or JSON for a log server.

A key or password that a message names is struck out here, whoever wrote the message. Nothing logs the content of a
message of a HIS: patients stand in no log because they are never given to one.
"""

import json
import logging
import re
import sys
import time
from collections.abc import Mapping
from typing import Any

TEXT, JSON = "text", "json"
TALKATIVE = ("alembic",)  # libraries that say what they do, which nobody asked
STRUCK = "<secret>"
_SECRETS = (
    (re.compile(r"(?P<before>[a-z][a-z0-9+.-]*://[^\s:/@\"']*:)[^\s/@\"']+(?=@)"), rf"\g<before>{STRUCK}"),
    (re.compile(r"(?i)(?P<before>\b(?:bearer|token|basic)\s+)[a-z0-9._~+/=-]{16,}"), rf"\g<before>{STRUCK}"),
    (
        re.compile(
            r"(?i)(?P<before>\b(?:password|passwd|secret|token|api[_-]?key)[\"']?\s*[=:]\s*[\"']?)[^\s,;&\"']{3,}"
        ),
        rf"\g<before>{STRUCK}",
    ),
)
_LINES = str.maketrans({"\n": "\\n", "\r": "\\r", "\x1b": "\\x1b", "\x00": "\\0"})


def without_secrets(text: str) -> str:
    """The text without passwords of URLs, bearer tokens, and what is called a password, token, secret or key."""
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text


class TextFormatter(logging.Formatter):
    """``2026-11-23T08:00:00.123Z WARNING ioc.worker: …``: one line, whatever a message holds. Only a traceback
    follows on lines of its own, each set in, so that a line that begins with a time always begins an event."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S")
        self.converter = time.gmtime

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (logging's name)
        """The line itself."""
        record.message = without_secrets(record.message).translate(_LINES)
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:  # noqa: N802 (logging's name)
        """The traceback below it."""
        return "\n".join(f"    {line}" for line in without_secrets(super().formatException(ei)).splitlines())


class JsonFormatter(logging.Formatter):
    """One JSON object a line: ``time`` (RFC 3339), ``level``, ``logger``, ``message``, ``thread``, ``pid``, and
    ``exception`` where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        event: dict[str, object] = {
            "time": f"{moment}.{int(record.msecs):03d}Z",
            "level": record.levelname,
            "logger": record.name,
            "message": without_secrets(record.getMessage()),
            "thread": record.threadName,
            "pid": record.process,
        }
        if record.exc_info:
            event["exception"] = without_secrets(self.formatException(record.exc_info))
        return json.dumps(event, ensure_ascii=False)


def formatter(kind: str = TEXT) -> logging.Formatter:
    """The formatter of ``log.format``."""
    return JsonFormatter() if kind == JSON else TextFormatter()


def set_up_logging(level: str, kind: str = TEXT) -> None:
    """Have this process log to standard error from now on, as ``log.level`` and ``log.format`` say."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter(kind))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in TALKATIVE:
        logging.getLogger(name).setLevel("WARNING")


def gunicorn_config(level: str, kind: str = TEXT) -> Mapping[str, Any]:
    """The same for gunicorn, as its ``logconfig_dict``: its own loggers and ours write through one handler."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"ours": {"()": "ioc.logs.formatter", "kind": kind}},
        "handlers": {"ours": {"class": "logging.StreamHandler", "formatter": "ours", "stream": "ext://sys.stderr"}},
        "root": {"level": level.upper(), "handlers": ["ours"]},
        "loggers": {
            "gunicorn.error": {"level": level.upper(), "handlers": [], "propagate": True},
            **{name: {"level": "WARNING"} for name in TALKATIVE},
            "gunicorn.access": {"level": "WARNING", "handlers": [], "propagate": True},
        },
    }
