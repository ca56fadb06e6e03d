"""`ioc timeseries`: what it makes, what it prints, and what it says when it cannot. The server is a stand-in."""

import json
import stat
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ioc.cli import main
from ioc.commands import timeseries
from ioc.config import Secret
from ioc.domain import SystemClock
from ioc.errors import MisconfiguredError
from ioc.timeseries import DAY, SqliteStore
from ioc.timeseries.opening import retention_of

NOW = SystemClock().now_ns()


@dataclass
class Made:
    """What a server was asked to make, and how it answers."""

    buckets: dict[str, int] = field(default_factory=dict)
    tokens: list[str] = field(default_factory=list)
    works: set[str] = field(default_factory=set)
    reads: set[str] = field(default_factory=set)
    new: bool = True
    admin: str = "admin"


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Made:
    made = Made()

    class Server:
        def __init__(self, access) -> None:
            self.access = access

        def set_up(self, user: str, password: str, token: str) -> bool:
            assert len(password) > 16
            made.admin = token
            return made.new

        def may_use_buckets(self) -> bool:
            return self.access.token.reveal() in made.works

        def make_bucket(self, name: str, retention_ns: int) -> bool:
            if self.access.token.reveal() != made.admin:
                raise MisconfiguredError("InfluxDB answers 401.", "Set another token.")
            new = name not in made.buckets
            made.buckets[name] = retention_ns
            return new

        def may_read_buckets(self) -> bool:
            return self.access.token.reveal() in made.works | made.reads

        def make_token(self, description: str, *, write: bool) -> Secret:
            made.tokens.append(description)
            (made.works if write else made.reads).add(f"made-{len(made.tokens)}")
            return Secret(f"made-{len(made.tokens)}")

        def close(self) -> None:
            pass

    monkeypatch.setattr(timeseries, "Server", Server)
    return made


@pytest.fixture
def ioc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("IOC_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("IOC_INFLUXDB__URL", "http://influx.example:8086")
    (tmp_path / "data").mkdir()

    def run(*words: str, stdin: str | None = "admin\n", **environ: str) -> Result:
        return CliRunner().invoke(main, ["timeseries", *words], input=stdin, env=environ)

    return run


def test_buckets_and_a_token_are_made_and_what_to_set_is_printed(ioc, made: Made, tmp_path: Path):
    result = ioc("init", "--admin-token-file", "-", IOC_RETENTION__RAW_DAYS="10", IOC_INFLUXDB__BUCKET="bv")
    assert result.exit_code == 0, result.output
    assert {name: ns // DAY for name, ns in made.buckets.items()} == {
        "bv": 12, "bv_5m": 732, "bv_1h": 3652, "bv_notes": 0,
    }  # fmt: skip
    file = tmp_path / "data" / "secrets" / "influxdb.token"
    assert f"IOC_INFLUXDB__TOKEN_FILE={file}" in result.stdout
    assert "IOC_INFLUXDB__BUCKET=bv" in result.stdout
    assert "Bucket bv_notes: made, keeps for ever." in result.stdout
    assert file.read_text() == "made-1\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "made-1" not in result.output


def test_done_again_it_changes_the_retention_and_keeps_the_token_that_works(ioc, made: Made, tmp_path: Path):
    ioc("init", "--admin-token-file", "-")
    result = ioc("init", "--admin-token-file", "-", "--json", IOC_RETENTION__FIVE_MINUTES_DAYS="100")
    report = json.loads(result.stdout)
    assert [bucket["new"] for bucket in report["buckets"]] == [False] * 4
    assert report["buckets"][1]["days"] == 102
    assert report["set"]["IOC_INFLUXDB__TOKEN_FILE"].endswith("influxdb.token")
    assert len(made.tokens) == 1
    again = ioc("init", "--admin-token-file", "-", IOC_INFLUXDB__TOKEN="made-1")
    assert "The token that is set works." in again.stdout
    made.works.clear()
    ioc("init", "--admin-token-file", "-")
    assert (tmp_path / "data" / "secrets" / "influxdb.token").read_text() == "made-2\n"


def test_a_token_for_readers_is_made_once_and_may_not_write(ioc, made: Made, tmp_path: Path):
    result = ioc("init", "--admin-token-file", "-", "--reader")
    file = tmp_path / "data" / "secrets" / "influxdb-reader.token"
    assert f"is in {file}." in result.stdout
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text().strip() in made.reads
    assert json.loads(ioc("init", "--admin-token-file", "-", "--reader", "--json").stdout)["reader_token_file"] == str(
        file
    )
    assert len(made.tokens) == 2
    made.reads.clear()
    ioc("init", "--admin-token-file", "-", "--reader")
    assert len(made.tokens) == 3


def test_a_new_server_is_set_up_and_its_first_user_is_kept_in_a_file(ioc, made: Made, tmp_path: Path):
    result = ioc("init", "--set-up")
    assert result.exit_code == 0, result.output
    file = tmp_path / "data" / "secrets" / "influxdb-admin.token"
    assert f"token={made.admin}" in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert made.admin not in result.output
    made.new = False
    assert "set up already" in ioc("init", "--set-up").stderr


def test_without_a_file_the_token_is_asked_for_and_not_shown(ioc, made: Made):
    result = ioc("init")
    assert result.exit_code == 0
    assert "Admin token" in result.stderr
    assert "admin\n" not in result.output


def test_a_wrong_admin_token_is_said_with_its_remedy(ioc, made: Made):
    result = ioc("init", "--admin-token-file", "-", stdin="wrong\n")
    assert result.exit_code == 1
    assert "401" in result.stderr
    assert "Set another token" in result.stderr
    assert made.tokens == []


@pytest.mark.parametrize("words", [("init", "--admin-token-file", "-"), ("copy", "--from", "sqlite", "--to", "influx")])
def test_without_an_address_nothing_is_done(ioc, words: tuple[str, ...]):
    result = ioc(*words, IOC_INFLUXDB__URL="")
    assert result.exit_code == 1
    assert "IOC_INFLUXDB__URL is not set" in result.stderr


def test_a_copy_from_a_store_to_itself_is_wrong_use(ioc):
    assert ioc("copy", "--from", "influx", "--to", "influx").exit_code == 2


@pytest.fixture
def other(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """In the place of InfluxDB another file."""
    path = tmp_path / "other.sqlite"
    monkeypatch.setattr(timeseries, "open_influx", lambda settings: SqliteStore(path, retention=retention_of(settings)))
    return path


KEEP = {"IOC_RETENTION__RAW_DAYS": "3", "IOC_RETENTION__FIVE_MINUTES_DAYS": "5"}


def fill(path: Path) -> None:
    store = SqliteStore(path)
    store.write_lines([f"fridge,device=a temp={n}.5 {NOW - n * DAY // 8}" for n in range(1, 17)])
    store.close()


def test_a_copy_says_what_it_did_and_that_all_is_the_same(ioc, other: Path, tmp_path: Path):
    fill(tmp_path / "data" / "timeseries.sqlite")
    result = ioc("copy", "--from", "sqlite", "--to", "influx", **KEEP)
    assert result.exit_code == 0, result.output
    assert "16 single values and 0 five-minute and hourly values copied, 0 refused; 0 differences." in result.stdout
    assert "%" in result.stderr
    assert not (tmp_path / "data" / timeseries.PROGRESS).exists()
    back = json.loads(ioc("copy", "--from", "influx", "--to", "sqlite", "--json", "--restart", **KEEP).stdout)
    assert back == {"values": 16, "rows": 0, "refused": 0, "differences": []}


def test_a_difference_is_shown_and_is_a_fault(ioc, other: Path, tmp_path: Path):
    fill(tmp_path / "data" / "timeseries.sqlite")
    store = SqliteStore(other)
    store.write_lines([f"fridge,device=a temp=1.0 {NOW - DAY - 77}"])
    store.close()
    result = ioc("copy", "--from", "sqlite", "--to", "influx", **KEEP)
    assert result.exit_code == 1
    assert "1 differences" in result.stdout
    assert "fridge.temp device=a" in result.stderr
