"""``/wall/<facility>[/<site>]``."""

from flask import Blueprint, Flask, current_app, render_template, request
from flask.blueprints import BlueprintSetupState

from dashboards import format as fmt
from dashboards.access import authorise
from dashboards.alarms import alarms_at
from dashboards.boards import load_boards
from dashboards.hospital.live import hospital_view, known_facility, safe_tile
from dashboards.render import address as url_of
from dashboards.render import language, now_ns, say
from dashboards.services import services
from dashboards.tiles import build_feed

bp = Blueprint("hospital", __name__)
LIGHT_FROM, LIGHT_UNTIL = 6, 18


@bp.record_once
def _load(state: BlueprintSetupState) -> None:
    assert isinstance(state.app, Flask)
    own = state.app.extensions["ioc"]
    state.app.extensions["ioc-boards"] = load_boards(own.settings.config_dir, own.catalogue)
    state.app.jinja_env.globals.update(mllp_address=lambda: f"mllp://{own.settings.mllp.bind}")


@bp.get("/wall/<facility>")
@bp.get("/wall/<facility>/<site>")
def wall(facility: str, site: str = "") -> str:
    """The live board: drawn once here, then kept up to date by the stream."""
    authorise("board", facility=facility, site=site)
    own = services()
    found = known_facility(own, facility, site)
    scope = {"facility": facility, "site": site, "lang": language()}
    view = hospital_view(current_app, scope)
    book = own.present()
    lens, alarms = view.lens(book, now_ns()), alarms_at(own, facility, site)
    spec = view.board.spec
    theme, by_clock = wall_theme()
    return render_template(
        "wall.html",
        name=say(found.short if site else found.title) + (f" · {say(found.sites[site].title)}" if site else ""),
        title=spec.title.in_(language()),
        facility=facility,
        tiles=[safe_tile(tile, lens, alarms) for tile in spec.tiles],
        feeds=[build_feed(feed, lens, alarms) for feed in spec.feeds],
        r=lens.report,
        stream=url_of("api.stream", {"view": "hospital", **scope}),
        theme=theme,
        theme_by_clock=by_clock,
        strip_parts=view.strip(lens, book),
    )


def wall_theme() -> tuple[str, bool]:
    """Dark, light, or light by day, as ``?theme=`` asks; and whether it goes by the clock."""
    asked = request.args.get("theme", "dark")
    if asked == "clock":
        hour = int(fmt.clock(now_ns(), services().settings.timezone)[:2])
        return ("light" if LIGHT_FROM <= hour < LIGHT_UNTIL else "dark"), True
    return ("light" if asked == "light" else "dark"), False
