"""Users, their passwords and their sessions."""

import pytest

from ioc.access import Role, Scope, ensure_admin
from ioc.access import sessions as sessions_table
from ioc.access import users as users_table
from ioc.database import reading
from ioc.domain import MINUTE
from ioc.errors import IocError

PASSWORD = "a-long-password"


@pytest.fixture
def bob(users):
    return users.add("bob", PASSWORD, Role.VIEWER, Scope("bv01"), actor="test")


def test_the_right_password_opens_and_a_wrong_one_does_not(users, bob):
    assert users.verify("bob", PASSWORD) == bob
    assert users.verify("bob", PASSWORD + "x") is None
    assert users.verify("nobody", PASSWORD) is None
    assert users.verify("bob", "x" * 100_000) is None


def test_a_password_is_stored_as_an_argon2id_hash(users, bob, engine):
    with reading(engine) as connection:
        stored = connection.execute(users_table.select()).one().password_hash
    assert stored.startswith("$argon2id$")
    assert PASSWORD not in stored


@pytest.mark.parametrize("password", ["short", "", "x" * 201])
def test_a_password_that_cannot_do_is_refused(users, password):
    with pytest.raises(IocError, match="10 to 200 characters"):
        users.add("eve", password, Role.VIEWER, actor="test")


@pytest.mark.parametrize("name", ["", "Eve", "e ve", "-eve", "eve\n", "é", "x" * 65])
def test_a_name_that_cannot_do_is_refused(users, name):
    with pytest.raises(IocError, match="cannot be a user's name"):
        users.add(name, PASSWORD, Role.VIEWER, actor="test")


def test_a_taken_name_is_refused(users, bob):
    with pytest.raises(IocError, match="already"):
        users.add("bob", PASSWORD, Role.VIEWER, actor="test")


def test_an_unknown_name_is_answered_with_the_nearest(users, bob):
    with pytest.raises(IocError) as raised:
        users.set_disabled("bobb", disabled=True, actor="test")
    assert raised.value.hint == "Did you mean bob?"


def test_a_disabled_user_cannot_log_in_until_enabled(users, bob):
    users.set_disabled("bob", disabled=True, actor="test")
    assert users.verify("bob", PASSWORD) is None
    users.set_disabled("bob", disabled=False, actor="test")
    assert users.verify("bob", PASSWORD) is not None


@pytest.mark.parametrize(
    "change",
    [
        lambda users: users.set_password("bob", "another-password", actor="test"),
        lambda users: users.set_disabled("bob", disabled=True, actor="test"),
        lambda users: users.set_rights("bob", Role.STEWARD, Scope("bv01"), actor="test"),
        lambda users: users.set_rights("bob", Role.VIEWER, Scope("bv02"), actor="test"),
    ],
    ids=["password", "disable", "role", "scope"],
)
def test_a_change_of_rights_ends_the_sessions(users, sessions, bob, change):
    other = users.add("ann", PASSWORD, Role.VIEWER, actor="test")
    key, _ = sessions.open(bob, {})
    others, _ = sessions.open(other, {})
    change(users)
    assert sessions.find(key) is None
    assert sessions.find(others) is not None


def test_the_first_start_makes_one_administrator_and_only_one(users, engine, clock):
    password = ensure_admin(engine, clock)
    assert password is not None
    admin = users.verify("admin", password)
    assert admin is not None
    assert (admin.role, str(admin.scope)) == (Role.ADMIN, "*")
    assert ensure_admin(engine, clock) is None


def test_a_session_carries_who_it_is_and_its_data(sessions, bob):
    key, _ = sessions.open(bob, {"csrf_token": "abc"})
    found = sessions.find(key)
    assert found is not None
    assert found.principal == bob.principal
    assert found.data == {"csrf_token": "abc"}
    sessions.save(key, {"csrf_token": "def"})
    assert sessions.find(key).data == {"csrf_token": "def"}
    assert sessions.find("guessed") is None


def test_the_id_of_a_session_is_not_stored(sessions, bob, engine):
    key, _ = sessions.open(bob, {})
    with reading(engine) as connection:
        row = connection.execute(sessions_table.select()).one()
    assert key not in str(row)


def test_a_session_ends_twelve_hours_after_its_last_use(sessions, bob, clock):
    key, _ = sessions.open(bob, {})
    clock.advance(11 * 60 * MINUTE)
    found = sessions.find(key)
    assert found is not None
    assert sessions.ageing(found)
    sessions.prolong(key)
    assert not sessions.ageing(sessions.find(key))
    clock.advance(12 * 60 * MINUTE - 1)
    assert sessions.find(key) is not None
    clock.advance(1)
    assert sessions.find(key) is None
    assert sessions.prune() == 1


def test_a_closed_session_is_gone(sessions, bob):
    key, _ = sessions.open(bob, {})
    sessions.close(key)
    assert sessions.find(key) is None


def test_a_screens_session_lasts_as_long_as_its_token(sessions, tokens, clock):
    lasting = tokens.create(Role.SCREEN, Scope("bv01"), actor="test")[1]
    short = tokens.create(Role.SCREEN, Scope("bv01"), expires_ns=clock.now_ns() + MINUTE, actor="test")[1]
    keys = [sessions.open(token, {})[0] for token in (lasting, short)]
    clock.advance(300 * 24 * 60 * MINUTE)
    found = sessions.find(keys[0])
    assert found is not None
    assert found.principal == lasting.principal
    assert not sessions.ageing(found)
    assert sessions.find(keys[1]) is None
    tokens.revoke(str(lasting.id), actor="test")
    assert sessions.find(keys[0]) is None
