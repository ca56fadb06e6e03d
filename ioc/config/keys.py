"""The centre's own keys: made on the first start, refused where they are missing, short, known or open to others."""

import base64
import os
import secrets
from pathlib import Path

from ioc.config.secret import Secret
from ioc.config.settings import Settings
from ioc.errors import Fault, RefuseToStartError

NAMES = ("web", "quarantine", "webhook", "identity")
MIN_LENGTH = 32
KNOWN = ("changeme", "change-me", "change_me", "secret", "password", "default", "example", "insecure", "012345")


def ensure_secrets(settings: Settings) -> None:
    """Make the keys of ``NAMES`` in ``data_dir/secrets/`` where they are missing; what is there stays as it is.

    Each holds 32 random bytes in URL-safe base64. Safe when several processes do it at once.
    """
    folder = settings.data_dir / "secrets"
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        folder.chmod(0o700)
        for name in NAMES:
            if not _path(settings, name).exists():
                _create(_path(settings, name))
    except OSError as error:
        what = f"cannot be written: {error.strerror or error} ({error.filename})."
        hint = f"Give it to the user who starts the centre: sudo chown -R $(id -un) {settings.data_dir}"
        raise RefuseToStartError([Fault("IOC-S020", f"IOC_DATA_DIR={settings.data_dir}", what, hint)]) from error


def read_secret(settings: Settings, name: str) -> Secret:
    """The key of one of ``NAMES``; raises RefuseToStartError where it cannot be trusted."""
    path = _path(settings, name)
    try:
        text = path.read_text(encoding="utf-8").strip()
        open_to_others = path.stat().st_mode & 0o077
    except FileNotFoundError:
        raise _refuse(path, "there is no such key.", "`ioc run` makes it on the first start.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise _refuse(path, f"cannot be read: {error}.") from error
    again = f"Make another: rm {path}, then `ioc run`."
    if len(text) < MIN_LENGTH:
        raise _refuse(path, f"the key has fewer than {MIN_LENGTH} characters.", again)
    if len(set(text)) < 8 or any(word in text.lower() for word in KNOWN):
        raise _refuse(path, "the key is one that others know or guess.", again)
    if open_to_others:
        raise _refuse(path, "other users of this machine can read the key.", f"chmod 600 {path}")
    return Secret(text)


def _path(settings: Settings, name: str) -> Path:
    if name not in NAMES:
        raise ValueError(f"no such secret: {name}")
    return settings.data_dir / "secrets" / f"{name}.key"


def _create(path: Path) -> None:
    """Whole or not at all, and never over another's: a link to a name that exists fails."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(base64.urlsafe_b64encode(secrets.token_bytes(32)) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _refuse(path: Path, what: str, hint: str = "") -> RefuseToStartError:
    return RefuseToStartError([Fault("IOC-S021", str(path), what, hint)])
