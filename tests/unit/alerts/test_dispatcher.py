"""The dispatcher: back-off, giving up, order, and that nobody who hangs or raises holds up the others."""

import logging
import threading

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError, OperationalError

from alerts.dispatcher import EACH_SIDE, GIVEN_UP_AFTER_NS, SLOW, SLOW_NS, THREADS, Dispatcher
from alerts.notifiers import CannotError
from alerts.outbox import CLAIM_NS, Outbox
from alerts.people import People
from alerts.tables import deliveries
from ioc.database import reading
from ioc.domain import SECOND, VirtualClock
from ioc.errors import MisconfiguredError, RetryError
from tests.unit.alerts.post import T0, Remembering, database, people, proof, put, row

LIMIT_S = 20.0
ADDRESSES = {
    ("lan", "email"): "lan@mail",
    ("lan", "webhook"): "lan@hook",
    ("minh", "email"): "minh@mail",
    ("minh", "webhook"): "minh@other",
}


class Bench:
    """A dispatcher with all that stands around it."""

    def __init__(self, engine, *answers, before=lambda *_: None):
        self.engine = engine
        self.clock = VirtualClock(T0)
        self.notifier = Remembering(answers, before)
        self.people = people(ADDRESSES)
        notifiers = {"email": self.notifier, "webhook": self.notifier}
        self.dispatcher = Dispatcher(engine, lambda: self.people, notifiers, self.clock, "here:1")

    def times(self, until_ns):
        """When attempts are made, in seconds from now, up to a time; the clock goes from one to the next."""
        made = []
        while self.clock.now_ns() < T0 + until_ns:
            made += [(self.clock.now_ns() - T0) // SECOND] * self.dispatcher.step()
            with reading(self.engine) as connection:
                ahead = (deliveries.c.state == "due") & (deliveries.c.due_ns > self.clock.now_ns())
                due_ns = connection.execute(select(func.min(deliveries.c.due_ns)).where(ahead)).scalar()
            if due_ns is None:
                break
            self.clock.advance(due_ns - self.clock.now_ns())
        return made


@pytest.fixture
def engine(tmp_path):
    return database(tmp_path)


def test_nothing_due_is_nothing_sent(engine):
    assert Bench(engine).dispatcher.step() == 0


def test_what_is_due_is_sent_and_marked_with_the_word_of_the_other_side(engine):
    bench = Bench(engine)
    number = put(engine)
    assert bench.dispatcher.step() == 1
    assert bench.notifier.sent == [("lan@mail", "i1-1")]
    assert row(engine, number).state == "sent"
    assert proof(engine, number) == [(1, "sent", "250 taken")]


def test_a_message_carries_the_time_of_the_attempt(engine):
    seen = []
    bench = Bench(engine, RetryError("no"), before=lambda message, _: seen.append(message.sent_ns))
    put(engine)
    bench.times(3 * SECOND)
    assert seen == [T0, T0 + SECOND]


def test_it_backs_off_and_then_tries_every_five_minutes(engine):
    bench = Bench(engine, *[RetryError("it refuses connections")] * 12)
    number = put(engine)
    assert bench.times(1200 * SECOND) == [0, 1, 3, 7, 15, 30, 60, 120, 240, 540, 840, 1140]
    assert row(engine, number).error == "it refuses connections"


@pytest.mark.parametrize(("asked", "waits"), [(7, 7), (0, 1), (5000, 600), (None, 1)])
def test_it_waits_as_long_as_it_is_asked_to_within_bounds(engine, asked, waits):
    bench = Bench(engine, RetryError("429", after=asked))
    put(engine)
    assert bench.times(700 * SECOND) == [0, waits]


def test_it_gives_up_after_a_day_and_lets_the_next_one_go(engine):
    bench = Bench(engine, RetryError("no"), RetryError("no"))
    first, second = put(engine, seq=1), put(engine, seq=2)
    bench.dispatcher.step()
    assert row(engine, first).state == "due"
    bench.clock.advance(GIVEN_UP_AFTER_NS)
    bench.dispatcher.step()
    assert (row(engine, first).state, row(engine, first).attempts) == ("given_up", 2)
    assert row(engine, second).state == "sent"


def test_what_can_never_work_is_given_up_at_once_and_says_why(engine, caplog):
    bench = Bench(engine, CannotError("https://x may not be called:", "Add x."))
    number = put(engine)
    bench.dispatcher.step()
    assert row(engine, number).state == "given_up"
    assert proof(engine, number) == [(1, "refused", "https://x may not be called: Add x.")]
    assert "lan was not told by email of i1" in caplog.text


def test_a_fault_of_our_settings_is_tried_again(engine):
    bench = Bench(engine, MisconfiguredError("no TLS"))
    number = put(engine)
    bench.dispatcher.step()
    assert (row(engine, number).state, row(engine, number).error) == ("due", "no TLS")


def test_a_notifier_with_a_fault_is_a_failed_attempt_that_shows_no_address(engine, caplog):
    bench = Bench(engine, ValueError("https://secret"))
    number = put(engine)
    bench.dispatcher.step()
    ((_, outcome, detail),) = proof(engine, number)
    assert outcome == "failed"
    assert detail.startswith("fault of the program: ValueError in send:")
    assert "secret" not in caplog.text
    assert row(engine, number).state == "due"


def test_a_message_that_cannot_be_read_is_a_failed_attempt(engine):
    bench = Bench(engine)
    number = put(engine, message="{")
    bench.dispatcher.step()
    assert proof(engine, number)[0][1] == "failed"


@pytest.mark.parametrize("gone", [("nam", "email"), ("lan", "email-2")])
def test_a_person_or_channel_that_is_gone_is_given_up(engine, gone):
    bench = Bench(engine)
    number = put(engine, to=gone)
    bench.dispatcher.step()
    assert row(engine, number).state == "given_up"
    assert "does not have this channel any more" in row(engine, number).error


def test_a_kind_without_a_notifier_is_given_up(engine):
    bench = Bench(engine)
    bench.people = people({("lan", "pigeon"): "roof"})
    number = put(engine, to=("lan", "pigeon"))
    bench.dispatcher.step()
    assert row(engine, number).state == "given_up"


def test_a_changed_address_counts_from_the_next_attempt_on(engine):
    bench = Bench(engine, RetryError("no"))
    put(engine)
    bench.dispatcher.step()
    bench.people = people({("lan", "email"): "new@mail"})
    bench.clock.advance(SECOND)
    bench.dispatcher.step()
    assert bench.notifier.sent == [("new@mail", "i1-1")]


def test_the_resolve_waits_until_the_alarm_has_arrived(engine):
    bench = Bench(engine, RetryError("no"), RetryError("no"))
    put(engine, seq=1)
    put(engine, seq=2, status="resolved")
    assert bench.times(4 * SECOND) == [0, 1, 3, 3]
    assert [key for _, key in bench.notifier.sent] == ["i1-1", "i1-2"]


def test_a_claim_of_the_dead_is_taken_over_with_the_same_key(engine):
    bench = Bench(engine)
    put(engine)
    Outbox(engine, "here:0", bench.clock).claim()
    assert bench.dispatcher.step() == 0
    bench.clock.advance(CLAIM_NS)
    assert bench.dispatcher.step() == 1
    assert bench.notifier.sent == [("lan@mail", "i1-1")]


def test_what_was_claimed_long_ago_is_left_to_the_next_claim(engine, monkeypatch):
    bench = Bench(engine)
    number = put(engine)

    def claim_and_stand_still(self, closed=(), original=Outbox.claim):
        claimed = original(self, closed)
        bench.clock.advance(CLAIM_NS // 2 + 1)
        return claimed

    monkeypatch.setattr(Outbox, "claim", claim_and_stand_still)
    bench.dispatcher.step()
    assert (bench.notifier.sent, proof(engine, number)) == ([], [])
    monkeypatch.undo()
    bench.clock.advance(CLAIM_NS)
    assert bench.dispatcher.step() == 1
    assert row(engine, number).state == "sent"


def test_trouble_and_its_end_are_logged_once(engine, caplog):
    caplog.set_level(logging.INFO)
    bench = Bench(engine, *[RetryError("it refuses connections")] * 3)
    put(engine)
    bench.times(10 * SECOND)
    said = [record.getMessage() for record in caplog.records]
    assert said == [
        "Messages do not arrive: lan by email: it refuses connections",
        "Messages arrive again: lan by email.",
    ]


class Running:
    """The dispatcher on its threads; ends with the block."""

    def __init__(self, dispatcher):
        self.dispatcher = dispatcher
        self.stop = threading.Event()
        self.thread = threading.Thread(target=dispatcher.run, args=(self.stop,))

    def __enter__(self):
        self.thread.start()
        return self

    def end(self):
        self.stop.set()
        self.dispatcher.wake()
        self.thread.join(LIMIT_S)
        assert not self.thread.is_alive()

    def __exit__(self, *_):
        self.end()


class Gate:
    """Holds up what is sent to some addresses, and knows who stands there."""

    def __init__(self, *closed):
        self.closed = closed
        self.open = threading.Event()
        self.came = threading.Semaphore(0)
        self.passed = threading.Semaphore(0)
        self.inside = 0
        self.most = 0
        self.lock = threading.Lock()

    def __call__(self, _message, address):
        if address not in self.closed:
            self.passed.release()
            return
        with self.lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        self.came.release()
        assert self.open.wait(LIMIT_S)
        with self.lock:
            self.inside -= 1


def test_a_new_message_goes_out_when_woken(engine):
    gate = Gate()
    bench = Bench(engine, before=gate)
    with Running(bench.dispatcher):
        put(engine)
        bench.dispatcher.wake()
        assert gate.passed.acquire(timeout=LIMIT_S)
    assert bench.notifier.sent == [("lan@mail", "i1-1")]


def test_one_who_hangs_holds_one_thread_and_nobody_else_up(engine):
    gate = Gate("lan@hook")
    bench = Bench(engine, before=gate)
    for n in range(THREADS + 2):
        put(engine, incident=f"h{n}", to=("lan", "webhook"))
    others = [put(engine, incident="i1", level="warning", to=to) for to in (("lan", "email"), ("minh", "webhook"))]
    with Running(bench.dispatcher):
        assert gate.came.acquire(timeout=LIMIT_S)
        for _ in others:
            assert gate.passed.acquire(timeout=LIMIT_S)
        gate.open.set()
        for _ in range(THREADS + 1):
            assert gate.came.acquire(timeout=LIMIT_S)
    assert gate.most == 1


def test_a_mail_server_that_hangs_holds_only_some_of_the_threads(engine):
    addresses = {(f"p{n}", "email"): f"p{n}@mail" for n in range(THREADS + 2)}
    gate = Gate(*addresses.values())
    bench = Bench(engine, before=gate)
    bench.people = people(addresses | ADDRESSES)
    for to in addresses:
        put(engine, to=to)
    put(engine, level="warning", to=("minh", "webhook"))
    with Running(bench.dispatcher):
        assert gate.passed.acquire(timeout=LIMIT_S)
        for _ in range(EACH_SIDE):
            assert gate.came.acquire(timeout=LIMIT_S)
        gate.open.set()
        for _ in range(THREADS + 2 - EACH_SIDE):
            assert gate.came.acquire(timeout=LIMIT_S)
    assert gate.most == EACH_SIDE


def test_two_people_with_one_address_are_told_one_after_the_other(engine):
    shared = {("lan", "webhook"): "desk@hook", ("minh", "webhook"): "desk@hook"}
    gate = Gate("desk@hook")
    bench = Bench(engine, before=gate)
    bench.people = people(shared)
    for to in shared:
        put(engine, to=to)
    with Running(bench.dispatcher):
        assert gate.came.acquire(timeout=LIMIT_S)
        gate.open.set()
        assert gate.came.acquire(timeout=LIMIT_S)
    assert gate.most == 1


def test_what_is_being_sent_at_the_end_is_still_marked(engine):
    gate = Gate("lan@mail")
    bench = Bench(engine, before=gate)
    number = put(engine)
    with Running(bench.dispatcher) as running:
        assert gate.came.acquire(timeout=LIMIT_S)
        running.stop.set()
        bench.dispatcher.wake()
        gate.open.set()
    assert row(engine, number).state == "sent"


def test_one_who_hangs_does_not_hold_up_the_end(engine, monkeypatch):
    monkeypatch.setattr("alerts.dispatcher.GOODBYE_S", 0.05)
    gate = Gate("lan@mail")
    bench = Bench(engine, before=gate)
    number = put(engine)
    with Running(bench.dispatcher) as running:
        assert gate.came.acquire(timeout=LIMIT_S)
        running.end()
        assert row(engine, number).state == "due"
        gate.open.set()


def test_what_was_claimed_and_not_begun_is_given_back_at_the_end(engine, monkeypatch):
    monkeypatch.setattr(Dispatcher, "_work", lambda _self, _jobs: None)  # threads that take nothing
    handed = threading.Event()
    original = Dispatcher._hand_out

    def hand_out(self, jobs, stop):
        original(self, jobs, stop)
        handed.set()

    monkeypatch.setattr(Dispatcher, "_hand_out", hand_out)
    bench = Bench(engine)
    number = put(engine)
    with Running(bench.dispatcher):
        assert handed.wait(LIMIT_S)
        assert row(engine, number).claimed_by == "here:1"
    assert (row(engine, number).claimed_by, row(engine, number).claimed_until_ns) == ("", 0)


def test_a_fault_of_what_it_is_given_is_logged_once_and_survived(engine, caplog):
    gate = Gate()
    bench = Bench(engine, before=gate)
    asked = threading.Semaphore(0)
    broken = True

    def provider() -> People:
        if broken:
            asked.release()
            raise OSError("people.yaml is away")
        return bench.people

    bench.dispatcher._people = provider
    put(engine)
    with Running(bench.dispatcher):
        for _ in range(2):
            assert asked.acquire(timeout=LIMIT_S)
            bench.dispatcher.wake()
        broken = False
        bench.dispatcher.wake()
        assert gate.passed.acquire(timeout=LIMIT_S)
    assert caplog.text.count("Messages cannot be sent now: people.yaml is away") == 1


def test_a_mark_that_fails_ends_no_thread(engine, caplog, monkeypatch):
    gate = Gate()
    bench = Bench(engine, before=gate)
    failed = []

    def mark_sent(self, delivery, attempt, original=Outbox.mark_sent):
        if not failed:
            failed.append(delivery.id)
            raise RuntimeError("no disk")
        original(self, delivery, attempt)

    monkeypatch.setattr(Outbox, "mark_sent", mark_sent)
    monkeypatch.setattr("alerts.dispatcher.THREADS", 1)
    put(engine, incident="i1")
    second = put(engine, incident="i2")
    with Running(bench.dispatcher):
        for _ in range(2):
            assert gate.passed.acquire(timeout=LIMIT_S)
    assert row(engine, failed[0]).state == "due"
    assert row(engine, second).state == "sent"
    assert "cannot be marked" in caplog.text


def test_several_who_are_slow_leave_threads_for_the_others(engine):
    addresses = {(f"p{n}", "webhook"): f"p{n}@side{n % 3}" for n in range(THREADS)}
    slow = [True]
    gate = Gate(*addresses.values())
    bench = Bench(engine)
    bench.people = people(addresses | ADDRESSES)

    def before(message, address):
        if slow and address in gate.closed:
            bench.clock.advance(SLOW_NS)
        elif not slow:
            gate(message, address)

    bench.notifier.before = before
    for to in addresses:
        put(engine, to=to)
    bench.dispatcher.step()
    slow.clear()
    for to in addresses:
        put(engine, incident="i2", to=to)
    put(engine, level="warning", to=("minh", "webhook"))
    with Running(bench.dispatcher):
        assert gate.passed.acquire(timeout=LIMIT_S)
        gate.open.set()
        for _ in addresses:
            assert gate.came.acquire(timeout=LIMIT_S)
    assert gate.most == SLOW.room
    assert not bench.dispatcher._slow


class BusyMark:
    """A database that takes no mark as long as it is on."""

    def __init__(self, monkeypatch, error=None):
        self.on = True
        self.error = error or OperationalError("insert", {}, Exception("database or disk is full"))
        original = Outbox.mark_sent

        def mark_sent(outbox, delivery, attempt):
            if self.on:
                raise self.error
            original(outbox, delivery, attempt)

        monkeypatch.setattr(Outbox, "mark_sent", mark_sent)


def test_what_cannot_be_marked_yet_is_marked_before_anything_else_is_sent(engine, monkeypatch):
    bench, busy = Bench(engine), BusyMark(monkeypatch)
    first, second = put(engine, incident="i1"), put(engine, incident="i2")
    for _ in range(3):
        with pytest.raises(OperationalError):
            bench.dispatcher.step()
        bench.clock.advance(2 * CLAIM_NS)
    assert [key for _, key in bench.notifier.sent] == ["i1-1"]
    busy.on = False
    assert bench.dispatcher.step() == 1
    assert [key for _, key in bench.notifier.sent] == ["i1-1", "i2-1"]
    assert {row(engine, number).state for number in (first, second)} == {"sent"}


def test_what_can_never_be_marked_holds_up_nobody(engine, monkeypatch, caplog):
    bench, busy = Bench(engine), BusyMark(monkeypatch)
    put(engine)
    with pytest.raises(OperationalError):
        bench.dispatcher.step()
    busy.error = IntegrityError("insert", {}, Exception("FOREIGN KEY constraint failed"))
    assert bench.dispatcher.step() == 0
    assert "cannot be marked" in caplog.text


def test_what_could_not_be_marked_is_marked_at_the_end(engine, monkeypatch, caplog):
    bench, busy = Bench(engine), BusyMark(monkeypatch)
    number = put(engine)
    with pytest.raises(OperationalError):
        bench.dispatcher.step()
    stop = threading.Event()
    stop.set()
    bench.dispatcher.run(stop)
    assert "will be sent again: database or disk is full" in caplog.text
    busy.on = False
    bench.dispatcher.run(stop)
    assert row(engine, number).state == "sent"
