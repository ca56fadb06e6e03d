"""What a port may say of itself in its file."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from collectors.tcp.collector import read
from collectors.tcp.probe import TcpShape
from ioc.catalogue import Catalogue
from tests.unit.ioc.polling.world import REGISTRY, metric, write


@pytest.mark.parametrize("more", [{"port": 0}, {"port": 70_000}, {"host": ""}, {"as": "pc"}, {"as": "toaster"}])
def test_what_cannot_be_connected_to_is_refused(more: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        TcpShape.model_validate({"facility": "bv01", "host": "10.0.0.1", "port": 22} | more)


def test_how_often_it_must_be_asked_depends_on_what_it_speaks_of(tmp_path: Path) -> None:
    catalogue = Catalogue({"svc.up": metric("svc.up", 180), "printer.up": metric("printer.up", 1800)})
    text = """targets:
  a: {facility: bv01, host: h, port: 9100, as: printer, every: 10min}
  b: {facility: bv01, host: h, port: 9100, every: 10min}
"""
    write(tmp_path, "tcp", text)
    _, faults = read(tmp_path, REGISTRY, catalogue)
    assert len(faults) == 1
    assert "b: svc.up is late after 180 s" in faults[0].what
