"""From a value that crosses a limit to the webhook that says so: our centre, and Prometheus with Alertmanager.

``python bench/alerts.py [--alarms N] [--rate N]``: 10,000 series under 200 rules on one machine. Ours is the whole
embedded stack, the value published over MQTT; Prometheus and Alertmanager, where they are installed, scrape and judge
each second and wait for no grouping. Prints p50 and p99 of each, and how many conditions each judges in a second.
"""

import argparse
import os
import random
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

import orjson
import urllib3
import yaml

sys.path.insert(0, str(Path(__file__).parent.parent))

from alerts.engine import Engine
from alerts.rules import load_rules
from ioc.catalogue import load_catalogue
from ioc.domain import Quality, rfc3339
from ioc.latest import Present
from ioc.mqtt import MqttUrl, Publisher
from ioc.registry import load_registry
from tests.browser.centre import Centre, wait_until
from tests.functional.harness import ROOT, free_port

SERIES, RULES = 10_000, 200
LIMIT, CALM, HOT = 8.0, 5.0, 12.0
SEED = 4
REPEATS = 20  # of judging all series
SETTLE_S = 10  # until each has met all series and rules
TOGETHER = ("prometheus", "prometheus-alertmanager")
TOPIC = "ioc/v1/bv01/kho-vac-xin/fridge/{}/tele"
NAMES = [f"bench-{number:05}" for number in range(SERIES)]
OF_RULE = SERIES // RULES

Times = dict[str, float]  # by series: when, on the clock of this process


class Receiver:
    """Takes webhooks on loopback; ``read`` gives the names of the series that a body says are alarming."""

    def __init__(self, read: Callable[[bytes], list[str]], text: Callable[[], bytes] = bytes) -> None:
        self.at: Times = {}
        at = self.at

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                now = time.perf_counter()
                for name in read(body):
                    at.setdefault(name, now)
                self._answer(b"")

            def do_GET(self) -> None:
                self._answer(text())

            def _answer(self, body: bytes) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def chosen(alarms: int) -> list[str]:
    """The series that alarm, the same in every run."""
    return random.Random(SEED).sample(NAMES, alarms)


def alarm_each(alarms: int, alarm: Callable[[str], float], at: Times) -> list[float]:
    """Let series after series alarm, each at any phase of whatever ticks; milliseconds until each was told."""
    chance = random.Random(SEED)
    sent: Times = {}
    for name in chosen(alarms):
        sent[name] = alarm(name)
        time.sleep(chance.uniform(0.1, 0.5))
    wait_until("every alarm was told", lambda: sent.keys() <= at.keys(), 60)
    return [(at[name] - began) * 1000 for name, began in sent.items()]


# ours


def configure(configs: Path, port: int) -> None:
    """200 rules in place of the shipped ones, and one person with a webhook."""
    shutil.copytree(ROOT / "configs", configs)
    for path in (configs / "rules").glob("*.yaml"):
        path.unlink()
    runbook = min((configs / "runbooks").glob("*.md")).name
    rules = [
        {
            "id": f"bench-{number}",
            "title": {"vi": "{device} {value:.1f}", "en": "{device} {value:.1f}"},
            "kind": "threshold",
            "read": {"metric": "fridge.temp", "where": {"device": NAMES[number * OF_RULE : (number + 1) * OF_RULE]}},
            "levels": {"critical": {"enter": f"> {LIMIT}"}},
            "missing": {"after": "30min"},
            "notify": {"group": "bench"},
            "ack": {"required_from": "critical", "expires": "30min", "reason": False},
            "owner": "bench",
            "runbook": f"runbooks/{runbook}",
            "review_by": "2099-01-01",
        }
        for number in range(RULES)
    ]
    write(configs / "rules" / "bench.yaml", {"schema": "ioc.rules/1", "rules": rules})
    person = {"name": "Bench", "language": "en", "webhook": f"http://127.0.0.1:{port}/"}
    group = {"title": {"vi": "Đo", "en": "Bench"}, "members": ["bench"]}
    people = {"schema": "ioc.people/1", "people": {"bench": person}, "groups": {"bench": group}}
    write(configs / "people.yaml", people)


def write(path: Path, content: object) -> None:
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")


def ours(folder: Path, alarms: int, rate: int) -> tuple[list[float], list[float], float]:
    """Milliseconds to the webhook and to the judgement, and conditions judged in a second."""
    with ExitStack() as stack:
        receiver = stack.enter_context(Receiver(told_by_us))
        configure(folder / "configs", receiver.port)
        per_second = judged(folder / "configs")
        centre = Centre(folder, extra={"IOC_NOTIFY__ALLOWED_HOSTS": f"127.0.0.1:{receiver.port}"})
        stack.callback(centre.stop)
        centre.start()
        publisher = stack.enter_context(Publisher(MqttUrl.parse(centre.mqtt)))
        for name in NAMES:
            publish(publisher, name, CALM)
        assert publisher.flush(60) == 0
        wait_until("all series are there", lambda: one(folder, "select count(*) from latest") >= SERIES, 60)
        time.sleep(SETTLE_S)
        walls: Times = {}

        def alarm(name: str) -> float:
            walls[name], began = time.time(), time.perf_counter()
            publish(publisher, name, HOT)
            return began

        with others(publisher, rate, alarms):
            found = alarm_each(alarms, alarm, receiver.at)
        rows = event_rows(folder)
        return found, [(rows[name] - wall) * 1000 for name, wall in walls.items()], per_second


def told_by_us(body: bytes) -> list[str]:
    message = orjson.loads(body)
    return [message["labels"]["device"]] if message["status"] == "firing" else []


def publish(publisher: Publisher, name: str, value: float) -> None:
    now = rfc3339(time.time_ns() // 1_000_000 * 1_000_000)
    publisher.publish(TOPIC.format(name), orjson.dumps({"ts": now, "m": {"temp": {"v": value, "u": "Cel"}}}))


@contextmanager
def others(publisher: Publisher, rate: int, alarms: int) -> Iterator[None]:
    """Beside it, ``rate`` values a second of the series that do not alarm here."""
    calm = sorted(set(NAMES) - set(chosen(alarms)))
    stop = threading.Event()

    def run() -> None:
        chance = random.Random(SEED + 1)
        while not stop.wait(0.05):
            for name in chance.choices(calm, k=rate // 20):
                publish(publisher, name, CALM + chance.random())

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def one(folder: Path, query: str) -> int:
    with sqlite3.connect(f"file:{folder}/data/ioc.sqlite?mode=ro", uri=True) as database:
        return int(database.execute(query).fetchone()[0])


def event_rows(folder: Path) -> Times:
    """By device: when it was judged, in seconds of the machine's clock."""
    query = "select labels, opened_at_ns from alert_incident where rule like 'bench-%'"
    with sqlite3.connect(f"file:{folder}/data/ioc.sqlite?mode=ro", uri=True) as database:
        return {orjson.loads(labels)["device"]: at_ns / 1e9 for labels, at_ns in database.execute(query)}


def judged(configs: Path) -> float:
    """Series judged in a second by the engine alone, in this process, while nothing alarms."""
    catalogue = load_catalogue(configs)
    registry = load_registry(configs, catalogue)
    engine = Engine(load_rules(configs, catalogue, registry, {"bench"}), registry)
    now_ns, found = time.time_ns(), []
    for turn in range(REPEATS):
        now_ns += 10_000_000_000
        changes = [
            Present(
                f"fridge.temp,device={name},facility=bv01,site=cs1,source=mqtt",
                CALM + turn / 100, Quality.GOOD, now_ns, now_ns, 600_000_000_000, turn,
            )
            for name in NAMES
        ]  # fmt: skip
        began = time.perf_counter()
        engine.step(changes, now_ns)
        found.append(SERIES / (time.perf_counter() - began))
    return statistics.median(found[1:])  # the first makes what is remembered


# Prometheus with Alertmanager

PROMETHEUS = """
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [{folder}/rules.yml]
alerting: {{alertmanagers: [{{static_configs: [{{targets: ["127.0.0.1:{alertmanager}"]}}]}}]}}
scrape_configs: [{{job_name: bench, static_configs: [{{targets: ["127.0.0.1:{exporter}"]}}]}}]
"""
ALERTMANAGER = """
route: {{receiver: bench, group_by: ["..."], group_wait: 0s, group_interval: 1s, repeat_interval: 4h}}
receivers: [{{name: bench, webhook_configs: [{{url: "http://127.0.0.1:{receiver}/"}}]}}]
"""


def theirs(folder: Path, alarms: int) -> tuple[list[float], float]:
    """Milliseconds to the webhook, and conditions judged in a second."""
    values = dict.fromkeys(NAMES, CALM)
    heads = {name: f'bench_value{{device="{name}",of="{n // OF_RULE}"}} ' for n, name in enumerate(NAMES)}

    def text() -> bytes:
        return ("# TYPE bench_value gauge\n" + "".join(f"{heads[n]}{v}\n" for n, v in values.items())).encode()

    def alarm(name: str) -> float:
        values[name] = HOT
        return time.perf_counter()

    with ExitStack() as stack:
        receiver = stack.enter_context(Receiver(told_by_them, text))
        ports = {"prometheus": free_port(), "alertmanager": free_port()}
        rules = [{"alert": f"bench-{n}", "expr": f'bench_value{{of="{n}"}} > {LIMIT}'} for n in range(RULES)]
        write(folder / "rules.yml", {"groups": [{"name": "bench", "rules": rules}]})
        more = {"folder": folder, "exporter": receiver.port, "receiver": receiver.port, **ports}
        (folder / "prometheus.yml").write_text(PROMETHEUS.format(**more))
        (folder / "alertmanager.yml").write_text(ALERTMANAGER.format(**more))
        start(stack, folder, "prometheus-alertmanager", "--cluster.listen-address=", ports["alertmanager"],
              f"--config.file={folder}/alertmanager.yml", f"--storage.path={folder}/alertmanager")  # fmt: skip
        start(stack, folder, "prometheus", f"--storage.tsdb.path={folder}/tsdb", ports["prometheus"],
              f"--config.file={folder}/prometheus.yml")  # fmt: skip
        base = f"http://127.0.0.1:{ports['prometheus']}"
        wait_until("Prometheus has judged", lambda: asked(base) > 0, 60)
        time.sleep(SETTLE_S)
        found = alarm_each(alarms, alarm, receiver.at)
        return found, SERIES / asked(base)


def told_by_them(body: bytes) -> list[str]:
    return [alert["labels"]["device"] for alert in orjson.loads(body)["alerts"] if alert["status"] == "firing"]


def start(stack: ExitStack, folder: Path, program: str, option: str, port: int, *more: str) -> None:
    """Start one of them on loopback; it is ended by its own pid."""
    log = stack.enter_context((folder / f"{program}.log").open("wb"))
    command = [program, f"--web.listen-address=127.0.0.1:{port}", option, *more]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    stack.callback(process.wait)
    stack.callback(process.terminate)


def asked(base: str) -> float:
    """How many seconds Prometheus took to judge all rules the last time; 0 where it has not yet."""
    try:
        text = urllib3.request("GET", f"{base}/metrics", retries=False, timeout=2.0).data.decode()
    except urllib3.exceptions.HTTPError:
        return 0.0
    lines = [line for line in text.splitlines() if line.startswith("prometheus_rule_group_last_duration_seconds{")]
    scraped = "prometheus_tsdb_head_series " in text
    return sum(float(line.rpartition(" ")[2]) for line in lines) if scraped else 0.0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--alarms", type=int, default=100)
    parser.add_argument("--rate", type=int, default=200, help="other values published meanwhile, a second")
    args = parser.parse_args()
    print(f"{os.cpu_count()} cores, {SERIES} series, {RULES} rules, {args.alarms} alarms")
    with tempfile.TemporaryDirectory() as folder:
        found, rows, speed = ours(Path(folder), args.alarms, args.rate)
    lines = [("ours, from MQTT to the judgement", rows, 0.0), ("ours, from MQTT to the webhook", found, speed)]
    if missing := [program for program in TOGETHER if not shutil.which(program)]:
        print(f"not compared: {' and '.join(missing)} not on the PATH")
    else:
        with tempfile.TemporaryDirectory() as folder:
            lines.append(("theirs, from exporter to the webhook", *theirs(Path(folder), args.alarms)))
    for name, times, per_second in lines:
        also = f"{per_second:10,.0f} conditions/s" if per_second else ""
        print(f"{name:36} p50 {statistics.median(times):6.0f} ms, p99 {p99(times):6.0f} ms {also}")
    if not missing:
        other, other_speed = lines[-1][1], lines[-1][2]
        ratios = statistics.median(other) / statistics.median(found), p99(other) / p99(found), speed / other_speed
        print("{:36} p50 {:5.1f} x, p99 {:5.1f} x, conditions {:.1f} x".format("how much better", *ratios))


def p99(times: list[float]) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * 0.99))]


if __name__ == "__main__":
    main()
