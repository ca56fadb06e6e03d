"""The shipped mappings against pages of their exporters, and what a page that fails means."""

import http.client
from functools import cache
from pathlib import Path

import pytest

from collectors.exporters import scrape as module
from collectors.exporters.mapping import read_mappings
from collectors.exporters.page import samples_of
from collectors.exporters.scrape import ExporterShape, Scrape
from ioc.catalogue import Catalogue, load_catalogue
from ioc.domain import SECOND
from ioc.polling import Answer, Found, Page, Target
from tests.unit.collectors.exporters import pages

CONFIGS = Path(__file__).parents[4] / "configs"
NOW = 1_800_000_000 * SECOND


@cache
def catalogue() -> Catalogue:
    return load_catalogue(CONFIGS)


class Asked:
    """A scrape whose pages are given, 10 s after each other."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, mapping: str = "node_exporter", **only: str) -> None:
        self.answer: Answer | Exception = Answer(200, b"", whole=True)
        monkeypatch.setattr(module, "get", self._get)
        mappings, faults = read_mappings(CONFIGS, catalogue())
        assert faults == []
        self._now = 0.0
        ask = ExporterShape(facility="bv01", asset="sv-1", url="http://10.0.0.1/metrics", mapping=mapping, only=only)
        self.target = Target("one", "bv01", "cs1", ask)
        self._scrape = Scrape({"one": Page(ask.url, None)}, mappings, catalogue(), lambda: self._now)

    def _get(self, *_args: object) -> Answer:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def page(self, text: str) -> dict[str, float | None]:
        """By metric, with the tag beside the target's own."""
        found = self.found(Answer(200, text.encode(), whole=True))
        assert found.error == ""
        return values(found)

    def found(self, answer: Answer | Exception) -> Found:
        self.answer = answer
        self._now += 10.0
        return self._scrape(self.target, NOW)


def values(found: Found) -> dict[str, float | None]:
    result = {}
    for line in found.lines:
        more = [value for name, value in line.tags.items() if name in ("mount", "iface")]
        for field, value in line.fields.items():
            result["/".join([f"{line.measurement}.{field}", *more])] = value
    return result


def test_a_linux_server_through_node_exporter(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked(monkeypatch)
    first = asked.page(pages.NODE)
    assert first == pytest.approx(
        {
            "host.up": 1.0,
            "host.load": 0.75,
            "host.mem": 75.0,
            "host.disk/root": 100 * 60 / 90,
            "host.disk/var-lib": 75.0,
            "host.disk_free/root": 30.0,
            "host.disk_free/var-lib": 100.0,
            "host.uptime": 3600.0,
            "host.temp": 55.5,
            "host.clock_offset": 2.0,
        }
    )
    later = asked.page(pages.NODE_LATER)
    assert later["host.cpu"] == pytest.approx(75.0)
    assert (later["host.net_rx/eth0"], later["host.net_tx/eth0"]) == (500.0, 0.0)
    assert "host.net_rx/lo" not in later


def test_a_counter_that_fell_was_reset_and_says_nothing_until_the_page_after(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked(monkeypatch)
    asked.page(pages.NODE_LATER)
    reset = asked.page(pages.NODE)
    assert "host.cpu" not in reset
    assert "host.net_rx/eth0" not in reset
    assert asked.page(pages.NODE_LATER)["host.net_rx/eth0"] == 500.0


def test_a_clock_that_nothing_sets_has_no_offset(monkeypatch: pytest.MonkeyPatch) -> None:
    page = pages.NODE.replace("node_timex_sync_status 1", "node_timex_sync_status 0")
    assert "host.clock_offset" not in Asked(monkeypatch).page(page)


def test_a_windows_server_by_the_names_of_now_and_of_before(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked(monkeypatch, "windows_exporter")
    assert asked.page(pages.WINDOWS) == pytest.approx(
        {
            "host.up": 1.0,
            "host.mem": 75.0,
            "host.disk/C": 75.0,
            "host.disk_free/C": 25.0,
            "host.uptime": 10_000.0,
            "host.clock_offset": 500.0,
        }
    )
    page = pages.WINDOWS.replace('mode="user"} 100', 'mode="user"} 130').replace('mode="idle"} 300', 'mode="idle"} 310')
    assert asked.page(page)["host.cpu"] == pytest.approx(75.0)
    old = Asked(monkeypatch, "windows_exporter").page(pages.WINDOWS_OLD)
    assert old == pytest.approx({"host.up": 1.0, "host.mem": 50.0, "host.swap": 25.0, "host.uptime": 100_000.0})


def test_a_ups_of_two_through_nut(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [state.code for state in catalogue().metrics["ups.status"].states]
    one = Asked(monkeypatch, "nut_exporter", ups="eaton-1").page(pages.NUT)
    assert one == pytest.approx(
        {
            "ups.status": names.index("online"),
            "ups.load": 34.0,
            "ups.charge": 88.0,
            "ups.runtime": 30.0,
            "ups.input": 229.5,
        }
    )
    two = Asked(monkeypatch, "nut_exporter", ups="eaton-2").page(pages.NUT)
    assert two["ups.status"] == names.index("low_battery")


def test_a_ups_through_the_other_exporter_whose_shares_are_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Asked(monkeypatch, "nut_exporter").page(pages.NUT_OTHER)
    assert found == pytest.approx(
        {"ups.status": 1.0, "ups.load": 12.0, "ups.charge": 50.0, "ups.runtime": 120.0, "ups.input": 237.0}
    )


def test_a_postgresql_through_its_exporter(monkeypatch: pytest.MonkeyPatch) -> None:
    every = Asked(monkeypatch, "postgres_exporter").page(pages.POSTGRES)
    assert every == pytest.approx(
        {"sql.up": 1.0, "sql.connections": 50.0, "sql.connections_used": 25.0, "sql.size": 6e9, "sql.oldest": 70.0}
    )
    standby = pages.POSTGRES.replace("is_replica 0", "is_replica 1").replace("lag_seconds 0", "lag_seconds 8")
    one = Asked(monkeypatch, "postgres_exporter", datname="his").page(standby)
    assert (one["sql.size"], one["sql.lag"]) == (5e9, 8.0)


def test_a_database_that_is_down_is_told_by_its_exporter(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Asked(monkeypatch, "postgres_exporter").page("pg_up 0\n") == {"sql.up": 0.0}


def test_a_printer_has_the_toner_of_its_emptiest_cartridge(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Asked(monkeypatch, "snmp_printer").page(pages.PRINTER)
    assert found == pytest.approx({"printer.up": 1.0, "printer.toner": 30.0, "printer.pages": 15012.0})


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (ConnectionRefusedError(), "it refuses the connection"),
        (TimeoutError("no answer within 10 s"), "no answer within 10 s"),
        (http.client.BadStatusLine("SSH-2.0"), "its answer is no HTTP: BadStatusLine"),
        (Answer(503, b"", whole=True), "it answers 503"),
        (Answer(302, b"", whole=True, moved="http://elsewhere/"), "it answers 302"),
    ],
)
def test_a_machine_whose_exporter_does_not_answer_is_down(
    monkeypatch: pytest.MonkeyPatch, answer: Answer | Exception, error: str
) -> None:
    found = Asked(monkeypatch).found(answer)
    assert found.error == error
    assert values(found) == {"host.up": 0.0}


@pytest.mark.parametrize(
    ("answer", "down"),
    [(ConnectionRefusedError(), False), (Answer(400, b"", whole=True), False), (Answer(500, b"", whole=True), True)],
)
def test_of_a_proxy_only_its_own_error_says_that_a_machine_behind_it_is_down(
    monkeypatch: pytest.MonkeyPatch, answer: Answer | Exception, down: bool
) -> None:
    assert values(Asked(monkeypatch, "snmp_printer").found(answer)) == ({"printer.up": 0.0} if down else {})


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(200, b"node_load1 1", whole=False), "its page has more than 8 MiB"),
        (Answer(200, b"<html>hello</html>", whole=True), "its page has nothing that node_exporter names"),
        (Answer(200, b'node_load1{a="1} x\n', whole=True), "its page cannot be read"),
        (Answer(200, b"node_load1 one\n", whole=True), "its page cannot be read"),
    ],
)
def test_a_page_that_cannot_be_understood_says_nothing_of_the_machine(
    monkeypatch: pytest.MonkeyPatch, answer: Answer, error: str
) -> None:
    found = Asked(monkeypatch).found(answer)
    assert found.error.startswith(error)
    assert found.lines == ()


def test_only_the_lines_that_are_wanted_are_parsed() -> None:
    body = b'other{a="broken\nnode_load1 2.5\nnode_load15 9\nnode_load1_x 3\n\xff\xfe junk\n'
    found = samples_of(body, ["node_load1"])
    assert {name: [sample.value for sample in its] for name, its in found.items()} == {"node_load1": [2.5]}


def test_not_a_number_is_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Asked(monkeypatch).page(pages.NODE.replace("node_load1 1.5", "node_load1 NaN"))
    assert "host.load" not in found
