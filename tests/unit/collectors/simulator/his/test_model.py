"""A hospital's life: what it tells adds up, and comes out the same whenever it is told."""

import json
from collections import Counter

import pytest

from collectors.simulator.his.hospital import DAY, HOUR, MINUTE, ZONE, Event
from collectors.simulator.his.house import SHARED
from collectors.simulator.his.model import Model
from tests.unit.collectors.simulator.his.town import LARGE, MONDAY, SMALL, Keeper, begun, lived, model_of

TRIGGERS = {"A01", "A02", "A03", "A04", "A05", "A06", "A08", "A11", "A12", "A13", "A17", "A20", "A38", "A40"}


@pytest.fixture(scope="module")
def week() -> tuple[Model, list[Event]]:
    model, told = begun()
    return model, told + lived(model, MONDAY + 7 * DAY)


@pytest.mark.parametrize(("hospital", "seed"), [(LARGE, 1), (LARGE, 2), (SMALL, 1)])
def test_the_truth_is_what_follows_from_what_was_told(hospital, seed):
    model, told = begun(hospital, seed)
    keeper = Keeper()
    for hour in range(1, 5 * 24 + 1):
        told += lived(model, MONDAY + hour * HOUR)
        for event in told:
            keeper.hear(event)
        told = []
        keeper.roll(MONDAY + hour * HOUR)
        truth = model.truth()
        patients = Counter(spot[0] for spot in keeper.where.values())
        beds = Counter(spot for spot in keeper.where.values() if spot[2])
        assert truth["patients"] == {ward: patients[ward] for ward in truth["patients"]}
        assert truth["emergency"] == len(keeper.emergency)
        for ward, inside in truth["beds"].items():
            assert inside == {f"{room}^{bed}": n for (of, room, bed), n in beds.items() if of == ward}
            assert truth["occupied"][ward] == len(inside)
            assert truth["without_bed"][ward] == patients[ward] - sum(inside.values())
        for (ward, room, bed), status in keeper.status.items():
            said = truth["reported"][ward].get(f"{room}^{bed}", "")
            assert said == (status if status != "U" and not beds[ward, room, bed] else "")
        assert truth["balance"] == {ward: keeper.balance(ward) for ward in truth["balance"]}, hour


def test_a_day_s_balance_closes_in_every_ward(week):
    model, _ = week
    for day in model.truth()["balance"].values():
        came = day["admitted"] + day["transferred_in"]
        went = day["transferred_out"] + day["discharged"] + day["died"]
        assert day["start"] + came - went + day["corrected"] == day["end"]


def test_everything_that_can_happen_happens_within_a_day_or_two_of_a_large_hospital(week):
    _, told = week
    assert {event.trigger for event in told} == TRIGGERS
    days = {trigger: {(event.at - MONDAY) // DAY for event in told if event.trigger == trigger} for trigger in TRIGGERS}
    assert all(len(found) >= 3 for found in days.values()), days
    assert {event.note for event in told if event.trigger == "A03"} == {"01", "02", "20"}
    assert {event.note for event in told if event.trigger == "A20"} == {"H", "U", "C"}


def test_the_same_seed_tells_the_same_in_one_step_or_in_many(week):
    _, told = week
    model, again = begun()
    for minute in range(0, 2 * 24 * 60, 7):
        again += lived(model, MONDAY + minute * MINUTE)
    again += lived(model, MONDAY + 2 * DAY)
    assert again == [event for event in told if event.at <= MONDAY + 2 * DAY]
    other = begun(seed=2)[1]
    assert other != again[: len(other)]


def test_what_was_kept_goes_on_as_if_nothing_had_been():
    model, _ = begun()
    lived(model, MONDAY + DAY + 5 * HOUR)
    kept = json.loads(json.dumps(model.dump()))
    again = Model.load(LARGE, kept)
    assert again.truth() == model.truth()
    assert lived(again, MONDAY + 3 * DAY) == lived(model, MONDAY + 3 * DAY)
    assert again.truth() == model.truth()


def test_with_another_speed_the_same_happens_in_less_time():
    model, fast = model_of(), model_of(speed=100)
    told, faster = (list(it.begin()) + lived(it, MONDAY + DAY) for it in (model, fast))
    assert [(event.trigger, event.visit) for event in told] == [(event.trigger, event.visit) for event in faster]
    assert all(
        abs((event.at - MONDAY) / 100 - (quick.at - MONDAY)) <= 1 for event, quick in zip(told, faster, strict=True)
    )


def test_nobody_shares_a_bed_in_intensive_care_and_some_do_in_crowded_wards():
    model, told = begun()
    keeper = Keeper()
    for event in told + lived(model, MONDAY + 5 * DAY):
        keeper.hear(event)
    kinds = {bed.spot: bed.kind for bed in LARGE.beds}
    shared = {kinds[spot] for spot, patients in keeper.most.items() if spot[2] and patients > 1}
    assert shared
    assert shared <= SHARED
    assert max(patients for spot, patients in keeper.most.items() if spot[2]) == 2


@pytest.mark.parametrize(("hospital", "low", "high"), [(LARGE, 0.9, 1.12), (SMALL, 0.6, 0.95)])
def test_a_hospital_stays_about_as_full_as_it_is_said_to_be(hospital, low, high):
    model, _ = begun(hospital)
    found = []
    for day in range(1, 22):
        lived(model, MONDAY + day * DAY)
        found.append(sum(model.truth()["patients"].values()) / len(hospital.beds))
    assert low < sum(found) / len(found) < high


def test_people_come_in_the_morning_and_go_home_before_and_after_noon(week):
    _, told = week

    def share(trigger: str, kind: str, first: int, last: int) -> float:
        hours = [
            (event.at + ZONE) % DAY / HOUR
            for event in told
            if event.trigger == trigger and event.kind == kind and event.at > MONDAY
        ]
        return sum(first <= hour < last for hour in hours) / len(hours)

    assert share("A04", "O", 7, 10) > 0.45
    assert share("A03", "I", 10, 16) > 0.75
    assert share("A01", "I", 22, 5) == 0 < share("A01", "I", 0, 5)


def test_the_past_at_a_first_start_tells_of_movements_only():
    model = model_of(loud_from=MONDAY + 12 * HOUR)
    told = list(model.begin()) + lived(model, MONDAY + DAY)
    noon = MONDAY + 12 * HOUR
    quiet = {event.trigger for event in told if event.at < noon}
    assert not quiet & {"A08", "A40"}
    assert not any(event.kind == "O" for event in told if event.at < noon)
    assert {"A01", "A02", "A03", "A04"} <= quiet
    assert {event.trigger for event in told if event.at >= noon} >= {"A08", "A40"}


def test_a_house_that_stood_still_goes_on_with_those_who_lay_there():
    model, _ = begun()
    lived(model, MONDAY + 8 * HOUR)
    before = model.truth()
    model.stand_still(MONDAY + 3 * DAY + 8 * HOUR)
    after = model.truth()
    assert after["beds"] == before["beds"]
    assert {ward: (day["start"], day["end"]) for ward, day in after["balance"].items()} == {
        ward: (patients, patients) for ward, patients in before["patients"].items()
    }
    (first, *_) = lived(model, MONDAY + 12 * HOUR)
    assert first.at > MONDAY + 3 * DAY + 8 * HOUR


def test_no_two_things_of_one_stay_happen_at_the_same_time(week):
    _, told = week
    moments = Counter((event.visit, event.at) for event in told if event.visit)
    assert moments.most_common(1)[0][1] == 1


def test_a_bed_that_is_not_listed_any_more_keeps_who_lies_in_it_until_the_end():
    model, _ = begun(SMALL)
    lived(model, MONDAY + HOUR)
    fewer = type(SMALL)(SMALL.code, SMALL.beds[4:], SMALL.emergency, SMALL.full)
    again = Model.load(fewer, json.loads(json.dumps(model.dump())))
    assert sum(again.truth()["patients"].values()) == sum(model.truth()["patients"].values())
    lived(again, MONDAY + 20 * DAY)
    assert sum(again.truth()["without_bed"].values()) == 0
