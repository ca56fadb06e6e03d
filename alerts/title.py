"""Titles of incidents: closed templates, filled in the reader's language.

A template knows ``{value}``, ``{value:.1f}`` and the names of labels in braces, and nothing else: it is no format
string of Python, and what stands in a label is text and never a template.
"""

import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping

from babel.numbers import format_decimal, format_scientific

from ioc.catalogue import Metric, Text

NO_VALUE = "–"
HUGE = 1e12  # no device means such a number: it is written short
LABEL_MAX = 80  # letters of a label in a title
_NBSP = "\u00a0"
_PLACE = re.compile(r"\{(?P<name>[^{}:]*)(?::(?P<form>[^{}]*))?\}( (?=\S))?")
_FORM = re.compile(r"\.([0-6])f")


def placeholders(template: str) -> Iterator[tuple[str, str]]:
    """Name and form of each place to fill: ``("value", ".1f")``; the form is empty where there is none."""
    for match in _PLACE.finditer(template):
        yield match["name"], match["form"] or ""


def title_faults(template: str, labels: Collection[str], *, value: bool, number: bool) -> Iterator[str]:
    """What is wrong with a template, a sentence each.

    ``labels`` are those of the incident, ``value`` says whether it has one and ``number`` whether that is a number.
    """
    if set("{}") & set(_PLACE.sub("", template)):
        yield "a brace is open or closed alone"
    for name, form in placeholders(template):
        known = [*labels, *(["value"] if value else [])]
        if name not in known:
            yield f"there is no {{{name}}} here; known: {', '.join(f'{{{word}}}' for word in known) or 'none'}"
        elif form and name != "value":
            yield f"{{{name}:{form}}}: only a value is given a form"
        elif form and (not number or not _FORM.fullmatch(form)):
            yield f"{{{name}:{form}}}: " + ("the form is .0f to .6f" if number else "a state is a word and has no form")


def render_title(
    title: Text | Mapping[str, str],
    labels: Mapping[str, str],
    value: float | str | None,
    decimals: int,
    language: str,
    names: Callable[[str, str], str] | None = None,
) -> str:
    """The title in ``language``, on one line.

    ``names`` turns the name of a label and its code into what people call it; ``value`` is a number, the name of a
    state (see ``state_name``), or None. ``decimals`` holds where the template does not say how many.
    """
    template = title.in_(language) if isinstance(title, Text) else _in(title, language)

    def fill(match: re.Match[str]) -> str:
        name, form, gap = match["name"], _FORM.fullmatch(match["form"] or ""), match[3] or ""
        if name == "value":
            text = _value(value, int(form[1]) if form else decimals, language)
            return text + (_NBSP if gap else "")  # a unit stays with its number
        if name not in labels:
            return match[0]
        return _plain(names(name, labels[name]) if names else labels[name]) + gap

    return _PLACE.sub(fill, template)


def state_name(metric: Metric, value: float | None, language: str) -> float | str | None:
    """The value as ``render_title`` wants it: the state's name where the metric has states."""
    if value is None or not metric.states:
        return value
    place = int(value) if math.isfinite(value) else -1
    return metric.states[place].title.in_(language) if 0 <= place < len(metric.states) else NO_VALUE


def number(value: float, decimals: int, language: str) -> str:
    """``1.234,5`` in Vietnamese, ``1,234.5`` in English, ``1 234,5`` in French; minus is a true minus."""
    rounded = round(value, decimals) + 0.0  # + 0.0: never "−0"
    if abs(rounded) >= HUGE:
        text = str(format_scientific(rounded, format="0.0E0", locale=language))
    else:
        pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
        text = str(format_decimal(rounded, format=pattern, locale=language))
    return text.replace("-", "−")


def _in(title: Mapping[str, str], language: str) -> str:
    return title.get(language) or title.get("en") or title.get("vi") or ""


def _value(value: float | str | None, decimals: int, language: str) -> str:
    if isinstance(value, str):
        return _plain(value)
    return NO_VALUE if value is None or not math.isfinite(value) else number(value, decimals, language)


def _plain(text: str) -> str:
    """On one line and not too long; what does not print (controls, marks of direction) is left out."""
    line = " ".join("".join(letter for letter in text if letter.isprintable() or letter.isspace()).split())
    return line if len(line) <= LABEL_MAX else f"{line[: LABEL_MAX - 1]}…"
