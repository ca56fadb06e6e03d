"""What holds for every test: no sockets in unit tests, and no skip that nobody wrote down."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from pytest_socket import disable_socket, enable_socket
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared"
ALLOWED_SKIPS = Path(__file__).parent / "allowed_skips.txt"

if "CI" not in os.environ:  # else hypothesis takes a profile of its own, in which the examples are always the same
    settings.register_profile("ioc", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("ioc")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--strict-skips", action="store_true", help="fail when a test is skipped that tests/allowed_skips.txt lacks"
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let those that start servers come first: they take longest, and one worker runs them all."""
    items.sort(key=_is_unit)


class ServersInARow(LoadScopeScheduling):  # type: ignore[misc] # no types come with it
    """Tests that start servers one after another on one worker; unit tests one by one on the others."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid if nodeid.startswith("tests/unit/") else "servers"


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ServersInARow:
    return ServersInARow(config, log)


def _is_unit(item: pytest.Item) -> bool:
    return item.path.is_relative_to(ROOT / "tests" / "unit")


def pytest_runtest_setup(item: pytest.Item) -> None:
    if _is_unit(item):
        disable_socket(allow_unix_socket=True)
    else:
        enable_socket()


class Skips:
    """Collects what was skipped and, when strict, fails the run over what is not on the list."""

    def __init__(self, *, strict: bool) -> None:
        lines = ALLOWED_SKIPS.read_text(encoding="utf-8").splitlines()
        self.allowed = dict(line.split(" | ", 1) for line in lines if line and not line.startswith("#"))
        self.strict = strict
        self.unlisted: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and not hasattr(report, "wasxfail") and report.nodeid not in self.allowed:
            self.unlisted.append(report.nodeid)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for nodeid, reason in self.allowed.items():
            terminalreporter.write_line(f"may be skipped: {nodeid}: {reason}")
        if self.strict and self.unlisted:
            terminalreporter.write_line("skipped and not listed in tests/allowed_skips.txt:", red=True)
            for nodeid in self.unlisted:
                terminalreporter.write_line(f"  {nodeid}")

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.strict and self.unlisted and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Skips(strict=config.getoption("--strict-skips")), "ioc-skips")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of samples beside the project; tests that need it are skipped where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("the shared folder is not beside the project")
    return SHARED
