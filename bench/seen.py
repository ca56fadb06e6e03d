"""From a value that a device publishes over MQTT to the screens that see it, through the whole centre.

``python bench/seen.py [--values N] [--simulate]``: publishes values of different series, so that each was quiet
for a second, and waits for each on the stream of the API, as a screen would. Prints p50 and p99.
"""

import argparse
import os
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

import orjson

sys.path.insert(0, str(Path(__file__).parent.parent))

from ioc.domain import rfc3339
from ioc.mqtt import MqttUrl, Publisher
from tests.browser.centre import Centre

PAUSE = 0.13  # seconds between values, so that they meet the ticks at every phase


class Screen:
    """Reads the stream in a thread and notes when each value came."""

    def __init__(self, centre: Centre) -> None:
        self.at: dict[tuple[str, float], float] = {}
        self.answer = centre.http.request(
            "GET",
            f"{centre.web}/api/v1/stream",
            fields={"facility": "bv01", "metric": "fridge.temp"},
            headers={"Authorization": f"Bearer {centre.token}"},
            preload_content=False,
            retries=False,
        )
        self.opened = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()
        assert self.opened.wait(10)

    def _read(self) -> None:
        rest = b""
        while chunk := self.answer.read1(1 << 16):
            now = time.perf_counter()
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                if line.startswith(b"data: "):
                    self.opened.set()
                    for value in orjson.loads(line[6:]).get("values", ()):
                        self.at.setdefault((value["tags"]["device"], value["value"]), now)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--values", type=int, default=300)
    parser.add_argument("--simulate", action="store_true", help="with the simulator and its history running beside")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        centre = Centre(Path(folder), simulate=args.simulate)
        centre.start()
        try:
            found = measure(centre, args.values)
        finally:
            centre.stop()
    found.sort()
    print(f"{os.cpu_count()} cores, {'simulator running' if args.simulate else 'nothing else running'}")
    p99 = found[min(len(found) - 1, int(len(found) * 0.99))]
    print(f"published -> seen on a stream   p50 {statistics.median(found):.0f} ms, p99 {p99:.0f} ms of {len(found)}")
    print("bound by the ticks of the present (100 ms) and of the hub (200 ms)")


def measure(centre: Centre, values: int) -> list[float]:
    """Milliseconds from each publication to its event."""
    screen = Screen(centre)
    sent: dict[tuple[str, float], float] = {}
    with Publisher(MqttUrl.parse(centre.mqtt)) as publisher:
        for number in range(values):
            device, value = f"bench-{number % 30}", 2 + number / 1000
            message = {"ts": rfc3339(time.time_ns() // 1_000_000 * 1_000_000), "m": {"temp": {"v": value, "u": "Cel"}}}
            sent[device, value] = time.perf_counter()
            publisher.publish(f"ioc/v1/bv01/kho-vac-xin/fridge/{device}/tele", orjson.dumps(message))
            time.sleep(PAUSE)
        assert publisher.flush(10) == 0
    time.sleep(2)
    missing = sent.keys() - screen.at.keys()
    assert not missing, f"{len(missing)} values never came"
    return [(screen.at[key] - began) * 1000 for key, began in sent.items()]


if __name__ == "__main__":
    main()
