import json

from collectors.simulator.messages import senders
from ioc.domain import MILLISECOND, parse_rfc3339

DAY_MS = 86_400_000
T0 = 1_790_000_000_000


def test_a_message_is_in_the_plain_profile_and_says_that_it_is_simulated(make_sender, catalogue):
    sender = make_sender("fridge")
    n = sender.nth(T0)
    message = json.loads(sender.payload(n))
    assert set(message) == {"ts", "seq", "q", "m"}
    assert message["seq"] == n
    assert message["q"] == "sim"
    assert parse_rfc3339(message["ts"]) == sender.time_ms(n) * MILLISECOND
    for key, entry in message["m"].items():
        assert entry["u"] == catalogue.get(f"fridge.{key}").unit
        assert isinstance(entry["v"], int if catalogue.get(f"fridge.{key}").states else float)


def test_the_topic_names_facility_area_class_and_device(make_sender):
    sender = make_sender("fridge")
    assert sender.topic(sender.nth(T0)) == "ioc/v1/bv01/kho/fridge/fridge-01/tele"


def test_only_what_the_registry_expects_of_the_device_is_sent(make_sender, make_device, catalogue):
    sender = make_sender("ups")
    assert set(json.loads(sender.payload(sender.nth(T0)))["m"]) == set(make_device("ups").keys)


def test_history_differs_from_live_only_by_its_mark(make_sender):
    sender = make_sender("room")
    n = sender.nth(T0)
    live, made = json.loads(sender.payload(n)), json.loads(sender.payload(n, hist=True))
    assert made.pop("hist") is True
    assert live == made


def test_a_device_keeps_its_interval_and_its_phase(make_sender):
    sender = make_sender("gas", interval_s=30)
    n = sender.nth(T0)
    assert T0 <= sender.time_ms(n) < T0 + 30_000
    assert sender.nth(sender.time_ms(n)) == n
    assert sender.nth(sender.time_ms(n) + 1) == n + 1
    assert sender.time_ms(n + 1) - sender.time_ms(n) == 30_000
    assert make_sender("gas", interval_s=30, code="gas-02").time_ms(n) != sender.time_ms(n)


def test_speed_lets_a_device_report_more_often(make_sender):
    assert make_sender("gas", interval_s=30, speed=10.0).interval_ms == 3_000


def test_devices_fall_silent_for_a_while_now_and_then(make_sender):
    fleet = [make_sender("pump", interval_s=60, code=f"p{n}") for n in range(100)]
    silent = [sum(s.silent(n) for n in range(s.nth(T0), s.nth(T0 + DAY_MS))) / 1_440 for s in fleet]
    assert 2 < sum(share > 0.006 for share in silent) < 25
    assert sum(silent) / len(silent) < 0.01


def test_a_few_messages_are_lost_and_a_few_are_late(make_sender):
    sender = make_sender("gas", interval_s=5)
    numbers = range(sender.nth(T0), sender.nth(T0 + 2 * DAY_MS))
    late = [delay for n in numbers if (delay := sender.delay_ms(n))]
    gaps = sum(sender.silent(n) and not sender.silent(n - 1) and not sender.silent(n + 1) for n in numbers)
    assert 2 <= len(late) <= 40
    assert all(15_000 <= delay <= 90_000 for delay in late)
    assert 2 <= gaps <= 40


def test_every_device_that_has_a_model_gets_a_sender(make_registry, make_device, catalogue):
    fridge, host = make_device("fridge"), make_device("gas", code="h1")
    unknown = type(host)(**{name: getattr(host, name) for name in host.__slots__} | {"device_class": "host"})
    registry = make_registry(fridge, unknown)
    assert [s.device.code for s in senders(registry, catalogue, ["bv01"], 1, 1.0)] == ["fridge-01"]
