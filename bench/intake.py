"""How many MQTT messages a second go through broker, worker, journal and store, and what they cost.

`python bench/intake.py [--messages N] [--rate R] [--broker mosquitto|iotcore]`: QoS 1, six values a message, from
100 devices, from a process of its own that speaks MQTT on a bare socket. Prints one line a figure.
"""

import argparse
import functools
import multiprocessing
import os
import socket
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.functional.harness import Stack, stack, wait_for

DEVICES = 100
WINDOW = 1_000
VALUES = (
    '"temp":{"v":4.2,"u":"Cel"},"temp_min":{"v":3.9,"u":"Cel"},"temp_max":{"v":4.7,"u":"Cel"},'
    '"humidity":{"v":45.5,"u":"%"},"door":{"v":0},"power":{"v":1}'
)


def length(number: int) -> bytes:
    """MQTT's way to write the length of a packet."""
    encoded = bytearray()
    while True:
        number, digit = divmod(number, 128)
        encoded.append(digit | (0x80 if number else 0))
        if not number:
            return bytes(encoded)


def publish(port: int, messages: int, rate: float) -> None:
    """Send so many messages, at most ``WINDOW`` of them not acknowledged; ``rate`` 0 is as fast as it goes."""
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client = b"bench"
        body = b"\x00\x04MQTT\x04\x02\x00\x3c" + len(client).to_bytes(2, "big") + client
        sock.sendall(b"\x10" + length(len(body)) + body)
        assert sock.recv(4) == b"\x20\x02\x00\x00"
        began = time.monotonic()
        sent = acknowledged = 0
        partial = 0
        while acknowledged < messages:
            due = messages if not rate else min(messages, int((time.monotonic() - began) * rate))
            until = min(due, acknowledged + WINDOW, sent + 100)
            if until > sent:
                sock.sendall(b"".join([packet(number) for number in range(sent, until)]))
                sent = until
            sock.settimeout(0.001 if sent < due and sent < acknowledged + WINDOW else 0.01)
            try:
                partial += len(sock.recv(1 << 16))
            except TimeoutError:
                continue
            acknowledged, partial = acknowledged + partial // 4, partial % 4


@functools.lru_cache(maxsize=2)
def written(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


def packet(number: int) -> bytes:
    seconds, millis = divmod(time.time_ns() // 1_000_000, 1_000)
    ts = f"{written(seconds)}.{millis:03d}Z"
    topic = f"ioc/v1/bv01/kho-vac-xin/fridge/bench-{number % DEVICES:02d}/tele".encode()
    payload = f'{{"ts":"{ts}","seq":{number},"m":{{{VALUES}}}}}'.encode()
    mid = (number % 65_000 + 1).to_bytes(2, "big")
    body = len(topic).to_bytes(2, "big") + topic + mid + payload
    return b"\x32" + length(len(body)) + body


def cpu_s(pid: int) -> float:
    """What a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def asked(path: Path, query: str) -> list[int]:
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10) as connection:
        row = connection.execute(query).fetchone()
    return list(row) if row else [0, 0]


def stored(running: Stack) -> int:
    """How many values of fridges lie in the embedded store; what this machine says of itself lies there too."""
    of = "(select id from series where metric like 'fridge.%')"
    return asked(running.settings.data_dir / "timeseries.sqlite", f"select count(*) from raw where series in {of}")[0]


def measure(running: Stack, messages: int, rate: float, count: Callable[[Stack], int] = stored) -> None:
    """Send, wait until everything is stored, and print what it cost; ``count`` says how many values are there."""
    data = running.settings.data_dir
    worker, broker = (running.processes[name].pid for name in ("worker", "broker"))
    before = cpu_s(worker), cpu_s(broker)
    publisher = multiprocessing.Process(target=publish, args=(running.port, messages, rate))
    began = time.monotonic()
    publisher.start()
    samples: list[tuple[float, int]] = []
    while not samples or samples[-1][1] < messages:
        time.sleep(0.25)
        accepted, updated_ns = asked(
            data / "ioc.sqlite", "select accepted, updated_ns from source_status where name = 'mqtt'"
        )
        if not samples or updated_ns / 1e9 > samples[-1][0]:
            samples.append((updated_ns / 1e9, accepted))
    publisher.join()
    acknowledged_s = time.monotonic() - began
    wait_for("the journal is drained", lambda: asked(data / "journal.sqlite", "select count(*) from entry") == [0], 120)
    stored_s = time.monotonic() - began
    used = cpu_s(worker) - before[0], cpu_s(broker) - before[1]
    points = count(running)
    assert points == messages * 6, f"{points} points of {messages * 6} are there"
    steady = [it for it in samples if 0.1 * messages <= it[1] <= 0.9 * messages]
    if len(steady) > 1:
        (t0, n0), (t1, n1) = steady[0], steady[-1]
        print(f"journalled and acknowledged, steady   {(n1 - n0) / (t1 - t0):8.0f} messages/s")
    print(f"until all are acknowledged            {messages / acknowledged_s:8.0f} messages/s ({acknowledged_s:.1f} s)")
    print(f"until all are stored                  {messages / stored_s:8.0f} messages/s ({stored_s:.1f} s)")
    print(f"worker                                {used[0] / messages * 1e5:8.2f} CPU s per 100,000 messages")
    print(f"broker                                {used[1] / messages * 1e5:8.2f} CPU s per 100,000 messages")
    print(f"cores used while it ran               worker {used[0] / stored_s:.2f}, broker {used[1] / stored_s:.2f}")
    bound = (
        "the worker's one interpreter"
        if used[0] / stored_s > 0.85
        else "the cores that broker, publisher and others share"
    )
    print(f"bound by                              {bound}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--messages", type=int, default=200_000)
    parser.add_argument("--rate", type=float, default=0.0, help="messages a second; 0: as fast as it goes")
    parser.add_argument("--broker", default="auto", choices=["auto", "mosquitto", "iotcore"])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, stack(Path(folder), options.broker) as running:
        running.start_worker()
        running.wait_for_worker()
        assert running.launch is not None
        print(
            f"{options.messages} messages of six values, QoS 1, through {running.launch.name}, {os.cpu_count()} cores"
        )
        measure(running, options.messages, options.rate)


if __name__ == "__main__":
    main()
