"""The centre's own board: this machine like any other source, the parts and their work as they say it themselves."""

import re

import pytest

from dashboards.centre import rows
from dashboards.centre.live import LISTS, centre_view
from ioc.domain import SECOND, State
from ioc.lease import Lease
from ioc.telemetry import Meter, Pulse
from tests.unit.dashboards.alerting import deliver, raise_incident

HOST = "host=may-1,facility=_self,site=local"


@pytest.fixture
def working(web):
    """A worker and a scheduler that have just said what they do."""
    now_ns = web.clock.now_ns()
    worker, scheduler = Meter(), Meter()
    worker.put("process_resident_memory_bytes", 120 * 2**20)
    worker.took("journal_append_seconds", 0.0012, lane="journal")
    worker.put("journal_items", 1234, lane="journal")
    worker.took("writer_seconds", 0.031, lane="journal")
    worker.took("latest_write_seconds", 0.002)
    worker.put("file_bytes", 15.5 * 2**20, file="ioc.sqlite")
    scheduler.put("lease_held", 1.0)
    scheduler.took("job_seconds", 2.5, job="roll_up")
    scheduler.put("job_last_success_timestamp_seconds", now_ns / SECOND - 30, job="roll_up")
    scheduler.took("job_seconds", 0.004, job="alerts")
    scheduler.put("job_last_success_timestamp_seconds", now_ns / SECOND, job="alerts")
    scheduler.add("job_failures_total", 3, job="alerts", what="failed")
    scheduler.add("job_failures_total", 5, job="alerts", what="skipped")
    for part, meter, pid in (("worker", worker, 7), ("scheduler", scheduler, 8)):
        web.services.pulses.save(Pulse(part, "may-1", pid, now_ns, tuple(meter.figures())))
    return web


def page(web, who="admin", query="lang=en"):
    answer = web.as_(who).get(f"/wall/_self?{query}")
    assert answer.status_code == 200, answer.text
    return answer.text


def text_of(html):
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_this_machine_is_shown_as_any_source_is_with_age_and_state(web):
    web.put(f"host.cpu,{HOST}", 41.0, source="hosts")
    web.put(f"host.mem,{HOST}", 63.0, source="hosts")
    tile = re.search(r'<section id="tile-machine".*?</section>', page(web), re.DOTALL)[0]
    assert 'data-metric="host.cpu" data-scope="facility:_self" data-state="fresh"' in tile
    assert "41" in text_of(tile)
    assert "63" in text_of(tile)
    web.clock.advance(3600 * SECOND)
    tile = re.search(r'<section id="tile-machine".*?</section>', page(web), re.DOTALL)[0]
    assert 'data-metric="host.cpu" data-scope="facility:_self" data-state="stale"' in tile


def test_parts_jobs_and_writes_are_said_as_their_processes_say_them(working):
    text = text_of(page(working))
    assert "Worker may-1 120 MiB" in text
    assert "Roll-up 2.5 s" in text
    assert "Judging alerts 3 went wrong 4.0 ms" in text
    assert "Journal of readings 1,234 wait 1.2 ms" in text
    assert "Writing values over time 31 ms" in text
    assert "Writing the present 2.0 ms" in text
    assert "Database 15.5 MiB" in text
    assert "Nothing was to be sent." in text
    assert "Web server" in text


def test_a_part_that_has_fallen_silent_is_struck_out_and_then_leaves(working):
    working.clock.advance(30 * SECOND)
    row = re.search(r'<tr data-state="(\w+)"( class="wrong")?><th scope="row">.*?Worker', page(working), re.DOTALL)
    assert (row[1], bool(row[2])) == ("stale", True)
    working.clock.advance(600 * SECOND)
    text = text_of(page(working))
    assert "No worker is at work." in text
    assert "No scheduler is at work." in text


def test_a_scheduler_that_stands_by_says_so_and_its_jobs_are_not_taken_for_work(working):
    idle = Meter()
    idle.put("lease_held", 0.0)
    now_ns = working.clock.now_ns()
    working.services.pulses.save(Pulse("scheduler", "may-2", 9, now_ns, tuple(idle.figures())))
    assert "Scheduler may-2, stands by" in text_of(page(working))


def test_channels_say_what_they_sent_what_waits_and_what_they_gave_up(web):
    code, now_ns = raise_incident(web), web.clock.now_ns()
    deliver(web, code, state="sent", done_ns=now_ns - 60 * SECOND)
    deliver(web, code, person="minh", state="given_up", done_ns=now_ns - 60 * SECOND)
    deliver(web, code, person="binh")
    assert re.search(r"E-mail 1 wait · 1 not delivered 1 sent", text_of(page(web)))


def test_every_language_has_it_and_the_strip_is_quiet_while_nothing_is_wrong(web):
    assert "Alerts are not judged" in page(web)
    assert Lease(web.services.engine, "scheduler", "here:1", web.clock).acquire()
    assert "No alert about the centre itself" in page(web)
    for language in ("vi", "fr"):
        assert f'lang="{language}"' in page(web, query=f"lang={language}")


def test_only_who_may_see_the_centre_sees_it(web):
    assert web.as_("viewer").get("/wall/_self").status_code in (403, 404)
    assert web.nobody().get("/wall/_self").status_code in (302, 303, 401)


def test_it_is_kept_up_to_date_like_every_other_wall(working):
    view = centre_view(working.app, {"lang": "en"})
    with working.app.test_request_context():
        book, now_ns = working.services.present(), working.clock.now_ns()
        for part in view.parts():
            html, _ = view.render(part, book, now_ns)
            assert f'id="{part}"' in html
        html, again_ns = view.render(LISTS, book, now_ns)
    assert "Worker" in html
    assert now_ns < again_ns <= now_ns + 5 * SECOND
    assert "count" not in view.parts()


def test_times_are_written_as_people_read_them():
    assert [rows.took(it, "en") for it in (None, 0.0004, 0.0123, 0.9994, 1.25)] == [
        "–",
        "0.4\u00a0ms",
        "12\u00a0ms",
        "999\u00a0ms",
        "1.2\u00a0s",
    ]


def test_a_slow_journal_is_marked(web):
    meter = Meter()
    meter.took("journal_append_seconds", 3.0, lane="journal")
    pulse = Pulse("worker", "may-1", 7, web.clock.now_ns(), tuple(meter.figures()))
    with web.app.test_request_context():
        (line,) = rows.writes([pulse], web.clock.now_ns(), "en")
    assert (line.wrong, line.state) == (True, State.FRESH)
