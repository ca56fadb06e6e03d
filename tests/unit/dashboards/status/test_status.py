"""``/healthz`` and ``/metrics``."""

import re
from collections import Counter

import pytest
from prometheus_client.parser import text_string_to_metric_families

from ioc.database import writing
from ioc.domain import SECOND
from ioc.errors import Reason, RetryError
from ioc.intake import Reject, SourceStatus, SourceStatuses
from ioc.lease import Lease
from ioc.telemetry import Meter, Pulse
from tests.unit.dashboards.alerting import deliver, hold_rules, raise_incident


@pytest.fixture
def beating(web):
    status = SourceStatus("mqtt", "mqtt", connected=True, received=12_345_678, quarantined=Counter(json=2), backlog=3)
    SourceStatuses(web.services.engine).save([status], web.clock.now_ns())
    assert Lease(web.services.engine, "scheduler", "here:1", web.clock).acquire()
    return web


def health(web):
    answer = web.nobody().get("/healthz")
    return answer.status_code, answer.json


def test_all_is_well_when_every_part_answers(beating):
    status, told = health(beating)
    assert (status, told["status"]) == (200, "ok")
    assert set(told["checks"]) == {"database", "store", "hub", "worker", "alerts"}
    assert all(check["ok"] for check in told["checks"].values())


def test_a_silent_worker_is_seen(beating):
    beating.clock.advance(16 * SECOND)
    status, told = health(beating)
    assert (status, told["status"]) == (503, "failed")
    assert not told["checks"]["worker"]["ok"]
    assert told["checks"]["worker"]["age_s"] == 16.0


def test_a_worker_that_never_came_is_seen(web):
    status, told = health(web)
    assert status == 503
    assert "ioc worker" in told["checks"]["worker"]["detail"]


def test_alerts_that_nobody_judges_are_seen(beating):
    beating.clock.advance(20 * SECOND)  # the lease of 5 s ended 15 s ago
    assert health(beating)[1]["checks"]["alerts"]["ok"]
    beating.clock.advance(SECOND)
    told = health(beating)[1]["checks"]["alerts"]
    assert (told["ok"], told["age_s"]) == (False, 16.0)
    assert "not judged" in told["detail"]


def test_a_scheduler_that_never_came_or_has_left_is_seen(web):
    told = health(web)[1]["checks"]["alerts"]
    assert not told["ok"]
    assert "ioc scheduler" in told["detail"]


def test_a_store_that_does_not_answer_is_seen_without_telling_where_it_lies(beating, monkeypatch):
    def away(*_args):
        raise RetryError("/srv/secret/timeseries.sqlite is locked")

    monkeypatch.setattr(beating.services.store, "latest", away)
    status, told = health(beating)
    assert status == 503
    assert not told["checks"]["store"]["ok"]
    assert "/srv" not in str(told)


def test_a_database_that_does_not_answer_is_seen(beating):
    with writing(beating.services.engine) as connection:
        connection.exec_driver_sql("alter table users rename to others")
    status, told = health(beating)
    assert status == 503
    assert not told["checks"]["database"]["ok"]


def test_a_hub_that_stands_still_is_seen(beating):
    hub = beating.services.hub
    hub.step()
    hub.running = True
    assert health(beating)[0] == 200
    beating.clock.advance(6 * SECOND)
    status, told = health(beating)
    assert status == 503
    assert told["checks"]["hub"]["age_s"] == 6.0


def test_the_metrics_are_prometheus_text(beating):
    reject = Reject(Reason.JSON, 'a "quoted" thing', "t", b"x", beating.clock.now_ns(), "bv01")
    beating.services.quarantine.put("mqtt", reject)
    beating.put("fridge.temp,device=tl-01,facility=bv01,site=cs1", 4.0)
    code = raise_incident(beating)
    raise_incident(beating, id="silent", status="missing", level="warning", needs_owner=0)
    deliver(beating, code, tries=1)
    deliver(beating, code, person="minh", state="given_up", done_ns=1)
    hold_rules(beating, [{"id": "a"}, {"id": "b"}])
    beating.services.hub.step()
    answer = beating.nobody().get("/metrics")
    assert answer.content_type == "text/plain; version=0.0.4; charset=utf-8"
    for line in answer.text.splitlines():
        assert line.startswith("# ") or re.fullmatch(
            r'ioc_[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? -?[0-9.e+-]+', line
        ), line
    assert 'ioc_source_received_total{source="mqtt"} 12345678' in answer.text
    assert 'ioc_source_quarantined_total{source="mqtt",reason="json"} 2' in answer.text
    assert 'ioc_source_journal_backlog{source="mqtt"} 3' in answer.text
    assert 'ioc_quarantine_open{reason="json"} 1' in answer.text
    assert 'ioc_values{state="fresh"} 1' in answer.text
    assert "ioc_hub_ticks_total 1" in answer.text
    assert "ioc_latest_change 1" in answer.text
    assert 'ioc_alerts_open{level="critical"} 1' in answer.text
    assert 'ioc_alerts_open{level="warning"} 1' in answer.text
    assert "ioc_alerts_missing 1" in answer.text
    assert "ioc_alerts_unowned 1" in answer.text
    assert "ioc_alert_deliveries_due 1" in answer.text
    assert "ioc_alert_deliveries_given_up 1" in answer.text
    assert f"ioc_alert_judged_until_timestamp_seconds {beating.clock.now_ns() // SECOND + 5}" in answer.text
    assert "ioc_alert_rules 2" in answer.text
    assert "ioc_alert_rules_refused 0" in answer.text


def test_labels_are_escaped():
    from dashboards.status.prometheus import family

    assert family("x", "gauge", "About.", [({"a": 'q"\\\n'}, 0.5)]).endswith('ioc_x{a="q\\"\\\\\\n"} 0.5\n')


def families(text):
    """As Prometheus itself reads it; nothing is there twice."""
    found = list(text_string_to_metric_families(text))
    samples = [(it.name, *sorted(it.labels.items())) for family in found for it in family.samples]
    assert len(samples) == len(set(samples))
    return {family.name: family for family in found}


def test_prometheus_reads_it_and_its_names_are_as_it_wants_them(beating):
    text = beating.nobody().get("/metrics").text
    found = families(text)
    for name, family in found.items():
        assert family.documentation.endswith("."), name
        assert f"# TYPE {name}{'_total' if family.type == 'counter' else ''} {family.type}\n" in text
        assert not name.endswith(("_ms", "_millis", "_minutes", "_count", "_sum")), name
    build = found["ioc_build_info"].samples[0]
    assert (build.value, bool(build.labels["version"])) == (1.0, True)


def test_what_every_process_measures_is_there(beating):
    now_ns = beating.clock.now_ns()
    worker = Meter()
    for seconds in (0.0004, 0.002, 99.0):
        worker.took("journal_append_seconds", seconds, lane="journal")
    worker.put("journal_bytes", 12_345, lane="journal")
    worker.add("writer_failures_total", 2, lane="journal")
    pulses = beating.services.pulses
    for pid in (7, 8):
        pulses.save(Pulse("worker", "may-1", pid, now_ns - 3 * SECOND, tuple(worker.figures())))
    pulses.save(Pulse("scheduler", "may-2", 9, now_ns - 60 * SECOND, tuple(worker.figures())))  # has stopped
    found = families(beating.nobody().get("/metrics").text)
    ages = found["ioc_process_heartbeat_age_seconds"].samples
    assert sorted((it.labels["part"], it.labels["pid"], it.value) for it in ages if it.labels["part"] != "web") == [
        ("worker", "7", 3.0),
        ("worker", "8", 3.0),
    ]
    who = {"part": "worker", "host": "may-1", "pid": "7", "lane": "journal"}
    append = [it for it in found["ioc_journal_append_seconds"].samples if it.labels.items() >= who.items()]
    buckets = {it.labels["le"]: it.value for it in append if it.name.endswith("_bucket")}
    assert (buckets["0.0005"], buckets["0.0025"], buckets["60.0"], buckets["+Inf"]) == (1.0, 2.0, 2.0, 3.0)
    assert [it.value for it in append if it.name.endswith("_count")] == [3.0]
    assert [it.value for it in append if it.name.endswith("_sum")] == [pytest.approx(99.0024)]
    assert {it.value for it in found["ioc_journal_bytes"].samples} == {12_345.0}
    assert {it.value for it in found["ioc_writer_failures"].samples} == {2.0}
    web = [it for it in found["ioc_process_resident_memory_bytes"].samples if it.labels["part"] == "web"]
    assert web[0].value > 1 << 20
