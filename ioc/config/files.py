"""YAML files with the line of every value.

Read as YAML 1.2 would: ``on``, ``no`` and ``12:30`` are strings, only ``true`` and ``false`` are booleans, dates
stay text. Duplicate keys, tags and aliases are refused, so that what stands in a file is what it says.
"""

import re
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from ioc.config.faults import Faults

Where: TypeAlias = tuple[Hashable, ...]

MAX_DEPTH = 30
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml where there is one: ten times as fast
_INT = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+)(?:[eE][-+]?[0-9]+)?")
_WORDS = {"": None, "~": None, "null": None, "true": True, "True": True, "false": False, "False": False}


@dataclass(frozen=True)
class Document:
    """What a YAML file holds, and on which line each part of it stands."""

    path: Path
    data: Any
    lines: dict[Where, int] = field(default_factory=dict, repr=False)

    def line_of(self, where: Where = ()) -> int:
        """The line of a value by its path of keys and places; of the nearest one around it if it is not there."""
        for end in range(len(where), -1, -1):
            if where[:end] in self.lines:
                return self.lines[where[:end]]
        return 1

    def where(self, where: Where = ()) -> str:
        """``configs/registry/bv01.yaml:12``."""
        return f"{shown(self.path)}:{self.line_of(where)}"


def load_yaml(path: Path, area: str = "Y") -> Document:
    """The file's data with its lines.

    Raises RefuseToStartError with all faults of the file, their ids under the letter ``area``.
    """
    faults = Faults(area)
    builder = _Builder(shown(path), faults)
    data = None
    try:
        data = builder.build(path.read_text(encoding="utf-8"))
    except OSError as error:
        faults.add(1, shown(path), f"cannot be read: {error.strerror or error}.")
    except UnicodeDecodeError as error:
        faults.add(2, shown(path), f"is not UTF-8 text (byte {error.start}).", "Save the file as UTF-8.")
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{shown(path)}:{mark.line + 1}" if mark else shown(path)
        what = " ".join(str(getattr(error, "problem", None) or error).split())
        hint = "Look at the indentation, colons and quotes of this line."
        if mark and _begins_with_tab(path, mark.line):
            what, hint = "the line is indented with a tab", "Use spaces."
        faults.add(2, where, f"is not YAML: {what}.", hint)
    faults.refuse()
    return Document(path, data, builder.lines)


def _begins_with_tab(path: Path, line: int) -> bool:
    lines = path.read_text(encoding="utf-8").split("\n")
    return line < len(lines) and "\t" in lines[line][: len(lines[line]) - len(lines[line].lstrip())]


def yaml_files(folder: Path, faults: Faults) -> list[Document]:
    """Every ``*.yaml`` directly in ``folder``, by name; what cannot be read becomes a fault."""
    documents = []
    paths = sorted(folder.glob("*.yaml"))
    if not paths:
        faults.add(1, shown(folder), "has no *.yaml file.", "Is IOC_CONFIG_DIR the folder that holds ioc.yaml?")
    for path in paths:
        with faults.collecting():
            documents.append(load_yaml(path, faults.area))
    return documents


def shown(path: Path) -> str:
    """The path as the operator knows it: from the working directory where it lies there."""
    try:
        return str(path.absolute().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


class _Builder:
    """Turns the parser's events into plain data and notes the lines."""

    def __init__(self, name: str, faults: Faults) -> None:
        self.lines: dict[Where, int] = {}
        self._name = name
        self._faults = faults

    def build(self, text: str) -> Any:
        """The data of the file's one document; None where it is empty."""
        events = yaml.parse(text, Loader=_LOADER)
        data = None
        documents = 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._fault(event, "a second document (---) begins here.", "Take the line away.")
            elif isinstance(event, yaml.NodeEvent):
                data = self._value(event, events, ())
        return data

    def _value(self, event: yaml.Event, events: Iterator[yaml.Event], where: Where) -> Any:
        """The value that begins with ``event``, which stands at ``where``."""
        self.lines.setdefault(where, _line(event))
        if len(where) > MAX_DEPTH:
            self._fault(event, "is nested too deeply.")
            self._faults.refuse()
        if isinstance(event, yaml.AliasEvent):
            self._fault(event, "an alias (*name) is not allowed here.", "Write it out.")
        elif tag := getattr(event, "tag", None):
            self._fault(event, f"the tag {tag} is not allowed here.", "Leave it out.")
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(events, where)
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[Any] = []
            while not isinstance(item := next(events), yaml.SequenceEndEvent):
                items.append(self._value(item, events, (*where, len(items))))
            return items
        return _scalar(event) if isinstance(event, yaml.ScalarEvent) else None

    def _mapping(self, events: Iterator[yaml.Event], where: Where) -> dict[str, Any]:
        data: dict[str, Any] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                self._fault(event, "a key must be a plain word.")
                self._value(event, events, (*where, "?"))
                self._value(next(events), events, (*where, "?"))
                continue
            key = event.value
            if key in data:
                what = f"the key {key!r} stands here a second time (first in line {self.lines[*where, key]})."
                self._fault(event, what, "Take one of them away.", number=3)
            self.lines.setdefault((*where, key), _line(event))
            data[key] = self._value(next(events), events, (*where, key))
        return data

    def _fault(self, event: yaml.Event, what: str, hint: str = "", number: int = 2) -> None:
        self._faults.add(number, f"{self._name}:{_line(event)}", what, hint)


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _scalar(event: yaml.ScalarEvent) -> Any:
    text: str = event.value
    if not event.implicit[0]:  # quoted
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text
