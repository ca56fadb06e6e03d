"""Which broker to run, and its configuration.

What both are held to: they listen on this machine only, take packets of 8 MB, and hold what the worker has not
acknowledged. Mosquitto keeps that on disk too; the broker of the ``iotcore`` package holds it in memory.
"""

import importlib.util
import os
import shutil
import signal
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ioc.config import Address, Settings
from ioc.errors import Fault, RefuseToStartError

MAX_PACKET = 8 << 20
SAVE_S = 2.0
INFLIGHT = 2_000
QUEUED_MESSAGES, QUEUED_BYTES = 500_000, 512 << 20  # 4 minutes at 2,000 a second, hours at a hospital's usual 40
SEGMENTS, SEGMENT_BYTES = 12, 8 << 20  # iotcore: its log of the last messages, all of it in memory
SESSIONS = "sessions.db"
NOT_ON_PATH = ("/usr/sbin", "/usr/local/sbin")

_MOSQUITTO = """\
# Written at every start; changes here are lost.
listener {port} {host}
allow_anonymous true
# Root's Mosquitto becomes a user who may not write here unless told not to; other users' does not read this.
user root
persistence true
persistence_location {folder}/
persistence_file {sessions}
autosave_interval 1
persistent_client_expiration 2m
max_inflight_messages {inflight}
max_queued_messages {messages}
max_queued_bytes {bytes}
# Larger packets end the connection; message_size_limit would acknowledge and drop them.
max_packet_size {packet}
set_tcp_nodelay true
connection_messages false
log_dest stderr
log_type error
log_type warning
log_type notice
log_timestamp_format %Y-%m-%dT%H:%M:%S
"""

_IOTCORE = """\
# Written at every start; changes here are lost.
id = 0

[router]
id = 0
max_connections = 10010
max_outgoing_packet_count = 200
max_segment_size = {segment}
max_segment_count = {segments}

[v4.1]
name = "v4-1"
listen = "{address}"
next_connection_delay_ms = 1

[v4.1.connections]
connection_timeout_ms = 60000
max_payload_size = {packet}
max_inflight_count = {inflight}
dynamic_filters = false
"""


@dataclass(frozen=True, slots=True)
class Launch:
    """How to start the chosen broker. ``sessions`` is the file in which it keeps them, None where it cannot."""

    name: str
    command: tuple[str, ...]
    sessions: Path | None

    def save(self, pid: int) -> None:
        """Have it write its sessions to disk now; returns when it has, or after ``SAVE_S``."""
        if self.sessions is None:
            return
        began_ns = time.time_ns()
        os.kill(pid, signal.SIGUSR1)
        until = time.monotonic() + SAVE_S
        while time.monotonic() < until:
            with suppress(OSError):
                if self.sessions.stat().st_mtime_ns >= began_ns - 10_000_000:  # file systems stamp by the tick
                    return
            time.sleep(0.01)


def find_mosquitto() -> str:
    """The program's path, or an empty string. Debian puts it where a plain user's PATH does not look."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *NOT_ON_PATH])
    return shutil.which("mosquitto", path=path) or ""


def choose(settings: Settings) -> str:
    """``mosquitto`` or ``iotcore``; raises RefuseToStartError where the one asked for, or both, are missing."""
    wanted = settings.mqtt.broker
    if wanted in ("auto", "mosquitto") and find_mosquitto():
        return "mosquitto"
    if wanted in ("auto", "iotcore") and importlib.util.find_spec("iotcore") is not None:
        return "iotcore"
    hint = {
        "mosquitto": "sudo apt-get install mosquitto",
        "iotcore": f"{sys.executable} -m pip install iotcore",
        "auto": "sudo apt-get install mosquitto, or set IOC_MQTT__URL to a broker that runs elsewhere.",
    }[wanted]
    what = "no MQTT broker is installed." if wanted == "auto" else f"the broker {wanted} is not installed."
    raise RefuseToStartError([Fault("IOC-M001", "IOC_MQTT__BROKER", what, hint)])


def check_bind(address: Address) -> list[Fault]:
    """The embedded broker knows no passwords and no TLS, so only this machine may reach it."""
    if address.is_loopback:
        return []
    return [
        Fault(
            "IOC-M002",
            "IOC_MQTT__BIND",
            f"the embedded broker would listen on {address} without passwords and TLS.",
            "Use 127.0.0.1, or run a broker with both and name it: IOC_MQTT__URL=mqtts://user:password@host:8883",
        )
    ]


def prepare(settings: Settings, address: Address) -> Launch:
    """Write the chosen broker's configuration for ``address``, and say how to start it."""
    name = choose(settings)
    if faults := check_bind(address):
        raise RefuseToStartError(faults)
    folder = settings.data_dir / "broker"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if name == "mosquitto":
        return _mosquitto(folder, address)
    return _iotcore(folder, address)


def _mosquitto(folder: Path, address: Address) -> Launch:
    file = folder / "mosquitto.conf"
    file.write_text(
        _MOSQUITTO.format(
            port=address.port,
            host="127.0.0.1" if address.host == "localhost" else address.host,
            folder=folder,
            sessions=SESSIONS,
            inflight=INFLIGHT,
            messages=QUEUED_MESSAGES,
            bytes=QUEUED_BYTES,
            packet=MAX_PACKET,
        ),
        encoding="utf-8",
    )
    return Launch("mosquitto", (find_mosquitto(), "-c", str(file)), folder / SESSIONS)


def _iotcore(folder: Path, address: Address) -> Launch:
    file = folder / "iotcore.toml"
    host = "127.0.0.1" if address.host == "localhost" else address.host
    file.write_text(
        _IOTCORE.format(
            address=Address(host, address.port),
            segment=SEGMENT_BYTES,
            segments=SEGMENTS,
            packet=MAX_PACKET,
            inflight=INFLIGHT,
        ),
        encoding="utf-8",
    )
    return Launch("iotcore", (sys.executable, "-m", "ioc.broker.iotcore", str(file)), None)
