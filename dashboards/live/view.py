"""What a page gives to the hub so that it can keep its screens up to date."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from alerts import Incident
from ioc.domain import Series
from ioc.latest import Book

# The HTML of a tile, or the values of a series as they go out by the API (a list: one for each source).
Payload = str | Sequence[Mapping[str, Any]]


class View(Protocol):
    """A page, or a list of values, as one scope and one language see it.

    All screens with the same ``key`` share one rendering, so the key holds everything that the parts depend on: the
    page's name, facility, site, language. ``facility`` and ``site`` say where the right to ``action`` is needed.
    """

    @property
    def action(self) -> str:
        """The right that it takes to see it."""
        ...

    @property
    def key(self) -> tuple[str, ...]:
        """What tells this view from every other."""
        ...

    @property
    def facility(self) -> str:
        """The facility shown, or empty."""
        ...

    @property
    def site(self) -> str:
        """The site shown, or empty for all of the facility."""
        ...

    def parts(self) -> Sequence[str]:
        """The ids of the parts that make up the view from the start; ``touched`` may bring others."""
        ...

    def touched(self, series: Series) -> Iterable[str]:
        """The parts that have to be rendered anew when this series changes. Called often: it only looks up."""
        ...

    def render(self, part: str, book: Book, now_ns: int) -> tuple[Payload, int | None]:
        """One part as it is at ``now_ns``, and the next time at which it changes by the clock alone."""
        ...


@runtime_checkable
class Alerted(Protocol):
    """A view that shows incidents as well; it need not."""

    def alerted(self, incident: Incident) -> Iterable[str]:
        """The parts that have to be rendered anew when this incident has changed, resolved ones included."""
        ...


class Incidents(Protocol):
    """Where the hub learns of incidents: ``alerts.IncidentBook``."""

    def refresh(self) -> list[Incident]:
        """Those that changed since the last call. May block on the database; called by one thread at a time."""
        ...
