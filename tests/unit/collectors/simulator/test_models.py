from itertools import pairwise

import pytest

from collectors.simulator.chance import DAY, EPOCH, HOUR
from collectors.simulator.models import MODELS
from collectors.simulator.power import CRANK_S

WEEK = 7 * DAY
SHARES = {"level", "charge", "battery", "fuel", "humidity", "load", "purity"}
STATES = {"status": 4, "ats": 2}
# The widest that a week may bring, faults included, and the middle in which nearly all of it lies.
RANGES = {
    "fridge.temp": (-1, 16, 2, 8),
    "fridge.temp_min": (-1, 16, 2, 8),
    "fridge.temp_max": (-1, 16, 2, 8),
    "o2.stock": (900, 9_000, 1_000, 9_000),
    "o2.press": (600, 1_000, 800, 1_000),
    "o2.purity": (84, 96, 91, 96),
    "o2.flow": (1, 130, 1, 110),
    "o2.dew_point": (-62, -54, -62, -54),
    "gas.press": (240, 440, 380, 440),
    "gas.flow": (10, 360, 10, 360),
    "ups.input": (0, 235, 210, 235),
    "ups.runtime": (1, 185, 20, 185),
    "ups.temp": (22, 42, 22, 36),
    "gen.start_battery": (25, 29, 25, 28),
    "mains.voltage": (0, 235, 210, 235),
    "mains.freq": (0, 50.1, 49.9, 50.1),
    "mains.power": (0, 560, 40, 560),
    "room.temp": (18, 38, 18, 28),
    "room.press": (-20, 20, -20, 20),
}


def a_week(model, step=120.0):
    return [model.at(EPOCH + 40 * DAY + n * step) for n in range(int(WEEK / step))]


@pytest.mark.parametrize("device_class", MODELS)
def test_every_value_of_a_week_is_plausible(device_class, subject, catalogue):
    for code in ("a", "b", "c"):
        week = a_week(MODELS[device_class](subject(device_class, code=code)))
        for key, metric in catalogue.fields_of(device_class).items():
            values = [float(values[key]) for values in week]
            if metric.states:
                assert set(values) <= set(range(len(metric.states))), metric.code
            elif key in SHARES:
                assert min(values) >= 0, metric.code
                assert max(values) <= 100, metric.code
            elif metric.code in RANGES:
                lowest, highest, low, high = RANGES[metric.code]
                assert lowest <= min(values), metric.code
                assert max(values) <= highest, metric.code
                assert sum(low <= value <= high for value in values) >= 0.95 * len(values), metric.code


@pytest.mark.parametrize("device_class", MODELS)
def test_a_model_gives_every_key_of_its_class(device_class, subject, catalogue):
    given = MODELS[device_class](subject(device_class)).at(EPOCH + 40 * DAY)
    assert set(catalogue.fields_of(device_class)) <= set(given)


@pytest.mark.parametrize("device_class", MODELS)
def test_the_same_seed_gives_the_same_values_and_another_one_others(device_class, subject):
    make = MODELS[device_class]
    moments = [EPOCH + 40 * DAY + n * 3_333 for n in range(60)]
    once, again, other = (make(subject(device_class, seed)) for seed in (7, 7, 8))
    assert [once.at(t) for t in moments] == [again.at(t) for t in reversed(moments)][::-1]
    assert [once.at(t) for t in moments] != [other.at(t) for t in moments]


def test_a_fridge_drifts_out_of_its_range_rarely_and_does_so(subject):
    shares = []
    for n in range(60):
        model = MODELS["fridge"](subject("fridge", code=f"tl-{n}", low=2.0, high=8.0))
        temps = [values["temp"] for values in a_week(model, step=900.0)]
        shares.append(sum(not 2 <= temp <= 8 for temp in temps) / len(temps))
    assert 0 < sum(share > 0 for share in shares) < 25
    assert max(shares) < 0.1


def test_a_freezer_and_an_incubator_keep_to_their_own_ranges(subject):
    for low, high in ((-25.0, -15.0), (36.0, 37.5), (None, -25.0), (20.0, 24.0)):
        model = MODELS["fridge"](subject("fridge", code="x", low=low, high=high))
        temps = sorted(values["temp"] for values in a_week(model))
        middle = temps[len(temps) // 2]
        assert (high - 12 if low is None else low) < middle < high


def test_a_fridge_warms_up_without_power_and_cools_down_again(subject):
    for n in range(400):
        model = MODELS["fridge"](subject("fridge", code=f"tl-{n}", low=2.0, high=8.0))
        spell = next((s for t in range(0, 600_000, 800) for s in model._unplugged(EPOCH + t, 0) if s.holds(EPOCH + t)
                      and s.end - s.start > 2_400), None)  # fmt: skip
        if spell:
            break
    before, during, after = (model._warmed(t) for t in (spell.start, spell.end - 1, spell.end + 3 * HOUR))
    assert model.at(spell.start + 5)["power"] == 0
    assert model.at(spell.end - 1)["compressor"] == 0
    assert model.at(spell.end - 1)["battery"] < 95
    assert before == pytest.approx(0, abs=0.01)
    assert during > 1
    assert after < 0.05


def test_a_fridge_never_jumps(subject):
    model = MODELS["fridge"](subject("fridge", low=2.0, high=8.0))
    temps = [model.at(EPOCH + n * 10)["temp"] for n in range(8_640)]
    assert max(abs(b - a) for a, b in pairwise(temps)) < 0.25


def test_the_oxygen_tank_empties_by_its_flow_and_is_filled_within_an_hour(subject):
    model = MODELS["o2"](subject("o2"))
    values = [model.at(EPOCH + n * 60) for n in range(14 * 1_440)]
    fills = rises = 0
    for a, b in pairwise(values):
        change = b["stock"] - a["stock"]
        rises += change > 0
        fills += a["level"] < 45 and change > 0
        if change <= 0:
            assert -change * 60 == pytest.approx(a["flow"], rel=0.1)
    assert 50 < rises < 240
    assert fills
    assert min(v["level"] for v in values) > 25


def test_a_manifold_of_cylinders_is_smaller_than_a_tank(subject):
    manifold, tank = (MODELS["o2"](subject("o2", use=use)) for use in ("manifold", "lox"))
    assert max(v["stock"] for v in a_week(manifold)) < 420
    assert min(v["stock"] for v in a_week(tank)) > 1_000


def test_vacuum_lies_below_zero_and_air_above(subject):
    assert MODELS["gas"](subject("gas", use="vacuum")).at(EPOCH)["press"] < -40
    assert MODELS["gas"](subject("gas", use="air")).at(EPOCH)["press"] > 350


def test_isolation_rooms_are_held_below_the_pressure_of_the_corridor_and_theatres_above(subject):
    assert max(v["press"] for v in a_week(MODELS["room"](subject("room", use="isolation")))) < 0
    assert min(v["press"] for v in a_week(MODELS["room"](subject("room", use="theatre")))) > 0


def _outages(power, days=1_500):
    found = {s for n in range(int(days * DAY / 100)) for s in power.outages(EPOCH + n * 100)}
    return sorted(found, key=lambda spell: spell.start)


def test_ups_and_generator_follow_the_mains_of_their_site(subject):
    mains, ups, gen = (MODELS[name](subject(name)) for name in ("mains", "ups", "gen"))
    power = subject("mains").power
    outages = _outages(power, 400)
    assert 15 < len(outages) < 80
    started = next(o for o in outages if not power.fails_to_start(o))
    t = started.start + CRANK_S / 2
    assert (mains.at(t)["present"], ups.at(t)["status"], gen.at(t)["running"]) == (0, 1, 0)
    assert mains.at(t)["voltage"] == ups.at(t)["input"] == mains.at(t)["power"] == 0
    t = started.start + CRANK_S + 1
    assert (mains.at(t)["present"], ups.at(t)["status"] in (0, 3), gen.at(t)["ats"]) == (0, True, 1)
    t = started.end + 1
    assert (mains.at(t)["present"], gen.at(t)["ats"]) == (1, 0)


def test_where_no_generator_starts_the_ups_discharges_and_charges_again(subject):
    power, ups, gen = subject("ups").power, *(MODELS[name](subject(name)) for name in ("ups", "gen"))
    failed = next(o for o in _outages(power) if power.fails_to_start(o) and o.end - o.start > 180)
    at_the_end = ups.at(failed.end - 1)
    assert gen.at(failed.end - 1)["fail_to_start"] == 1
    assert at_the_end["status"] in (1, 2)
    assert at_the_end["charge"] < 96
    assert at_the_end["runtime"] < ups.at(failed.start - 60)["runtime"]
    assert ups.at(failed.end + 5 * HOUR)["charge"] == 100


def test_generators_are_tried_on_sunday_mornings(subject):
    model = MODELS["gen"](subject("gen"))
    running = [n for n in range(4 * 7 * 24 * 12) if (v := model.at(EPOCH + n * 300))["running"] and v["ats"] == 0]
    assert len(running) == 12  # four Sundays, three looks each


@pytest.mark.parametrize(("device_class", "key"), [("mains", "energy"), ("vent", "hours")])
def test_counters_never_fall(device_class, key, subject):
    values = [values[key] for values in a_week(MODELS[device_class](subject(device_class)))]
    assert all(a <= b for a, b in pairwise(values))
    assert values[-1] > values[0]


def test_the_day_shows_in_what_is_used(subject):
    def used(device_class, hour):
        models = [MODELS[device_class](subject(device_class, code=f"x{n}")) for n in range(20)]
        return sum(m.at(EPOCH + day * DAY + hour * HOUR)["in_use"] for m in models for day in range(40, 45))

    assert used("imaging", 10) > 3 * used("imaging", 2)
    assert used("dialysis", 9) > 40
    assert used("dialysis", 3) == 0


def test_what_is_out_of_order_is_not_in_use(subject):
    weeks = (a_week(MODELS["pump"](subject("pump", code=f"p{n}")), 600) for n in range(200))
    faulty = next(found for week in weeks if (found := [values for values in week if values["fault"]]))
    assert not any(values["in_use"] for values in faulty)
