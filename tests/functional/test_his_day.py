"""A hospital's day from its HIS to the census, as an outsider sees it: `ioc run`, `ioc send`, the API and the pages.

All of it on one centre, in this order, as a feed would come; and nobody's identity anywhere, then or afterwards.
"""

import json
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from tests.functional.harness import ROOT, wait_for
from tests.functional.test_run import Run

SAMPLES = ROOT.parent / "shared" / "samples" / "hl7"
pytestmark = [pytest.mark.sockets, pytest.mark.skipif(not SAMPLES.exists(), reason="shared/samples is not here")]
DAY = SAMPLES / "day" / "day.hl7"
LATE = SAMPLES / "day" / "day-late-and-doubled.hl7"
SIMHOSPITAL = SAMPLES / "simhospital.hl7"
PAGES_AT_MOST = 80
FIRST_PAGES = (
    "/", "/wall/bv-mau", "/beds/bv-mau", "/quality", "/quality/bv-mau", "/quality/simulated-hospital", "/sources",
    "/quarantine", "/beds/simulated-hospital", "/api/v1/census?facility=bv-mau", "/api/v1/latest?facility=bv-mau",
    "/api/v1/census?facility=simulated-hospital", "/api/v1/quarantine", "/api/v1/sources", "/metrics", "/healthz",
)  # fmt: skip


class Centre:
    """A running centre, its commands and its API."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.web = re.search(r"web=(\S+)", run.out)[1]  # type: ignore[index] # READY has it
        self.mllp = re.search(r"mllp=(\S+)", run.out)[1]  # type: ignore[index]
        self.token = self.ioc("token", "create", "--role", "admin", "--scope", "*").stdout.strip()

    def ioc(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "ioc.cli", *words], cwd=ROOT, env=self.run.environ, capture_output=True, text=True,
            timeout=120, check=True,
        )  # fmt: skip

    def send(self, file: Path, *options: str) -> dict[str, Any]:
        report: dict[str, Any] = json.loads(self.ioc("send", str(file), "--to", self.mllp, "--json", *options).stdout)
        return report

    def page(self, path: str) -> tuple[int, bytes]:
        request = urllib.request.Request(self.web + path, headers={"Authorization": f"Bearer {self.token}"})
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def census(self, facility: str, at: str = "") -> dict[str, Any]:
        query = urllib.parse.urlencode({"facility": facility, **({"at": at} if at else {})})
        status, body = self.page(f"/api/v1/census?{query}")
        assert status == 200, body
        found: dict[str, Any] = json.loads(body)
        return found

    def settled(self) -> None:
        """Return once the census has what was acknowledged."""
        wait_for("the census has caught up", lambda: self._waiting() == 0)

    def _waiting(self) -> int:
        sources = json.loads(self.page("/api/v1/sources")[1])["items"]
        return int(next(source["backlog"] for source in sources if source["name"] == "journal-his"))


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    run = Run(tmp_path_factory.mktemp("his"), IOC_MLLP__BIND="127.0.0.1:0").start()
    try:
        yield Centre(run.wait_until_ready())
    finally:
        run.signal(signal.SIGTERM)


def counted(census: dict[str, Any]) -> dict[str, dict[str, int]]:
    return {
        ward["ward"]: {"patients": ward["patients"], "beds_occupied": ward["beds_occupied"]} for ward in census["wards"]
    }


def check_truth(centre: Centre) -> None:
    """Hour by hour, balance by balance, bed by bed."""
    truth = json.loads((SAMPLES / "day" / "day.truth.json").read_text())
    for hour in truth["hourly"]:
        assert counted(centre.census("bv-mau", hour["at"])) == hour["wards"], hour["at"]
    end = centre.census("bv-mau", truth["hourly"][-1]["at"])
    for ward, day in truth["day_balance"].items():
        found = end["balance"][ward]
        assert {name: found[name] for name in day} == day, ward
        assert found["corrected"] == 0
    beds = {
        (ward["ward"], bed["room"], bed["bed"]): bed for ward in end["wards"] for bed in ward["beds"]
    }  # fmt: skip
    occupants = {"^".join(spot): bed["patients"] for spot, bed in beds.items() if bed["patients"]}
    assert occupants == truth["final_bed_occupants"]
    for spot, status in truth["final_bed_status_reported"].items():
        assert beds[tuple(spot.split("^"))]["reported"] == status
    known = {
        ward["ward"]: [f"{bed['room']}^{bed['bed']}" for bed in ward["beds"] if bed["confirmed"]]
        for ward in end["wards"]
    }
    assert known == truth["beds"]


def test_a_day_ends_in_its_truth(centre: Centre) -> None:
    report = centre.send(DAY)
    assert report["answers"] == {"AA": 728}
    centre.settled()
    check_truth(centre)


def test_the_same_day_as_a_bad_link_brings_it_changes_nothing(centre: Centre) -> None:
    report = centre.send(LATE, "--connections", "8")
    assert report["answers"] == {"AA": 781}
    centre.settled()
    check_truth(centre)


def test_what_a_number_of_the_past_is_worth_is_said(centre: Centre) -> None:
    assert centre.census("bv-mau")["state"] == "stale"
    assert centre.census("bv-mau", "2026-11-20T12:00:00+07:00")["state"] == "fresh"
    values = json.loads(centre.page("/api/v1/latest?facility=bv-mau&metric=pt.inpatient")[1])["items"]
    assert {value["state"] for value in values} == {"stale"}
    truth = json.loads((SAMPLES / "day" / "day.truth.json").read_text())
    assert sum(value["value"] for value in values) == len_of_end(truth)


def len_of_end(truth: dict[str, Any]) -> int:
    return sum(truth["final_bed_occupants"].values())


@pytest.mark.parametrize("time", ["first", "second"])
def test_a_hospital_without_beds_in_the_registry_is_counted_and_a_second_time_too(centre: Centre, time: str) -> None:
    report = centre.send(SIMHOSPITAL, "--shift-to-now", "--connections", "4" if time == "second" else "1")
    assert report["answers"] == {"CA": 1013}
    centre.settled()
    census = centre.census("simulated-hospital")
    assert Counter({ward["ward"]: ward["patients"] for ward in census["wards"] if ward["patients"]}) == {
        "OtherWard": 344,
        "RenalWard": 56,
    }
    assert census["state"] == "fresh"
    assert census["quality"] == "test"


def test_nobodys_identity_is_kept_logged_or_shown(centre: Centre) -> None:
    wanted = Identities([DAY, LATE, SIMHOSPITAL])
    assert len(wanted.words) > 1_500 < len(wanted.phrases)
    files = [path for path in sorted(centre.run.folder.rglob("*")) if path.is_file()]
    assert any(path.name.startswith("journal-his") for path in files)
    for file in files:
        assert not wanted.found_in(file.read_bytes()), file
    for path, body in crawl(centre):
        assert not wanted.found_in(body), path


def crawl(centre: Centre) -> Iterator[tuple[str, bytes]]:
    """Every page and answer that can be reached from the first ones, up to a bound."""
    waiting, seen = list(FIRST_PAGES), set(FIRST_PAGES)
    for number in range(PAGES_AT_MOST):
        if number >= len(waiting):
            return
        path = waiting[number]
        status, body = centre.page(path)
        assert status == 200, (path, status, body[:300])
        yield path, body
        for link in re.findall(rb'href="(/[^"#]*)"', body):
            found = unescape(link.decode())
            wanted = ("mau" in found or "simulated" in found or "quality" in found) and "/static/" not in found
            if wanted and found not in seen:
                seen.add(found)
                waiting.append(found)


class Identities:
    """What the messages of files say of persons: numbers, and the words of names and addresses in their order.

    What stands between the words does not matter, nor whether a letter is written as itself or escaped.
    """

    WORD = re.compile(rb"[0-9A-Za-z\x80-\xff]+")
    ESCAPED = re.compile(rb"\\u([0-9a-fA-F]{4})")

    def __init__(self, files: list[Path]) -> None:
        self.words: set[bytes] = set()
        self.phrases: set[tuple[bytes, ...]] = set()
        for file in files:
            for line in re.split(r"[\r\n]+", file.read_text()):
                fields = [*line.split("|"), *[""] * 30]
                numbers = {"PID": (2, 3, 13, 14), "MRG": (1,), "PV1": (19,)}.get(fields[0], ())
                for number in numbers:
                    for repetition in fields[number].split("~"):
                        self._take(repetition.split("^")[0])
                if fields[0] == "PID":
                    self._take(fields[11].split("^")[0])
                    family, given, middle = [*fields[5].split("^")[:3], "", "", ""][:3]
                    for order in ((family, given), (family, middle, given), (given, middle, family), (given, family)):
                        self._take(" ".join(order))
        self._firsts = {phrase[0] for phrase in self.phrases}

    def _take(self, text: str) -> None:
        words = tuple(self.WORD.findall(text.encode()))
        if len(words) == 1 and len(words[0]) >= 6:
            self.words.add(words[0])
        elif len(words) > 1 and len(text) >= 8:
            self.phrases.add(words)

    def found_in(self, data: bytes) -> set[bytes]:
        """What of it stands there."""
        data = self.ESCAPED.sub(lambda match: chr(int(match[1], 16)).encode("utf-8", "replace"), data)
        words = self.WORD.findall(data)
        found = self.words.intersection(words)
        for place, word in enumerate(words):
            if word in self._firsts:
                for length in range(2, 9):
                    if tuple(words[place : place + length]) in self.phrases:
                        found.add(b" ".join(words[place : place + length]))
        return found
