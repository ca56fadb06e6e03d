"""The audit log and its chain."""

import pytest

from ioc.access import Role, Scope, audit, audit_entries, record, verify_audit
from ioc.database import writing


@pytest.fixture
def written(engine):
    with writing(engine) as connection:
        for number in range(5):
            record(connection, number, "bob", "test", f"thing:{number}", name="Khoa Cấp cứu", n=number)
    return engine


def test_an_untouched_log_is_sound(written):
    assert verify_audit(written) is None
    newest = audit_entries(written, limit=2)
    assert [entry.subject for entry in newest] == ["thing:4", "thing:3"]
    assert "Khoa Cấp cứu" in newest[0].detail
    assert newest[0].previous == newest[1].hash


def test_an_empty_log_is_sound(engine):
    assert verify_audit(engine) is None


@pytest.mark.parametrize("field", ["at_ns", "actor", "action", "subject", "detail", "previous", "hash"])
def test_a_changed_entry_is_found(written, field):
    with writing(written) as connection:
        value = 99 if field == "at_ns" else "changed"
        connection.execute(audit.update().where(audit.c.id == 3).values({field: value}))
    assert verify_audit(written) == 3


def test_a_missing_entry_is_found(written):
    with writing(written) as connection:
        connection.execute(audit.delete().where(audit.c.id == 2))
    assert verify_audit(written) == 2


def test_an_entry_that_was_slipped_in_is_found(written):
    with writing(written) as connection:
        connection.execute(
            audit.insert().values(
                at_ns=9, actor="eve", action="x", subject="y", detail="{}", previous="0" * 64, hash="0" * 64
            )
        )
    assert verify_audit(written) == 6


def test_every_change_of_rights_is_in_the_log_without_a_secret(engine, users, tokens):
    users.add("bob", "a-long-password", Role.VIEWER, actor="root")
    users.set_password("bob", "another-password", actor="root")
    users.set_rights("bob", Role.STEWARD, Scope("bv01"), actor="root")
    users.set_disabled("bob", disabled=True, actor="root")
    text, _token = tokens.create(Role.SCREEN, Scope("bv01"), "hall", actor="root")
    tokens.revoke("hall", actor="root")
    entries = audit_entries(engine)
    assert [entry.action for entry in reversed(entries)] == [
        "user.add", "user.password", "user.rights", "user.disable", "token.create", "token.revoke",
    ]  # fmt: skip
    assert {entry.actor for entry in entries} == {"root"}
    everything = str(entries)
    assert text not in everything
    assert "password" not in everything.replace("user.password", "")
    assert verify_audit(engine) is None


def test_what_is_rolled_back_leaves_no_entry(engine):
    with pytest.raises(ZeroDivisionError), writing(engine) as connection:  # noqa: PT012 - the fault comes after the entry
        record(connection, 1, "bob", "test", "thing")
        raise ZeroDivisionError
    assert audit_entries(engine) == []
