"""From a value written to the present to the screens that see it, through a real gunicorn.

``python bench/stream.py [--screens 500] [--changes 20] [--view hospital]``: one screen measures how long a value
takes from the commit in the table ``latest`` to its event, first with no other screen, then with many, while other
values change; and what the web worker costs meanwhile.
"""

import argparse
import gc
import os
import selectors
import socket
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parent.parent))

from ioc.access import Role, Scope, Tokens
from ioc.domain import SystemClock
from tests.functional.server import Server, server

FRIDGE = "fridge.temp,device=tl-01,facility=bv01,site=cs1"


class Crowd:
    """Screens that read everything and look at nothing, in one thread."""

    def __init__(self, port: int, token: str, query: str, count: int) -> None:
        self.events = 0
        self.bytes = 0
        self.lags: list[float] = []
        self._selector = selectors.DefaultSelector()
        self._stop = False
        request = f"GET /api/v1/stream?{query} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
        for _ in range(count):
            connection = socket.create_connection(("127.0.0.1", port))
            connection.sendall(request)
            connection.settimeout(0)
            self._selector.register(connection, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop:
            for key, _ in self._selector.select(0.2):
                data = key.fileobj.recv(1 << 20)
                self.bytes += len(data)
                at = data.rfind(b'"now_ms":')
                if b"event: delta" in data and at >= 0:
                    self.events += 1
                    sent = int(data[at + 9 : at + 22])
                    self.lags.append(time.time() - sent / 1000)

    def close(self) -> None:
        self._stop = True
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()


def seen_after(web: Server, changes: int) -> list[float]:
    """Milliseconds from the commit of a value to its event on a screen that was quiet for over a second."""
    found = []
    with web.stream("metric=fridge.temp&facility=bv01&device=tl-01") as screen:
        screen.until("snapshot")
        for number in range(changes):
            time.sleep(1.05 + (number * 37 % 200) / 1000)
            value = float(number) + time.time() % 1
            begin = time.perf_counter()
            web.put(FRIDGE, value)
            while screen.value("tl-01", "fresh")["value"] != value:
                pass
            found.append((time.perf_counter() - begin) * 1000)
    return found


def worker_of(web: Server) -> psutil.Process:
    return psutil.Process(web.process.pid).children()[0]


def quantiles(values: list[float]) -> str:
    ordered = sorted(values)
    p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    return f"p50 {statistics.median(ordered):.0f} ms, p99 {p99:.0f} ms of {len(ordered)}"


def churn(web: Server, keys: list[str], stop: threading.Event) -> None:
    """Some values change all the time, as devices do: each about every ten seconds."""
    turn = 0
    while not stop.wait(0.1):
        turn += 1
        web.offer({key: float(turn) for key in keys[turn % 100 :: 100]})


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--screens", type=int, default=500)
    parser.add_argument("--changes", type=int, default=20)
    parser.add_argument(
        "--view", default="hospital", help="What the other screens show; `values` for the plain stream."
    )
    args = parser.parse_args()
    gc.disable()
    with tempfile.TemporaryDirectory() as folder, server(Path(folder)) as web:
        items = web.get("/api/v1/latest")["items"]
        keys = [",".join([item["metric"], *(f"{tag}={code}" for tag, code in item["tags"].items())]) for item in items]
        keys = [key for key in keys if key != FRIDGE]
        print(f"{os.cpu_count()} cores, {len(keys)} series, one web worker")
        print(f"one screen, nothing else: seen after {quantiles(seen_after(web, args.changes))}")
        stop = threading.Event()
        changing = threading.Thread(target=churn, args=(web, keys, stop))
        changing.start()
        text, _ = Tokens(web.engine, SystemClock()).create(Role.ADMIN, Scope(), "crowd", actor="bench")
        query = (
            "facility=bv01&metric=fridge.temp" if args.view == "values" else f"view={args.view}&facility=bv01&lang=vi"
        )
        for screens in sorted({0, args.screens}):
            crowd = Crowd(web.port, text, query, screens)
            time.sleep(3)
            worker, begin = worker_of(web), time.perf_counter()
            before, events, received = sum(worker.cpu_times()[:2]), crowd.events, crowd.bytes
            crowd.lags.clear()
            found = seen_after(web, args.changes)
            spent = sum(worker.cpu_times()[:2]) - before
            seconds = time.perf_counter() - begin
            page = time.perf_counter()
            web.request("GET", "/api/v1/sources")
            page = (time.perf_counter() - page) * 1000
            print(f"{screens} screens, {len(keys) / 10:.0f} values/s: seen after {quantiles(found)}")
            if screens:
                lags = quantiles([lag * 1000 for lag in crowd.lags])
                rate, size = (crowd.events - events) / seconds, (crowd.bytes - received) / (crowd.events - events)
                print(f"  {rate:.0f} deltas/s of {size / 1024:.1f} KiB to screens, hub to screen {lags}")
            memory = worker.memory_info().rss / 2**20
            print(f"  web worker {100 * spent / seconds:.1f} % of a core, {memory:.0f} MiB; another page {page:.0f} ms")
            crowd.close()
        stop.set()
        changing.join()
        print([line for line in web.request("GET", "/metrics")[2].decode().splitlines() if line.startswith("ioc_hub")])


if __name__ == "__main__":
    main()
