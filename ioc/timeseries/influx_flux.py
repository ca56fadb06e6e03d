"""Flux with its parameters apart: no value that comes from outside ever stands in the text of a question."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from ioc.domain import Series
from ioc.timeseries.contract import ABSENT, Where
from ioc.timeseries.grid import Run
from ioc.timeseries.lines import END_OF_TIME

CONDITIONS = 200  # in one chain; of more values than that, the rows are looked through here

_TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*", flags=re.ASCII)
_RESERVED = {"time"}  # InfluxDB keeps it for itself; names that begin with _ cannot come through _TAG

Param = str | int


def is_tag(name: str) -> bool:
    """Whether a name may stand in the text as that of a tag."""
    return bool(_TAG.fullmatch(name)) and name not in _RESERVED


def _values(where: Where | None) -> Iterator[tuple[str, list[str]]]:
    """The tags of which something is asked, with the values that they may have."""
    for name, value in sorted((where or {}).items()):
        if value:
            yield name, [value] if isinstance(value, str) else sorted(value)


@dataclass
class Script:
    """A question: several ``yield``s with their parameters."""

    statements: list[str] = field(default_factory=list)
    params: dict[str, Param] = field(default_factory=dict)

    def given(self, value: Param) -> str:
        """How a value is named in the text."""
        name = f"p{len(self.params)}"
        self.params[name] = value
        return name

    def ask(self, name: str, pipe: str) -> None:
        """Add a question whose rows are told apart by ``name``, one of our own words."""
        self.statements.append(f'{pipe} |> yield(name: "{name}")')

    @property
    def text(self) -> str:
        """The whole question."""
        return "\n".join(self.statements)

    def rows(self, bucket: str, start: int, stop: int, *conditions: str) -> str:
        """The rows of a bucket from ``start`` to before ``stop`` that meet all conditions."""
        pipe = f"from(bucket: {self.given(bucket)}) |> range({self._times(start, stop)})"
        asked = " and ".join(condition for condition in conditions if condition)
        return f"{pipe} |> filter(fn: (r) => {asked})" if asked else pipe

    def is_(self, column: str, value: str) -> str:
        """The condition that a column, one of our own words or a checked tag, has a value; ABSENT: that it has none."""
        return f'not exists r["{column}"]' if value == ABSENT else f'r["{column}"] == {self.given(value)}'

    def one_of(self, column: str, values: Iterable[str]) -> str:
        """The condition that a column has one of these values: a chain, as ``contains()`` reads every row."""
        return f"({' or '.join(self.is_(column, value) for value in values)})"

    def where(self, where: Where | None) -> str:
        """What of ``where`` the server can look for; what else it asks is looked for in what comes back."""
        return " and ".join(
            self.one_of(name, of) for name, of in _values(where) if len(of) <= CONDITIONS and is_tag(name)
        )

    @staticmethod
    def may_ask(where: Where | None) -> bool:
        """Whether the server can look for all that ``where`` asks."""
        return all(len(of) <= CONDITIONS and is_tag(name) for name, of in _values(where))

    def prefixes(self, prefixes: Collection[Series]) -> str:
        """The condition of being one of these by measurement and tags; finds also what has further tags."""
        if len(prefixes) > CONDITIONS:
            return ""
        chains = [
            " and ".join(
                [self.is_("_measurement", series.metric), *(self.is_(name, value) for name, value in series.tags)]
            )
            for series in prefixes
        ]
        return f"({' or '.join(f'({chain})' for chain in chains)})"

    def windows(self, run: Run, how: str) -> str:
        """Put rows together in the windows of a run: ``how`` is a function of Flux, each row of the answer has the
        beginning of its window, or of the part of it that lies in the range."""
        return f'|> aggregateWindow({self._every(run)}, fn: {how}, createEmpty: false, timeSrc: "_start")'

    def together(self, by: Sequence[str], run: Run, how: str) -> str:
        """Put the windows of several series together by tags: after ``windows``, whose sums the server has at hand, as
        it has none of groups."""
        columns = ", ".join(f'"{name}"' for name in ("_measurement", "_field", *by))
        return f"|> group(columns: [{columns}]) {self.windows(run, how)}"

    def _every(self, run: Run) -> str:
        every, offset = self.given(run.step), self.given(run.start % run.step)
        return f"every: duration(v: {every}), offset: duration(v: {offset})"

    def _times(self, start: int, stop: int) -> str:
        first, last = self.given(start), self.given(min(stop, END_OF_TIME - 1))
        return f"start: time(v: {first}), stop: time(v: {last})"
