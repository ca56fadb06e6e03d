"""The pages of the manual that say what the program does are held to what it does."""

import re
import subprocess
import sys
from pathlib import Path

from collectors.hl7.decode import decode
from collectors.hl7.identity import Identity
from collectors.hl7.sources import load_sources
from ioc.catalogue import load_catalogue
from ioc.census import FindingKind
from ioc.commands.his import HARMLESS
from ioc.commands.hl7_file import header, messages_of
from ioc.domain import FactKind, parse_rfc3339
from ioc.errors import Reason
from ioc.registry import load_registry

NOW = parse_rfc3339("2026-11-23T01:30:01Z")

ROOT = Path(__file__).parents[4]
DEVICE_PAGE = (ROOT / "docs" / "connect-a-device.md").read_text(encoding="utf-8")
HIS_PAGE = (ROOT / "docs" / "connect-his.md").read_text(encoding="utf-8")


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


def test_every_reason_of_quarantine_is_explained_to_those_whom_it_may_meet():
    lines = [*DEVICE_PAGE.splitlines(), *HIS_PAGE.splitlines()]
    listed = [line.split("`")[1] for line in lines if line.startswith("| `") and line.count("|") == 3]
    assert set(listed) >= {reason.value for reason in Reason}


def test_the_messages_that_connect_a_his_are_what_the_page_says_of_them():
    sources = load_sources(ROOT / "configs", load_registry(ROOT / "configs", load_catalogue(ROOT / "configs")))
    found = []
    for block in re.findall(r"<<EOF\n(.*?)EOF\n", HIS_PAGE, flags=re.DOTALL):
        (message,) = messages_of(block.replace("$now", "20261123083000+0700").encode())
        head = header(message)
        named = sources.named(head.application.decode(), head.facility.decode())
        facts = decode(message, named[0], Identity("x" * 32), NOW).facts if named else ()
        found.append([(fact.kind, fact.spot.ward) for fact in facts])
    moved = [(FactKind.TRANSFERRED, "NOI2")]
    assert found == [[], [(FactKind.ADMITTED, "NOI")], moved, [(FactKind.ADMIT_CANCELLED, "NOI2")]]


def test_everything_that_may_be_wrong_with_a_feed_is_explained():
    words = [kind.replace("_", " ") for kind in FindingKind if kind not in HARMLESS]
    rows = [line.split("|")[1] for line in HIS_PAGE.splitlines() if line.startswith("| ") and line.count("|") == 4]
    assert [word for word in words if not any(word in row for row in rows)] == []
