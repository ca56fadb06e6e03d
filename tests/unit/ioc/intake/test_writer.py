import threading

import pytest

from ioc.domain import Frame, VirtualClock
from ioc.errors import MisconfiguredError, Reason, RetryError
from ioc.intake import FACTS, Batch, Entry, Intake, Journal, Kind, LineKeeper, Quarantine, Reject, Sealer, Writer
from ioc.timeseries import Rejected


class Store:
    """Takes lines, or answers as it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.calls = 0
        self.refuse: str | None = None
        self.errors: list[Exception] = []
        self.on_call = lambda: None

    def write_lines(self, lines) -> None:
        self.calls += 1
        self.on_call()
        if self.errors:
            raise self.errors.pop(0)
        bad = [(n, "field type conflict") for n, line in enumerate(lines) if self.refuse and self.refuse in line]
        self.lines += [line for line in lines if not (self.refuse and self.refuse in line)]
        if bad:
            raise Rejected(bad)


class Waits(threading.Event):
    """A stop that notes how long it was waited on, and ends after so many waits."""

    def __init__(self, ends_after: int) -> None:
        super().__init__()
        self.waited: list[float] = []
        self.ends_after = ends_after

    def wait(self, timeout: float | None = None) -> bool:
        self.waited.append(timeout or 0.0)
        if len(self.waited) >= self.ends_after:
            self.set()
        return self.is_set()


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def intake(journal: Journal, sealer: Sealer, clock: VirtualClock) -> Intake:
    return Intake(journal, sealer, clock=clock)


@pytest.fixture
def settled() -> list[int]:
    return []


@pytest.fixture
def writer(journal: Journal, store: Store, quarantine: Quarantine, sealer: Sealer, settled: list[int]) -> Writer:
    return Writer(journal, LineKeeper(store).keep, quarantine, sealer, lambda: settled.append(journal.backlog().items))


def lines_of(frames: list[Frame]) -> list[str]:
    return [frame.line() for frame in frames]


def test_what_was_committed_is_stored_in_its_order_and_then_forgotten(
    writer: Writer, store: Store, journal: Journal, intake: Intake, settled: list[int], frame
) -> None:
    frames = [frame(n, hist=n % 2 == 1) for n in range(6)]
    for it in frames:
        intake.commit(Batch("mqtt", [it]))
    assert writer.step() == 6
    assert store.lines == lines_of(frames)
    assert journal.backlog().items == 6
    assert writer.drop()
    assert journal.backlog().items == 0
    assert settled == [6]
    assert writer.step() == 0
    assert not writer.drop()


def test_nothing_is_forgotten_before_the_others_keep_it(
    journal: Journal, store: Store, quarantine: Quarantine, sealer: Sealer, intake: Intake, frame
) -> None:
    def fail() -> None:
        raise RetryError("the database is locked")

    writer = Writer(journal, LineKeeper(store).keep, quarantine, sealer, fail)
    intake.commit(Batch("mqtt", [frame()]))
    writer.step()
    with pytest.raises(RetryError):
        writer.drop()
    assert journal.backlog().items == 1


def test_a_store_that_cannot_take_anything_loses_nothing(
    writer: Writer, store: Store, journal: Journal, intake: Intake, frame
) -> None:
    intake.commit(Batch("mqtt", [frame()]))
    store.errors = [RetryError("busy")]
    with pytest.raises(RetryError):
        writer.step()
    assert not writer.drop()
    assert journal.backlog().items == 1
    assert writer.step() == 1
    assert len(store.lines) == 1


def test_a_line_that_the_store_refuses_is_quarantined_with_its_reason_and_the_others_are_stored(
    writer: Writer, store: Store, quarantine: Quarantine, intake: Intake, frame
) -> None:
    store.refuse = "tl-02"
    bad = frame(1, prefix="fridge,device=tl-02,facility=bv02,site=cs1,source=mqtt")
    intake.commit(Batch("mqtt", [frame(0)]))
    intake.commit(Batch("mqtt", [bad, frame(2)]))
    writer.step()
    assert store.lines == lines_of([frame(0), frame(2)])
    [item] = quarantine.list()
    assert (item.reason, item.detail, item.facility) == (Reason.STORE, "field type conflict", "bv02")
    assert quarantine.get(item.id, raw=True).raw == bad.line().encode()


def test_rejects_come_from_the_journal_into_the_quarantine_once_even_when_repeated(
    writer: Writer, store: Store, quarantine: Quarantine, sealer: Sealer, intake: Intake, frame
) -> None:
    store.refuse = "temp=5.0"
    intake.commit(Batch("mqtt", [frame(0), frame(1)], rejects=[Reject(Reason.JSON, "no", "t", b"{", 3)]))
    writer.step()
    Writer(
        intake.journal, LineKeeper(store).keep, quarantine, sealer, lambda: None
    ).step()  # as after a crash before the drop
    assert sorted((it.reason.value, it.count) for it in quarantine.list()) == [("json", 1), ("store", 1)]


def test_rejects_alone_do_not_bother_the_store(
    writer: Writer, store: Store, quarantine: Quarantine, intake: Intake
) -> None:
    intake.commit(Batch("mqtt", rejects=[Reject(Reason.EMPTY, "", "t", b"", 3)]))
    assert writer.step() == 1
    assert store.calls == 0
    assert len(quarantine.list()) == 1


def test_a_reject_sealed_with_a_former_key_is_kept_as_it_is_and_stops_nothing(
    writer: Writer, journal: Journal, quarantine: Quarantine
) -> None:
    sealed = Sealer("the former key").seal(b"[]")
    journal.append([Entry(Kind.QUARANTINE, "mqtt", sealed, 1, 7)])
    writer.step()
    [item] = quarantine.list()
    assert "former key" in item.detail
    assert quarantine.get(item.id, raw=True).raw == sealed


def test_batches_hold_about_five_thousand_lines(writer: Writer, store: Store, intake: Intake, frame) -> None:
    for n in range(0, 12_000, 400):
        intake.commit(Batch("mqtt", [frame(n + k) for k in range(400)]))
    while writer.step():
        pass
    assert len(store.lines) == 12_000
    assert store.calls == 3


def test_facts_go_in_small_steps_so_that_others_get_at_the_database(
    journal: Journal, quarantine: Quarantine, sealer: Sealer, intake: Intake, frame
) -> None:
    steps: list[int] = []
    writer = Writer(
        journal, lambda entries: steps.append(sum(it.count for it in entries)) or [], quarantine, sealer, pace=FACTS
    )
    for n in range(0, 1000, 20):
        intake.commit(Batch("his", [frame(n + k) for k in range(20)]))
    stop = Waits(1)
    writer.run(stop)
    assert steps == [260, 260, 260, 220]
    assert stop.waited[0] <= FACTS.seconds <= 0.05


def test_it_waits_longer_each_time_and_as_long_as_the_other_side_asks(
    writer: Writer, store: Store, intake: Intake, frame
) -> None:
    intake.commit(Batch("mqtt", [frame()]))
    store.errors = [RetryError("busy") for _ in range(9)] + [RetryError("later", after=37.0)]
    stop = Waits(10)
    writer.run(stop)
    assert stop.waited[:4] == [0.1, 0.2, 0.4, 0.8]
    assert max(stop.waited[:9]) == 10.0
    assert stop.waited[9] == 37.0
    assert writer.error == "later"


def test_a_wrong_set_up_keeps_everything_and_says_what_to_mend(
    writer: Writer, store: Store, journal: Journal, intake: Intake, caplog: pytest.LogCaptureFixture, frame
) -> None:
    intake.commit(Batch("mqtt", [frame()]))
    store.errors = [MisconfiguredError("The token is refused (401).", "Set IOC_INFLUXDB__TOKEN.")] * 3
    writer.run(Waits(3))
    assert writer.error == "The token is refused (401). Set IOC_INFLUXDB__TOKEN."
    assert caplog.text.count("The token is refused") == 1
    assert journal.backlog().items == 1


def test_when_the_store_is_back_the_writer_says_so_and_goes_on(
    writer: Writer, store: Store, intake: Intake, caplog: pytest.LogCaptureFixture, frame
) -> None:
    intake.commit(Batch("mqtt", [frame()]))
    store.errors = [RetryError("busy")]
    writer.run(Waits(2))
    assert writer.error == ""
    assert len(store.lines) == 1
    assert "written again" in caplog.text


def test_a_fault_of_our_own_is_logged_and_loses_nothing(
    writer: Writer, store: Store, journal: Journal, intake: Intake, caplog: pytest.LogCaptureFixture, frame
) -> None:
    intake.commit(Batch("mqtt", [frame()]))
    store.errors = [KeyError("oops")]
    writer.run(Waits(1))
    assert "KeyError" in writer.error
    assert journal.backlog().items == 1
    assert caplog.records[0].exc_info


def test_an_idle_writer_is_woken_by_a_commit(writer: Writer, store: Store, intake: Intake, frame) -> None:
    stored = threading.Event()
    store.on_call = stored.set
    stop = threading.Event()
    thread = threading.Thread(target=writer.run, args=(stop,))
    thread.start()
    intake.commit(Batch("mqtt", [frame()]))
    assert stored.wait(5)
    stop.set()
    intake.journal.wake()
    thread.join(5)
    assert not thread.is_alive()


def test_at_the_end_everything_is_drained_if_the_store_takes_it(
    writer: Writer, store: Store, journal: Journal, intake: Intake, frame
) -> None:
    for n in range(3):
        intake.commit(Batch("mqtt", [frame(n)]))
    assert writer.finish(3.0)
    assert journal.backlog().items == 0


def test_at_the_end_the_journal_keeps_what_the_store_does_not_take(
    writer: Writer, store: Store, journal: Journal, intake: Intake, frame
) -> None:
    intake.commit(Batch("mqtt", [frame()]))
    store.errors = [RetryError("away")]
    assert not writer.finish(3.0)
    assert journal.backlog().items == 1


def test_at_the_end_it_does_not_drain_for_longer_than_allowed(
    writer: Writer, store: Store, journal: Journal, intake: Intake, frame
) -> None:
    for n in range(0, 6000, 3000):
        intake.commit(Batch("mqtt", [frame(n + k) for k in range(3000)]))
    intake.commit(Batch("mqtt", [frame(9000)]))
    assert not writer.finish(-1.0)
    assert store.calls == 1
    assert journal.backlog().items == 1
