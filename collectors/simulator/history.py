"""The history that is made at the first start, and after a time when nothing could be sent.

It goes through the same door as live values, marked ``hist``, oldest first, each device at a coarser step than
live. What is made again after a crash has the same times, sequence numbers and values, so nothing is there twice.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from collectors.simulator.messages import Sender

STEP_MS = 5 * 60_000
LENGTH_MS = 24 * 60 * 60_000


@dataclass(slots=True)
class Span:
    """A stretch of time still to be made: from ``cursor_ms`` (a multiple of the step) to ``until_ms``."""

    cursor_ms: int
    until_ms: int


class History:
    """What is still to be made, kept in ``state.json`` so that a restart goes on where it stopped."""

    def __init__(self, path: Path, seed: int, senders: Sequence[Sender]) -> None:
        self._path = path
        self._seed = seed
        self._senders = senders
        self._spans: list[Span] = []
        self._walk: Iterator[tuple[Sender, int]] = iter(())
        self._covered_ms = 0
        self._load()

    @property
    def left_ms(self) -> int:
        """How much time is still to be made."""
        return sum(max(0, span.until_ms - span.cursor_ms) for span in self._spans)

    def open(self, now_ms: int) -> None:
        """Called once at the start: what lies between the last live value, or a day ago, and now is to be made."""
        oldest = (now_ms - LENGTH_MS) // STEP_MS * STEP_MS
        self._spans = [Span(max(s.cursor_ms, oldest), s.until_ms) for s in self._spans if s.until_ms > oldest]
        self.missed(max(self._covered_ms, oldest), now_ms)

    def missed(self, from_ms: int, until_ms: int) -> None:
        """Nothing could be sent live in this time."""
        if from_ms < until_ms:
            self._spans.append(Span(from_ms // STEP_MS * STEP_MS, until_ms))

    def take(self) -> tuple[Sender, int] | None:
        """The next message to be made, or None when all is made."""
        item = next(self._walk, None)
        if item is None and self._spans:
            self._walk = self._all()
            item = next(self._walk, None)
        return item

    def _all(self) -> Iterator[tuple[Sender, int]]:
        while self._spans:
            span = self._spans[0]
            while span.cursor_ms < span.until_ms:
                yield from self._bucket(span.cursor_ms, min(span.cursor_ms + STEP_MS, span.until_ms))
                span.cursor_ms += STEP_MS
            self._spans.pop(0)

    def _bucket(self, start_ms: int, end_ms: int) -> Iterator[tuple[Sender, int]]:
        """One message of every device in one step, the first that it would have sent live."""
        for sender in self._senders:
            n = sender.nth(start_ms)
            if sender.time_ms(n) < end_ms and not sender.silent(n):
                yield sender, n

    def save(self, covered_ms: int) -> None:
        """Write down what is made and acknowledged; ``covered_ms`` is the time of the newest live value."""
        self._covered_ms = max(self._covered_ms, covered_ms)
        state = {
            "seed": self._seed,
            "covered_ms": self._covered_ms,
            "spans": [asdict(span) for span in self._spans],  # the step under way is made again
        }
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps(state), encoding="utf-8")
        fresh.replace(self._path)

    def _load(self) -> None:
        """A state of another seed, or one that cannot be read, counts as none: it is only ever made again."""
        try:
            state = json.loads(self._path.read_text(encoding="utf-8"))
            if state["seed"] == self._seed:
                self._spans = [Span(int(s["cursor_ms"]), int(s["until_ms"])) for s in state["spans"]]
                self._covered_ms = int(state["covered_ms"])
        except (OSError, ValueError, KeyError, TypeError):
            self._spans, self._covered_ms = [], 0
