"""``/wall/province/<province>``."""

from flask import Blueprint, current_app, render_template

from dashboards.access import authorise
from dashboards.hospital.live import safe_tile
from dashboards.hospital.views import wall_theme
from dashboards.province.lines import columns, size_of
from dashboards.province.live import province_view
from dashboards.render import address, language, now_ns, say
from dashboards.services import services

bp = Blueprint("province", __name__)


@bp.get("/wall/province/<province>")
def wall(province: str) -> str:
    """The live board: drawn once here, then kept up to date by the stream. For those who may see every facility."""
    authorise("board", everywhere=True)
    scope = {"province": province, "lang": language()}
    view = province_view(current_app, scope)
    book, now = services().present(), now_ns()
    lens, alarms = view.lens(book, now), view.alarms()
    groups = [[view.line(found, site, book, now) for found, site in group] for group in view.places]
    theme, by_clock = wall_theme()
    tasks, total = view.open(book, now)
    return render_template(
        "province.html",
        name=say(services().registry.provinces[province]),
        title=view.board.spec.title.in_(language()),
        size=size_of(sum(len(group) for group in groups)),
        tiles=[safe_tile(tile, lens, alarms) for tile in view.board.spec.tiles],
        columns=columns(groups),
        occupancy=view.occupancy(lens),
        strip_parts=view.strip(lens, book),
        tasks=tasks,
        total=total,
        heard_of=view.heard(lens),
        stream=address("api.stream", {"view": "province", **scope}),
        theme=theme,
        theme_by_clock=by_clock,
    )
