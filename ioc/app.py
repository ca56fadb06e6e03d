"""The web application: puts the parts together that a web process uses. Starts no job and no thread."""

import os
from contextlib import AbstractContextManager

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Engine
from werkzeug.routing import IntegerConverter, Map

import dashboards.access.csrf
import dashboards.access.views
from alerts import IncidentBook
from dashboards import errors, i18n, security
from dashboards.access.session import Interface
from dashboards.api import bp as api
from dashboards.live.hub import Hub
from dashboards.registry import PAGES
from dashboards.services import Services
from dashboards.status.views import bp as status
from ioc.catalogue import load_catalogue
from ioc.config import Settings, ensure_secrets, load_settings, read_secret
from ioc.database import driver_url, metadata, set_up_engine, web_options
from ioc.domain import Clock, SystemClock
from ioc.intake import Quarantine, Sealer
from ioc.latest import Book, LatestReader
from ioc.registry import load_registry
from ioc.timeseries import Store, open_store

MAX_FORM_BYTES = 1024 * 1024
db = SQLAlchemy(metadata=metadata)


class Number(IntegerConverter):
    """A whole number in an address: one that the database can hold, else there is nothing there."""

    def __init__(self, url_map: Map) -> None:
        super().__init__(url_map, max=2**63 - 1)


def create_app(settings: Settings | None = None, *, clock: Clock | None = None, store: Store | None = None) -> Flask:
    """The application for these settings; raises RefuseToStartError where it must not start.

    The database must have been migrated (``ioc run`` does it). The hub that feeds the screens starts with the web
    worker, not here.
    """
    settings = settings or load_settings(os.environ)
    ensure_secrets(settings)
    app = Flask("dashboards", static_folder="static", template_folder="templates")
    app.url_map.converters["int"] = Number
    app.url_map.merge_slashes = False  # the redirect would lead to whatever host the request names
    _configure(app, settings)
    app.extensions["ioc"] = _services(app, settings, clock or SystemClock(), store)
    app.session_interface = Interface()
    i18n.init_app(app, settings.language, settings.timezone)
    errors.init_app(app)
    security.init_app(app)
    dashboards.access.csrf.init_app(app)
    dashboards.access.views.limiter.init_app(app)
    for blueprint in (dashboards.access.views.bp, api, status, *PAGES):
        app.register_blueprint(blueprint)
    return app


def _configure(app: Flask, settings: Settings) -> None:
    app.config.update(
        SECRET_KEY=read_secret(settings, "web").reveal(),
        SESSION_COOKIE_NAME="ioc_visitor",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=MAX_FORM_BYTES,
        SQLALCHEMY_DATABASE_URI=driver_url(settings.database.url),
        SQLALCHEMY_ENGINE_OPTIONS=web_options(settings.database.url),
    )


def _services(app: Flask, settings: Settings, clock: Clock, store: Store | None) -> Services:
    catalogue = load_catalogue(settings.config_dir)
    registry = load_registry(settings.config_dir, catalogue)
    engine = _engine(app)
    book = Book(LatestReader(engine), registry, catalogue, clock)
    incidents = IncidentBook(engine, clock)
    seal = Sealer(read_secret(settings, "quarantine").reveal())

    def context() -> AbstractContextManager[object]:
        return app.test_request_context()

    return Services(
        app=app,
        settings=settings,
        catalogue=catalogue,
        registry=registry,
        book=book,
        store=store or open_store(settings, read_only=True),
        engine=engine,
        hub=Hub(book, incidents, clock, context),
        clock=clock,
        quarantine=Quarantine(engine, seal, clock, settings.quarantine.max_bytes, settings.quarantine.days),
        incidents=incidents,
    )


def _engine(app: Flask) -> Engine:
    db.init_app(app)
    with app.app_context():
        set_up_engine(db.engine)
        with db.engine.connect():  # what an engine learns from its first connection is learnt before there are threads
            pass
        return db.engine
