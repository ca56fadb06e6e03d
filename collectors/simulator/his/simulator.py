"""All hospitals' HIS on one thread, with what is kept of them and the truth that a census is measured against."""

import json
import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from collectors.simulator.his.feed import Feed, load_feed
from collectors.simulator.his.hospital import SECOND, ZONE, Hospital, midnight_before
from collectors.simulator.his.mllp import Client
from collectors.simulator.his.model import Model
from collectors.simulator.his.world import Pace

log = logging.getLogger(__name__)

SAVE_MS = 15 * SECOND
TRUTH_MS = 2 * SECOND
IDLE_S = 1.0
END_S = 2.0  # for what is still on its way
LOCAL = timezone(timedelta(milliseconds=ZONE))


@dataclass(frozen=True, slots=True)
class Options:
    """Where to send and how. ``folder`` keeps the state and the truth. With ``history`` a hospital's first day is told
    from its midnight on; with a ``speed`` n everything happens n times as fast, from now on."""

    host: str
    port: int
    folder: Path
    seed: int = 1
    speed: float = 1.0
    late: float = 0.02
    doubled: float = 0.01
    history: bool = True


class HisSimulator:
    """``run`` on a thread of its own. Nothing it does needs the door: where that is away, it goes on trying."""

    def __init__(
        self, hospitals: Sequence[Hospital], options: Options, clock: Callable[[], int] = time.time_ns
    ) -> None:
        self.stop = threading.Event()
        self._hospitals = hospitals
        self._options = options
        self._clock = clock
        self._feeds: dict[str, Feed] = {}
        self._kept = self._told = 0
        self._troubled = False
        self._last_s = 0.0  # by when all must be over, once the end has come

    def run(self) -> None:
        """Send until ``stop`` is set, then what is still on its way, as far as that goes quickly."""
        try:
            self._open(self._now())
            busy = False
            while not self.stop.wait(0.0 if busy else self._pause()):
                busy = self.turn()
            self._end()
        except Exception:
            log.exception("the simulated HIS has ended")

    def turn(self) -> bool:
        """Once around all hospitals; whether there is more to do at once."""
        busy = False
        for feed in self._feeds.values():
            now = self._now()
            feed.collect(now)
            busy |= feed.deliver(now)
            if self.stop.is_set():
                break
        self._say_trouble()
        now = self._now()
        if now - self._told >= TRUTH_MS:
            self._tell_truth()
        if now - self._kept >= SAVE_MS:
            self._keep()
        return busy

    @property
    def delivered(self) -> int:
        """Messages that were accepted since the start."""
        return sum(feed.delivered for feed in self._feeds.values())

    def _now(self) -> int:
        return self._clock() // 1_000_000

    def _pause(self) -> float:
        now = self._now()
        return min([IDLE_S, *(feed.pause(now) for feed in self._feeds.values())])

    def _open(self, now: int) -> None:
        kept = self._read()
        for hospital in self._hospitals:
            options = self._options
            client = Client(options.host, options.port, self._over)
            feed = self._restored(hospital, kept.get(hospital.code), client, now)
            if feed is None:
                begin = midnight_before(now) if options.history and options.speed == 1 else now
                model = Model(hospital, options.seed, Pace(begin, begin, options.speed), loud_from=now)
                feed = Feed(model, client, options.late, options.doubled)
                feed.begin()
            self._feeds[hospital.code] = feed
        self._keep()

    def _restored(self, hospital: Hospital, kept: Any, client: Client, now: int) -> Feed | None:
        """As it was left. With another speed it goes on from now; else it happens now what would have happened."""
        if kept is None:
            return None
        try:
            feed = load_feed(hospital, kept, client, self._options.late, self._options.doubled)
        except (KeyError, TypeError, ValueError) as error:
            log.warning("what was kept of the HIS of %s cannot be read (%r): it begins anew", hospital.code, error)
            return None
        world = feed.model.world
        if world.pace.speed != self._options.speed:
            world.pace = Pace(world.now, now, self._options.speed)
        return feed

    def _read(self) -> dict[str, Any]:
        try:
            kept = json.loads((self._options.folder / "his.json").read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            log.warning("what was kept of the simulated HIS cannot be read (%s): it begins anew", error)
            return {}
        return kept if isinstance(kept, dict) else {}

    def _keep(self) -> None:
        self._kept = self._now()
        if any(feed.changed for feed in self._feeds.values()):
            self._write("his.json", {code: feed.dump() for code, feed in self._feeds.items()})
            for feed in self._feeds.values():
                feed.changed = False

    def _tell_truth(self) -> None:
        self._told = self._now()
        worlds = [feed.model.world for feed in self._feeds.values()]
        at = max((world.at for world in worlds), default=self._told)  # nothing of it happened later
        truth = {
            "at": datetime.fromtimestamp(at / SECOND, UTC).astimezone(LOCAL).isoformat(timespec="milliseconds"),
            "waiting": sum(feed.waiting for feed in self._feeds.values()),
            "facilities": {code: feed.model.truth() for code, feed in self._feeds.items()},
        }
        self._write("his-truth.json", truth)

    def _write(self, name: str, content: object) -> None:
        """Whole or not at all. A full disk ends nothing here: the next time it may work."""
        path = self._options.folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.with_suffix(".new").open("w") as file:
                json.dump(content, file, ensure_ascii=False)
                file.flush()
                os.fsync(file.fileno())
            path.with_suffix(".new").replace(path)
        except OSError as error:
            log.warning("%s cannot be written: %s", path, error)

    def _say_trouble(self) -> None:
        troubled = {code: feed.client.trouble for code, feed in self._feeds.items() if feed.client.trouble}
        if bool(troubled) != self._troubled:
            self._troubled = bool(troubled)
            where = f"mllp://{self._options.host}:{self._options.port}"
            if troubled:
                code, trouble = next(iter(troubled.items()))
                log.warning("HIS messages wait: %s says of %s: %s; it is tried again", code, where, trouble)
            else:
                log.info("HIS messages get through to %s", where)

    def _over(self) -> bool:
        """Whether the end has come and what was on its way has had its time."""
        if not self.stop.is_set():
            return False
        self._last_s = self._last_s or time.monotonic() + END_S
        return time.monotonic() > self._last_s

    def _end(self) -> None:
        for feed in self._feeds.values():
            while not self._over() and feed.deliver(self._now(), rush=True):
                pass
        self._tell_truth()
        self._keep()
        for feed in self._feeds.values():
            feed.client.close()
        log.info("HIS: %d messages delivered, %d wait", self.delivered, sum(f.waiting for f in self._feeds.values()))
