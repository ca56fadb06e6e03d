"""What only a real InfluxDB can show: rights, the recorded behaviour behind the fake, nanoseconds, and names."""

from dataclasses import replace

import pytest

from ioc.config import Secret
from ioc.domain import MINUTE, VirtualClock
from ioc.errors import MisconfiguredError
from ioc.timeseries import DAY, HOUR, Rejected, Retention
from ioc.timeseries.influx import Server
from ioc.timeseries.influx_flux import Script
from ioc.timeseries.influx_store import InfluxStore
from tests.contracts import influxd

pytestmark = pytest.mark.sockets
T0 = 1_795_300_000_000_000_000

if influxd.PARAM:

    def test_the_token_may_use_its_buckets_and_no_others():
        with influxd.new_buckets() as mine, influxd.new_buckets() as theirs:
            server = Server(replace(theirs, token=mine.token))
            script = Script()
            script.ask("rows", script.rows(theirs.bucket, 0, T0))
            with pytest.raises(MisconfiguredError):
                server.write(theirs.bucket, f"a b=1.0 {T0}")
            with pytest.raises(MisconfiguredError):
                list(server.ask(script))
            with pytest.raises(MisconfiguredError):
                server.make_bucket("another", 0)
            assert not server.may_use_buckets()
            server.close()
            own = Server(mine)
            assert own.may_use_buckets()
            own.close()

    def test_a_token_for_readers_may_read_and_not_write():
        with influxd.new_buckets() as access:
            admin = Server(replace(access, token=Secret(influxd.running().token)))
            reader = Server(replace(access, token=admin.make_token("test", write=False)))
            assert reader.may_read_buckets()
            assert not reader.may_use_buckets()
            store = InfluxStore(reader.access, clock=VirtualClock(T0))
            assert store.window("fridge.temp", {}, T0, T0 + 1, every=MINUTE, how="sum") == []
            with pytest.raises(MisconfiguredError):
                store.write_lines([f"fridge temp=1.0 {T0}"])
            stranger = Server(replace(access, token=Secret("nobody's")))
            assert not stranger.may_read_buckets()
            for opened in (admin, reader, store, stranger):
                opened.close()

    def test_without_the_bucket_of_hours_all_goes_on_and_the_remedy_is_said():
        with influxd.new_buckets() as access:
            admin = Server(replace(access, token=Secret(influxd.running().token)))
            admin.drop_bucket(access.one_hour)
            store = InfluxStore(access, clock=VirtualClock(T0))
            store.write_lines([f"fridge temp={n}.0 {T0 - n * 10 * MINUTE}" for n in range(20)])
            for _ in range(2):
                with pytest.raises(MisconfiguredError) as caught:
                    store.roll_up(T0)
                assert "ioc timeseries init" in caught.value.hint
                sums = store.window("fridge.temp", {}, T0 - DAY, T0, every=HOUR, how="sum")
                assert sum(value or 0 for _, value, _ in sums[0].points) == sum(range(20))
            assert [reading.value for reading in store.latest_all()] == [0.0]
            admin.make_bucket(access.one_hour, 0)
            whole = InfluxStore(admin.access, clock=VirtualClock(T0))  # the token of before may not use the new bucket
            assert whole.roll_up(T0)
            assert whole.window("fridge.temp", {}, T0 - DAY, T0, every=HOUR, how="sum") == sums
            for opened in (admin, store, whole):
                opened.close()

    def test_a_set_up_server_is_not_set_up_again():
        server = Server(influxd.running().access())
        assert not server.set_up("other", "longenough", "token")
        server.close()

    def test_lines_that_only_the_server_refuses_are_found():
        with influxd.new_buckets() as access:
            store = InfluxStore(access, clock=VirtualClock(T0), retention=Retention())
            server = Server(access)
            server.write(access.bucket, f'fridge door="open" {T0}')
            lines = [f'fridge temp={n}.0,quality="good" {T0 + n}' for n in range(50)]
            lines[7] = f'fridge door=1.0,quality="good" {T0 + 7}'
            lines[20] = f'fridge temp=1_0.0,quality="good" {T0 + 20}'
            with pytest.raises(Rejected) as caught:
                store.write_lines(lines)
            assert [index for index, _ in caught.value.lines] == [7, 20]
            ((_, points),) = store.raw("fridge.temp", {}, T0, T0 + MINUTE)
            assert [time_ns - T0 for time_ns, _, _ in points] == [n for n in range(50) if n not in (7, 20)]
            server.close()
            store.close()

    def test_what_would_be_code_is_a_value():
        with influxd.new_buckets() as access:
            store = InfluxStore(access, clock=VirtualClock(T0))
            store.write_lines([f"fridge,device=a temp=1.0 {T0}"])
            for evil in ('a" or true or r.device == "', "a${1}", "a\\", '") |> drop(columns: ["device"'):
                assert store.latest("fridge.temp", {"device": evil}, MINUTE) == []
                assert store.latest(evil, {}, MINUTE) == []
                assert store.latest("fridge.temp", {evil: "a"}, MINUTE) == []
                assert store.window("fridge.temp", {"device": [evil, "b"]}, T0, T0 + 1, every=MINUTE, how="sum") == []
            store.close()
