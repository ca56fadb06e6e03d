import json
import os
import shutil
import time
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from ioc.backup import back_up
from ioc.catalogue import load_catalogue
from ioc.cli import main
from ioc.commands import doctor, machinery
from ioc.commands.doctor import examine
from ioc.commands.findings import Level, span
from ioc.database import writing
from ioc.domain import MINUTE, SECOND
from ioc.errors import Reason
from ioc.intake import Reject, Sighting, SourceStatus, SourceStatuses, Unconfirmed
from ioc.latest import latest, latest_counter
from ioc.pidfile import write_pid
from ioc.registry import load_registry
from ioc.telemetry import Meter, Pulse, Pulses


@pytest.fixture(autouse=True)
def nobody_answers(monkeypatch):
    monkeypatch.setattr(machinery, "answers", lambda host, port: "Connection refused")


def findings(report, area, level=None):
    return [f.what for f in report.findings if f.area == area and level in (None, f.level)]


def look(environment):
    return examine(environment, time.time_ns())


def put_values(centre, ages_s, quality="sim"):
    """Every expected value, as old as ``ages_s`` says by facility and device (None: missing)."""
    catalogue = load_catalogue(centre.settings.config_dir)
    registry = load_registry(centre.settings.config_dir, catalogue)
    now_ns, rows = time.time_ns(), []
    for expected in registry.expected():
        age_s = ages_s(expected.device)
        if age_s is not None:
            as_of_ns = now_ns - round(age_s * SECOND)
            rows.append(
                {"key": f"{expected.series.key},source=mqtt", "value": 1.0, "quality": quality, "as_of_ns": as_of_ns,
                 "received_ns": as_of_ns, "max_age_ns": expected.max_age_ns, "change": 1}
            )  # fmt: skip
    with writing(centre.engine) as connection:
        connection.execute(latest.delete())
        connection.execute(latest_counter.delete())
        connection.execute(latest_counter.insert().values(id=1, change=1))
        if rows:
            connection.execute(latest.insert(), rows)


def beat(centre, ago_s=0.0, **more):
    status = SourceStatus("mqtt", "mqtt", connected=True, received=7, last_message_ns=time.time_ns())
    for name, value in more.items():
        setattr(status, name, value)
    SourceStatuses(centre.engine).save([status], time.time_ns() - round(ago_s * SECOND))


def test_before_the_first_start_it_says_what_is_down_and_how_to_start(environment, tmp_path):
    report = look(environment)
    assert "Nothing runs" in findings(report, "processes", Level.FAULT)[0]
    assert "does not answer" in findings(report, "broker", Level.FAULT)[0]
    assert "Nothing answers on http://127.0.0.1:1" in findings(report, "web", Level.FAULT)[0]
    assert "There is no database" in findings(report, "database", Level.FAULT)[0]
    assert all(f.hint or f.area == "secrets" for f in report.findings if f.level is Level.FAULT)
    assert not (tmp_path / "data").exists()


def test_faults_of_the_settings_end_it_with_all_of_them(environment):
    report = look(environment | {"IOC_WEB__BIND": "nowhere", "IOC_NONSENSE": "1"})
    assert len(findings(report, "configuration", Level.FAULT)) == 2
    assert {f.area for f in report.findings} == {"configuration"}


def test_faults_of_the_configuration_are_told_with_file_and_line_and_the_rest_goes_on(own_configs, environment):
    catalogue = own_configs / "catalogue" / "ups.yaml"
    catalogue.write_text(catalogue.read_text().replace("kind: state", "kind: stat", 1))
    report = look(environment)
    assert any("ups.yaml:" in what for what in findings(report, "configuration", Level.FAULT))
    assert findings(report, "broker")


def test_everything_fresh_is_fine(centre, environment):
    put_values(centre, lambda device: 1)
    beat(centre)
    report = look(environment)
    assert findings(report, "values", Level.FAULT) == []
    assert len(findings(report, "values", Level.FINE)) == 6
    assert report.silent == []


def test_a_silent_device_is_a_fault_and_a_late_one_is_not(centre, environment):
    ages = {"tl-01": 3_600, "tl-02": 250}
    put_values(centre, lambda device: ages.get(device.code, 1) if device.facility == "bv01" else 1)
    report = look(environment)
    assert [(it.device, it.state) for it in report.silent] == [("tl-01", "stale"), ("tl-02", "late")]
    assert "bv01" in findings(report, "values", Level.FAULT)[0]
    assert report.silent[0].area == "kho-vac-xin"
    assert "temp" in report.silent[0].keys
    assert report.counts["bv01", "fridge"]["stale"] == len(report.silent[0].keys) + 1  # and what is computed from them
    put_values(centre, lambda device: ages.get(device.code, 1) if device.code == "tl-02" else 1)
    assert findings(look(environment), "values", Level.FAULT) == []


def test_what_never_came_is_missing_and_told_after_what_fell_silent(centre, environment):
    put_values(centre, lambda device: {"tl-01": None, "tl-02": 7_200, "tl-03": 3_600}.get(device.code, 1))
    silent = [(it.device, it.state) for it in look(environment).silent if it.facility == "bv01"]
    assert silent == [("tl-02", "stale"), ("tl-03", "stale"), ("tl-01", "missing")]


def test_what_the_centre_computes_is_told_apart_from_what_devices_send(centre, environment):
    put_values(centre, lambda device: 1)
    with writing(centre.engine) as connection:
        connection.execute(latest.delete().where(latest.c.key.startswith("o2.tte")))
        stale = latest.update().where(latest.c.key.startswith("fridge.breach")).values(as_of_ns=1)
        connection.execute(stale)
    report = look(environment)
    assert report.silent == []
    assert "computed values are stale (fridge.breach)" in findings(report, "values", Level.FAULT)[0]
    assert "computed values are missing (o2.tte)" in findings(report, "values", Level.NOTE)[0]


def test_where_nothing_ever_came_it_says_what_to_connect(centre, environment):
    report = look(environment)
    assert "has ever come" in findings(report, "values", Level.FAULT)[0]


def test_a_worker_that_is_not_heard_of_is_a_fault(centre, environment):
    assert "has never run" in findings(look(environment), "worker", Level.FAULT)[0]
    beat(centre, ago_s=300)
    assert "for 5 min" in findings(look(environment), "worker", Level.FAULT)[0]
    beat(centre)
    assert findings(look(environment), "worker") == ["The worker works."]


def test_a_source_tells_its_error_its_connection_and_its_holes(centre, environment):
    beat(centre, error="the broker refuses us", backlog=3)
    assert findings(look(environment), "sources", Level.FAULT) == ["The mqtt: the broker refuses us; 3 messages wait"]
    beat(centre, connected=False)
    assert "is not connected" in findings(look(environment), "sources", Level.FAULT)[0]
    beat(centre, gaps=4)
    assert "4 holes" in findings(look(environment), "sources", Level.FINE)[0]


def test_quarantine_and_unconfirmed_are_counted_and_no_faults(centre, environment):
    centre.quarantine.put("mqtt", Reject(Reason.UNIT, "x", "t", b"{}", time.time_ns(), "bv01"))
    seen = [Sighting("device", "bv01", f"la-{n:02}", "t") for n in range(12)] + [
        Sighting("place", "bv01", "kho-x", "t")
    ]
    Unconfirmed(centre.engine).add(seen)
    report = look(environment)
    assert "1 messages could not be understood: 1 unit." in findings(report, "quarantine", Level.NOTE)
    devices, places = findings(report, "registry", Level.NOTE)
    assert devices.startswith("12 unconfirmed devices: bv01/la-")
    assert devices.endswith(" and 2 more.")
    assert places == "1 unconfirmed place: bv01/kho-x."


def test_a_metric_that_nothing_brings_is_an_orphan(centre, environment, monkeypatch):
    assert look(environment).orphans == []
    monkeypatch.setattr(doctor, "COLLECTORS", {})
    report = look(environment)
    assert "ups.load" in report.orphans
    assert "bed.occupied" not in report.orphans  # the census reckons it


def test_the_broker_is_named_with_what_it_may_lose(environment, monkeypatch):
    monkeypatch.setattr(machinery, "answers", lambda host, port: "")
    monkeypatch.setattr(machinery, "choose", lambda settings: "iotcore")
    report = look(environment)
    assert "The iotcore at mqtt://127.0.0.1:2 answers." in findings(report, "broker", Level.FINE)
    assert "in memory" in findings(report, "broker", Level.NOTE)[0]
    monkeypatch.setattr(machinery, "choose", lambda settings: "mosquitto")
    assert "about 3 s" in findings(look(environment), "broker", Level.NOTE)[0]
    elsewhere = look(environment | {"IOC_MQTT__URL": "mqtts://broker.lan"})
    assert "its own configuration" in findings(elsewhere, "broker", Level.NOTE)[0]


def test_a_full_disk_is_a_fault(environment, monkeypatch):
    usage = SimpleNamespace(total=100 << 30, used=99 << 30, free=1 << 30)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    assert "1.0 GiB of 100.0 GiB are free" in findings(look(environment), "disk", Level.FAULT)[0]


def test_running_parts_are_known_by_their_pids_and_what_they_were_told(centre, environment, monkeypatch):
    write_pid(centre.settings.data_dir, "web", os.getpid())
    write_pid(centre.settings.data_dir, "worker", 2**22 + 1)  # no such process
    report = look(environment)
    assert "Running: web." in findings(report, "processes", Level.FINE)
    assert "worker" in findings(report, "processes", Level.FAULT)[0]
    assert machinery.told(centre.settings, "web", "PATH") == os.environ["PATH"]
    assert machinery.told(centre.settings, "web", "NO_SUCH_VARIABLE") == ""
    assert machinery.told(centre.settings, "worker", "PATH") == ""


def test_parts_that_something_else_looks_after_need_no_supervisor_and_no_broker_of_ours(centre, environment):
    for part in ("worker", "scheduler", "web"):
        write_pid(centre.settings.data_dir, part, os.getpid())
    report = look(environment)
    assert findings(report, "processes", Level.FINE) == ["Running: worker, scheduler, web."]
    assert findings(report, "processes", Level.FAULT) == []
    write_pid(centre.settings.data_dir, "scheduler", 2**22 + 1)
    assert findings(look(environment), "processes", Level.FAULT) == ["Not running: scheduler."]


def test_processes_of_every_machine_are_known_by_what_they_say(centre, environment):
    now_ns = time.time_ns()
    idle = Meter()
    idle.put("lease_held", 0.0)
    for pid, age_ns in ((7, 0), (8, MINUTE)):
        Pulses(centre.engine).save(Pulse("scheduler", "may-2", pid, now_ns - age_ns, tuple(idle.figures())))
    report = look(environment)
    assert "The scheduler on may-2 (process 7) works, and stands by." in findings(report, "processes", Level.FINE)
    assert "on may-2 (process 8) has said nothing for" in findings(report, "processes", Level.NOTE)[0]


def test_parts_in_other_containers_are_not_missed_here(centre, environment):
    write_pid(centre.settings.data_dir, "web", os.getpid())
    for part in ("scheduler", "worker"):
        Pulses(centre.engine).save(Pulse(part, f"{part}-1", 1, time.time_ns(), ()))
    report = look(environment)
    assert findings(report, "processes", Level.FAULT) == []
    assert findings(report, "HL7", Level.FAULT) == []
    assert "The worker is on worker-1" in findings(report, "HL7", Level.NOTE)[0]
    Pulses(centre.engine).forget("scheduler", "scheduler-1", 1)
    assert findings(look(environment), "processes", Level.FAULT) == ["Not running: scheduler."]


def test_an_old_copy_is_a_fault_and_none_is_a_word(centre, environment):
    assert findings(look(environment), "backup", Level.NOTE) == ["There is no copy yet."]
    back_up(centre.settings, time.time_ns() - 72 * 60 * MINUTE)
    assert "The newest copy is" in findings(look(environment), "backup", Level.FAULT)[0]
    back_up(centre.settings, time.time_ns())
    assert "The newest copy is" in findings(look(environment), "backup", Level.FINE)[0]
    off = look(environment | {"IOC_BACKUP__EVERY_HOURS": "0"})
    assert "No copies are made" in findings(off, "backup", Level.NOTE)[0]


def test_an_audit_log_that_was_changed_is_a_fault(centre, environment, monkeypatch):
    monkeypatch.setattr(machinery, "verify_audit", lambda engine: 3)
    assert "entry 3" in findings(look(environment), "audit", Level.FAULT)[0]


def test_a_look_that_fails_is_a_finding_and_ends_no_other(centre, environment, monkeypatch):
    def fail(engine):
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(machinery, "unconfirmed", fail)
    report = look(environment)
    assert findings(report, "registry", Level.FAULT) == ["Could not be looked at: ZeroDivisionError: oops"]
    assert findings(report, "values")


def test_the_report_for_a_person_and_for_a_program_agree(centre, environment):
    put_values(centre, lambda device: {"tl-01": None}.get(device.code, 1))
    beat(centre)
    text = CliRunner().invoke(main, ["doctor"])
    data = CliRunner().invoke(main, ["doctor", "--json"])
    report = json.loads(data.stdout)
    assert text.exit_code == data.exit_code == 1
    assert f"{report['faults']} faults." in text.output
    assert report["ok"] is False
    assert {"facility", "class", "fresh", "late", "stale", "missing"} == set(report["values"][0])
    missing = next(it for it in report["devices"] if it["facility"] == "bv01")
    assert (missing["device"], missing["state"], missing["as_of"]) == ("tl-01", "missing", None)
    assert "tl-01" in text.output
    assert "never" in text.output


def test_many_silent_devices_are_cut_off_on_screen_only(centre, environment):
    put_values(centre, lambda device: 9_999 if device.device_class != "ups" else 1)
    assert "more devices; --json lists all." in CliRunner().invoke(main, ["doctor"]).output


@pytest.mark.parametrize(
    ("ns", "text"), [(0, "0 s"), (-5, "0 s"), (119 * SECOND, "119 s"), (120 * SECOND, "2 min"), (90 * MINUTE, "90 min"),
                     (150 * MINUTE, "2 h"), (49 * 60 * MINUTE, "2 days")],
)  # fmt: skip
def test_spans_of_time_read_as_a_person_says_them(ns, text):
    assert span(ns) == text


def put_own(centre, *keys_and_ages):
    """Values of this machine beside those that are there."""
    now_ns = time.time_ns()
    rows = [
        {"key": key, "value": 1.0, "quality": "good", "as_of_ns": now_ns - age_s * SECOND, "received_ns": now_ns,
         "max_age_ns": 2 * MINUTE, "change": 1}
        for key, age_s in keys_and_ages
    ]  # fmt: skip
    with writing(centre.engine) as connection:
        connection.execute(latest.insert(), rows)


OWN = "facility=_self,host=vm,site=local,source=hosts"


def test_a_disk_that_is_no_more_is_named_and_no_fault(centre, environment):
    put_values(centre, lambda device: 1)
    disk = "facility=_self,host=vm,mount=usb,site=local,source"
    put_own(centre, (f"host.up,{OWN}", 1), (f"host.disk,{disk}=hosts", 9_000), (f"host.disk_days,{disk}=derive", 9_000))
    report = look(environment)
    assert findings(report, "values", Level.FAULT) == []
    assert findings(report, "values", Level.NOTE) == ["_self: 1 fresh, 2 stale."]
    assert [(it.facility, it.device, it.keys) for it in report.silent] == [("_self", "vm", ["disk", "disk_days"])]


def test_a_machine_that_is_well_does_not_hide_that_no_device_ever_sent(centre, environment):
    put_values(centre, lambda device: None)
    put_own(centre, (f"host.up,{OWN}", 1))
    (said,) = findings(look(environment), "values", Level.FAULT)
    assert said.startswith("None of the ")
