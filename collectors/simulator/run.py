"""Putting the simulator together and running it until it is told to stop."""

import logging
import signal
import threading
from dataclasses import dataclass

from collectors.simulator.engine import Engine
from collectors.simulator.history import History
from collectors.simulator.messages import Sender, senders
from ioc.catalogue import Catalogue, load_catalogue, nearest
from ioc.config import Settings
from ioc.domain import SystemClock
from ioc.errors import IocError
from ioc.mqtt import MqttUrl, Publisher
from ioc.registry import Registry, load_registry

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line can change; with ``speed`` n each device reports n times as often."""

    url: str = ""
    seed: int = 1
    facility: str = ""
    history: bool = True
    history_rate: float = 400.0
    speed: float = 1.0


def run_simulator(settings: Settings, options: Options | None = None) -> None:
    """Publish until SIGTERM or SIGINT. Raises IocError where there is nothing that may be simulated."""
    options = options or Options()
    catalogue = load_catalogue(settings.config_dir)
    registry = load_registry(settings.config_dir, catalogue)
    sending = make_senders(registry, catalogue, options)
    path = settings.data_dir / "simulator" / "state.json"
    history = History(path, options.seed, sending) if options.history else None
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    url = broker_url(settings, options.url)
    with Publisher(url, "simulator") as publisher:
        engine = Engine(sending, publisher, SystemClock(), history, options.history_rate)
        rate = sum(1_000 / sender.interval_ms for sender in sending)
        log.info("simulating %d devices at %s: %.0f messages/s, seed %d", len(sending), url, rate, options.seed)
        while not stop.wait(engine.step()):
            pass
        engine.save()
    log.info("stopped: %d live messages and %d of history", engine.counts.live, engine.counts.history)


def make_senders(registry: Registry, catalogue: Catalogue, options: Options) -> list[Sender]:
    """The devices that may be simulated: never those of a real hospital."""
    facilities = facilities_to_simulate(registry, options.facility)
    found = list(senders(registry, catalogue, facilities, options.seed, options.speed))
    if not found:
        raise IocError(
            f"The registry lists no device to simulate in {', '.join(facilities)}.",
            "List devices in configs/registry, or name another facility with --facility.",
        )
    return found


def facilities_to_simulate(registry: Registry, wanted: str) -> list[str]:
    """All of a demo registry; of any other one only a facility that is named and marked ``demo``."""
    if wanted:
        facility = registry.facility(wanted)
        if facility is None:
            near = nearest(wanted, registry.facilities)
            hint = f"Did you mean {near}?" if near else f"There are: {', '.join(registry.facilities)}."
            raise IocError(f"The registry has no facility {wanted!r}.", hint)
        real = [] if facility.demo else [facility.code]
    else:
        real = [facility.code for facility in registry.facilities.values() if not facility.demo]
    if real:
        raise IocError(
            f"{', '.join(real)} is not marked demo: simulated values are never mixed into a real hospital.",
            "Run with IOC_SIMULATE=0, or name a facility that is marked demo with --facility.",
        )
    return [wanted] if wanted else list(registry.facilities)


def broker_url(settings: Settings, url: str) -> MqttUrl:
    """The broker that is named, or the one of the settings, with the credentials of the settings."""
    text = url or settings.mqtt.url or f"mqtt://{settings.mqtt.bind}"
    try:
        parsed = MqttUrl.parse(text)
    except ValueError as error:
        raise IocError(f"The broker's address is wrong: {error}.", "Write it as mqtt://127.0.0.1:1883.") from None
    return parsed.with_credentials(settings.mqtt.username, settings.mqtt.password.reveal())
