"""``/wall/_self``: the centre's own board."""

from flask import Blueprint, current_app, render_template

from dashboards.access import authorise
from dashboards.alarms import alarms_at
from dashboards.centre.live import centre_view
from dashboards.hospital.live import safe_tile
from dashboards.hospital.views import wall_theme
from dashboards.render import address, language, now_ns
from dashboards.services import services
from dashboards.tiles import build_feed
from ioc.registry import SELF

bp = Blueprint("centre", __name__)


@bp.get(f"/wall/{SELF.code}")
def wall() -> str:
    """The live board: drawn once here, then kept up to date by the stream."""
    authorise("board", facility=SELF.code)
    scope = {"lang": language()}
    view = centre_view(current_app, scope)
    book, now = services().present(), now_ns()
    lens, alarms = view.lens(book, now), alarms_at(services(), SELF.code, "")
    spec = view.board.spec
    theme, by_clock = wall_theme()
    return render_template(
        "centre.html",
        title=spec.title.in_(language()),
        tiles=[safe_tile(tile, lens, alarms) for tile in spec.tiles],
        feeds=[build_feed(feed, lens, alarms) for feed in spec.feeds],
        a=view.strip(lens, book)["a"],
        lists_parts=view.lists(now),
        stream=address("api.stream", {"view": "centre", **scope}),
        theme=theme,
        theme_by_clock=by_clock,
    )
