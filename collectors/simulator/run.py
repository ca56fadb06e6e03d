"""Putting the simulator together and running it until it is told to stop."""

import logging
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy.exc import DBAPIError

from collectors.simulator import his
from collectors.simulator.engine import Engine
from collectors.simulator.history import History
from collectors.simulator.hospitals import his_address, hospitals
from collectors.simulator.machines import as_device
from collectors.simulator.messages import Sender, senders
from ioc.assets import AssetRegister
from ioc.beds import BedRegister
from ioc.catalogue import Catalogue, load_catalogue, nearest
from ioc.config import Settings
from ioc.database import make_engine
from ioc.domain import SystemClock
from ioc.errors import IocError
from ioc.mqtt import MqttUrl, Publisher
from ioc.registry import Registry, load_registry

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line can change; with ``speed`` n each device reports n times as often, and what happens in
    the hospitals does so n times as fast. ``his_late`` and ``his_doubled`` are shares of the HIS messages."""

    url: str = ""
    seed: int = 1
    facility: str = ""
    history: bool = True
    history_rate: float = 400.0
    speed: float = 1.0
    his: bool = True
    his_url: str = ""
    his_late: float = 0.02
    his_doubled: float = 0.01


def run_simulator(settings: Settings, options: Options | None = None) -> None:
    """Publish until SIGTERM or SIGINT. Raises IocError where there is nothing that may be simulated."""
    options = options or Options()
    catalogue = load_catalogue(settings.config_dir)
    registry = load_registry(settings.config_dir, catalogue)
    devices = make_senders(registry, catalogue, options)
    sending = [*devices, *asset_senders(settings, registry, catalogue, options)]
    path = settings.data_dir / "simulator" / "state.json"
    history = History(path, options.seed, devices) if options.history else None
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    url = broker_url(settings, options.url)
    with Publisher(url, "simulator") as publisher, simulated_his(settings, registry, options):
        engine = Engine(sending, publisher, SystemClock(), history, options.history_rate)
        rate = sum(1_000 / sender.interval_ms for sender in sending)
        log.info("simulating %d devices at %s: %.0f messages/s, seed %d", len(sending), url, rate, options.seed)
        while not stop.wait(engine.step()):
            pass
        engine.save()
    log.info("stopped: %d live messages and %d of history", engine.counts.live, engine.counts.history)


@contextmanager
def simulated_his(settings: Settings, registry: Registry, options: Options) -> Iterator[None]:
    """Meanwhile the HIS of the same hospitals speak, on a thread of their own, where their beds are known."""
    listed = read_hospitals(settings, registry, options) if options.his else []
    if not listed:
        yield
        return
    door = his_address(options.his_url, settings.mllp.bind)
    folder = settings.data_dir / "simulator"
    link = his.Options(
        door.host,
        door.port,
        folder,
        options.seed,
        options.speed,
        options.his_late,
        options.his_doubled,
        options.history,
    )
    simulator = his.HisSimulator(listed, link)
    thread = threading.Thread(target=simulator.run, name="his")
    log.info("simulating the HIS of %s at mllp://%s", ", ".join(hospital.code for hospital in listed), door)
    thread.start()
    try:
        yield
    finally:
        simulator.stop.set()
        thread.join()


def read_hospitals(settings: Settings, registry: Registry, options: Options) -> list[his.Hospital]:
    """Those to simulate, with the beds that the database has of them."""
    engine = make_engine(settings.database.url)
    try:
        register = BedRegister(engine)
        return hospitals(facilities_to_simulate(registry, options.facility), register.beds, SystemClock().now_ns())
    except DBAPIError as error:
        log.warning("no HIS is simulated, as the beds cannot be read: %s", error.orig)
        return []
    finally:
        engine.dispose()


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


def asset_senders(settings: Settings, registry: Registry, catalogue: Catalogue, options: Options) -> Iterator[Sender]:
    """The servers, computers and printers that the database has of them and that are watched."""
    engine = make_engine(settings.database.url)
    try:
        register = AssetRegister(engine)
        for facility in facilities_to_simulate(registry, options.facility):
            for asset in register.assets(facility).at(SystemClock().now_ns()):
                device = as_device(asset)
                if device is not None:
                    yield Sender(device, asset.site, catalogue, options.seed, options.speed)
    except DBAPIError as error:
        log.warning("no assets are simulated, as they cannot be read: %s", error.orig)
    finally:
        engine.dispose()


def facilities_to_simulate(registry: Registry, wanted: str) -> list[str]:
    """All of a demo registry; of any other one only a facility that is named and marked ``demo``."""
    if wanted:
        facility = registry.facility(wanted)
        if facility is None:
            near = nearest(wanted, registry.facilities)
            hint = f"Did you mean {near}?" if near else f"There are: {', '.join(registry.hospitals)}."
            raise IocError(f"The registry has no facility {wanted!r}.", hint)
        real = [] if facility.demo else [facility.code]
    else:
        real = [facility.code for facility in registry.hospitals.values() if not facility.demo]
    if real:
        raise IocError(
            f"{', '.join(real)} is not marked demo: simulated values are never mixed into a real hospital.",
            "Run with IOC_SIMULATE=0, or name a facility that is marked demo with --facility.",
        )
    return [wanted] if wanted else list(registry.hospitals)


def broker_url(settings: Settings, url: str) -> MqttUrl:
    """The broker that is named, or the one of the settings, with the credentials of the settings."""
    text = url or settings.mqtt.url or f"mqtt://{settings.mqtt.bind}"
    try:
        parsed = MqttUrl.parse(text)
    except ValueError as error:
        raise IocError(f"The broker's address is wrong: {error}.", "Write it as mqtt://127.0.0.1:1883.") from None
    return parsed.with_credentials(settings.mqtt.username, settings.mqtt.password.reveal())
