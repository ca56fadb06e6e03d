"""Filling the settings: the environment over ``configs/ioc.yaml`` over the defaults, all faults at once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ioc.config.faults import Faults, hint_for
from ioc.config.files import load_yaml
from ioc.config.settings import SECTIONS, SETTINGS, Setting, Settings

NOT_OURS = ("IOC_TEST_",)  # read by the tests only
FILE_MAX = 64 * 1024

_BY_NAME = {setting.name: setting for setting in SETTINGS}
_BY_VARIABLE = {setting.variable: setting for setting in SETTINGS}
_WITH_FILE = [setting for setting in SETTINGS if setting.file]


@dataclass(frozen=True, slots=True)
class _Given:
    """A value as it was written, and where."""

    text: str
    where: str


def load_settings(environ: Mapping[str, str]) -> Settings:
    """The settings of this process; raises RefuseToStartError with every fault found. An empty variable is unset."""
    faults = Faults("S")
    given = _from_environment({name: text for name, text in environ.items() if text}, faults)
    named = given.get("config_dir")
    config_dir = Path(named.text if named else _BY_NAME["config_dir"].default).expanduser()
    if named and not config_dir.is_dir():
        faults.add(12, named.where, f"there is no folder {named.text}.")
    given = _from_file(config_dir / "ioc.yaml", faults) | given
    values = {setting.name: _value(setting, given.get(setting.name), faults) for setting in SETTINGS}
    faults.refuse()
    if not values["database.url"]:
        values["database.url"] = f"sqlite:///{values['data_dir'] / 'ioc.sqlite'}"
    return _fill(values, frozenset(given))


def _from_environment(environ: Mapping[str, str], faults: Faults) -> dict[str, _Given]:
    files = {f"{setting.variable}_FILE": setting for setting in _WITH_FILE}
    given: dict[str, _Given] = {}
    for variable in sorted(name for name in environ if name.startswith("IOC_") and not name.startswith(NOT_OURS)):
        if variable in _BY_VARIABLE:
            given[_BY_VARIABLE[variable].name] = _Given(environ[variable], variable)
        elif variable in files:
            setting = files[variable]
            if setting.variable in environ:
                faults.add(14, variable, f"is set, and {setting.variable} too.", "Take one of them away.")
            elif (text := _read(environ[variable], variable, faults)) is not None:
                given[setting.name] = _Given(text, variable)
        else:
            faults.add(10, variable, "there is no such setting.", hint_for(variable, [*_BY_VARIABLE, *files]))
    return given


def _from_file(path: Path, faults: Faults) -> dict[str, _Given]:
    given: dict[str, _Given] = {}
    if not path.exists():
        return given
    with faults.collecting():
        document = load_yaml(path, faults.area)
        files = {f"{setting.name}_file": setting for setting in _WITH_FILE}
        for steps, value in _leaves(document.data or {}):
            name, where = ".".join(steps), document.where(steps)
            if not isinstance(value, str | int | float):
                faults.add(6, where, f"{name or 'the file'}: one value is needed here.")
            elif name in files:
                if (text := _read(str(value), where, faults)) is not None:
                    given[files[name].name] = _Given(text, where)
            elif name == "config_dir" or name not in _BY_NAME:
                names = [*(set(_BY_NAME) - {"config_dir"}), *files]
                faults.add(10, where, f"there is no setting {name!r} here.", hint_for(name, names))
            elif _BY_NAME[name].secret:
                faults.add(13, where, f"{name} is a secret and may not stand here.", f"Name its file: {name}_file.")
            else:
                given[name] = _Given(str(value), where)
    return given


def _leaves(data: Any, steps: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if not isinstance(data, dict):
        yield steps, data
        return
    for key, value in data.items():
        yield from _leaves(value, (*steps, key))


def _read(name: str, where: str, faults: Faults) -> str | None:
    """The content of the file that holds a secret, without its last line end."""
    try:
        with Path(name).expanduser().open(encoding="utf-8") as file:
            text = file.read(FILE_MAX)
    except OSError as error:
        faults.add(11, where, f"the file {name} cannot be read: {error.strerror or error}.")
    except UnicodeDecodeError:
        faults.add(11, where, f"the file {name} is not UTF-8 text.")
    else:
        return text.rstrip("\r\n")
    return None


def _value(setting: Setting, given: _Given | None, faults: Faults) -> Any:
    text, where = (given.text, given.where) if given else (setting.default, setting.variable)
    try:
        return setting.parse(text)
    except ValueError as error:
        faults.add(6, where, f"{setting.name}: {error}.")
        return None


def _fill(values: Mapping[str, Any], given: frozenset[str]) -> Settings:
    sections: dict[str, dict[str, Any]] = {name: {} for name in SECTIONS}
    top: dict[str, Any] = {}
    for name, value in values.items():
        section, dot, key = name.partition(".")
        (sections[section] if dot else top)[key or section] = value
    return Settings(**top, **{name: kind(**sections[name]) for name, kind in SECTIONS.items()}, given=given)
