"""The pages of the manual that say what the program does are held to what it does."""

import subprocess
import sys
from pathlib import Path

from ioc.catalogue import load_catalogue
from ioc.errors import Reason

ROOT = Path(__file__).parents[4]
DEVICE_PAGE = (ROOT / "docs" / "connect-a-device.md").read_text(encoding="utf-8")


def test_the_page_of_the_command_line_is_what_help_prints():
    """Write it again with: python -m ioc.commands.docs > docs/cli.md."""
    # In a process of its own: click remembers the help option of a command that another test has called by itself.
    written = subprocess.run([sys.executable, "-m", "ioc.commands.docs"], cwd=ROOT, check=True, capture_output=True)
    assert (ROOT / "docs" / "cli.md").read_text(encoding="utf-8") == written.stdout.decode()


def test_every_key_that_a_device_can_send_is_listed_with_its_unit_and_its_states():
    rows = []
    for metric in load_catalogue(ROOT / "configs"):
        if "mqtt" in metric.producers:
            states = ", ".join(f"{n} {state.title.en}" for n, state in enumerate(metric.states))
            row = (f"`{metric.measurement}`", f"`{metric.field}`", f"`{metric.unit}`", states or metric.kind.value)
            rows.append(f"| {' | '.join(row)} |")
    table = "\n".join(["| class | key | unit | values |", "|---|---|---|---|", *rows, ""])
    assert table in DEVICE_PAGE, f"the table of docs/connect-a-device.md should be:\n{table}"


def test_every_reason_of_quarantine_is_explained():
    listed = [
        line.split("`")[1] for line in DEVICE_PAGE.splitlines() if line.startswith("| `") and line.count("|") == 3
    ]
    assert set(listed) >= {reason.value for reason in Reason}
