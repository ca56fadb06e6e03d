"""Collecting every fault of what an operator wrote, each with the nearest valid name."""

import difflib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from ioc.errors import Fault, RefuseToStartError


def nearest(word: str, words: Iterable[str]) -> str:
    """The one of ``words`` most like ``word``, or an empty string where none is like it."""
    found = difflib.get_close_matches(word, list(words), n=1, cutoff=0.6)
    return found[0] if found else ""


def hint_for(word: str, words: Iterable[str]) -> str:
    """A sentence that names the nearest of ``words``, or all of them where they are few, or nothing."""
    known = list(words)
    if found := nearest(word, known):
        return f"Did you mean {found!r}?"
    return f"Known: {', '.join(known)}." if 0 < len(known) <= 12 else ""


class Faults:
    """The faults found so far in one area of the configuration.

    ``area`` is the letter of the ids: S settings, C catalogue, R registry, B boards. Numbers 1 to 9 are those of
    files and shapes and mean the same in every area; an area's own begin at 10.
    """

    def __init__(self, area: str) -> None:
        self.area = area
        self.found: list[Fault] = []

    def add(self, number: int, where: str, what: str, hint: str = "") -> None:
        """Note one fault as ``IOC-<area><number>``; the same fault only once."""
        fault = Fault(f"IOC-{self.area}{number:03d}", where, what, hint)
        if fault not in self.found:
            self.found.append(fault)

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Take over the faults of whatever refuses inside, and go on behind it."""
        try:
            yield
        except RefuseToStartError as error:
            self.found.extend(error.faults)

    def refuse(self) -> None:
        """Raise all that was found, if anything was."""
        if self.found:
            raise RefuseToStartError(self.found)
