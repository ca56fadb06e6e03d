"""The outbox: what is claimed, in which order, by whom, and what is kept of each attempt."""

import itertools

import pytest

from alerts.message import Status, decode_message, encode_message
from alerts.outbox import CLAIM_NS, DETAIL_LENGTH, LONGEST_WAIT_NS, Attempt, Outbox, _next
from ioc.database import reading, writing
from ioc.domain import SECOND, VirtualClock
from tests.unit.alerts.post import T0, database, message, proof, put, row

SENT = Attempt("sent", T0, T0 + SECOND, "250 taken")
FAILED = Attempt("failed", T0, T0 + SECOND, "it refuses connections")


@pytest.fixture
def engine(tmp_path):
    return database(tmp_path)


@pytest.fixture
def clock():
    return VirtualClock(T0)


@pytest.fixture
def a(engine, clock):
    return Outbox(engine, "a", clock)


@pytest.fixture
def b(engine, clock):
    return Outbox(engine, "b", clock)


def test_an_empty_outbox_gives_nothing(a):
    assert a.claim() is None


def test_what_is_due_is_claimed_once(engine, a, b):
    number = put(engine)
    claimed = a.claim()
    assert (claimed.id, claimed.person, claimed.channel, claimed.attempts) == (number, "lan", "email", 0)
    assert a.claim() is None
    assert b.claim() is None


def test_what_is_due_later_waits_for_its_time(engine, a, clock):
    put(engine, due_ns=T0 + SECOND)
    assert a.claim() is None
    clock.advance(SECOND)
    assert a.claim() is not None


def test_critical_comes_first_then_the_oldest(engine, a):
    warnings = [put(engine, incident=f"w{n}", level="warning") for n in range(2)]
    criticals = [put(engine, incident=f"c{n}") for n in range(2)]
    assert [a.claim().id for _ in range(4)] == criticals + warnings


def test_a_later_message_of_the_same_incident_waits_for_the_earlier(engine, a):
    first, second = put(engine, seq=1, level="warning"), put(engine, seq=2)
    claimed = a.claim()
    assert claimed.id == first
    assert a.claim() is None
    a.mark_failed(claimed, FAILED, T0 + 60 * SECOND)
    assert a.claim() is None
    assert row(engine, second).state == "due"


@pytest.mark.parametrize("ended", ["sent", "given_up"])
def test_it_goes_once_the_earlier_is_sent_or_given_up(engine, a, ended):
    put(engine, seq=1)
    second = put(engine, seq=2)
    claimed = a.claim()
    if ended == "sent":
        a.mark_sent(claimed, SENT)
    else:
        a.mark_failed(claimed, FAILED, None)
    assert row(engine, claimed.id).state == ended
    assert a.claim().id == second


def test_other_persons_channels_and_incidents_do_not_wait(engine, a):
    put(engine, seq=1)
    others = [
        put(engine, seq=2, to=("minh", "email")),
        put(engine, seq=2, to=("lan", "webhook")),
        put(engine, incident="i2", seq=2),
    ]
    a.claim()
    assert [a.claim().id for _ in others] == others


def test_a_claim_ends_by_itself(engine, a, b, clock):
    put(engine)
    a.claim()
    clock.advance(CLAIM_NS - 1)
    assert b.claim() is None
    clock.advance(1)
    assert b.claim() is not None


def test_two_who_see_the_same_row_do_not_both_get_it(engine, a, b, monkeypatch):
    number = put(engine)
    looked = []
    take = a._take

    def late(connection, which):
        looked.append(which)
        return take(connection, which)

    def writing_after_another(engine, lane):
        monkeypatch.undo()
        assert b.claim().id == number  # between the look of the first and its claim
        monkeypatch.setattr(a, "_take", late)
        return writing(engine, lane)

    monkeypatch.setattr("alerts.outbox.writing", writing_after_another)
    assert a.claim() is None
    assert looked == [number]


def test_closed_channels_are_passed_over(engine, a):
    put(engine, to=("lan", "email"))
    second = put(engine, to=("minh", "email"))
    assert a.claim([("lan", "email"), ("minh", "webhook")]).id == second
    assert a.claim([("lan", "email")]) is None


def test_what_is_given_back_is_free_at_once(engine, a, b):
    number = put(engine)
    a.release([a.claim()])
    assert row(engine, number).attempts == 0
    assert b.claim().id == number


def test_nobody_gives_back_what_another_has_claimed_since(engine, a, b, clock):
    number = put(engine)
    old = a.claim()
    clock.advance(CLAIM_NS)
    b.claim()
    a.release([old])
    assert row(engine, number).claimed_by == "b"


def test_each_attempt_is_a_row_of_proof(engine, a, clock):
    number = put(engine)
    a.mark_failed(a.claim(), FAILED, T0)
    a.mark_sent(a.claim(), SENT)
    assert proof(engine, number) == [(1, "failed", "it refuses connections"), (2, "sent", "250 taken")]
    kept = row(engine, number)
    assert (kept.state, kept.attempts, kept.done_ns, kept.error, kept.claimed_by) == ("sent", 2, T0 + SECOND, "", "")


def test_a_failure_says_why_and_when_it_is_tried_again(engine, a):
    number = put(engine)
    a.mark_failed(a.claim(), FAILED, T0 + 4 * SECOND)
    kept = row(engine, number)
    assert (kept.state, kept.due_ns, kept.error) == ("due", T0 + 4 * SECOND, "it refuses connections")


def test_what_is_given_up_is_not_claimed_again(engine, a, clock):
    number = put(engine)
    a.mark_failed(a.claim(), FAILED, None)
    clock.advance(3600 * SECOND)
    assert a.claim() is None
    assert row(engine, number).done_ns == T0 + SECOND


def test_who_was_stopped_and_has_sent_marks_it_whoever_holds_it_now(engine, a, b, clock):
    number = put(engine)
    old = a.claim()
    clock.advance(CLAIM_NS)
    b.claim()
    a.mark_sent(old, SENT)
    assert row(engine, number).state == "sent"


def test_who_was_stopped_and_has_failed_leaves_it_to_the_one_who_holds_it_now(engine, a, b, clock):
    number = put(engine)
    old = a.claim()
    clock.advance(CLAIM_NS)
    new = b.claim()
    a.mark_failed(old, FAILED, None)
    assert (row(engine, number).state, row(engine, number).claimed_by) == ("due", "b")
    b.mark_sent(new, SENT)
    assert [number for number, _, _ in proof(engine, number)] == [1, 2]


def test_what_was_sent_is_not_made_due_by_a_failure_that_comes_later(engine, a, b, clock):
    number = put(engine)
    old = a.claim()
    clock.advance(CLAIM_NS)
    b.mark_sent(b.claim(), SENT)
    a.mark_failed(old, FAILED, T0)
    assert row(engine, number).state == "sent"


def test_a_clock_that_is_set_back_keeps_nothing_waiting(engine, a, b, clock):
    first = put(engine)
    later = put(engine, incident="i2", due_ns=T0 + LONGEST_WAIT_NS)
    a.claim()
    clock.advance(-3600 * SECOND)
    assert sorted((b.claim().id, b.claim().id)) == [first, later]


def test_what_the_other_side_says_is_kept_as_one_short_line(engine, a):
    number = put(engine)
    a.mark_failed(a.claim(), Attempt("failed", T0, T0, "500\r\n\x1b[31m" + "x" * 1000), T0)
    ((_, _, detail),) = proof(engine, number)
    assert detail.startswith("500 [31mxxx")
    assert len(detail) == DETAIL_LENGTH


def test_order_holds_through_failures_of_all_kinds(engine, a, clock):
    for seq, person in itertools.product((1, 2, 3), ("lan", "minh")):
        put(engine, seq=seq, to=(person, "email"))
    arrived = []
    for turn in range(200):
        clock.advance(SECOND)
        while (claimed := a.claim()) is not None:
            if turn % 3 == 0:
                a.mark_sent(claimed, SENT)
                arrived.append((claimed.person, claimed.dedup_key))
                break
            a.mark_failed(claimed, FAILED, clock.now_ns() + turn % 5 * SECOND)
            if turn % 5 == 0:
                break
    for person in ("lan", "minh"):
        assert [key for who, key in arrived if who == person] == ["i1-1", "i1-2", "i1-3"]


def test_a_message_comes_out_as_it_was_put_in_with_the_time_of_sending():
    put_in = message(steps=("một", "hai"), again=True, status=Status.LEVEL, since_ns=T0 - SECOND)
    taken_out = decode_message(encode_message(put_in), T0 + SECOND)
    assert taken_out == message(
        steps=("một", "hai"), again=True, status=Status.LEVEL, since_ns=T0 - SECOND, sent_ns=T0 + SECOND
    )
    assert "sent_ns" not in encode_message(put_in)


def test_what_a_later_version_wrote_into_a_message_is_left_out():
    text = encode_message(message()).replace('{"incident"', '{"newer": 1, "incident"', 1)
    assert decode_message(text, T0) == message()


def test_a_storm_is_not_sorted_for_each_message(engine):
    statement = _next(T0, []).compile(engine, compile_kwargs={"literal_binds": True})
    with reading(engine) as connection:
        plan = [row.detail for row in connection.exec_driver_sql(f"explain query plan {statement}")]
    assert "SEARCH alert_delivery USING INDEX alert_delivery_due (state=?)" in plan
    assert not any("TEMP B-TREE" in line for line in plan)
