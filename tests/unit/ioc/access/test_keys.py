"""Tokens."""

import pytest

from ioc.access import Role, Scope
from ioc.access import tokens as tokens_table
from ioc.database import reading
from ioc.domain import MINUTE
from ioc.errors import IocError


def test_a_token_opens_and_says_whose_it_is(tokens):
    text, token = tokens.create(Role.VIEWER, Scope("bv01"), "grafana", actor="test")
    found = tokens.find(text)
    assert found == token
    assert found.principal.role is Role.VIEWER
    assert str(found.principal.scope) == "facility:bv01"
    assert tokens.find(text + "x") is None
    assert tokens.find("") is None


def test_only_the_hash_of_a_token_is_stored(tokens, engine):
    text, _ = tokens.create(Role.VIEWER, Scope(), actor="test")
    with reading(engine) as connection:
        row = connection.execute(tokens_table.select()).one()
    assert text not in str(row)
    assert text.removeprefix("ioc_") not in str(row)


def test_no_two_tokens_are_alike(tokens):
    texts = {tokens.create(Role.VIEWER, Scope(), actor="test")[0] for _ in range(20)}
    assert len(texts) == 20
    assert all(len(text) > 43 for text in texts)


def test_a_token_ends_at_its_time(tokens, clock):
    text, _ = tokens.create(Role.VIEWER, Scope(), expires_ns=clock.now_ns() + MINUTE, actor="test")
    clock.advance(MINUTE - 1)
    assert tokens.find(text) is not None
    clock.advance(1)
    assert tokens.find(text) is None


def test_a_revoked_token_does_not_open_and_stays_listed(tokens):
    text, token = tokens.create(Role.VIEWER, Scope(), "old", actor="test")
    tokens.revoke("old", actor="test")
    assert tokens.find(text) is None
    assert tokens.list()[0].id == token.id
    assert tokens.list()[0].revoked_ns is not None


def test_a_name_that_stands_for_two_tokens_asks_for_the_number(tokens):
    first = tokens.create(Role.VIEWER, Scope(), "twin", actor="test")[1]
    tokens.create(Role.VIEWER, Scope(), "twin", actor="test")
    with pytest.raises(IocError) as raised:
        tokens.revoke("twin", actor="test")
    assert "by its number: 1, 2" in raised.value.hint
    tokens.revoke(str(first.id), actor="test")
    tokens.revoke("twin", actor="test")
    assert all(token.revoked_ns is not None for token in tokens.list())


def test_an_unknown_token_is_answered_with_the_nearest(tokens):
    tokens.create(Role.VIEWER, Scope(), "grafana", actor="test")
    with pytest.raises(IocError) as raised:
        tokens.revoke("grafna", actor="test")
    assert raised.value.hint == "Did you mean grafana?"


def test_its_last_use_is_noted_every_ten_minutes_at_most(tokens, clock):
    text, token = tokens.create(Role.VIEWER, Scope(), actor="test")
    assert tokens.used(token)
    tokens.mark_used(token)
    assert not tokens.used(tokens.find(text))
    clock.advance(10 * MINUTE)
    assert tokens.used(tokens.find(text))
