from itertools import pairwise

import pytest

from collectors.simulator.chance import (
    DAY,
    EPOCH,
    HOUR,
    Dice,
    busy,
    busy_hours,
    hour_of_day,
    weekday,
)
from ioc.domain import parse_rfc3339

MONDAY_0930 = parse_rfc3339("2026-11-09T09:30:00+07:00") / 1e9


def test_the_same_words_always_throw_the_same_and_others_do_not():
    assert [Dice(1, "a").unit(n) for n in range(9)] == [Dice(1, "a").unit(n) for n in range(9)]
    assert Dice(1, "a").unit() != Dice(2, "a").unit() != Dice(1, "b").unit()
    assert Dice(1, "a").branch("x").unit() != Dice(1, "a").branch("y").unit()


def test_throws_are_even():
    throws = [Dice("even").unit(n) for n in range(-5_000, 5_000)]
    assert 0 <= min(throws) < 0.001
    assert 0.999 < max(throws) < 1
    assert sum(throws) / len(throws) == pytest.approx(0.5, abs=0.01)


def test_a_wave_is_smooth_and_keeps_between_minus_one_and_one():
    wave = [Dice("w").wave(EPOCH + t, 600) for t in range(0, 36_000, 5)]
    assert max(abs(b - a) for a, b in pairwise(wave)) < 0.03
    assert max(wave) <= 1
    assert min(wave) >= -1


def test_a_spell_is_the_same_from_wherever_it_is_looked_at():
    dice = Dice("s")
    seen = {dice.spell(EPOCH + t, every=HOUR, chance=0.5, shortest=60, longest=HOUR) for t in range(0, 86_400, 30)}
    spells = sorted(seen - {None}, key=lambda spell: spell.start)
    assert 6 <= len(spells) <= 20
    for spell in spells:
        assert 60 <= spell.end - spell.start <= HOUR
        assert spell.holds(spell.start)
        assert not spell.holds(spell.end)


def test_a_spell_is_remembered_after_its_end_for_as_long_as_asked():
    dice = Dice("s")
    how = {"every": HOUR, "chance": 0.5, "shortest": 60, "longest": HOUR}
    spell = next(s for t in range(0, 86_400, 30) if (s := dice.spell(EPOCH + t, **how)))
    assert spell in dice.spells(spell.end + 599, **how, memory=600)
    assert spell not in dice.spells(spell.end + 601, **how, memory=600)
    assert spell not in dice.spells(spell.start - 1, **how, memory=600)


def test_hours_and_weekdays_are_those_of_vietnam():
    assert hour_of_day(MONDAY_0930) == 9.5
    assert weekday(MONDAY_0930) == 0
    assert weekday(MONDAY_0930 - 9.6 * HOUR) == 6
    assert hour_of_day(EPOCH) == 0


def test_a_hospital_is_busy_before_noon_and_quiet_at_night():
    day = [busy(EPOCH + h * HOUR) for h in range(24)]
    assert min(day) > 0.03
    assert max(day) < 1
    assert day[10] > 0.85
    assert max(day[:5]) < 0.2
    assert max(day[21:]) < 0.5


def test_busy_hours_are_the_integral_of_busy_and_never_fall():
    step = 300.0
    summed = sum(busy(EPOCH + n * step + step / 2) * step / HOUR for n in range(int(3 * DAY / step)))
    assert busy_hours(EPOCH) == 0
    assert busy_hours(EPOCH + 3 * DAY) == pytest.approx(summed, abs=1e-3)
    assert busy_hours(EPOCH + 3 * DAY) == pytest.approx(36)
