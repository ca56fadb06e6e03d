"""Pid files name living processes, and only their owner takes them away."""

import os
import subprocess
from pathlib import Path

from ioc.pidfile import identity, pid_file, pid_path, process_id, remove_pid, write_pid


def test_the_file_is_there_for_as_long_as_the_process_works(tmp_path: Path) -> None:
    with pid_file(tmp_path, "worker"):
        assert pid_path(tmp_path, "worker").read_text() == f"{os.getpid()}\n"
    assert not pid_path(tmp_path, "worker").exists()


def test_a_file_that_names_another_process_is_left_alone(tmp_path: Path) -> None:
    write_pid(tmp_path, "worker", 1)
    remove_pid(tmp_path, "worker", os.getpid())
    assert pid_path(tmp_path, "worker").read_text() == "1\n"


def test_a_process_is_told_from_every_other_one(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as process:
        first = identity(process.pid)
        assert first
        assert first == identity(process.pid)
        assert first != identity(os.getpid())
        process.kill()
        process.wait()
        assert identity(process.pid) == ""


def test_a_part_is_found_by_its_name_while_it_lives(tmp_path: Path) -> None:
    assert process_id(tmp_path, "web") == 0
    write_pid(tmp_path, "web", os.getpid())
    assert process_id(tmp_path, "web") == os.getpid()
    write_pid(tmp_path, "web", 2**22 + 1)  # no process has such a number
    assert process_id(tmp_path, "web") == 0
    pid_path(tmp_path, "web").write_text("not a number")
    assert process_id(tmp_path, "web") == 0
