"""The relational database: SQLite in the data folder, or PostgreSQL at ``IOC_DATABASE__URL``.

Tables are defined beside the code that owns them, as ``Table(..., metadata, ...)``. Whoever writes does so in
``writing``, whoever reads in ``reading``; both mean the same on either database.
"""

from ioc.database.copying import Copied, Counted, copy_database
from ioc.database.engine import make_engine, metadata, set_up_engine, web_options
from ioc.database.postgresql import MAKE_UTF8, UTF8, Server, ask_server, driver_url, must_be_utf8, shown_url
from ioc.database.schema import migrate, newest_version, version_of
from ioc.database.transactions import CENTRE, reading, writing

__all__ = [
    "CENTRE",
    "MAKE_UTF8",
    "UTF8",
    "Copied",
    "Counted",
    "Server",
    "ask_server",
    "copy_database",
    "driver_url",
    "make_engine",
    "metadata",
    "migrate",
    "must_be_utf8",
    "newest_version",
    "reading",
    "set_up_engine",
    "shown_url",
    "version_of",
    "web_options",
    "writing",
]
