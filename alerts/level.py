"""How bad it is: the levels of DESIGN 9, and none."""

from enum import IntEnum


class Level(IntEnum):
    """Rises with urgency. ``NONE`` is what a track has that does not alarm."""

    NONE = 0
    WARNING = 1
    CRITICAL = 2

    @property
    def word(self) -> str:
        """As it is written in rules, in the API and in ``data-level``; empty for none."""
        return self.name.lower() if self else ""

    @classmethod
    def of(cls, word: str) -> "Level":
        """The level of this word; KeyError for any other."""
        return cls[word.upper()] if word else cls.NONE
