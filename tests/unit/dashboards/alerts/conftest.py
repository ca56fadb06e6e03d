"""What happens to an incident after it has opened."""

import pytest

from alerts.tables import events
from ioc.database import writing


@pytest.fixture
def happen(web):
    """Append a line to the timeline."""
    seq = iter(range(2, 100))

    def happen(kind, incident="i0123456789abcde", **more):
        now_ns = web.clock.now_ns()
        line = {"level": "critical", "quality": "good", "event_ns": now_ns, "at_ns": now_ns}
        with writing(web.services.engine) as connection:
            connection.execute(events.insert().values(incident=incident, seq=next(seq), kind=kind, **line | more))

    return happen
