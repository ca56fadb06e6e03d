"""What only a real InfluxDB can show: rights, the recorded behaviour behind the fake, nanoseconds, and names."""

from dataclasses import replace

import pytest

from ioc.domain import MINUTE, VirtualClock
from ioc.errors import MisconfiguredError
from ioc.timeseries import Rejected, Retention
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
