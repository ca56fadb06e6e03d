"""What `ioc doctor` says of sources that ask."""

from ioc.commands import machinery
from ioc.commands.findings import Level
from ioc.domain import MINUTE, SECOND
from ioc.intake import SourceStatus

NOW = 1_800_000_000 * SECOND


def found(*statuses: SourceStatus) -> list[tuple[Level, str]]:
    return [(it.level, it.what) for it in machinery.sources(statuses, NOW) if it.area == "sources"]


def status(name: str, error: str = "", ago_ns: int = 0) -> SourceStatus:
    return SourceStatus(name, name, connected=True, last_message_ns=NOW, error=error, updated_ns=NOW - ago_ns)


def test_targets_that_fail_are_a_fault_by_name() -> None:
    error = "1 of 2 targets fail: his-web: it refuses the connection."
    assert found(status("http", error)) == [(Level.FAULT, f"The http: {error}")]


def test_one_whose_last_target_was_taken_out_is_not_missed() -> None:
    assert found(status("mqtt"), status("tcp", ago_ns=30 * MINUTE)) == [
        (Level.FINE, "The mqtt: 0 messages, the last 0 s ago.")
    ]


def test_while_the_worker_is_away_nothing_is_known_of_any() -> None:
    assert len(found(status("mqtt", ago_ns=30 * MINUTE), status("tcp", ago_ns=30 * MINUTE))) == 2
