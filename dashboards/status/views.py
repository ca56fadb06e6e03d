"""``/healthz`` for load balancers and people, ``/metrics`` for Prometheus."""

from dataclasses import asdict

from flask import Blueprint, Response

from dashboards.access import authorise
from dashboards.access.principal import asked_here
from dashboards.api.answers import as_json
from dashboards.services import services
from dashboards.status.health import checks
from dashboards.status.prometheus import text

bp = Blueprint("status", __name__)


@bp.get("/healthz")
def healthz() -> Response:
    """200 when every part works, else 503; open to everybody, so it names no value and no path."""
    found = checks(services())
    ok = all(check.ok for check in found.values())
    body = {"status": "ok" if ok else "failed", "checks": {name: asdict(check) for name, check in found.items()}}
    return as_json(body, 200 if ok else 503)


@bp.get("/metrics")
def metrics() -> Response:
    """Counters in Prometheus' text format: open to this machine, else with a token for all facilities."""
    if not asked_here():
        authorise("metrics", everywhere=True)
    body = services().offload(text, services())
    return Response(body, content_type="text/plain; version=0.0.4; charset=utf-8")
