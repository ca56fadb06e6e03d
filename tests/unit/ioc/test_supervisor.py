"""Starting, minding and ending processes; small shell programs stand in for the parts of the centre."""

import errno
import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ioc import supervisor as module
from ioc.pidfile import identity, pid_path
from ioc.supervisor import Child, Service, StartError, Supervisor

HANDLED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)
WAITS = "echo up > $0.up; sleep 60"


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def supervisor(tmp_path: Path, said: list[str]) -> Iterator[Supervisor]:
    before = {number: signal.getsignal(number) for number in HANDLED}
    made = Supervisor(tmp_path, {"PATH": os.environ["PATH"]}, said.append)
    made.take_over()
    yield made
    made.stop()
    signal.set_wakeup_fd(-1)
    for end in made._wake:
        os.close(end)
    for number, handler in before.items():
        signal.signal(number, handler)


def shell(
    folder: Path, name: str, script: str, *, phase: int = 0, ready: Callable[[int], bool] | None = None
) -> Service:
    """A part that is up when its file is there, unless told otherwise."""
    up = ready or (lambda _: (folder / f"{name}.up").exists())
    return Service(name, ("sh", "-c", script, str(folder / name)), f"{name} to be up", up, phase, patience_s=2.0)


def until(supervisor: Supervisor, what: Callable[[], object]) -> None:
    for _ in range(100):
        if what():
            return
        supervisor.tick()
    raise AssertionError("it did not happen within 100 rounds")


def test_parts_are_started_waited_for_and_named_in_pid_files(
    supervisor: Supervisor, tmp_path: Path, said: list[str]
) -> None:
    supervisor.start(shell(tmp_path, "worker", WAITS))
    supervisor.wait_until_ready()
    assert pid_path(tmp_path, "worker").read_text() == f"{supervisor.pid_of('worker')}\n"
    assert pid_path(tmp_path, "supervisor").read_text() == f"{os.getpid()}\n"
    assert said[-1].endswith("worker is up")


def test_a_second_one_on_the_same_data_is_refused_in_one_sentence(supervisor: Supervisor, tmp_path: Path) -> None:
    with pytest.raises(StartError, match=f"runs already with the data in .* \\(process {os.getpid()}\\)"):
        Supervisor(tmp_path, {}, print).take_over()


def test_a_part_that_was_killed_is_started_again_at_once(
    supervisor: Supervisor, tmp_path: Path, said: list[str]
) -> None:
    supervisor.start(shell(tmp_path, "worker", WAITS))
    supervisor.wait_until_ready()
    former = supervisor.pid_of("worker")
    os.kill(former, signal.SIGKILL)
    until(supervisor, lambda: supervisor.pid_of("worker") not in (0, former))
    assert pid_path(tmp_path, "worker").read_text() == f"{supervisor.pid_of('worker')}\n"
    assert "worker has ended (SIGKILL) and is started again" in said


def test_a_full_disk_ends_nothing_that_runs_and_what_died_comes_back_when_there_is_room(
    supervisor: Supervisor, tmp_path: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    supervisor.start(shell(tmp_path, "broker", WAITS))
    supervisor.start(shell(tmp_path, "worker", WAITS))
    supervisor.wait_until_ready()
    broker, worker = supervisor.pid_of("broker"), supervisor.pid_of("worker")
    with monkeypatch.context() as patch:
        patch.setattr(module, "write_pid", full)
        os.kill(worker, signal.SIGKILL)
        until(supervisor, lambda: supervisor.pid_of("worker") not in (0, worker))  # its pid is written down later
        patch.setattr(module.subprocess, "Popen", full)
        os.kill(supervisor.pid_of("worker"), signal.SIGKILL)
        until(supervisor, lambda: "worker cannot be started" in said[-1])
    supervisor.children[1].due = 0.0
    until(supervisor, lambda: pid_path(tmp_path, "worker").exists())
    assert supervisor.pid_of("broker") == broker
    assert pid_path(tmp_path, "worker").read_text() == f"{supervisor.pid_of('worker')}\n"
    assert set(json.loads((tmp_path / "run" / "processes.json").read_text())) == {
        str(broker),
        str(supervisor.pid_of("worker")),
    }


def test_a_part_that_cannot_start_says_why_once_and_ends_the_start(
    supervisor: Supervisor, tmp_path: Path, said: list[str]
) -> None:
    script = "echo Error: 2 faults found:; echo '  IOC_X: wrong'; exit 1"
    supervisor.start(shell(tmp_path, "worker", script))
    with pytest.raises(StartError, match="does not start without its worker"):
        supervisor.wait_until_ready()
    assert [line for line in said if "cannot start" in line] == [
        "worker cannot start: Error: 2 faults found:\n  IOC_X: wrong"
    ]


def test_a_part_that_dies_before_it_is_up_is_tried_ever_more_slowly(supervisor: Supervisor, tmp_path: Path) -> None:
    child = Child(shell(tmp_path, "worker", "kill -9 $$"))
    supervisor.children.append(child)
    waits = []
    for _ in range(6):
        supervisor._spawn(child)
        assert child.process is not None
        child.process.wait()
        supervisor._died(child, now=100.0)
        waits.append(round(child.due - 100.0, 1))
    assert waits == [0.3, 0.9, 2.7, 8.1, 10.0, 10.0]
    assert child.told


def test_a_part_without_a_sign_of_its_own_is_up_when_it_has_lived_for_a_while(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    child = Child(Service("scheduler", ("sleep", "60"), "it", None, 0, 2.0))
    supervisor.children.append(child)
    supervisor._spawn(child)
    assert not supervisor._is_up(child, child.started + 1.0)
    assert supervisor._is_up(child, child.started + 3.0)


def test_warnings_of_the_parts_are_shown_and_the_rest_stays_in_their_logs(
    supervisor: Supervisor, tmp_path: Path, said: list[str]
) -> None:
    script = "echo INFO all is well; echo WARNING the disk fills; sleep 60"
    supervisor.start(shell(tmp_path, "worker", script, ready=lambda _: bool(said)))
    supervisor.wait_until_ready()
    assert [line for line in said if "is up" not in line] == ["worker: WARNING the disk fills"]
    assert (tmp_path / "log" / "worker.log").read_text() == "INFO all is well\nWARNING the disk fills\n"


def test_a_large_log_is_set_aside_at_the_start(
    supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOG_MAX", 10)
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "worker.log").write_text("what happened before\n")
    supervisor.start(shell(tmp_path, "worker", WAITS))
    assert (tmp_path / "log" / "worker.log.1").read_text() == "what happened before\n"


def test_parts_end_in_reverse_order(supervisor: Supervisor, tmp_path: Path) -> None:
    ends = tmp_path / "ends"
    for phase, name in enumerate(("broker", "worker", "web")):
        script = f"trap 'echo {name} >> {ends}; exit 0' TERM; echo up > $0.up; while :; do sleep 0.01; done"
        supervisor.start(shell(tmp_path, name, script, phase=phase))
    supervisor.wait_until_ready()
    supervisor.stop()
    assert ends.read_text().split() == ["web", "worker", "broker"]
    assert list((tmp_path / "run").iterdir()) == [tmp_path / "run" / "supervisor.lock"]


def test_what_does_not_end_by_itself_is_killed_with_all_that_it_started(supervisor: Supervisor, tmp_path: Path) -> None:
    script = f"trap '' TERM; sleep 60 & echo $! > {tmp_path}/grandchild; {WAITS}"
    service = shell(tmp_path, "web", script)
    supervisor.start(Service(service.name, service.command, service.wait, service.ready, 0, patience_s=0.1))
    supervisor.wait_until_ready()
    grandchild = int((tmp_path / "grandchild").read_text())
    supervisor.stop()
    until(supervisor, lambda: identity(grandchild) == "")


def test_while_it_stops_nothing_is_started_again(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(shell(tmp_path, "worker", WAITS))
    supervisor.wait_until_ready()
    os.kill(os.getpid(), signal.SIGTERM)
    supervisor.run()
    os.kill(supervisor.pid_of("worker"), signal.SIGKILL)
    until(supervisor, lambda: supervisor.pid_of("worker") == 0)
    for _ in range(3):
        supervisor.tick()
    assert supervisor.pid_of("worker") == 0


def former_run(folder: Path, known: dict[str, str]) -> None:
    (folder / "run").mkdir(exist_ok=True)
    (folder / "run" / "processes.json").write_text(json.dumps(known))


def test_a_process_that_a_killed_run_left_behind_is_waited_for_and_then_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FORMER_S", 0.0)
    monkeypatch.setattr(module, "TICK_S", 0.01)
    with subprocess.Popen(["sleep", "60"]) as left:
        former_run(tmp_path, {str(left.pid): identity(left.pid)})
        Supervisor(tmp_path, {}, print)._end_former(tmp_path / "run" / "processes.json")
        assert left.wait() == -signal.SIGKILL


def test_a_process_that_only_has_the_number_of_a_former_one_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as foreign:
        former_run(tmp_path, {str(foreign.pid): "another boot 12345"})
        Supervisor(tmp_path, {}, print)._end_former(tmp_path / "run" / "processes.json")
        assert foreign.poll() is None
        foreign.kill()


@pytest.mark.parametrize("text", ["", "[]", '{"x": 1}', "nonsense"])
def test_notes_of_a_former_run_that_cannot_be_read_stop_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "processes.json").write_text(text)
    Supervisor(tmp_path, {}, print)._end_former(tmp_path / "processes.json")
