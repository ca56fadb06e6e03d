import sqlite3

import pytest
from sqlalchemy.exc import IntegrityError, OperationalError

from ioc.domain import Fact
from ioc.errors import Reason, RejectError, RetryError
from ioc.intake import Batch, FactKeeper, Intake, Journal, LineKeeper, Quarantine, Sealer, Writer
from ioc.intake.facts import pack_facts, unpack_facts
from ioc.intake.keep import FACTS_TOPIC


class Ledger:
    """Keeps facts, all or none of a call, and fails on those of these visits."""

    def __init__(self) -> None:
        self.kept: list[Fact] = []
        self.calls = 0
        self.fails_on: dict[str, Exception] = {}
        self.away: Exception | None = None

    def keep(self, facts) -> None:
        self.calls += 1
        if self.away:
            raise self.away
        for fact in facts:
            if fact.visit in self.fails_on:
                raise self.fails_on[fact.visit]
        self.kept += facts


def locked() -> OperationalError:
    return OperationalError("insert", {}, sqlite3.OperationalError("database is locked"))


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def intake(journal: Journal, sealer: Sealer) -> Intake:
    return Intake(journal, sealer)


@pytest.fixture
def keeper(ledger: Ledger, sealer: Sealer) -> FactKeeper:
    return FactKeeper(ledger.keep, sealer)


@pytest.fixture
def writer(journal: Journal, keeper: FactKeeper, quarantine: Quarantine, sealer: Sealer) -> Writer:
    return Writer(journal, keeper.keep, quarantine, sealer)


def test_facts_reach_the_census_in_their_order_and_leave_the_journal(
    writer: Writer, intake: Intake, ledger: Ledger, fact
) -> None:
    for n in (0, 2, 4):
        intake.commit(Batch("his-bv01", facts=[fact(n), fact(n + 1)]))
    assert writer.step() == 6
    assert ledger.kept == [fact(n) for n in range(6)]
    assert ledger.calls == 1
    assert writer.drop()
    assert intake.journal.backlog().entries == 0


def test_while_the_database_is_locked_they_wait_in_the_journal(
    writer: Writer, intake: Intake, ledger: Ledger, quarantine: Quarantine, fact
) -> None:
    ledger.away = locked()
    intake.commit(Batch("his-bv01", facts=[fact()]))
    with pytest.raises(RetryError, match="database is locked"):
        writer.step()
    assert not writer.drop()
    ledger.away = None
    assert writer.step() == 1
    assert ledger.kept == [fact()]
    assert quarantine.list() == []


def test_one_fact_that_the_census_fails_on_stops_no_other(
    writer: Writer, intake: Intake, ledger: Ledger, quarantine: Quarantine, caplog: pytest.LogCaptureFixture, fact
) -> None:
    ledger.fails_on = {"v3": OverflowError("Python int too large: An"), "v9": IntegrityError("x", {}, Exception("An"))}
    for n in range(0, 10, 2):
        intake.commit(Batch("his-bv01", facts=[fact(n), fact(n + 1)]))
    writer.step()
    assert ledger.kept == [fact(n) for n in range(10) if n not in (3, 9)]
    items = quarantine.list()
    assert [(it.reason, it.source, it.facility, it.topic) for it in items] == [
        (Reason.STORE, "his-bv01", "bv01", FACTS_TOPIC)
    ] * 2
    assert [unpack_facts(quarantine.get(it.id, raw=True).raw) for it in items] == [[fact(9)], [fact(3)]]
    assert "OverflowError" in items[1].detail
    assert "An" not in items[1].detail
    assert caplog.text.count("it is quarantined") == 2


def test_what_was_sealed_with_a_former_key_is_kept_as_it_is_and_stops_nothing(
    journal: Journal, writer: Writer, intake: Intake, ledger: Ledger, quarantine: Quarantine, fact
) -> None:
    Intake(journal, Sealer("the former key")).commit(Batch("his-bv01", facts=[fact(1)]))
    intake.commit(Batch("his-bv01", facts=[fact(2)]))
    writer.step()
    assert ledger.kept == [fact(2)]
    assert "former key" in quarantine.list()[0].detail


def test_facts_that_were_refused_are_tried_again_when_asked(keeper: FactKeeper, ledger: Ledger, fact) -> None:
    raw = pack_facts([fact(1)])
    ledger.fails_on = {"v1": OverflowError("x")}
    with pytest.raises(RejectError) as caught:
        keeper.again(raw)
    assert caught.value.reason is Reason.STORE
    ledger.away = locked()
    with pytest.raises(RetryError):
        keeper.again(raw)
    ledger.away, ledger.fails_on = None, {}
    keeper.again(raw)
    assert ledger.kept == [fact(1)]


def test_a_line_that_was_refused_is_tried_again_when_asked() -> None:
    class Store:
        def __init__(self) -> None:
            self.lines: list[str] = []

        def write_lines(self, lines) -> None:
            self.lines += lines

    store = Store()
    LineKeeper(store).again("fridge,device=tủ temp=1.0 5".encode())
    assert store.lines == ["fridge,device=tủ temp=1.0 5"]
