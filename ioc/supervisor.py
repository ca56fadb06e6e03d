"""Starts the parts of the centre, minds them, and ends them all: none outlives the supervisor, however it dies."""

import contextlib
import ctypes
import fcntl
import json
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from ioc.errors import IocError
from ioc.pidfile import identity, pid_path, remove_pid, write_pid

TICK_S = 0.2
AGAIN_S = 0.1  # after a part that had been up
LONGEST_WAIT_S = 10.0
STEADY_S = 2.0
TRIES = 5  # that a part may die before it is ready for the first time
LOG_MAX = 10 << 20
LAST_WORDS_MAX = 4_000
FORMER_S = 10.0
PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None)
_WARNS = re.compile(r"\b(WARNING|ERROR|CRITICAL|Warning:)")
_NO_NEWS = re.compile(r"Mosquitto should not be run as root")


class StartError(IocError):
    """A part of the centre cannot be started."""


@dataclass(frozen=True, slots=True)
class Service:
    """One part. ``phase`` orders the end: higher ones first. ``wait`` says what its being up looks like; where
    ``ready`` is None it counts as up when it has lived for ``STEADY_S``."""

    name: str
    command: tuple[str, ...]
    wait: str
    ready: Callable[[int], bool] | None  # is given the pid
    phase: int
    patience_s: float  # how long it may take to end by itself


@dataclass(slots=True)
class Child:
    """A service's process, now and before."""

    service: Service
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    due: float = 0.0
    ready: bool = False
    deaths: int = 0  # in a row, before it was ready
    told: bool = False  # that it cannot start
    noted: bool = False  # its process id, in the folder run
    began_at: int = 0  # where in the log its present process began
    read_to: int = 0

    @property
    def pid(self) -> int:
        """The process id, 0 while there is none."""
        return self.process.pid if self.process is not None else 0


@dataclass(slots=True)
class Supervisor:
    """Minds the parts of one data folder; ``environ`` is theirs. ``say`` takes lines for standard error."""

    data_dir: Path
    environ: Mapping[str, str]
    say: Callable[[str], None]
    children: list[Child] = field(default_factory=list)
    stopping: int = 0  # how often we were told to
    _wake: tuple[int, int] = (-1, -1)
    _lock: IO[str] | None = None

    def take_over(self) -> None:
        """Become the only supervisor of the data folder; raises StartError where there is one already.

        What a killed one has left behind is ending already: we wait for it.
        """
        run = self.data_dir / "run"
        run.mkdir(parents=True, exist_ok=True)
        self._lock = (run / "supervisor.lock").open("a", encoding="ascii")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            with contextlib.suppress(OSError):
                pid = pid_path(self.data_dir, "supervisor").read_text(encoding="ascii").strip()
                raise StartError(
                    f"the centre runs already with the data in {self.data_dir} (process {pid}).",
                    f"Stop it with: kill {pid}   or start with another folder: IOC_DATA_DIR=…",
                ) from None
            raise StartError(f"another program holds {run / 'supervisor.lock'}.") from None
        self._end_former(run / "processes.json")
        for path in run.glob("*.pid"):
            path.unlink()
        write_pid(self.data_dir, "supervisor", os.getpid())
        self._wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(self._wake[1], warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._on_stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # it only has to wake us

    def _on_stop(self, *_: object) -> None:
        self.stopping += 1

    def _end_former(self, path: Path) -> None:
        """Only processes that we know beyond their number to be the former run's."""
        try:
            former = {int(pid): who for pid, who in json.loads(path.read_text(encoding="ascii")).items()}
        except (OSError, ValueError, AttributeError):
            return
        until = time.monotonic() + FORMER_S
        while left := [pid for pid, who in former.items() if who and identity(pid) == who]:
            if time.monotonic() > until:
                for pid in left:
                    with contextlib.suppress(OSError):
                        os.kill(pid, signal.SIGKILL)
                break
            time.sleep(TICK_S)

    def start(self, service: Service) -> None:
        """Start one more part, and mind it from now on."""
        self.children.append(child := Child(service))
        self._spawn(child)

    def wait_until_ready(self) -> None:
        """Return once every part is up; says each 5 s what it is waiting for. Raises StartError where one cannot."""
        began = told = time.monotonic()
        while waiting := [child for child in self.children if not child.ready]:
            if self.stopping:
                return
            self.tick()
            for child in waiting:
                if child.ready:
                    self.say(f"[{time.monotonic() - began:5.1f} s] {child.service.name} is up")
                elif child.told:
                    name = child.service.name
                    raise StartError(f"the centre does not start without its {name}.", f"Log: {self._log_path(child)}")
            if time.monotonic() - told > 5:
                told = time.monotonic()
                still = ", ".join(child.service.wait for child in waiting if not child.ready)
                self.say(f"[{told - began:5.1f} s] waiting for {still}")

    def run(self) -> None:
        """Mind the parts until a signal ends it."""
        while not self.stopping:
            self.tick()

    def tick(self) -> None:
        """Wait a moment or for a signal, then see to every part once."""
        select.select([self._wake[0]], [], [], TICK_S if all(child.ready for child in self.children) else 0.05)
        with contextlib.suppress(BlockingIOError):
            os.read(self._wake[0], 512)
        for child in self.children:
            self._see_to(child)

    def pid_of(self, name: str) -> int:
        """The process id of one part, 0 while it has none."""
        return next((child.pid for child in self.children if child.service.name == name), 0)

    def stop(self) -> None:
        """End everything, the last started first; what does not end by itself is killed."""
        for phase in sorted({child.service.phase for child in self.children}, reverse=True):
            children = [child for child in self.children if child.service.phase == phase and child.process is not None]
            for child in children:
                self._signal_group(child, signal.SIGTERM, whole=False)
            until = time.monotonic() + max((child.service.patience_s for child in children), default=0.0)
            while any(child.process and child.process.poll() is None for child in children):
                if time.monotonic() > until or self.stopping > 1:
                    break
                select.select([self._wake[0]], [], [], 0.05)
                with contextlib.suppress(BlockingIOError):
                    os.read(self._wake[0], 512)
            for child in children:
                self._signal_group(child, signal.SIGKILL, whole=True)
                self._bury(child)
        remove_pid(self.data_dir, "supervisor", os.getpid())
        with contextlib.suppress(OSError):
            (self.data_dir / "run" / "processes.json").unlink()
        self.children.clear()
        if self._lock is not None:
            self._lock.close()

    def _signal_group(self, child: Child, number: signal.Signals, *, whole: bool) -> None:
        with contextlib.suppress(OSError):
            (os.killpg if whole else os.kill)(child.pid, number)

    def _bury(self, child: Child) -> int:
        assert child.process is not None
        code = child.process.wait()
        remove_pid(self.data_dir, child.service.name, child.pid)
        self._echo(child)
        child.process = None
        child.ready = False
        return code

    def _see_to(self, child: Child) -> None:
        now = time.monotonic()
        if child.process is None:
            if now >= child.due and not self.stopping:
                self._spawn_if_possible(child)
            return
        self._note(child)
        self._echo(child)
        if child.process.poll() is not None:
            self._died(child, now)
        elif not child.ready and self._is_up(child, now):
            child.ready, child.deaths, child.told = True, 0, False

    def _is_up(self, child: Child, now: float) -> bool:
        return child.service.ready(child.pid) if child.service.ready else now - child.started > STEADY_S

    def _died(self, child: Child, now: float) -> None:
        was_ready = child.ready
        self._signal_group(child, signal.SIGKILL, whole=True)  # what it may have left behind
        code = self._bury(child)
        child.deaths = 0 if was_ready else child.deaths + 1
        child.due = now + (AGAIN_S if was_ready else min(AGAIN_S * 3**child.deaths, LONGEST_WAIT_S))
        if self.stopping or child.told:
            return
        if was_ready:
            self.say(f"{child.service.name} has ended ({_how(code)}) and is started again")
        elif code > 0 or child.deaths >= TRIES:  # it says why; a signal says nothing
            child.told = True
            self.say(f"{child.service.name} cannot start: {self._last_words(child)}")

    def _spawn_if_possible(self, child: Child) -> None:
        """A full disk is no reason to end the parts that still run: what they hold in memory would be lost."""
        try:
            self._spawn(child)
        except OSError as error:
            child.due = time.monotonic() + LONGEST_WAIT_S
            if not child.told:
                child.told = True
                self.say(f"{child.service.name} cannot be started: {error}. It is tried again every 10 s.")

    def _spawn(self, child: Child) -> None:
        name = child.service.name
        (self.data_dir / "run" / f"{name}.ready").unlink(missing_ok=True)
        path = self._log_path(child)
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size > LOG_MAX:
            path.replace(path.with_suffix(".log.1"))
        parent = os.getpid()
        with path.open("ab") as log:
            child.began_at = child.read_to = log.tell()
            child.process = subprocess.Popen(
                child.service.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=dict(self.environ),
                process_group=0,  # a Ctrl-C at the terminal reaches us alone
                preexec_fn=lambda: _end_with(parent),  # noqa: PLW1509 (we have one thread only)
            )
        child.started = time.monotonic()
        child.noted = False
        self._note(child)

    def _note(self, child: Child) -> None:
        """Write down its process id, for people and for the supervisor after us; later where the disk is full now."""
        if child.noted:
            return
        known = {str(child.pid): identity(child.pid) for child in self.children if child.pid}
        draft = self.data_dir / "run" / "processes.json.new"
        with contextlib.suppress(OSError):
            write_pid(self.data_dir, child.service.name, child.pid)
            draft.write_text(json.dumps(known), encoding="ascii")
            draft.replace(draft.with_suffix(""))
            child.noted = True

    def _log_path(self, child: Child) -> Path:
        return self.data_dir / "log" / f"{child.service.name}.log"

    def _echo(self, child: Child) -> None:
        """Show the warnings that a part has written since we looked last."""
        with contextlib.suppress(OSError), self._log_path(child).open("rb") as log:
            log.seek(child.read_to)
            text, end, _ = log.read(1 << 20).rpartition(b"\n")
            child.read_to += len(text) + len(end)
            for line in text.decode(errors="replace").splitlines():
                if _WARNS.search(line) and not _NO_NEWS.search(line):
                    self.say(f"{child.service.name}: {line}")

    def _last_words(self, child: Child) -> str:
        """The sentence with which it gave up, or else its last line."""
        with contextlib.suppress(OSError), self._log_path(child).open("rb") as log:
            log.seek(max(child.began_at, log.seek(0, os.SEEK_END) - LAST_WORDS_MAX))
            lines = log.read().decode(errors="replace").rstrip().splitlines()
            starts = [number for number, line in enumerate(lines) if line.startswith("Error:")]
            if lines:
                return "\n".join(lines[starts[-1] :] if starts else lines[-1:])
        return "it says nothing."


def _end_with(parent: int) -> None:
    """In the child, before its program: have the kernel end it when the supervisor is gone, killed or not."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os._exit(1)


def _how(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def ours(*words: str) -> tuple[str, ...]:
    """The command line of one of our own commands, in this Python."""
    return (sys.executable, "-m", "ioc.cli", *words)
