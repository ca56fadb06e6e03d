"""From the shape of a rule to the rule, with every name looked up."""

import re
from datetime import date

from alerts.level import Level
from alerts.rules.conditions import ConditionError, parse_condition
from alerts.rules.model import (
    DEVICE_TABLE,
    Ack,
    Condition,
    LevelRule,
    Missing,
    Notify,
    Read,
    Rule,
    Runbook,
    Table,
    Take,
)
from alerts.rules.notes import Notes, World
from alerts.rules.runbook import RunbookError, read_runbook
from alerts.rules.shapes import ID, LevelShape, ReadShape, RuleShape
from alerts.rules.tables import Tables, build_tables
from alerts.title import title_faults
from ioc.catalogue import LANGUAGES, Kind, Metric
from ioc.config import Where, hint_for

DEVICE_COLUMNS = ("low", "high")
_ID = re.compile(ID, re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


class Builder:
    """Builds one rule of a file; what it cannot find is noted, and the rule is built all the same."""

    def __init__(self, shape: RuleShape, notes: Notes, world: World, tables: Tables) -> None:
        self._shape = shape
        self._notes = notes
        self._world = world
        self._tables = {**tables, **build_tables(shape.tables, notes, world)}
        self._used: dict[str, Table] = {}

    def build(self) -> tuple[Rule, Metric] | None:
        """The rule and the metric that it reads; None where there is no such metric."""
        shape = self._shape
        if not _ID.fullmatch(shape.id):
            self._notes.fault(11, ("id",), f"{shape.id!r} is no id", "Words of a-z and 0-9 with - between them.")
        self._group()
        runbook, review_by = self._runbook(), self._review_by()
        metric = self._world.catalogue.get(shape.read.metric)
        if metric is None:
            what = f"there is no metric {shape.read.metric!r}"
            hint = hint_for(shape.read.metric, self._world.catalogue.metrics)
            self._notes.fault(12, ("read", "metric"), what, hint)
        if metric is None or not metric.definition.en:  # it stands in for an entry whose faults have been told
            return None
        read = self._read(shape.read, metric)
        levels = self._levels(read, metric)
        self._titles(read, metric)
        rule = Rule(
            id=shape.id,
            title=shape.title.text(),
            kind=shape.kind,
            read=read,
            levels=levels,
            missing=Missing(shape.missing.after, Level.of(shape.missing.raise_ or "")) if shape.missing else None,
            notify=Notify(shape.notify.group, Level.of(shape.notify.min_level)),
            ack=Ack(Level.of(shape.ack.required_from), shape.ack.expires, shape.ack.reason),
            owner=shape.owner,
            runbook=runbook,
            review_by=review_by,
            where=self._notes.where(),
            tables=self._used,
        )
        return rule, metric

    def _read(self, shape: ReadShape, metric: Metric) -> Read:
        by = metric.tags if shape.by is None else shape.by
        if metric.kind is Kind.RATIO:
            what = f"{metric.code} is a ratio: it is computed when it is read and cannot be judged yet"
            self._notes.fault(12, ("read", "metric"), what, "Judge its numerator.")
        for name in by:
            self._tag(name, (*metric.tags, "source"), metric, ("read", "by"))
        for name in shape.where:
            use = ("use",) if "device" in metric.tags else ()
            self._tag(name, (*metric.tags, "source", *use), metric, ("read", "where", name))
        if len(set(by)) < len(by):
            self._notes.fault(13, ("read", "by"), "a tag stands there a second time")
        where = tuple(sorted(shape.where.items()))
        read = Read(metric.code, by, where, shape.over or 0, shape.take)
        self._used_devices(read)
        return read

    def _tag(self, name: str, known: tuple[str, ...], metric: Metric, at: Where) -> None:
        if name not in known:
            self._notes.fault(13, at, f"{metric.code} has no tag {name!r}", hint_for(name, known))

    def _used_devices(self, read: Read) -> None:
        """Warns of a use or a facility that the registry does not have: it would never be judged."""
        registry = self._world.registry
        everything = [device.use for device in self._world.devices(Read(read.metric, ()))]
        known = {"use": sorted({use for use in everything if use}), "facility": sorted(registry.facilities)}
        for name, words in read.where:
            for word in words:
                if known.get(name) and word not in known[name]:
                    what = f"nothing in the registry has the {name} {word!r}"
                    self._notes.warning(25, ("read", "where", name), what, hint_for(word, known[name]))

    def _levels(self, read: Read, metric: Metric) -> tuple[LevelRule, ...]:
        levels = []
        for level in (Level.WARNING, Level.CRITICAL):
            shape: LevelShape | None = getattr(self._shape.levels, level.word)
            if shape is None:
                continue
            at: Where = ("levels", level.word)
            enter = self._condition(shape.enter, (*at, "enter"), read, metric)
            leave = shape.leave and self._condition(shape.leave, (*at, "leave"), read, metric)
            if enter is not None:
                levels.append(LevelRule(level, enter, leave or None, shape.for_ or 0, shape.hold or 0))
        return tuple(levels)

    def _condition(self, text: str, at: Where, read: Read, metric: Metric) -> Condition | None:
        try:
            condition, state = parse_condition(text)
        except ConditionError as error:
            self._notes.fault(16, at, str(error).rstrip("."), error.hint)
            return None
        if read.take is Take.COUNT or not metric.states:
            if state:
                hint = "It is a number." if read.take is Take.COUNT else "Write a number."
                self._notes.fault(16, at, f"{metric.code} has no state {state!r}", hint)
            elif condition.column is not None:
                self._column(condition, at, read, metric)
            return condition
        return self._state(condition, state, at, metric)

    def _state(self, condition: Condition, state: str, at: Where, metric: Metric) -> Condition:
        codes = [known.code for known in metric.states]
        if condition.op.value not in ("==", "!="):
            self._notes.fault(16, at, "a state is compared with == or !=", f"Such as == {codes[-1]}.")
        if state not in codes:
            what = f"{metric.code} has no state {state!r}" if state else f"{metric.code} is compared with a state"
            self._notes.fault(16, at, what, hint_for(state, codes))
            return condition
        return Condition(condition.op, float(codes.index(state)))

    def _column(self, condition: Condition, at: Where, read: Read, metric: Metric) -> None:
        assert condition.column is not None
        name, column = condition.column.table, condition.column.column
        if name == DEVICE_TABLE:
            key: tuple[str, ...] = ("facility", "device")
            columns: tuple[str, ...] = DEVICE_COLUMNS
            self._device_range(column, at, read)
        elif name not in self._tables:
            hint = hint_for(name, [DEVICE_TABLE, *self._tables])
            self._notes.fault(16, at, f"there is no table {name!r}", hint)
            return
        elif table := self._tables[name]:
            key, columns = table.key, tuple(table.default)
            self._used[name] = table
        else:
            return  # its own faults have been told
        if column not in columns:
            self._notes.fault(16, at, f"the table {name!r} has no column {column!r}", hint_for(column, columns))
        for label in key if {*read.by} <= {*metric.tags, "source"} else ():
            if label not in read.by:
                what = f"the table {name!r} needs {label!r}, which the rule does not keep apart"
                self._notes.fault(24, at, what, f"by: [{', '.join((*read.by, label))}]")

    def _device_range(self, column: str, at: Where, read: Read) -> None:
        """The range of a device is that of its main value: of no other, and not every device has one."""
        field = read.metric.partition(".")[2]
        read_from = [one for one in self._world.devices(read) if field in (*one.keys, *one.derived)]
        given = [one for one in read_from if column in DEVICE_COLUMNS and getattr(one, column) is not None]
        for other in given:
            if other.keys[0] != field:
                what = f"the range of {other.facility}/{other.code} is that of {other.keys[0]}, not of {field}"
                self._notes.fault(16, at, what, "Write a number, or choose the devices with where: {use: …}.")
                return
        if read_from and not given and column in DEVICE_COLUMNS:
            what = f"no device in the registry has a {column!r} for {read.metric}"
            self._notes.warning(25, at, what, "The range of a device is that of the first of its keys.")

    def _titles(self, read: Read, metric: Metric) -> None:
        number = not metric.states or read.take is Take.COUNT
        value = self._shape.kind.value == "threshold"
        for language in LANGUAGES:
            template = getattr(self._shape.title, language)
            for what in title_faults(template, read.by, value=value, number=number):
                self._notes.fault(21, ("title", language), f"title.{language}: {what}")

    def _group(self) -> None:
        group, groups = self._shape.notify.group, self._world.groups
        if groups is not None and group not in groups:
            what = f"there is no group {group!r} in people.yaml"
            self._notes.fault(20, ("notify", "group"), what, hint_for(group, groups))

    def _runbook(self) -> Runbook:
        try:
            return read_runbook(self._world.config_dir, self._shape.runbook)
        except RunbookError as error:
            self._notes.fault(22, ("runbook",), str(error).rstrip("."), error.hint)
            return Runbook(self._shape.runbook, {}, {})

    def _review_by(self) -> str:
        text, today = self._shape.review_by, self._world.today
        try:
            due = date.fromisoformat(text) if _DATE.fullmatch(text) else None
        except ValueError:
            due = None
        if due is None:
            self._notes.fault(23, ("review_by",), f"{text!r} is no date", "Such as 2027-06-30.")
        elif today is not None and due < today:
            what = f"the rule {self._shape.id!r} should have been looked at again by {text}"
            self._notes.warning(23, ("review_by",), what, "Look whether it still helps, then set a new date.")
        return text
