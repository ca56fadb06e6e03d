"""The collector that asks: what it commits, and how it says what fails."""

import threading
from collections.abc import Sequence

import pytest

from ioc.domain import SECOND, Quality, VirtualClock
from ioc.errors import RejectError, RetryError
from ioc.intake import Batch, Health
from ioc.polling import Found, Line, PollingCollector, Target, TargetShape, code_of, codes, thing
from tests.unit.ioc.polling.world import target

NOW = 1_800_000_000 * SECOND
UP = Found((Line("svc", {"up": 1.0}, {"service": "one"}),))


def collector(look: object, *targets: Target[TargetShape]) -> PollingCollector[TargetShape]:
    return PollingCollector("kind", targets or (target(),), look, VirtualClock(NOW))  # type: ignore[arg-type]


class Intake:
    """Refuses the first so many commits, then takes all."""

    def __init__(self, refusals: Sequence[Exception] = ()) -> None:
        self.refusals = list(refusals)
        self.batches: list[Batch] = []
        self.came = threading.Event()

    def commit(self, batch: Batch) -> None:
        if self.refusals:
            raise self.refusals.pop(0)
        self.batches.append(batch)
        self.came.set()


def test_a_look_becomes_frames_with_the_tags_of_its_target() -> None:
    found = Found(
        (Line("host", {"disk": 4.0, "disk_free": None, "odd": float("nan")}, {"host": "one", "mount": "root"}),)
    )
    (frame,) = collector(lambda _target, _now: found).ask(target())
    assert frame.prefix == "host,asset=sv-1,facility=bv01,host=one,mount=root,site=cs1,source=kind"
    assert frame.fields == {"disk": 4.0}
    assert (frame.time_ns, frame.quality, frame.hist) == (NOW, Quality.GOOD.value, False)


def test_without_an_asset_there_is_no_such_tag_and_without_values_no_frame() -> None:
    found = Found((Line("svc", {"up": 1.0}), Line("svc", {"latency": None})))
    (frame,) = collector(lambda _target, _now: found).ask(target(asset=""))
    assert frame.prefix == "svc,facility=bv01,site=cs1,source=kind"


def test_a_thing_is_known_by_its_name_under_the_tag_of_its_class() -> None:
    tags = [thing(kind, target("x"), {"up": 1.0}).tags for kind in ("host", "printer", "svc", "sql", "ups", "pc")]
    assert tags == [{"host": "x"}, {"host": "x"}, {"service": "x"}, {"service": "x"}, {"device": "x"}, {}]


def test_the_look_is_told_the_time_and_the_value_is_of_its_end() -> None:
    clock = VirtualClock(NOW)
    told = []

    def look(_target: Target[TargetShape], now_ns: int) -> Found:
        told.append(now_ns)
        clock.advance(3 * SECOND)
        return UP

    (frame,) = PollingCollector("kind", [target()], look, clock).ask(target())
    assert (told, frame.time_ns) == ([NOW], NOW + 3 * SECOND)


def test_a_look_that_fails_by_itself_is_an_error_and_no_value() -> None:
    def look(_target: Target[TargetShape], _now: int) -> Found:
        raise ZeroDivisionError("oh")

    made = collector(look)
    made.start(Intake())  # type: ignore[arg-type]  # as little as is needed
    assert made.ask(target()) == []
    assert "one: it could not be looked at: ZeroDivisionError: oh" in made.health().error
    made.stop()


def test_health_names_a_few_of_those_that_fail_and_counts_all() -> None:
    targets = [target(name) for name in "abcde"]
    made = collector(lambda its, _now: Found(error="" if its.name == "a" else "no"), *targets)
    for each in targets:
        made.ask(each)
    made.start(Intake())  # type: ignore[arg-type]  # as above
    health = made.health()
    made.stop()
    assert health.connected
    assert health.error == "4 of 5 targets fail: b: no; c: no; d: no …"


def test_one_that_is_well_again_is_not_named_any_more() -> None:
    answers = [Found(error="no"), UP]
    made = collector(lambda _target, _now: answers.pop(0))
    made.ask(target())
    made.ask(target())
    assert made._failing() == ""


def test_it_commits_what_it_finds_and_says_how_often_it_looked() -> None:
    intake = Intake()
    made = collector(lambda _target, _now: UP)
    made.start(intake)  # type: ignore[arg-type]  # as above
    assert intake.came.wait(60)
    assert made.ready()
    made.stop()
    assert not made.ready()
    assert made.health() == Health(connected=False)
    assert intake.batches[0].source == "kind"
    assert intake.batches[0].counts.received == 1
    assert [frame.fields for frame in intake.batches[0].frames] == [{"up": 1.0}]


@pytest.mark.parametrize("refusal", [RetryError("the disk is full"), RuntimeError("a mistake")])
def test_what_the_intake_does_not_take_is_offered_again(refusal: Exception) -> None:
    intake = Intake([refusal])
    made = collector(lambda _target, _now: UP)
    made.start(intake)  # type: ignore[arg-type]  # as above
    assert intake.came.wait(60)
    made.stop()
    assert len(intake.batches[0].frames) == 1


def test_a_target_that_hangs_holds_up_no_other() -> None:
    released = threading.Event()
    intake = Intake()

    def look(its: Target[TargetShape], _now: int) -> Found:
        if its.name == "hangs":
            released.wait(60)
        return UP

    made = collector(look, target("hangs"), target("well"))
    made.start(intake)  # type: ignore[arg-type]  # as above
    assert intake.came.wait(60)
    assert not released.is_set()
    released.set()
    made.stop()


def test_without_targets_it_is_no_source() -> None:
    empty = PollingCollector("kind", [], lambda _target, _now: UP)
    assert empty.sources() == {}
    assert set(collector(lambda _target, _now: UP).sources()) == {"kind"}


def test_nothing_of_it_can_be_sent_through_again() -> None:
    with pytest.raises(RejectError, match="kind asks its targets"):
        collector(lambda _target, _now: UP).replay("x", b"")


def test_names_become_codes_of_which_no_two_are_alike() -> None:
    assert code_of("/var/lib", "root") == "var-lib"
    assert code_of("/", "root") == "root"
    found = codes(["/a b", "/a-b", "/"], "root")
    assert found["/"] == "root"
    assert len(set(found.values())) == 3
