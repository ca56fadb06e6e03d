import pytest
from sqlalchemy import Engine, select

from ioc.database import reading
from ioc.domain import MINUTE, VirtualClock
from ioc.errors import IocError, Reason
from ioc.intake import Quarantine, Reject, Sealer, quarantined_by_source
from ioc.intake.tables import quarantine as table

NAME = "Nguyễn Văn An, 1961".encode()
HOUR = 60 * MINUTE


@pytest.fixture
def reject(clock: VirtualClock):
    def make(raw: bytes = NAME, reason: Reason = Reason.JSON, topic: str = "ioc/v1/bv01/icu/fridge/tl-01/tele"):
        return Reject(reason, "line 1: no value", topic, raw, clock.now_ns(), "bv01")

    return make


def test_an_input_is_kept_whole_and_encrypted(quarantine: Quarantine, engine: Engine, reject) -> None:
    quarantine.put("mqtt", reject())
    [item] = quarantine.list()
    assert (item.source, item.reason, item.facility, item.size) == ("mqtt", Reason.JSON, "bv01", len(NAME))
    assert item.raw is None
    with reading(engine) as connection:
        stored = connection.execute(select(table)).one()
    assert NAME not in bytes(stored.sealed)
    assert NAME.decode()[:6] not in repr(stored)


def test_raw_bytes_are_given_only_to_who_asks_for_them_by_name(quarantine: Quarantine, reject) -> None:
    quarantine.put("mqtt", reject())
    assert quarantine.get(1).raw is None
    assert quarantine.get(1, raw=True).raw == NAME
    assert quarantine.get(2, raw=True) is None


def test_with_another_key_the_item_is_shown_without_its_bytes(engine: Engine, quarantine: Quarantine, reject) -> None:
    quarantine.put("mqtt", reject())
    other = Quarantine(engine, Sealer("another key"))
    assert other.get(1, raw=True).raw is None
    other.resend(1)
    assert other.to_resend() == []
    assert "cannot be opened" in other.get(1).detail


def test_the_same_input_again_within_a_day_is_counted_on_its_row(
    quarantine: Quarantine, clock: VirtualClock, reject
) -> None:
    quarantine.put("mqtt", reject())
    clock.advance(HOUR)
    quarantine.put("mqtt", reject())
    [item] = quarantine.list()
    assert (item.count, item.last_ns - item.received_ns) == (2, HOUR)
    clock.advance(25 * HOUR)
    quarantine.put("mqtt", reject())
    assert [it.count for it in quarantine.list()] == [1, 2]


@pytest.mark.parametrize("other", [{"raw": b"{}"}, {"reason": Reason.UNIT}, {"topic": "ioc/v1/x"}])
def test_what_differs_in_anything_has_a_row_of_its_own(quarantine: Quarantine, reject, other) -> None:
    quarantine.put("mqtt", reject())
    quarantine.put("mqtt", reject(**other))
    quarantine.put("hl7", reject())
    assert len(quarantine.list()) == 3


def test_entries_of_a_journal_that_come_twice_are_counted_once(quarantine: Quarantine, reject) -> None:
    first = [(5, "mqtt", reject()), (5, "mqtt", reject(b"other"))]
    quarantine.take_over("journal-a", first)
    quarantine.take_over("journal-a", [*first, (9, "mqtt", reject())])
    assert {it.size: it.count for it in quarantine.list()} == {len(NAME): 2, 5: 1}
    quarantine.take_over("journal-b", [(1, "mqtt", reject())])
    assert quarantine.counts() == {"json": 4}


def test_over_the_cap_only_the_first_kilobyte_is_kept_and_flagged(
    engine: Engine, sealer: Sealer, clock: VirtualClock, reject
) -> None:
    small = Quarantine(engine, sealer, clock, max_bytes=7000)
    for n in range(3):
        small.put("mqtt", reject(bytes([n]) * 4000))
    full, whole = small.get(3, raw=True), small.get(1, raw=True)
    assert (full.truncated, len(full.raw), full.size) == (True, 1024, 4000)
    assert (whole.truncated, len(whole.raw)) == (False, 4000)
    with pytest.raises(IocError, match="only its first bytes"):
        small.resend(3)


def test_far_over_the_cap_a_flood_of_different_inputs_shares_one_row(
    engine: Engine, sealer: Sealer, clock: VirtualClock, reject
) -> None:
    small = Quarantine(engine, sealer, clock, max_bytes=1000)
    for n in range(500):
        small.put("mqtt", reject(b"%d" % n))
    rows = small.list(limit=1000)
    assert len(rows) < 50
    assert sum(it.count for it in rows) == 500


def test_a_flood_of_invented_topics_shares_one_row_in_the_end(
    engine: Engine, sealer: Sealer, clock: VirtualClock, reject
) -> None:
    small = Quarantine(engine, sealer, clock, max_bytes=10_000)
    for n in range(500):
        small.put("mqtt", reject(topic=f"ioc/v1/x{n}"))
    rows = small.list(limit=1000)
    assert len(rows) < 50
    assert sum(it.count for it in rows) == 500


def test_lists_are_filtered_and_paged_newest_first(quarantine: Quarantine, reject) -> None:
    for n in range(5):
        quarantine.put("mqtt", reject(b"%d" % n))
    quarantine.put("mqtt", reject(reason=Reason.UNIT))
    assert [it.id for it in quarantine.list(limit=2)] == [6, 5]
    assert [it.id for it in quarantine.list(limit=2, before_id=5)] == [4, 3]
    assert [it.id for it in quarantine.list(reason="unit")] == [6]
    assert quarantine.list(facility="bv02") == []
    assert quarantine.list(source="hl7") == []
    assert quarantine.counts() == {"json": 5, "unit": 1}
    assert quarantine.counts("bv02") == {}


def test_a_discarded_item_is_closed_and_its_bytes_are_forgotten(quarantine: Quarantine, reject) -> None:
    quarantine.put("mqtt", reject())
    quarantine.discard(1, "hoa")
    item = quarantine.get(1, raw=True)
    assert (item.state, item.closed_by, item.raw) == ("discarded", "hoa", None)
    assert quarantine.list() == []
    with pytest.raises(IocError, match="no open item 1"):
        quarantine.discard(1, "hoa")
    with pytest.raises(IocError, match="no open item 1"):
        quarantine.resend(1)


def test_what_was_closed_long_ago_comes_as_a_new_row(quarantine: Quarantine, reject) -> None:
    quarantine.put("mqtt", reject())
    quarantine.discard(1, "hoa")
    quarantine.put("mqtt", reject())
    assert [it.id for it in quarantine.list()] == [2]


def test_old_rows_are_pruned_by_the_last_time_they_came(quarantine: Quarantine, clock: VirtualClock, reject) -> None:
    quarantine.put("mqtt", reject())
    clock.advance(24 * HOUR * 50)
    quarantine.put("mqtt", reject(b"later"))
    clock.advance(24 * HOUR * 50)
    assert quarantine.prune() == 1
    assert [it.size for it in quarantine.list()] == [5]


def test_who_holds_no_key_can_count_what_is_open_by_source(quarantine: Quarantine, engine: Engine, reject) -> None:
    assert quarantined_by_source(engine) == {}
    for raw in (b"a", b"a", b"b"):
        quarantine.put("mqtt", reject(raw=raw))
    quarantine.put("lab", reject(raw=b"c"))
    quarantine.discard(quarantine.list(source="lab")[0].id, "tester")
    assert quarantined_by_source(engine) == {"mqtt": 3}
