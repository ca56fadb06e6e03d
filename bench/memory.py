"""What the whole embedded centre takes of memory: at rest, and while messages come.

`python bench/memory.py [--seconds 60] [--rate 2000]`: starts `ioc run` without the simulator and adds up the
proportional share (PSS) of each process, so that what they have in common counts once; then the same while so many
messages a second of six values each come in.
"""

import argparse
import multiprocessing
import re
import signal
import sys
import tempfile
import time
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.intake import publish
from tests.functional.test_run import Run

PARTS = ("supervisor", "broker", "worker", "scheduler", "web")


def shares(run: Run) -> dict[str, float]:
    """MiB of each part; of the web server with its workers."""
    found: dict[str, float] = {}
    for part in PARTS:
        process = psutil.Process(run.pid(part))
        own = [process, *(process.children(recursive=True) if part == "web" else [])]
        found[part] = sum(one.memory_full_info().pss for one in own) / 2**20
    return found


def show(what: str, found: dict[str, float]) -> None:
    """One line for each part, and the sum."""
    for part, share in found.items():
        print(f"{what:<12}{part:<12}{share:8.0f} MiB")
    print(f"{what:<12}{'all':<12}{sum(found.values()):8.0f} MiB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60.0, help="how long to rest, and how long messages come")
    parser.add_argument("--rate", type=float, default=2_000.0, help="messages a second")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run = Run(Path(folder)).start().wait_until_ready()
        try:
            time.sleep(options.seconds)
            show("at rest", shares(run))
            port = re.search(r"mqtt=mqtt://[^:]+:(\d+)", run.out)
            assert port
            words = (int(port[1]), int(options.rate * options.seconds), options.rate)
            publisher = multiprocessing.Process(target=publish, args=words)
            publisher.start()
            most: dict[str, float] = {}
            while publisher.is_alive():
                for part, share in shares(run).items():
                    most[part] = max(most.get(part, 0.0), share)
                time.sleep(1)
            show("under load", most)
        finally:
            run.signal(signal.SIGTERM)


if __name__ == "__main__":
    main()
