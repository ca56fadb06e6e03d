"""A web application on a database of its own, with the shipped configuration, a clock that stands still, and the
standing cast: an administrator, a viewer of bv01, a viewer of bv02, and the screen of bv01."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from dashboards.services import Services
from ioc.access import Role, Scope
from ioc.app import create_app
from ioc.config import load_settings
from ioc.database import make_engine, metadata
from ioc.domain import Frame, Quality, Series, VirtualClock, parse_rfc3339
from ioc.latest import LatestWriter
from ioc.timeseries import MemoryStore

ROOT = Path(__file__).parents[3]
NOW_NS = parse_rfc3339("2026-11-23T08:00:00+07:00")
CAST = {
    "admin": (Role.ADMIN, "*"),
    "steward": (Role.STEWARD, "facility:bv01"),
    "oncall": (Role.ONCALL, "facility:bv01"),
    "operator": (Role.OPERATOR, "facility:bv01"),
    "viewer": (Role.VIEWER, "facility:bv01"),
    "viewer_bv02": (Role.VIEWER, "facility:bv02"),
    "screen": (Role.SCREEN, "facility:bv01"),
}


@dataclass
class Web:
    """The application and what a test does with it."""

    app: Flask
    clock: VirtualClock
    services: Services
    writer: LatestWriter
    tokens: dict[str, str]

    def put(
        self, key: str, value: float, *, age_s: float = 0.0, quality: Quality = Quality.GOOD, source: str = "mqtt"
    ) -> None:
        """Make this the newest value of a series, such as ``fridge.temp,device=…,facility=bv01,site=…``."""
        series = Series.parse(key)
        tags = ",".join(f"{name}={tag}" for name, tag in sorted({**dict(series.tags), "source": source}.items()))
        measurement, _, field = series.metric.partition(".")
        now_ns = self.clock.now_ns()
        time_ns = now_ns - int(age_s * 1e9)
        self.writer.offer([Frame(f"{measurement},{tags}", {field: value}, time_ns, quality, now_ns)])
        self.writer.flush()

    def as_(self, who: str) -> FlaskClient:
        """A program with the token of one of the cast."""
        client = self.app.test_client()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {self.tokens[who]}"
        return client

    def nobody(self) -> FlaskClient:
        """Somebody who is not logged in."""
        return self.app.test_client()

    def browser(self, who: str) -> FlaskClient:
        """A browser in which one of the cast is logged in, without the slow way through the form."""
        client = self.app.test_client()
        token = self.services.tokens.find(self.tokens[who])
        assert token is not None
        key, _ = self.services.sessions.open(token, {})
        client.set_cookie("ioc_session", key)
        return client


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    """The application; nothing runs in the background."""
    settings = load_settings({"IOC_DATA_DIR": str(tmp_path), "IOC_CONFIG_DIR": str(ROOT / "configs")})
    engine = make_engine(settings.database.url)
    metadata.create_all(engine)
    clock = VirtualClock(NOW_NS)
    app = create_app(settings, clock=clock, store=MemoryStore())
    app.testing = True
    services: Services = app.extensions["ioc"]
    writer = LatestWriter(services.engine, services.catalogue, services.registry, clock)
    tokens = {
        name: services.tokens.create(role, Scope.parse(scope), name, actor="test")[0]
        for name, (role, scope) in CAST.items()
    }
    yield Web(app, clock, services, writer, tokens)
    engine.dispose()
