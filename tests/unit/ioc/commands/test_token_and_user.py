"""``ioc token`` and ``ioc user``: what they print, and how they end."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from ioc.access import Tokens, Users
from ioc.cli import main
from ioc.database import make_engine, metadata
from ioc.domain import SystemClock

ROOT = Path(__file__).parents[4]
PASSWORD = "a-long-password"


@pytest.fixture
def run(tmp_path):
    """Run `ioc …` on a database of its own; gives the exit code, standard output and standard error."""
    environ = {"IOC_DATA_DIR": str(tmp_path), "IOC_CONFIG_DIR": str(ROOT / "configs")}
    engine = make_engine(f"sqlite:///{tmp_path / 'ioc.sqlite'}")
    metadata.create_all(engine)

    def call(*words, text=None):
        result = CliRunner().invoke(main, list(words), env=environ, input=text)
        return result.exit_code, result.stdout, result.stderr

    call.engine = engine
    yield call
    engine.dispose()


def test_a_token_is_printed_and_nothing_else(run):
    code, out, err = run("token", "create", "--role", "viewer", "--scope", "facility:bv01")
    assert (code, err) == (0, "")
    token = Tokens(run.engine, SystemClock()).find(out.strip())
    assert (token.role, str(token.scope)) == ("viewer", "facility:bv01")
    assert out.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--role", "viewr", "--scope", "*"], "Did you mean viewer?"),
        (["--role", "viewer", "--scope", "bv01"], "facility:CODE"),
        (["--role", "viewer", "--scope", "facility:bv1"], "Did you mean bv01?"),
        (["--role", "viewer", "--scope", "facility:bv02/site:cs3"], "Did you mean cs"),
        (["--role", "viewer"], "--scope"),
        (["--role", "viewer", "--scope", "*", "--days", "0"], "--days"),
        (["--rol", "viewer"], "--role"),
    ],
)
def test_wrong_use_ends_with_two_and_says_what_was_meant(run, words, says):
    code, out, err = run("token", "create", *words)
    assert (code, out) == (2, "")
    assert says in err
    assert Tokens(run.engine, SystemClock()).list() == []


def test_tokens_are_listed_without_what_opens(run):
    text = run("token", "create", "--role", "screen", "--scope", "*", "--name", "hall", "--days", "30")[1].strip()
    code, out, _ = run("token", "list")
    assert code == 0
    assert "hall" in out
    assert text not in out
    (item,) = json.loads(run("token", "list", "--json")[1])["items"]
    assert (item["name"], item["state"], item["role"], item["scope"]) == ("hall", "valid", "screen", "*")
    assert item["expires_at"] is not None


def test_an_empty_list_says_how_to_begin(run):
    assert "ioc token create" in run("token", "list")[1]


def test_a_revoked_token_does_not_open(run):
    text = run("token", "create", "--role", "screen", "--scope", "*", "--name", "hall")[1].strip()
    assert run("token", "revoke", "hall")[0] == 0
    assert Tokens(run.engine, SystemClock()).find(text) is None
    code, out, err = run("token", "revoke", "hall")
    assert (code, out) == (1, "")
    assert "there is no token 'hall'" in err
    assert json.loads(run("token", "list", "--json")[1])["items"][0]["state"] == "revoked"


def test_json_gives_the_token_once(run):
    told = json.loads(run("token", "create", "--role", "admin", "--scope", "*", "--json")[1])
    assert Tokens(run.engine, SystemClock()).find(told["token"]).id == told["id"]


def test_a_person_is_added_with_a_password_from_standard_input(run):
    code, out, _ = run("user", "add", "bob", "--role", "viewer", "--scope", "facility:bv01", text=PASSWORD + "\n")
    assert code == 0
    assert PASSWORD not in out
    user = Users(run.engine, SystemClock()).verify("bob", PASSWORD)
    assert str(user.scope) == "facility:bv01"


def test_a_person_is_changed_shut_out_and_let_in(run):
    users = Users(run.engine, SystemClock())
    run("user", "add", "bob", "--role", "viewer", text=PASSWORD)
    assert run("user", "passwd", "bob", text="another-password")[0] == 0
    assert users.verify("bob", "another-password") is not None
    assert run("user", "disable", "bob")[0] == 0
    assert users.verify("bob", "another-password") is None
    assert run("user", "enable", "bob")[0] == 0
    assert run("user", "rights", "bob", "--role", "steward")[0] == 0
    (item,) = json.loads(run("user", "list", "--json")[1])["items"]
    assert (item["role"], item["scope"], item["state"]) == ("steward", "*", "active")
    assert "steward" in run("user", "list")[1]
    assert run("user", "rights", "bob")[0] == 2


@pytest.mark.parametrize("words", [["passwd", "bobb"], ["disable", "bobb"], ["rights", "bobb", "--role", "viewer"]])
def test_an_unknown_person_ends_with_one_and_the_nearest_name(run, words):
    run("user", "add", "bob", "--role", "viewer", text=PASSWORD)
    code, _, err = run("user", *words, text="another-password")
    assert code == 1
    assert "Did you mean bob?" in err


def test_a_password_that_cannot_do_is_said(run):
    code, _, err = run("user", "add", "bob", "--role", "viewer", text="short")
    assert code == 1
    assert "10 to 200 characters" in err


def test_without_a_database_it_says_how_to_make_one(tmp_path):
    environ = {"IOC_DATA_DIR": str(tmp_path / "none"), "IOC_CONFIG_DIR": str(ROOT / "configs")}
    result = CliRunner().invoke(main, ["token", "list"], env=environ)
    assert result.exit_code == 1
    assert "ioc run" in result.stderr
    assert not (tmp_path / "none").exists()
