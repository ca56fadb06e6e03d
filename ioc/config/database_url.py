"""The address of the relational database, as a person writes it. It may hold a password: no error repeats any of it."""

import re

OLD, PLAIN = "postgres://", "postgresql://"
_SCHEMES = ("sqlite", "postgresql")
_DRIVERS = {"", "psycopg", "pysqlite"}
# One `@` at most, and no `/` before it: of any other, the end of the password would be taken for the name of the host.
_SERVER = re.compile(
    r"[^:]+://(?:[^@/:]*(?::[^@/]*)?@)?(?:\[[^]@/]*]|[^]\[@/?:]*)(?::\d*)?(?:/[^@?]*)?(?:\?[^@]*)?", re.DOTALL
)


def parse_database_url(text: str) -> str:
    """The URL, `postgres://` as ``postgresql://``; raises ValueError where it cannot be right."""
    text = PLAIN + text.removeprefix(OLD) if text.startswith(OLD) else text
    scheme, separator, _ = text.partition("://")
    name, _, driver = scheme.partition("+")
    if not separator or name not in _SCHEMES:
        raise ValueError("it does not begin with sqlite:// or postgresql://")
    if driver not in _DRIVERS:
        raise ValueError(f"{driver} is not the driver of the centre: leave it out, as in postgresql://user@host/name")
    if name != "sqlite" and not _SERVER.fullmatch(text):
        raise ValueError(
            "it cannot be taken apart; @ / : % ? in a password must be percent-encoded, as p%40ss stands for p@ss in "
            "postgresql://user:p%40ss@host/name"
        )
    return text
