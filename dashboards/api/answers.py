"""Answers of the API: JSON, lists, CSV."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

import orjson
from flask import Response

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would reckon with


def as_json(data: Any, status: int = 200) -> Response:
    """``data`` as it is."""
    return Response(orjson.dumps(data), status, content_type="application/json")


def as_list(items: Sequence[Any], next_: str | None = None) -> Response:
    """A list, and where it goes on."""
    return as_json({"items": items, "next": next_})


def as_csv(rows: Iterable[Sequence[object]], name: str) -> Response:
    """A table to download."""
    text = io.StringIO()
    csv.writer(text).writerows([_cell(cell) for cell in row] for row in rows)
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Response(text.getvalue(), content_type="text/csv; charset=utf-8", headers=headers)


def _cell(cell: object) -> object:
    """A text that a spreadsheet would take for a formula is written as text."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell
