"""The shape of a file, checked by pydantic and told as faults with file, line and the nearest valid name."""

import types
import typing
from collections.abc import Hashable
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError
from pydantic.fields import FieldInfo

from ioc.config.faults import Faults, hint_for
from ioc.config.files import Document, Where
from ioc.config.parse import parse_duration

M = TypeVar("M", bound=BaseModel)
Duration = Annotated[int, BeforeValidator(parse_duration)]


class Shape(BaseModel):
    """Base of the models: unknown keys are refused by name, and nothing is taken for what it is not."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def validate(model: type[M], document: Document, faults: Faults, where: Where = ()) -> M | None:
    """The part of ``document`` at ``where`` as ``model``.

    None where it does not fit; each thing that does not is noted in ``faults`` (4 unknown key, 5 missing key,
    6 wrong value).
    """
    data = document.data
    for step in where:
        data = data[step]
    try:
        return model.model_validate(data)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            _add(model, document, faults, where, detail)
        return None


def validate_each(model: type[M], document: Document, faults: Faults, where: Where) -> dict[str, M | None]:
    """The entries of the mapping at ``where``, each by itself, so that one faulty entry does not hide the others.

    Empty where there is no mapping: that is for the model of the whole file to say.
    """
    data = document.data
    for step in where:
        data = data.get(step) if isinstance(data, dict) else None
    names = data if isinstance(data, dict) else {}
    return {name: validate(model, document, faults, (*where, name)) for name in names}


def _add(model: type[BaseModel], document: Document, faults: Faults, where: Where, detail: Any) -> None:
    loc: tuple[Hashable, ...] = detail["loc"]
    at = document.where((*where, *loc))
    name = ".".join(str(step) for step in (*where, *loc)) or "the file"
    kind = detail["type"]
    if kind == "extra_forbidden":
        faults.add(
            4, at, f"{name}: there is no key {str(loc[-1])!r} here.", hint_for(str(loc[-1]), _keys(model, loc[:-1]))
        )
    elif kind == "missing":
        faults.add(5, at, f"{name} is missing.")
    elif kind in ("too_short", "string_too_short") and detail["ctx"]["min_length"] == 1:
        faults.add(6, at, f"{name} is empty.")
    elif kind in ("enum", "literal_error"):
        expected = [word.strip("' ") for word in detail["ctx"]["expected"].replace(" or ", ",").split(",")]
        hint = hint_for(str(detail["input"]), expected) or f"Known: {', '.join(expected)}."
        faults.add(6, at, f"{name}: {detail['input']!r} is not known.", hint)
    else:
        text = detail["msg"].removeprefix("Value error, ").removeprefix("Input ")
        faults.add(6, at, f"{name}: {text}, not {_short(detail['input'])}." if "should" in text else f"{name}: {text}.")


def _keys(kind: Any, loc: tuple[Hashable, ...]) -> list[str]:
    """The keys that the model ``kind`` knows at ``loc``."""
    for step in loc:
        kind = _inside(kind, step)
    kind = _plain(kind)
    return [str(name) for name in _fields(kind)] if _is_model(kind) else []


def _inside(kind: Any, step: Hashable) -> Any:
    kind = _plain(kind)
    if _is_model(kind):
        field = _fields(kind).get(step)
        return field.annotation if field else None
    arguments = typing.get_args(kind)
    return arguments[-1] if arguments else None


def _fields(model: type[BaseModel]) -> dict[Hashable, FieldInfo]:
    """The fields by the names that stand in files."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _plain(kind: Any) -> Any:
    """``X`` of ``X | None`` and of ``Annotated[X, …]``."""
    while typing.get_origin(kind) in (Annotated, types.UnionType, typing.Union):
        kind = typing.get_args(kind)[0]
    return kind


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
