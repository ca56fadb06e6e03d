"""Files that a target names: its password, the authority of its certificate. Read when it is looked at, not before:
one that is missing silences its own target, and is read as soon as it is there."""

import shlex
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from ioc.config import Secret, shown
from ioc.errors import Fault, IocError
from ioc.polling.targets import Target, TargetShape

S = TypeVar("S", bound=TargetShape)
T = TypeVar("T")
NUMBER = "IOC-N020"


class UnusableError(IocError):
    """A file that a target names is missing, may not be read, or holds nothing of use: we are set up wrongly, and
    nobody knows how the target is."""


def read_secret_file(path: str) -> Secret:
    """The secret that a file holds; raises UnusableError."""
    try:
        file = Path(path).expanduser()
        text = file.read_text(encoding="utf-8").strip()
    except (OSError, RuntimeError) as error:  # RuntimeError: a ~ of nobody
        raise _unusable("password_file", path, error) from None
    except UnicodeDecodeError:
        raise UnusableError(f"password_file {shown(file)} is not UTF-8 text", "Save it as UTF-8.") from None
    if not text:
        raise UnusableError(f"password_file {shown(file)} is empty", "Write the password into it.")
    return Secret(text)


def trust(ca_file: str) -> ssl.SSLContext:
    """What a certificate is judged by: the authorities of ``ca_file``, those of the machine without one; raises
    UnusableError."""
    try:
        return ssl.create_default_context(cafile=ca_file or None)
    except OSError as error:  # also ssl.SSLError
        raise _unusable("ca_file", ca_file, error) from None


class Made(dict[str, T]):
    """By target, what its look needs and ``make`` puts together of its files, made when it is first looked at. Where
    ``make`` raises UnusableError, it is tried again at the next look."""

    def __init__(self, targets: Iterable[Target[S]], make: Callable[[Target[S]], T]) -> None:
        super().__init__()
        self._targets = {target.name: target for target in targets}
        self._make = make

    def __missing__(self, name: str) -> T:
        made = self[name] = self._make(self._targets[name])
        return made


_READS: Mapping[str, Callable[[str], object]] = {"password_file": read_secret_file, "ca_file": trust}


def faults_of_files(target: Target[TargetShape]) -> Iterator[Fault]:
    """What is wrong with the files that a target names. It keeps nothing from starting."""
    for key, read in _READS.items():
        path: Any = getattr(target.ask, key, "")
        if not path:
            continue
        try:
            read(path)
        except UnusableError as error:
            yield Fault(NUMBER, target.where(key), f"{target.name}: {error}.", error.hint)


def _unusable(key: str, path: str, error: Exception) -> UnusableError:
    quoted = shlex.quote(path)
    if isinstance(error, FileNotFoundError):
        hint = "Put the certificate of the authority there, as text (PEM)."
        if key == "password_file":
            hint = f"As the user of the centre: sudo install -D -m 600 -o $(id -un) /dev/null {quoted}; then fill it."
        return UnusableError(f"{key}: there is no file {path}", hint)
    if isinstance(error, PermissionError):
        hint = f"As the user of the centre: sudo chown $(id -un) {quoted} && sudo chmod u+r {quoted}"
        return UnusableError(f"{key} {path} may not be read by the user of the centre", hint)
    if isinstance(error, ssl.SSLError):
        return UnusableError(f"{key} {path} holds no certificate", "It is text that begins with BEGIN CERTIFICATE.")
    return UnusableError(f"{key} {path} cannot be read: {getattr(error, 'strerror', None) or error}")
