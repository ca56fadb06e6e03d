#!/usr/bin/env python3
"""Makes the keys and passwords that compose.yaml names, in deploy/secrets; what is there already stays as it is.

Needs nothing but Python. The keys of the centre itself are made by the centre, in its data volume.
"""

import base64
import hashlib
import os
import secrets
import sys
from pathlib import Path

FOLDER = Path(__file__).parent / "secrets"
ROUNDS = 101  # of Mosquitto 2


def mosquitto_line(user: str, password: str) -> str:
    """A line of Mosquitto's password file: PBKDF2 with SHA-512, as `mosquitto_passwd` writes it."""
    salt = secrets.token_bytes(12)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ROUNDS)
    return f"{user}:$7${ROUNDS}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}\n"


def make(folder: Path) -> list[str]:
    """Make what is missing; the names of what was made."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # who may not enter it reads none; containers are given files
    made: list[str] = []

    def keep(name: str, content: str) -> str:
        path = folder / name
        if path.exists():
            return path.read_text(encoding="utf-8")
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o444), "w", encoding="utf-8") as file:
            file.write(content)
        made.append(name)
        return content

    database = keep("postgresql.password", secrets.token_urlsafe(24))
    keep("database.url", f"postgresql://ioc:{database}@postgresql/ioc")
    keep("mosquitto.passwd", mosquitto_line("ioc", keep("mqtt.password", secrets.token_urlsafe(24))))
    keep("influxdb-admin.password", secrets.token_urlsafe(24))
    keep("influxdb-admin.token", secrets.token_urlsafe(48))
    return made


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    found = make(target)
    print(f"{target}: made {', '.join(found)}." if found else f"{target}: everything is there already.")
