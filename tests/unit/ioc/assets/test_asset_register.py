"""The register: a list replaces the kinds that it names, and what held before stays known."""

from dataclasses import replace
from datetime import date

import pytest

from ioc.access import audit_entries
from ioc.assets import Asset, AssetKind, AssetRegister, Drafts
from ioc.domain import MINUTE, SECOND
from ioc.errors import IocError

DAY = 86_400 * SECOND


def asset(code: str, kind: AssetKind = AssetKind.SERVER, facility: str = "bv01", **more) -> Asset:
    return Asset(facility, "cs1", code, kind, **more)


def put(register: AssetRegister, *assets: Asset) -> None:
    register.apply(register.preview(assets), "test")


def codes(register: AssetRegister, now_ns: int, facility: str = "bv01") -> list[str]:
    return [each.code for each in register.assets(facility).at(now_ns)]


def test_a_first_list_counts_since_ever(register, clock):
    put(register, asset("b"), asset("a"), asset("p", AssetKind.PRINTER))
    assert codes(register, clock.now_ns()) == ["b", "a", "p"]
    assert codes(register, 1) == ["b", "a", "p"]


def test_every_field_is_kept(register, clock):
    full = asset("a", name="HIS", owner="Tổ", contract_end=date(2027, 1, 31), watched=True, device="ups-01")
    put(register, full)
    assert register.assets("bv01").current("a", clock.now_ns()) == full


def test_a_list_replaces_only_the_kinds_and_facilities_that_it_names(register, clock):
    put(register, asset("a"), asset("b"), asset("p", AssetKind.PRINTER), asset("x", facility="bv02"))
    clock.advance(DAY)
    differences = register.preview([asset("a")])
    assert [each.code for each in differences.removed] == ["b"]
    register.apply(differences, "test")
    assert codes(register, clock.now_ns()) == ["a", "p"]
    assert codes(register, clock.now_ns(), "bv02") == ["x"]


def test_what_held_before_stays_known(register, clock):
    put(register, asset("a", owner="old"))
    before = clock.now_ns()
    clock.advance(DAY)
    put(register, asset("a", owner="new"))
    assets = register.assets("bv01")
    assert assets.current("a", before).owner == "old"
    assert assets.current("a", clock.now_ns()).owner == "new"
    assert len(assets.of_code["a"]) == 2


def test_a_line_may_hold_from_another_day(register, clock):
    put(register, asset("a", owner="old"))
    later = clock.now_ns() + DAY
    put(register, asset("a", owner="new", from_ns=later))
    assets = register.assets("bv01")
    assert assets.current("a", clock.now_ns()).owner == "old"
    assert assets.current("a", later).owner == "new"


def test_a_change_at_the_moment_of_the_row_that_holds_counts_from_now_and_the_row_stays(register, clock):
    start = clock.now_ns()
    put(register, asset("b"))
    put(register, asset("a", owner="old", from_ns=start), asset("b"))
    clock.advance(DAY)
    put(register, asset("a", owner="new", from_ns=start), asset("b"))
    rows = register.assets("bv01").of_code["a"]
    assert [(row.owner, row.from_ns, row.until_ns) for row in rows] == [
        ("old", start, clock.now_ns()),
        ("new", clock.now_ns(), None),
    ]
    assert register.preview([asset("a", owner="new", from_ns=start), asset("b")]).empty


def test_a_planned_change_can_be_corrected_before_it_comes(register, clock):
    put(register, asset("a", owner="old"))
    later = clock.now_ns() + DAY
    put(register, asset("a", owner="new", from_ns=later))
    put(register, asset("a", owner="other", from_ns=later))
    assert register.assets("bv01").current("a", clock.now_ns()).owner == "old"
    assert register.assets("bv01").current("a", later).owner == "other"


def test_a_line_that_repeats_a_row_that_has_ended_holds_again_from_now(register, clock):
    start = clock.now_ns()
    put(register, asset("b"))
    put(register, asset("a", owner="old", from_ns=start), asset("b"))
    clock.advance(DAY)
    put(register, asset("a", owner="new"))
    clock.advance(DAY)
    lines = [asset("a", owner="old", from_ns=start), asset("b", from_ns=start)]
    differences = register.preview(lines)
    assert [(change.old.owner, change.new.from_ns) for change in differences.changed] == [("new", clock.now_ns())]
    assert [(each.code, each.from_ns) for each in differences.added] == [("b", clock.now_ns())]
    register.apply(differences, "test")
    assets = register.assets("bv01")
    assert [row.owner for row in assets.of_code["a"]] == ["old", "new", "old"]
    assert assets.current("b", start) is not None
    assert assets.current("b", clock.now_ns() - 1) is None
    assert assets.current("b", clock.now_ns()) is not None
    clock.advance(DAY)
    assert register.preview(lines).empty


def test_an_asset_may_become_one_of_another_kind(register, clock):
    put(register, asset("a"), asset("b"))
    clock.advance(DAY)
    differences = register.preview([asset("a", AssetKind.SERVICE)])
    assert [change.what for change in differences.changed] == [("kind",)]
    assert differences.removed == ()
    register.apply(differences, "test")
    assert register.assets("bv01").current("a", clock.now_ns()).kind is AssetKind.SERVICE


def test_the_same_list_again_changes_nothing(register, clock):
    put(register, asset("a"), asset("b"))
    version = register.assets("bv01").version
    clock.advance(DAY)
    differences = register.preview([asset("a"), asset("b")])
    assert differences.empty
    assert differences.unchanged == 2
    register.apply(differences, "test")
    assert register.assets("bv01").version == version


def test_the_order_is_that_of_the_last_list(register, clock):
    put(register, asset("a"), asset("b"))
    put(register, asset("b"), asset("a"))
    assert codes(register, clock.now_ns()) == ["b", "a"]


def test_what_was_compared_must_still_be_so(register):
    seen = register.preview([asset("a")])
    put(register, asset("b"))
    with pytest.raises(IocError, match="changed by somebody else"):
        register.apply(seen, "test")


def test_a_removed_asset_may_come_back(register, clock):
    put(register, asset("a"), asset("b"))
    clock.advance(DAY)
    put(register, asset("a"))
    away = clock.now_ns()
    clock.advance(DAY)
    put(register, asset("a"), asset("b"))
    assets = register.assets("bv01")
    assert assets.current("b", away) is None
    assert assets.current("b", clock.now_ns()) is not None


def test_another_process_sees_the_change(register, engine, clock):
    other = AssetRegister(engine, clock)
    assert other.assets("bv01").all == ()
    put(register, asset("a"))
    assert codes(other, clock.now_ns()) == ["a"]
    assert other.assets("bv01") is other.assets("bv01")


def test_the_audit_log_says_who_and_how_many(register, engine):
    put(register, asset("a"), asset("p", AssetKind.PRINTER))
    entry = audit_entries(engine)[-1]
    assert (entry.actor, entry.action, entry.subject) == ("test", "assets.import", "facility:bv01")
    assert '"added": 2' in entry.detail


def test_a_draft_is_kept_for_its_person_for_an_hour(engine, clock):
    drafts, listed = Drafts(engine, clock), [asset("a", contract_end=date(2027, 1, 31)), asset("b", name="Máy")]
    made = drafts.keep("bv01", "user:1", "list.csv", listed, {"bv01": 3})
    draft = drafts.get("bv01", "user:1")
    assert (draft.name, draft.made_ns, draft.assets, draft.versions) == ("list.csv", made, tuple(listed), {"bv01": 3})
    assert drafts.get("bv01", "user:2") is None
    assert drafts.get("bv02", "user:1") is None
    clock.advance(61 * MINUTE)
    assert drafts.get("bv01", "user:1") is None


def test_a_draft_takes_the_place_of_the_last_one_and_can_be_dropped(engine, clock):
    drafts = Drafts(engine, clock)
    drafts.keep("bv01", "user:1", "one.csv", [asset("a")], {})
    drafts.keep("bv01", "user:1", "two.csv", [replace(asset("a"), owner="x")], {})
    assert drafts.get("bv01", "user:1").name == "two.csv"
    drafts.drop("bv01", "user:1")
    assert drafts.get("bv01", "user:1") is None


def test_what_is_known_of_an_asset_is_that_of_the_moment_else_that_of_now(register, clock):
    put(register, asset("a", owner="old"))
    before = clock.now_ns()
    clock.advance(DAY)
    put(register, asset("a", owner="new"), asset("b"))
    look = register.lookup("bv01")
    assert [look("a", at).owner for at in (0, before)] == ["new", "old"]
    assert look("b", before).code == "b"
    assert look("c", 0) is None
