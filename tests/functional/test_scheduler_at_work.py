"""One scheduler as it runs: signs of life, and rules that change under it."""

from pathlib import Path

import pytest

from alerts import IncidentReader
from tests.functional.alerting import RULES, centre
from tests.functional.harness import wait_for

pytestmark = pytest.mark.sockets


def test_it_gives_a_sign_of_life_at_once_and_takes_new_rules_over_while_it_works(tmp_path: Path) -> None:
    with centre(tmp_path, watchdog=True) as made:
        process = made.start()
        wait_for("a sign of life", lambda: made.receiver.got)
        [(_, sign)] = made.receiver.got
        assert (sign["incident"], sign["rule"], sign["status"]) == ("watchdog", "watchdog", "firing")

        reader = IncidentReader(made.engine)
        file = tmp_path / "configs" / "rules" / "rules.yaml"
        file.write_text(RULES.replace("enter:", "entre:"), encoding="utf-8")
        wait_for("the bad rules are refused", lambda: reader.rules().refused_at_ns)
        assert "entre" in str(reader.rules().faults)
        made.value(9.1)
        made.wait_for("firing warning")  # by those of before

        file.write_text(RULES.replace("> 8", "> 8.5"), encoding="utf-8")
        wait_for("the good ones are taken", lambda: reader.rules().refused_at_ns is None)
        assert "8.5" in str(reader.rules().document)
        made.value(8.2)
        made.wait_for("resolved warning")
        assert reader.judged_until_ns() > 0
        assert made.end(process) == 0
