import json
from itertools import pairwise

import pytest

from collectors.simulator.history import LENGTH_MS, STEP_MS, History

T0 = 1_790_000_000_000


@pytest.fixture
def fleet(make_sender):
    return [make_sender("fridge"), make_sender("gas", interval_s=30), make_sender("pump", interval_s=600)]


@pytest.fixture
def make_history(tmp_path, fleet):
    def make(seed=1):
        return History(tmp_path / "simulator" / "state.json", seed, fleet)

    return make


def taken(history, limit=10**9):
    found = []
    while len(found) < limit and (item := history.take()):
        found.append((item[0].device.code, item[1]))
    return found


def test_the_first_start_makes_a_day_in_order_and_coarser_than_live(make_history, fleet):
    history = make_history()
    history.open(T0)
    made = taken(history)
    by_code = {sender.device.code: sender for sender in fleet}
    times = [by_code[code].time_ms(n) for code, n in made]
    assert min(times) >= T0 - LENGTH_MS - STEP_MS
    assert max(times) < T0
    assert all(later > earlier - STEP_MS for earlier, later in pairwise(times))
    assert 270 <= sum(code == "gas-01" for code, _ in made) <= 289
    assert 130 <= sum(code == "pump-01" for code, _ in made) <= 145
    assert len(set(made)) == len(made)
    assert history.left_ms == 0


def test_what_is_made_are_messages_that_would_have_been_sent_live(make_history, fleet):
    history = make_history()
    history.open(T0)
    by_code = {sender.device.code: sender for sender in fleet}
    assert not any(by_code[code].silent(n) for code, n in taken(history))


def test_a_restart_goes_on_and_together_nothing_is_missing(make_history):
    whole = make_history()
    whole.open(T0)
    expected = taken(whole)
    first = make_history()
    first.open(T0)
    before = taken(first, 300)
    first.save(T0)
    second = make_history()
    second.open(T0 + 30)
    after = taken(second)
    assert set(before) | set(after) >= set(expected)
    assert len(set(before) & set(after)) <= 3 + 3  # the step under way, and the one just before the restart


def test_when_all_is_made_a_quick_restart_makes_next_to_nothing(make_history):
    history = make_history()
    history.open(T0)
    taken(history)
    history.save(T0 + 60_000)
    again = make_history()
    again.open(T0 + 70_000)
    assert len(taken(again)) <= 3


def test_what_was_missed_while_nothing_ran_is_made_up_to_a_day(make_history):
    history = make_history()
    history.open(T0)
    taken(history)
    history.save(T0)
    soon, late = make_history(), make_history()
    soon.open(T0 + 3 * 3_600_000)
    late.open(T0 + 9 * LENGTH_MS)
    assert 35 <= sum(code == "gas-01" for code, _ in taken(soon)) <= 38
    assert 270 <= sum(code == "gas-01" for code, _ in taken(late)) <= 289


def test_a_gap_that_opens_while_history_is_made_is_made_after_it(make_history):
    history = make_history()
    history.open(T0)
    taken(history, 10)
    history.missed(T0 + 60_000, T0 + 1_000_000)
    taken(history)
    assert history.left_ms == 0
    history.missed(T0 + 2_000_000, T0 + 3_000_000)
    assert taken(history)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"seed": 1}', '{"seed": 1, "covered_ms": "x", "spans": [{}]}', "null"]
)
def test_a_state_that_cannot_be_read_counts_as_none(text, make_history, tmp_path):
    path = tmp_path / "simulator" / "state.json"
    path.parent.mkdir()
    path.write_text(text)
    history = make_history()
    history.open(T0)
    assert history.left_ms >= LENGTH_MS


def test_another_seed_begins_anew(make_history):
    history = make_history()
    history.open(T0)
    taken(history)
    history.save(T0)
    other = make_history(seed=2)
    other.open(T0)
    assert other.left_ms >= LENGTH_MS


def test_the_state_is_a_small_readable_file_and_no_half_of_one(make_history, tmp_path):
    history = make_history()
    history.open(T0)
    history.save(T0)
    files = list((tmp_path / "simulator").iterdir())
    assert [file.name for file in files] == ["state.json"]
    assert json.loads(files[0].read_text())["seed"] == 1
