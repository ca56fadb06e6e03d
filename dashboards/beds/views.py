"""``/beds/<facility>`` and ``/wall/<facility>/ward/<ward>``."""

from flask import Blueprint, Flask, current_app, render_template, request
from flask.blueprints import BlueprintSetupState

from dashboards import format as fmt
from dashboards.access import authorise, current_principal
from dashboards.beds.live import beds_view, ward_view
from dashboards.beds.words import kind_title, label_of, word_of
from dashboards.hospital.live import known_facility
from dashboards.hospital.views import wall_theme
from dashboards.render import address, language, now_ns, say
from dashboards.services import services

bp = Blueprint("beds", __name__)


@bp.record_once
def _words(state: BlueprintSetupState) -> None:
    assert isinstance(state.app, Flask)
    state.app.jinja_env.globals.update(
        exact=lambda ns: fmt.exact(ns, language(), services().settings.timezone),
        brief=lambda ns: fmt.brief(now_ns() - ns, language()),
        percent=lambda value: fmt.quantity(value, "%", 0, language()),
        signed=lambda count: fmt.number(count, 0, language()) if count <= 0 else f"+{fmt.number(count, 0, language())}",
        bed_word=word_of,
        kind_title=kind_title,
        label_of=label_of,
    )


@bp.get("/beds/<facility>")
def index(facility: str) -> str:
    """The wards with their patients, beds and the balance of their day; kept up to date by the stream."""
    site = request.args.get("site", "")
    authorise("board", facility=facility, site=site)
    found = known_facility(services(), facility, site)
    scope = {"facility": facility, "site": site, "lang": language()}
    view = beds_view(current_app, scope)
    return render_template(
        "beds.html",
        facility=facility,
        site=site,
        name=say(found.short),
        s=view.scene(services().present(), now_ns()),
        sites=list(found.sites.values()),
        address=f"mllp://{services().settings.mllp.bind}",
        stream=address("api.stream", {"view": "beds", **scope}),
    )


@bp.get("/wall/<facility>/ward/<ward>")
def ward(facility: str, ward: str) -> str:
    """The map of one ward: drawn once here, then kept up to date by the stream."""
    principal = current_principal()
    authorise("board", facility=facility, site=principal.scope.site if principal else "")
    found = known_facility(services(), facility)
    scope = {"facility": facility, "ward": ward, "lang": language()}
    view = ward_view(current_app, scope)
    authorise("board", facility=facility, site=view.site)
    theme, by_clock = wall_theme()
    site = found.sites.get(view.site)
    return render_template(
        "ward.html",
        name=say(found.short),
        site=say(site.title) if site and len(found.sites) > 1 else "",
        facility=facility,
        s=view.scene(services().present(), now_ns()),
        stream=address("api.stream", {"view": "ward", **scope}),
        theme=theme,
        theme_by_clock=by_clock,
    )
