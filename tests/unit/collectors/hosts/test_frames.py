"""Rates need two samples, codes need no escaping, and what is not known is not there."""

from dataclasses import replace

import pytest

from collectors.hosts.frames import frame, machine_frames, processors
from collectors.hosts.machine import Disk, Traffic
from ioc.catalogue import load_catalogue
from ioc.domain import Frame, Series
from ioc.polling import code_of, codes
from tests.unit.collectors.hosts.samples import GIB, sample

NOW = 1_800_000_000_000_000_000


def frames(now, before=None) -> list[Frame]:
    return list(machine_frames(now, before, "ioc-01", "hosts", NOW))


def values(found: list[Frame]) -> dict[str, float]:
    return {one.series(field).key: value for one in found for field, value in one.fields.items()}


def test_the_first_sample_gives_everything_but_rates() -> None:
    found = values(frames(sample()))
    own = "facility=_self,host=ioc-01,site=local,source=hosts"
    disk = "facility=_self,host=ioc-01,mount=root,site=local,source=hosts"
    assert found == {
        f"host.up,{own}": 1.0,
        f"host.load,{own}": 0.5,
        f"host.mem,{own}": 42.0,
        f"host.swap,{own}": 3.0,
        f"host.uptime,{own}": 3600.0,
        f"host.temp,{own}": 51.5,
        f"host.clock_offset,{own}": 0.8,
        f"host.disk,{disk}": 14.5,
        f"host.disk_free,{disk}": 80.0 * GIB,
    }


def test_the_second_gives_rates_by_the_time_between_them() -> None:
    now = sample(at=110.0, busy=505.0, all=1_020.0, traffic={"eth0": Traffic(21_000, 1_500)})
    found = {Series.parse(key).metric: value for key, value in values(frames(now, sample())).items()}
    assert found["host.cpu"] == 25.0
    assert (found["host.net_rx"], found["host.net_tx"]) == (2_000.0, 100.0)


def test_what_is_not_known_is_absent_and_never_0() -> None:
    found = frames(sample(swap=None, temp=None, clock_offset=None, disks={}, traffic={}))
    assert [set(one.fields) for one in found] == [{"up", "load", "mem", "uptime"}]


@pytest.mark.parametrize(
    "traffic", [{"eth0": Traffic(10, 500)}, {"eth0": Traffic(1_000, 10)}, {"eth1": Traffic(9_000, 9_000)}]
)
def test_counters_that_begin_anew_give_no_rate(traffic) -> None:
    found = frames(sample(at=110.0, traffic=traffic), sample())
    assert not any("net_rx" in one.fields for one in found)


def test_processors_that_were_not_counted_on_give_no_share() -> None:
    before = sample()
    assert processors(before, before) is None
    assert processors(replace(before, all=900.0), before) is None
    assert processors(replace(before, all=1_100.0, busy=490.0), before) == 0.0  # idle is counted twice at times
    assert processors(replace(before, all=1_100.0, busy=601.0), before) == 100.0


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("/", "root"),
        ("/var/lib", "var-lib"),
        ("/mnt/Ổ đĩa, 2=x", "mnt-a-2-x"),
        ("/mnt/my disk", "mnt-my-disk"),
        ("...", "root"),
        ("/" + "x" * 90, "x" * 64),
    ],
)
def test_a_path_becomes_a_code(text, code) -> None:
    assert code_of(text, "root") == code


def test_two_names_never_share_a_code() -> None:
    found = codes(["/", "/root", "/var/lib", "/var-lib", "/var lib"], "root")
    assert len(set(found.values())) == 5
    assert (found["/"], found["/var lib"]) == ("root", "var-lib")
    assert found["/root"].startswith("root-")


def test_each_of_several_disks_is_a_series() -> None:
    found = values(frames(sample(disks={"/": Disk(1.0, 2), "/var/lib": Disk(3.0, 4)})))
    assert {Series.parse(key).tag("mount") for key in found if key.startswith("host.disk,")} == {"root", "var-lib"}


def test_the_tags_are_those_that_the_catalogue_promises(request) -> None:
    catalogue = load_catalogue(request.config.rootpath / "configs")
    given = frames(sample(at=110.0, all=1_100.0), sample())
    assert {field for one in given for field in one.fields} == set(catalogue.fields_of("host")) - {"disk_days"}
    for one in given:
        for field in one.fields:
            series = one.series(field)
            promised = set(catalogue.metrics[series.metric].tags) - {"asset"}  # this machine need not be in a register
            assert {name for name, _ in series.tags} - {"source"} == promised


def test_a_frame_is_of_this_machine_with_its_tags_in_order() -> None:
    assert frame("svc", {"up": True, "latency": None}, NOW, source="hosts", service="web").line() == (
        f'svc,facility=_self,service=web,site=local,source=hosts up=1.0,quality="good" {NOW}'
    )
