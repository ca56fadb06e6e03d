"""The centre's own board as the hub sees it: tiles of this machine, and lists that it looks up by itself."""

import os
import socket
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from flask import Flask, get_template_attribute
from flask_babel import force_locale

from alerts import channels
from dashboards.alerts.bands import LOOK_NS
from dashboards.boards import Board
from dashboards.centre import rows
from dashboards.hospital.live import STRIP, HospitalView
from dashboards.services import Services
from ioc.catalogue import LANGUAGES
from ioc.domain import SECOND, Series
from ioc.latest import Book
from ioc.registry import SELF
from ioc.telemetry import GONE_NS, Meter, Pulse, of_process

LISTS = "lists"
AGAIN_NS = 5 * SECOND  # processes beat as often


@dataclass(frozen=True)
class CentreView(HospitalView):
    """A board like those of hospitals, of the facility that is the centre itself, with lists below its tiles."""

    @property
    def key(self) -> tuple[str, ...]:
        """What tells this view from every other."""
        return ("centre", self.language)

    def parts(self) -> Sequence[str]:
        """The strip, the tiles and the lists."""
        return [part for part in (*super().parts(), LISTS) if part != "count"]

    def touched(self, series: Series) -> Iterable[str]:
        """As of every board; there are no devices to count."""
        return [part for part in super().touched(series) if part != "count"]

    def render(self, part: str, book: Book, now_ns: int) -> tuple[str, int | None]:
        """One part, and when the clock alone changes it."""
        if part == LISTS:
            with force_locale(self.language):
                return get_template_attribute("centre-parts.html", LISTS)(**self.lists(now_ns)), now_ns + AGAIN_NS
        if part == STRIP:
            with force_locale(self.language):
                strip = self.strip(self.lens(book, now_ns), book)
                return get_template_attribute("centre-parts.html", STRIP)(strip["a"]), now_ns + LOOK_NS
        return super().render(part, book, now_ns)

    def lists(self, now_ns: int) -> dict[str, list[rows.Line]]:
        """Parts, jobs, writes and channels."""
        own = self.services
        pulses, found = own.offload(lambda: (own.pulses.alive(now_ns, GONE_NS), channels(own.engine, now_ns)))
        web = Meter()
        of_process(web)
        this = Pulse("web", socket.gethostname(), os.getpid(), now_ns, tuple(web.figures()))
        return {
            "parts": rows.parts([*pulses, this], now_ns, self.language),
            "jobs": rows.jobs(pulses, now_ns, self.language),
            "writes": rows.writes(pulses, now_ns, self.language),
            "told": rows.told(found, self.language),
        }


def centre_view(app: Flask, arguments: Mapping[str, str]) -> CentreView:
    """The view that a stream asks for with ``lang``."""
    own: Services = app.extensions["ioc"]
    boards: Mapping[str, Board] = app.extensions["ioc-boards"]
    spoken = arguments.get("lang", "")
    return CentreView(own, boards["centre"], SELF.code, "", spoken if spoken in LANGUAGES else own.settings.language)
