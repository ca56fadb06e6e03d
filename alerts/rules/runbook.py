"""Runbooks: a page of Markdown with a part per language, an ordered list of steps, and the source of the limits."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from alerts.rules.model import Runbook
from ioc.catalogue import LANGUAGES
from ioc.config import shown
from ioc.errors import IocError

NEEDED = ("vi", "en")
_PATH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*\.md")
_HEADING = re.compile(r"##\s+(\w+)\s*")
_STEP = re.compile(r"\d+[.)]\s+(.+)")
_SOURCE = re.compile(r"(?:Nguồn|Source)\s*:\s*(.+)")


class RunbookError(IocError):
    """The page is not there, or lacks what everybody must be able to read; the message begins with its path."""


def read_runbook(config_dir: Path, path: str) -> Runbook:
    """The runbook at ``path``, which is written from ``config_dir``. Raises RunbookError."""
    if not _PATH.fullmatch(path) or ".." in path:
        raise RunbookError(f"{path!r} is no path of a page below the folder.", "Such as runbooks/fridge-warm.md.")
    file = config_dir / path
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise RunbookError(f"{shown(file)} cannot be read: {reason}.") from error
    parts = dict(_parts(text))
    for language in NEEDED:
        if language not in parts:
            raise RunbookError(f"{shown(file)} has no part in {language}.", f"A heading of its own: ## {language}.")
    steps = {language: tuple(_steps(lines)) for language, lines in parts.items()}
    source = {language: " ".join(_source(lines)) for language, lines in parts.items()}
    _complete(file, steps, source)
    return Runbook(path, steps, source)


def _complete(file: Path, steps: Mapping[str, tuple[str, ...]], source: Mapping[str, str]) -> None:
    for language, found in steps.items():
        if not found:
            raise RunbookError(f"{shown(file)} has no steps in {language}.", "An ordered list: 1. …")
        if not source[language]:
            word = "Nguồn: …" if language == "vi" else "Source: …"
            raise RunbookError(f"{shown(file)} does not say in {language} where its limits come from.", f"{word}")


def _parts(text: str) -> Iterator[tuple[str, list[str]]]:
    """Language and lines of each part."""
    lines: list[str] = []
    for line in text.splitlines():
        heading = _HEADING.fullmatch(line)
        if heading:
            lines = []
            if heading[1] in LANGUAGES:
                yield heading[1], lines
        else:
            lines.append(line)


def _steps(lines: list[str]) -> Iterator[str]:
    """The items of the ordered list; an indented line goes on with the item above it."""
    step = ""
    for line in [*lines, ""]:
        begun = _STEP.fullmatch(line.rstrip())
        if step and (begun or not line.startswith(" ")):
            yield step
            step = ""
        if begun:
            step = begun[1]
        elif step:
            step += f" {line.strip()}"


def _source(lines: list[str]) -> Iterator[str]:
    """The line of the source and those below it, up to an empty one."""
    inside = False
    for line in lines:
        begun = _SOURCE.fullmatch(line.strip())
        inside = bool(begun) or (inside and bool(line.strip()))
        if inside:
            yield begun[1] if begun else line.strip()
