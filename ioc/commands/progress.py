"""How far a sending is: one line on standard error."""

import sys
import time
from typing import Protocol

import click


class Counting(Protocol):
    """What is sending."""

    @property
    def sent(self) -> int:
        """How many messages have left."""
        ...

    @property
    def acknowledged(self) -> int:
        """How many of them the other side has."""
        ...


class Progress:
    """One line on standard error: rewritten on a terminal, else a new one every few seconds."""

    def __init__(self, sender: Counting, total: int = 0) -> None:
        self._sender = sender
        self._of = f" of {total}" if total else ""
        self._terminal = sys.stderr.isatty()
        self._begun = self._shown = time.monotonic()

    def show(self, *, last: bool = False) -> None:
        """Show how far it is, not too often."""
        now = time.monotonic()
        if last and not self._terminal:
            return
        if last or now - self._shown >= (0.5 if self._terminal else 5.0):
            self._shown = now
            rate = self._sender.acknowledged / max(now - self._begun, 0.001)
            text = f"sent {self._sender.sent}{self._of}, acknowledged {self._sender.acknowledged}, {rate:.0f}/s"
            click.echo(f"\r{text}\033[K" if self._terminal else text, err=True, nl=last or not self._terminal)
