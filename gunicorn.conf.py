"""How gunicorn serves the centre: ``gunicorn wsgi:app`` from this folder needs nothing else.

The gevent worker, since one stream would block a plain one. One worker serves hundreds of screens; more are set by
``WEB_CONCURRENCY``, gunicorn's own variable. Nothing is loaded before the fork: connections, threads and the hub
belong to the worker.
"""

import os
import resource
from pathlib import Path
from typing import Any

from ioc.config import load_settings
from ioc.errors import RefuseToStartError
from ioc.logs import gunicorn_config

try:
    _settings = load_settings(os.environ)
except RefuseToStartError as error:
    raise SystemExit(str(error)) from None

# A stream is an open file; the usual limit of 1,024 is less than a province has screens.
_, _most = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (_most, _most))

bind = str(_settings.web.bind)
worker_class = "gevent"
worker_connections = 4_000
graceful_timeout = 5
timeout = 60  # a worker whose loop stands still for so long is replaced
keepalive = 2  # an idle connection must not hold up the end
preload_app = False
control_socket_disable = True  # one in the home folder, shared by every server of this user
accesslog = None
errorlog = "-"
loglevel = _settings.log.level
logconfig_dict = gunicorn_config(_settings.log.level, _settings.log.format)
# a proxy on this machine, or one that is named, may say that the visitor came over https
forwarded_allow_ips = ",".join(["127.0.0.1", "::1", *map(str, _settings.web.proxies)])
if Path("/dev/shm").is_dir():  # noqa: S108 - gunicorn's heartbeat file, made by it with a random name
    worker_tmp_dir = "/dev/shm"  # noqa: S108 - a heartbeat must not wait for a busy disk


def post_worker_init(worker: Any) -> None:
    """Start the hub in the worker; it ends every stream as soon as the worker is told to stop."""
    hub = worker.app.callable.extensions["ioc"].hub
    hub.start(alive=lambda: worker.alive)
