"""Figures are named as Prometheus wants them, counted from any thread, and timed into buckets."""

import re
import threading
from pathlib import Path

import pytest

from ioc.telemetry import BUCKETS, FIGURES, Figure, Kind, Meter, of_process


def one(meter: Meter, name: str) -> Figure:
    (found,) = [figure for figure in meter.figures() if figure.name == name]
    return found


def test_what_is_counted_put_and_timed_is_there():
    meter = Meter()
    meter.add("writer_failures_total", lane="journal")
    meter.add("writer_failures_total", 2, lane="journal")
    meter.put("journal_items", 5, lane="journal")
    meter.put("journal_items", 4, lane="journal")
    meter.took("writer_seconds", 0.25, lane="journal")
    assert one(meter, "writer_failures_total") == Figure("writer_failures_total", (("lane", "journal"),), 3.0)
    assert one(meter, "journal_items").value == 4.0
    assert (one(meter, "writer_seconds").value, one(meter, "writer_seconds").count) == (0.25, 1)


def test_labels_make_figures_of_their_own():
    meter = Meter()
    meter.add("job_failures_total", job="derive", what="failed")
    meter.add("job_failures_total", what="failed", job="derive")
    meter.add("job_failures_total", job="retain", what="failed")
    assert [(dict(it.labels)["job"], it.value) for it in meter.figures()] == [("derive", 2.0), ("retain", 1.0)]


def test_a_time_falls_into_the_bucket_whose_bound_it_does_not_pass():
    meter = Meter()
    for seconds in (0.0005, 0.0006, 1.0, 61.0):
        meter.took("job_seconds", seconds, job="x")
    counts = one(meter, "job_seconds").counts
    assert len(counts) == len(BUCKETS) + 1
    assert [bound for bound, count in zip([*BUCKETS, None], counts, strict=True) for _ in range(count)] == [
        0.0005,
        0.001,
        1.0,
        None,
    ]


def test_the_mean_and_the_bound_of_a_share():
    times = Figure("job_seconds", (), 9.0, (8, 1, *[0] * (len(BUCKETS) - 2), 1))
    assert times.mean == pytest.approx(0.9)
    assert (times.quantile(0.5), times.quantile(0.9), times.quantile(0.99)) == (0.0005, 0.001, float("inf"))
    empty = Figure("job_seconds", (), 0.0, (0,) * (len(BUCKETS) + 1))
    assert (empty.mean, empty.quantile(0.5)) == (None, None)


def test_what_fails_is_timed_too():
    meter = Meter()
    with pytest.raises(ValueError, match="no"), meter.timed("job_seconds", job="x"):
        raise ValueError("no")
    assert one(meter, "job_seconds").count == 1


def test_a_name_that_nobody_has_explained_is_refused():
    for act in (Meter().add, Meter().put, Meter().took):
        with pytest.raises(KeyError, match="no_such"):
            act("no_such_seconds", 1.0)


def test_names_are_as_prometheus_wants_them():
    for name, (kind, about) in FIGURES.items():
        assert re.fullmatch(r"[a-z]+(_[a-z]+)+", name), name
        assert name.endswith("_total") == (kind is Kind.COUNTER), name
        assert kind is not Kind.HISTOGRAM or name.endswith("_seconds"), name
        assert "_ms" not in name
        assert about.endswith("."), name


def test_several_threads_lose_no_count():
    meter = Meter()

    def count() -> None:
        for _ in range(500):
            meter.add("writer_failures_total")
            meter.took("writer_seconds", 0.01)

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert one(meter, "writer_failures_total").value == 4_000.0
    assert one(meter, "writer_seconds").count == 4_000


def test_this_process_says_what_it_takes(tmp_path: Path):
    meter = Meter()
    (tmp_path / "ioc.sqlite").write_bytes(b"x" * 100)
    (tmp_path / "ioc.sqlite-wal").write_bytes(b"x" * 11)
    of_process(meter, (tmp_path / "ioc.sqlite", tmp_path / "gone.sqlite"))
    assert one(meter, "process_resident_memory_bytes").value > 1 << 20
    assert one(meter, "process_threads").value >= 1
    assert one(meter, "process_cpu_seconds_total").value > 0
    assert one(meter, "file_bytes") == Figure("file_bytes", (("file", "ioc.sqlite"),), 111)
