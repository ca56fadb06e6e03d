"""Roles, scopes and what they allow."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ioc.access import ACTIONS, EVERYTHING, Principal, Role, Scope, allowed
from ioc.errors import IocError

CODES = st.from_regex(r"[a-z][a-z0-9-]{0,6}", fullmatch=True)


def somebody(role: Role, scope: Scope = EVERYTHING) -> Principal:
    return Principal("user:1", "test", role, scope)


def test_each_role_may_do_what_the_one_before_may():
    may = [{action for action in ACTIONS if somebody(role).may(action)} for role in Role]
    assert all(less <= more for less, more in itertools.pairwise(may))
    assert may[0] == {"board"}
    assert may[-1] == set(ACTIONS)


@pytest.mark.parametrize(
    ("action", "least"),
    [("board", "screen"), ("history", "viewer"), ("sources", "viewer"), ("definitions", "viewer"),
     ("quarantine", "steward"), ("admin", "admin")],
)  # fmt: skip
def test_an_action_begins_at_its_role(action, least):
    roles = list(Role)
    first = roles.index(Role(least))
    assert [allowed(somebody(role), action) for role in roles] == [n >= first for n in range(len(roles))]


def test_an_unknown_action_is_a_fault_of_the_program_and_never_allowed():
    with pytest.raises(KeyError):
        allowed(somebody(Role.ADMIN), "fly")


def test_a_scope_ends_at_its_facility():
    viewer = somebody(Role.VIEWER, Scope("bv01"))
    assert allowed(viewer, "board", "bv01")
    assert allowed(viewer, "board", "bv01", "cs2")
    assert not allowed(viewer, "board", "bv02")


def test_a_scope_of_one_site_does_not_include_the_whole_facility():
    viewer = somebody(Role.VIEWER, Scope("bv02", "cs1"))
    assert allowed(viewer, "board", "bv02", "cs1")
    assert not allowed(viewer, "board", "bv02", "cs2")
    assert not allowed(viewer, "board", "bv02")


@pytest.mark.parametrize(
    ("scope", "asked", "given"),
    [
        ("*", ("", ""), ("", "")),
        ("*", ("bv01", "cs1"), ("bv01", "cs1")),
        ("facility:bv01", ("", ""), ("bv01", "")),
        ("facility:bv01", ("bv01", "cs2"), ("bv01", "cs2")),
        ("facility:bv01", ("bv02", ""), None),
        ("facility:bv02/site:cs1", ("", ""), ("bv02", "cs1")),
        ("facility:bv02/site:cs1", ("bv02", "cs2"), None),
        ("facility:bv02/site:cs1", ("", "cs1"), ("bv02", "cs1")),
    ],
)
def test_a_list_is_narrowed_to_the_scope(scope, asked, given):
    assert Scope.parse(scope).narrow(*asked) == given


@given(st.builds(Scope, CODES, st.one_of(st.just(""), CODES)), CODES, st.one_of(st.just(""), CODES))
def test_what_a_list_is_narrowed_to_is_always_covered(scope, facility, site):
    within = scope.narrow(facility, site)
    assert within is None or scope.covers(*within)
    if scope.covers(facility, site):
        assert within == (facility, site)


@given(st.one_of(st.just(EVERYTHING), st.builds(Scope, CODES, st.one_of(st.just(""), CODES))))
def test_a_scope_reads_back_as_it_is_written(scope):
    assert Scope.parse(str(scope)) == scope


@pytest.mark.parametrize("text", ["", "**", "bv01", "facility:", "facility:bv01/", "facility:bv01/site:", "site:cs1",
                                  "facility:bv 01", "facility:bv01\n", "*,facility:bv01"])  # fmt: skip
def test_what_is_no_scope_says_how_one_is_written(text):
    with pytest.raises(IocError) as raised:
        Scope.parse(text)
    assert "facility:CODE" in raised.value.hint


def test_a_mistyped_role_is_answered_with_the_nearest():
    with pytest.raises(IocError) as raised:
        Role.named("viewr")
    assert "Did you mean viewer?" in raised.value.hint
