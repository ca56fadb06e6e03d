"""The job that judges: five times a second it reads what changed, asks the engine, and writes what that says.

Its memory belongs to the lease: where another scheduler has held that in between, it is read anew from the record.
"""

import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from alerts.engine import Engine, Step
from alerts.event import Labels
from alerts.record import Record
from alerts.reload import RuleFiles
from alerts.watchdog import EVERY_NS as SIGN_EVERY_NS
from alerts.watchdog import sign_of_life
from alerts.windows import EVERY_NS as ASK_EVERY_NS
from alerts.windows import Windows
from ioc.domain import MINUTE, SECOND
from ioc.failpoints import failpoint
from ioc.latest import LatestReader
from ioc.lease import Lease, LeaseLostError

log = logging.getLogger(__name__)

ACTS_EVERY_NS = SECOND
JUDGED_EVERY_NS = 5 * SECOND
PRUNE_EVERY_NS = 60 * MINUTE
AT_ONCE = 500  # incidents in one transaction: others write to the same file
LATER = (DBAPIError, PoolTimeoutError, OSError, MemoryError)  # the same may work the next time
NEVER = (IntegrityError, DataError)  # what the database will not take the next time either


@dataclass(slots=True)
class Due:
    """When each chore was done last."""

    done: dict[str, int] = field(default_factory=dict)

    def now(self, chore: str, every_ns: int, now_ns: int) -> bool:
        """Whether it is time; notes that it is done. A clock that was set back keeps nothing waiting."""
        if 0 <= now_ns - self.done.get(chore, -every_ns) < every_ns:
            return False
        self.done[chore] = now_ns
        return True


class AlertJob:
    """``tick`` is called by one thread. ``wake`` is called when there is something to send."""

    def __init__(
        self,
        present: LatestReader,
        engine: Engine,
        record: Record,
        files: RuleFiles,
        lease: Lease,
        *,
        windows: Windows,
        watchdog: bool = False,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        self._present = present
        self._engine = engine
        self._record = record
        self._files = files
        self._lease = lease
        self._windows = windows
        self._watchdog = watchdog
        self._wake = wake
        self._due = Due()
        self._token = 0  # of the lease to which the memory belongs; 0: there is none
        self._rules = files.rules  # those that the engine judges by
        self._rules_told = False
        self._change = 0  # up to which the present has been judged
        self._acts = 0  # up to which the acts of people are known
        self._closed: list[
            tuple[str, Labels, str]
        ] = []  # rule, labels and id: by people, and the engine does not know it yet
        self._unwritten: deque[Step] = deque()
        self._tried_ns: int | None = None  # when the first of them was offered to the database and failed

    def tick(self, now_ns: int) -> None:
        """One turn. Raises DBAPIError where the database cannot; then the next turn goes on where this one stopped."""
        try:
            self._remember(now_ns)
            self._write(now_ns)  # what could not be written before
            self._reload(now_ns)
            self._judge(now_ns)
            self._do_chores(now_ns)
        except LeaseLostError as error:
            log.warning("What the alerts were about to write is left to another: %s.", error)
            self._forget()
        except LATER:
            raise
        except Exception:
            self._forget()  # nobody knows what state the memory is in
            raise

    def _forget(self) -> None:
        self._token = 0

    def _remember(self, now_ns: int) -> None:
        """Make the memory that of the lease as it is now."""
        token = self._lease.token
        if token == self._token:
            return
        if not self._token or token != self._token + 1:  # else it ran out and is ours again: nobody was in between
            self._begin(now_ns)
        self._token = token

    def _begin(self, now_ns: int) -> None:
        """Go on from the record, as after a restart."""
        self._forget()
        self._unwritten.clear()
        self._tried_ns, self._rules_told = None, False
        self._files.look(now_ns)
        self._take_rules(now_ns)
        self._acts = self._record.last_act()
        states = self._record.states()
        over = self._record.over_among([state.incident for state in states if state.incident])
        self._closed = []
        rows, self._change = self._present.since(0)
        self._engine.restore(states)
        for state in states:
            if state.incident in over:  # a person has closed it meanwhile: what alarms now is another
                self._keep(self._engine.close(state.rule, state.labels, now_ns, state.incident))
        self._keep(self._engine.step(rows, now_ns))

    def _reload(self, now_ns: int) -> None:
        """Take over new rules, and tell the pages which are in force."""
        if self._files.look(now_ns):
            self._rules_told = False
            self._keep(self._take_rules(now_ns))
            self._write(now_ns)
        if not self._rules_told:
            self._record.keep_rules(self._files.row(), self._token)
            self._rules_told = True

    def _take_rules(self, now_ns: int) -> Step:
        if self._rules is self._files.rules:
            return Step()
        self._rules = self._files.rules
        return self._engine.replace(self._rules, now_ns)

    def _judge(self, now_ns: int) -> None:
        changes, newest = self._present.since(self._change)
        step = self._engine.step(changes, now_ns, self._windows.taken())
        self._change = newest
        self._keep(step)
        self._write(now_ns)

    def _do_chores(self, now_ns: int) -> None:
        if self._due.now("acts", ACTS_EVERY_NS, now_ns):
            closed, self._acts = self._record.closed_since(self._acts)
            self._closed += closed
            if self._record.expire(self._rules.rules, self._token, now_ns):
                self._wake()
        while self._closed:
            rule, labels, incident = self._closed.pop()
            self._keep(self._engine.close(rule, labels, now_ns, incident))
            self._write(now_ns)
        if self._due.now("windows", ASK_EVERY_NS, now_ns):
            self._windows.ask([(rule, dict(self._engine.series_of(rule.id))) for rule in self._engine.windows()])
        if self._watchdog and self._due.now("sign", SIGN_EVERY_NS, now_ns):
            self._keep(Step([sign_of_life(now_ns)]))
            self._record.forget_signs(self._token, now_ns)
            self._write(now_ns)
        if self._due.now("judged", JUDGED_EVERY_NS, now_ns):
            self._record.judged(self._token, now_ns)
        if self._due.now("prune", PRUNE_EVERY_NS, now_ns):
            self._record.prune(self._token, now_ns)

    def _keep(self, step: Step) -> None:
        """What the engine said has to be written before anything else is judged."""
        if step:
            self._unwritten.extend(in_parts(step, AT_ONCE))
            failpoint("after-evaluation")

    def _write(self, now_ns: int) -> None:
        while self._unwritten:
            step = self._unwritten[0]
            try:
                self._record.commit(step, self._token, now_ns, self._tried_ns)
            except LeaseLostError:
                raise
            except Exception as error:
                if isinstance(error, LATER) and not isinstance(error, NEVER):
                    self._tried_ns = now_ns if self._tried_ns is None else self._tried_ns
                    raise
                self._unwritten.popleft()
                parts = in_parts(step, 1)
                if len(parts) > 1:  # the one that cannot be written holds up no other
                    self._unwritten.extendleft(reversed(parts))
                else:
                    log.exception("This cannot be written and is left out: %s", step)
            else:
                self._unwritten.popleft()
                if step.events:
                    self._wake()
            self._tried_ns = None


def in_parts(step: Step, size: int) -> list[Step]:
    """The same in steps about so many incidents each; what belongs to one of them stays together."""
    about: dict[tuple[str, Labels], Step] = {}
    for event in step.events:
        about.setdefault((event.rule.id, event.labels), Step()).events.append(event)
    for state in step.states:
        about.setdefault((state.rule, state.labels), Step()).states.append(state)
    each = list(about.values())
    return [_together(each[n : n + size]) for n in range(0, len(each), size)]


def _together(steps: Sequence[Step]) -> Step:
    return Step([event for step in steps for event in step.events], [state for step in steps for state in step.states])
