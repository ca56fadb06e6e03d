import sqlite3
import sys
import types

import click
import pytest
from click.testing import CliRunner
from sqlalchemy.exc import DBAPIError

from ioc import cli
from ioc.cli import COMMANDS, Entry, main
from ioc.errors import Fault, IocError, RefuseToStartError


@pytest.fixture
def raising(monkeypatch):
    """A command that fails as it is told to."""

    def install(error):
        @click.command("check")
        def command():
            raise error

        module = types.ModuleType("ioc_failing")
        module.command = command
        monkeypatch.setitem(sys.modules, "ioc_failing", module)
        monkeypatch.setattr(cli, "COMMANDS", {**COMMANDS, "check": Entry("ioc_failing:command", "Fails.")})

    return install


def run(*words, **environ):
    return CliRunner().invoke(main, words, env=environ)


def test_the_overview_lists_every_command_but_the_hidden_one_and_loads_none(monkeypatch):
    monkeypatch.setattr(cli.importlib, "import_module", lambda name: pytest.fail(f"{name} was loaded"))
    result = run("--help")
    assert result.exit_code == 0
    for name, entry in COMMANDS.items():
        assert (f"  {name} " in result.output) is not entry.hidden
    assert "Exit codes: 0 fine, 1 faults were found, 2 wrong use." in result.output


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_loads_and_explains_itself(name):
    result = run(name, "--help")
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[2].strip()[0].isupper()


def test_the_overview_and_the_command_itself_do_not_contradict_each_other():
    assert all(entry.help.endswith(".") and len(entry.help) < 75 for entry in COMMANDS.values())


def test_the_version_is_told():
    result = run("--version")
    assert result.exit_code == 0
    assert result.output.startswith("ioc ")


@pytest.mark.parametrize(("typed", "said"), [("dcotor", "Did you mean 'doctor'?"), ("xyz", "There are: run, worker")])
def test_a_wrong_command_is_wrong_use_and_the_nearest_is_named(typed, said):
    result = run(typed)
    assert result.exit_code == 2
    assert said in result.output


def test_a_wrong_option_is_wrong_use():
    assert run("check", "--no-such-option").exit_code == 2


def test_an_error_of_ours_is_a_sentence_and_a_hint(raising):
    raising(IocError("The disk is full.", "Make room."))
    result = run("check")
    assert result.exit_code == 1
    assert result.stderr == "Error: The disk is full.\n  Make room.\n"


def test_all_faults_are_told_at_once(raising):
    raising(
        RefuseToStartError([Fault("IOC-X1", "a.yaml:3", "is wrong.", "Mend it."), Fault("IOC-X2", "IOC_Y", "too.")])
    )
    result = run("check")
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        "Error: 2 faults found:",
        "  a.yaml:3: is wrong. Mend it. [IOC-X1]",
        "  IOC_Y: too. [IOC-X2]",
    ]


def test_an_error_of_the_system_names_its_file(raising):
    raising(PermissionError(13, "Permission denied", "/some/file"))
    result = run("check")
    assert (result.exit_code, result.stderr) == (1, "Error: /some/file: Permission denied\n")


@pytest.mark.parametrize(
    "error",
    [
        sqlite3.OperationalError("disk I/O error"),
        DBAPIError("select 1", {}, sqlite3.OperationalError("disk I/O error")),
    ],
)
def test_a_database_that_cannot_be_used_is_no_fault_of_the_program(raising, error):
    raising(error)
    result = run("check")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: a database cannot be used: disk I/O error.\n  Is the disk full")


def test_an_unexpected_error_is_short_and_says_how_to_see_more(raising):
    raising(KeyError("oops"))
    result = run("check")
    assert result.exit_code == 1
    assert "unexpected KeyError: 'oops'" in result.stderr
    assert "--debug" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(("words", "environ"), [(["--debug"], {}), ([], {"IOC_LOG__LEVEL": "debug"})])
def test_the_traceback_is_there_for_who_asks(raising, words, environ):
    raising(KeyError("oops"))
    assert isinstance(run(*words, "check", **environ).exception, KeyError)


@pytest.mark.parametrize(
    ("name", "environ", "level"),
    [
        ("check", {}, "warning"),
        ("worker", {}, "info"),
        ("worker", {"IOC_LOG__LEVEL": "error"}, "error"),
        ("worker", {"IOC_LOG__LEVEL": "debug"}, "debug"),
        ("worker", {"IOC_NONSENSE": "1"}, "info"),
    ],
)
def test_services_log_as_set_and_what_answers_and_ends_only_warns(name, environ, level, monkeypatch):
    for variable, text in environ.items():
        monkeypatch.setenv(variable, text)
    context = click.Context(main)
    context.invoked_subcommand = name
    assert cli._how_to_log(context)[0] == level
