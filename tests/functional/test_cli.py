"""The commands as a newcomer types them, against a real broker and worker."""

import base64
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.functional.harness import ROOT, Stack, free_port, stack, wait_for

pytestmark = pytest.mark.sockets
TOPIC = "ioc/v1/bv01/kho-vac-xin/fridge/tl-01/tele"


def ioc(made: Stack, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ioc.cli", *words],
        input=stdin, capture_output=True, text=True, timeout=60, check=False, env={**os.environ, **made.environ},
    )  # fmt: skip


def stamp(seconds_ago: float = 0.0) -> str:
    return (
        (datetime.now(UTC) - timedelta(seconds=seconds_ago)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )


def line(temp: float, seconds_ago: float = 0.0, topic: str = TOPIC) -> str:
    return json.dumps({"topic": topic, "payload": {"ts": stamp(seconds_ago), "m": {"temp": {"v": temp, "u": "Cel"}}}})


@pytest.fixture(scope="module")
def made(tmp_path_factory, request) -> Stack:
    with stack(tmp_path_factory.mktemp("cli"), "auto") as found:
        found.start_worker()
        found.wait_for_worker()
        yield found


def test_a_file_is_sent_and_every_message_is_acknowledged_and_stored(made, tmp_path):
    file = tmp_path / "messages.jsonl"
    file.write_text("\n".join(line(4 + n / 100, seconds_ago=n) for n in range(50)) + "\n")
    result = ioc(made, "send", str(file), "--to", str(made.url))
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("50 acknowledged, 0 failed, 0 bad lines")
    wait_for("they are stored", lambda: len({t for s, t, _ in made.stored("fridge.temp")}) >= 50)


def test_standard_input_a_rate_and_the_report_as_json(made):
    begun = time.monotonic()
    text = "".join(line(4, n) + "\n" for n in range(21))
    result = ioc(made, "send", "-", "--to", str(made.url), "--rate", "20", "--json", stdin=text)
    report = json.loads(result.stdout)
    assert time.monotonic() - begun > 1
    assert (report["acknowledged"], report["failed"], report["bad_lines"]) == (21, 0, [])
    assert 10 < report["rate"] < 25


def test_bad_lines_are_named_by_file_and_line_and_the_others_go_on(made, tmp_path):
    file = tmp_path / "bad.jsonl"
    file.write_text('{"topic": 5}\nnot json\n\n' + line(4) + '\n{"topic": "a/#", "payload": {}}\n')
    result = ioc(made, "send", str(file), "--to", str(made.url))
    assert result.returncode == 1
    assert result.stdout.startswith("1 acknowledged, 0 failed, 3 bad lines")
    assert f'{file}:1: "topic" is missing' in result.stderr
    assert f"{file}:2: not JSON" in result.stderr
    assert f"{file}:5: not a topic" in result.stderr


def test_an_old_recording_is_moved_to_now(made, tmp_path):
    file = tmp_path / "old.jsonl"
    file.write_text("\n".join(line(9.25, seconds_ago=500 * 86_400 + n) for n in (60, 0, 30)))
    assert ioc(made, "send", str(file), "--to", str(made.url), "--shift-to-now").returncode == 0

    def times() -> list[int]:
        return sorted(t for _, t, value in made.stored("fridge.temp") if value == 9.25)

    wait_for("they are stored", lambda: len(times()) == 3)
    first, second, third = times()
    assert abs(time.time_ns() - third) < 20e9
    assert (third - first, third - second) == (60_000_000_000, 30_000_000_000)


def test_bad_input_is_quarantined_shown_and_sent_again_or_discarded(made):
    raw = base64.b64encode(b"\xff\x00 no json").decode()
    topic = TOPIC.replace("tl-01", "tl-03")
    lines = [json.dumps({"topic": topic, "payload_base64": raw}), json.dumps({"topic": topic, "payload": "plain text"})]
    assert ioc(made, "send", "-", "--to", str(made.url), stdin="\n".join(lines)).returncode == 0

    def listed() -> list[dict[str, object]]:
        return json.loads(ioc(made, "quarantine", "list", "--reason", "json", "--json").stdout)["items"]

    wait_for("both are quarantined", lambda: len(listed()) == 2)
    text, binary = (str(item["id"]) for item in listed())
    assert "not JSON" in ioc(made, "quarantine", "list").stdout
    assert topic in ioc(made, "quarantine", "show", binary).stdout
    assert ioc(made, "quarantine", "show", text, "--raw").stdout == "plain text"
    assert ioc(made, "quarantine", "resend", text).returncode == 0
    wait_for(
        "it did not go through again",
        lambda: json.loads(ioc(made, "quarantine", "show", text, "--json").stdout)["resend_requested_at"] is None,
    )
    assert ioc(made, "quarantine", "discard", text, binary).stdout == "2 discarded.\n"
    assert listed() == []
    again = ioc(made, "quarantine", "discard", binary)
    assert again.returncode == 1
    assert f"no open item {binary}" in again.stderr


def test_the_doctor_tells_late_stale_and_missing(made):
    lines = [line(4), line(4, 400, TOPIC.replace("tl-01", "tl-02")), line(4, 4_000, TOPIC.replace("tl-01", "la-02"))]
    ioc(made, "send", "-", "--to", str(made.url), stdin="\n".join(lines))

    def devices() -> dict[str, str]:
        report = json.loads(ioc(made, "doctor", "--json").stdout)
        assert report["ok"] is False
        return {it["device"]: it["state"] for it in report["devices"] if it["facility"] == "bv01"}

    wait_for("the unknown device is listed", lambda: devices().get("la-02") == "stale")
    found = devices()
    assert found["tl-02"] in ("late", "stale", "missing")
    text = ioc(made, "doctor").stdout
    assert "unconfirmed device: bv01/la-02" in text
    assert "Not running: " in text
    assert "The worker works." in text
    assert "answers." in text
    assert "missing" in text


def test_the_doctor_sees_a_worker_that_is_gone_and_names_its_fault(tmp_path):
    with stack(tmp_path, "auto") as mine:
        mine.start_worker()
        mine.wait_for_worker()
        mine.kill("worker")
        mine.kill("broker")
        report = json.loads(ioc(mine, "doctor", "--json").stdout)
        faults = {finding["area"]: finding["what"] for finding in report["findings"] if finding["level"] == "fault"}
        assert "Connection refused" in faults["broker"]
        assert "None of the" in faults["values"]


def test_an_unreachable_broker_is_one_sentence(made):
    result = ioc(made, "send", "-", "--to", f"mqtt://127.0.0.1:{free_port()}", stdin=line(4))
    assert result.returncode == 1
    assert "cannot reach mqtt://127.0.0.1" in result.stderr
    assert "Traceback" not in result.stderr


def test_the_examples_of_the_manual_work_as_pasted(made):
    manual = (ROOT / "docs" / "connect-a-device.md").read_text(encoding="utf-8")
    examples = [block.partition("```")[0] for block in manual.split("```sh\n")[1:]]
    assert len(examples) >= 3
    for example in examples:
        command = example.replace(".venv/bin/ioc", ".venv/bin/python -m ioc.cli")
        command = command.replace(".venv/bin/python", shlex.quote(sys.executable)).replace(":1883", f":{made.port}")
        command = command.replace("-p 1883", f"-p {made.port}").replace("port=1883", f"port={made.port}")
        if "mosquitto_pub" in command and not shutil.which("mosquitto_pub"):
            continue  # it comes with Debian's mosquitto-clients, which nothing here needs
        before = len(made.stored("fridge.temp"))
        result = subprocess.run(
            ["bash", "-euc", command], cwd=ROOT, env={**os.environ, **made.environ}, capture_output=True, text=True,
            timeout=60, check=False,
        )  # fmt: skip
        assert result.returncode == 0, (command, result.stdout, result.stderr)
        wait_for(f"a value came by: {command}", lambda before=before: len(made.stored("fridge.temp")) > before)
