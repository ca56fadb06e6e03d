from collections import Counter

from sqlalchemy import Engine

from ioc.domain import SECOND, VirtualClock
from ioc.intake import Sighting, SourceStatus, SourceStatuses, Unconfirmed


def test_a_status_comes_back_as_it_was_saved(engine: Engine) -> None:
    statuses = SourceStatuses(engine)
    full = SourceStatus(
        "mqtt", "mqtt", True, 5, 10, 7, 1, 2, Counter({"json": 2}), backlog=3, error="slow", updated_ns=0
    )
    statuses.save([full, SourceStatus("alpha", "hl7")], 99)
    first, second = statuses.all()
    assert first == SourceStatus("alpha", "hl7", updated_ns=99)
    full.updated_ns = 99
    assert second == full


def test_a_status_is_written_over_the_one_before(engine: Engine) -> None:
    statuses = SourceStatuses(engine)
    statuses.save([SourceStatus("mqtt", "mqtt", received=1)], 1)
    statuses.save([SourceStatus("mqtt", "mqtt", received=2)], 2)
    statuses.save([], 3)
    [status] = statuses.all()
    assert (status.received, status.updated_ns) == (2, 2)


def test_unconfirmed_things_are_counted_with_first_and_last_time(engine: Engine, clock: VirtualClock) -> None:
    unconfirmed = Unconfirmed(engine, clock)
    device = Sighting("device", "bv01", "tl-99", "first/topic")
    unconfirmed.add([device, device, Sighting("place", "bv02", "kho", "t")])
    clock.advance(SECOND)
    unconfirmed.add([Sighting("device", "bv01", "tl-99", "second/topic")])
    found = unconfirmed.list("bv01")
    assert [(it.kind, it.code, it.count, it.example) for it in found] == [("device", "tl-99", 3, "second/topic")]
    assert found[0].last_ns - found[0].first_ns == SECOND
    assert [it.facility for it in unconfirmed.list()] == ["bv01", "bv02"]


def test_a_thing_can_be_taken_off_the_list_and_comes_back_when_seen_again(engine: Engine) -> None:
    unconfirmed = Unconfirmed(engine)
    seen = Sighting("device", "bv01", "tl-99", "t")
    unconfirmed.add([seen])
    assert unconfirmed.forget("device", "bv01", "tl-99")
    assert not unconfirmed.forget("device", "bv01", "tl-99")
    assert unconfirmed.list() == []
    unconfirmed.add([seen])
    assert [it.count for it in unconfirmed.list()] == [1]
