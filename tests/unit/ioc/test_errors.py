"""Errors say what, where and how to mend it."""

from ioc.errors import Fault, RefuseToStartError


def test_a_refusal_names_every_fault() -> None:
    faults = [
        Fault("IOC-C001", "configs/a.yaml:3", "unknown metric 'fridge.tmp'.", "Did you mean 'fridge.temp'?"),
        Fault("IOC-C002", "IOC_WEB__BIND", "not host:port."),
    ]
    assert str(RefuseToStartError(faults)).splitlines() == [
        "configs/a.yaml:3: unknown metric 'fridge.tmp'. Did you mean 'fridge.temp'? [IOC-C001]",
        "IOC_WEB__BIND: not host:port. [IOC-C002]",
    ]
