"""What ``ioc doctor`` says of the relational database."""

from collections.abc import Iterator

from sqlalchemy import Engine

from ioc.commands.findings import Finding, fault, fine, note
from ioc.database import MAKE_UTF8, UTF8, Server, ask_server, newest_version, version_of

AREA = "database"
OLDEST = 13  # the oldest PostgreSQL that its makers still mend
NEARLY_FULL = 0.8  # of the connections


def server(engine: Engine) -> Iterator[Finding]:
    """The version of its schema and, where it is a server, whether one may rely on it."""
    found, newest = version_of(engine), newest_version()
    said = ask_server(engine)
    if found not in (None, newest):  # one without a version is nobody's, and was said to be before
        yield fault(AREA, f"Its schema has version {found}, this program works with {newest}.", "Start the centre.")
    elif said is None:
        yield fine(AREA, "The database answers.")
    else:
        yield fine(
            AREA, f"PostgreSQL {said.version} answers; {said.connections} of {said.most} connections are in use."
        )
    if said is not None:
        yield from _reliable(said)


def _reliable(said: Server) -> Iterator[Finding]:
    major = said.version.partition(".")[0]
    if major.isdecimal() and int(major) < OLDEST:
        yield fault(AREA, f"PostgreSQL {said.version} is too old.", f"Use {OLDEST} or newer.")
    if said.encoding != UTF8:
        what = f"The database keeps text as {said.encoding}, which knows no Vietnamese letters."
        yield fault(AREA, what, f"Make it with: {MAKE_UTF8}, and copy it over.")
    if said.standby:
        yield fault(AREA, "The server is a standby and takes no writes.", "Point IOC_DATABASE__URL at the primary.")
    if not said.durable:
        what = "fsync or synchronous_commit is off: what the centre has acknowledged can be lost with the power."
        yield fault(AREA, what, "Set both on in postgresql.conf, and reload the server.")
    if said.connections > NEARLY_FULL * said.most:
        hint = "Raise max_connections: each web worker may need 20, worker and scheduler 15 each."
        yield note(AREA, f"{said.connections} of {said.most} connections of the server are in use.", hint)
