"""``ioc run``: the whole centre on one machine, started, minded and ended together."""

import http.client
import logging
import os
import shlex
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import click
import orjson

import ioc
from ioc.broker import check_bind, choose, prepare
from ioc.catalogue import Catalogue, Kind, load_catalogue
from ioc.config import Address, Settings, load_settings
from ioc.errors import Fault, RefuseToStartError
from ioc.mqtt import MqttUrl
from ioc.ports import TakenError, free_address
from ioc.registry import Device, Registry, load_registry
from ioc.supervisor import Service, Supervisor, ours

HOME = Path(ioc.__file__).parent.parent  # where wsgi.py and gunicorn.conf.py lie


@dataclass(frozen=True, slots=True)
class Doors:
    """Where this run listens. ``broker`` is None where somebody else's is used; ``mqtt`` is what devices are told."""

    web: Address
    broker: Address | None
    mqtt: MqttUrl
    mllp: Address


@click.command("run")
def command() -> None:
    """Start the whole centre and keep it running: broker, worker, scheduler, web server, simulator.

    Prints READY with the addresses once all of it is up, and stops all of it on Ctrl-C or SIGTERM. Progress and
    warnings go to standard error, the full logs to the folder `log` of the data folder.
    """
    logging.getLogger().setLevel(logging.WARNING)  # its own progress is said below; its parts have logs of their own
    settings, faults = check_settings()
    supervisor = Supervisor(settings.data_dir, os.environ, say)
    supervisor.take_over()
    try:
        doors = find_doors(settings, faults)
        supervisor.environ = child_environment(settings, doors)
        catalogue = load_catalogue(settings.config_dir)
        registry = load_registry(settings.config_dir, catalogue)
        run_prepare(supervisor)
        start_all(supervisor, settings, doors, simulate=settings.simulate and registry.demo)
        if not supervisor.stopping:
            announce(doors, catalogue, registry)
        supervisor.run()
    finally:
        if supervisor.children:
            say("stopping")
        supervisor.stop()
    say("stopped")


def say(line: str) -> None:
    """To standard error, as far as it takes anything: a closed terminal or a full disk ends no part."""
    with suppress(OSError):
        click.echo(line, err=True)


def check_settings() -> tuple[Settings, list[Fault]]:
    """The settings, and every fault of what an operator wrote; raises RefuseToStartError where we cannot go on."""
    faults = checked()
    try:
        settings = load_settings(os.environ)
    except RefuseToStartError:
        raise RefuseToStartError(faults) from None
    if settings.mqtt.url:
        try:
            MqttUrl.parse(settings.mqtt.url)
        except ValueError as error:
            faults.append(Fault("IOC-M003", "IOC_MQTT__URL", f"{error}."))
    else:
        faults += check_bind(settings.mqtt.bind)
        try:
            choose(settings)
        except RefuseToStartError as error:
            faults += error.faults
    if unwritable := fault_of_folder(settings.data_dir):
        raise RefuseToStartError([*faults, unwritable])
    return settings, faults


def checked() -> list[Fault]:
    """Every fault of what an operator wrote, as `ioc check` finds them. In a process of its own: what it loads is
    needed once, and would stay in the supervisor's memory (70 MB)."""
    done = subprocess.run(ours("check", "--json"), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False)
    try:
        return [Fault(**fault) for fault in orjson.loads(done.stdout)["faults"]]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        raise SystemExit(done.returncode or 1) from None  # it has said why


def fault_of_folder(folder: Path) -> Fault | None:
    """Why nothing can be kept in the data folder, where nothing can."""
    probe = folder / f".written-{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        hint = "Start with a folder elsewhere: IOC_DATA_DIR=…"
        if isinstance(error, PermissionError):
            path = shlex.quote(str(folder))
            hint = f"Mend it with: sudo mkdir -p {path} && sudo chown -R $(id -un) {path}"
        return Fault("IOC-S022", "IOC_DATA_DIR", f"{folder} cannot be written: {error.strerror}.", hint)
    return None


def find_doors(settings: Settings, faults: list[Fault]) -> Doors:
    """Free addresses; raises RefuseToStartError with ``faults`` and each address that was asked for and is taken."""
    web = _free(settings, "web.bind", settings.web.bind, faults)
    broker = None if settings.mqtt.url else _free(settings, "mqtt.bind", settings.mqtt.bind, faults)
    mllp = _free(settings, "mllp.bind", settings.mllp.bind, faults)
    if faults:
        raise RefuseToStartError(faults)
    mqtt = MqttUrl(broker.host, broker.port) if broker else MqttUrl.parse(settings.mqtt.url)
    return Doors(web, broker, mqtt, mllp)


def _free(settings: Settings, name: str, address: Address, faults: list[Fault]) -> Address:
    try:
        return free_address(address, fixed=name in settings.given)
    except TakenError as error:
        variable = f"IOC_{name.upper().replace('.', '__')}"
        other = f", or set {variable}={error.free}" if error.free else ""
        faults.append(Fault("IOC-S023", variable, str(error), f"See by whom: sudo ss -ltnp{other}"))
        return address


def child_environment(settings: Settings, doors: Doors) -> dict[str, str]:
    """What the parts are told beside what we were: where the doors are that we have found."""
    environ = {**os.environ, "IOC_DATA_DIR": str(settings.data_dir), "IOC_WEB__BIND": str(doors.web)}
    environ["IOC_MLLP__BIND"] = str(doors.mllp)
    if doors.broker is not None:
        environ["IOC_MQTT__BIND"] = str(doors.broker)
    return environ | {"PYTHONUNBUFFERED": "1"}


def run_prepare(supervisor: Supervisor) -> None:
    """Have ``ioc.commands.prepare`` do its work and speak for itself."""
    command = [sys.executable, "-m", "ioc.commands.prepare"]
    if code := subprocess.run(command, env=dict(supervisor.environ), check=False).returncode:
        raise SystemExit(code)


def start_all(supervisor: Supervisor, settings: Settings, doors: Doors, *, simulate: bool) -> None:
    """Start every part; returns once all of it is up."""
    launch = None
    if doors.broker is not None:
        launch = prepare(settings, doors.broker)
        listens = f"the broker {launch.name} to listen on {doors.broker}"
        address = doors.broker
        supervisor.start(Service("broker", launch.command, listens, lambda _: answers(address), 0, 2.0))
        supervisor.wait_until_ready()
    run = settings.data_dir / "run"
    subscribed = f"the worker to subscribe at {doors.mqtt} and listen on {doors.mllp} (its log says why it does not)"
    supervisor.start(Service("worker", ours("worker"), subscribed, lambda pid: is_ready(run, "worker", pid), 1, 3.0))
    supervisor.start(Service("scheduler", ours("scheduler"), "the scheduler", None, 2, 3.0))
    gunicorn = (sys.executable, "-m", "gunicorn", "-c", str(HOME / "gunicorn.conf.py"), "--pythonpath", str(HOME))
    web = (*gunicorn, "--bind", str(doors.web), "wsgi:app")
    answer = f"the web server to answer on http://{doors.web}"
    supervisor.start(Service("web", web, answer, lambda _: serves(doors.web), 2, 3.0))
    supervisor.wait_until_ready()
    if supervisor.stopping:
        return
    if launch is not None:
        launch.save(supervisor.pid_of("broker"))
    if simulate:
        supervisor.start(Service("simulator", ours("simulator"), "the simulator", None, 3, 1.0))


def is_ready(run: Path, name: str, pid: int) -> bool:
    """Whether this very process has said that it is up."""
    with suppress(OSError, orjson.JSONDecodeError):
        return bool(orjson.loads((run / f"{name}.ready").read_bytes()).get("pid", pid) == pid)
    return False


def answers(address: Address) -> bool:
    """Whether somebody accepts connections there."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address.host, address.host)  # noqa: S104 (it is not bound here)
    with suppress(OSError), socket.create_connection((host, address.port), timeout=0.5):
        return True
    return False


def serves(address: Address) -> bool:
    """Whether the web server there answers."""
    if not answers(address):
        return False
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address.host, address.host)  # noqa: S104 (as above)
    connection = http.client.HTTPConnection(host, address.port, timeout=2.0)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def announce(doors: Doors, catalogue: Catalogue, registry: Registry) -> None:
    """Say where it is, how a value is published, and how it is stopped."""
    click.echo(f"READY web=http://{doors.web} mqtt={doors.mqtt} mllp=mllp://{doors.mllp}")
    if line := example(doors.mqtt, catalogue, registry):
        click.echo("Publish a value; paste this line:")
        click.echo(line)
    click.echo("Stop with Ctrl-C.")


def example(url: MqttUrl, catalogue: Catalogue, registry: Registry) -> str:
    """A command that publishes one good value of the first device that measures something."""
    for device in registry.devices.values():
        for key in device.keys:
            metric = catalogue.get(f"{device.device_class}.{key}")
            if metric is not None and metric.kind is Kind.GAUGE:
                topic = f"ioc/v1/{device.facility}/{device.area}/{device.device_class}/{device.code}/tele"
                values = orjson.dumps({key: {"v": _plausible(device), "u": metric.unit}}).decode()
                message = f"""{{"topic": "{topic}", "payload": {{"ts": "'$(date -u +%FT%T.%3NZ)'", "m": {values}}}}}"""
                return f"echo '{message}' | {_own_path()} send - --to {url}"
    return ""


def _plausible(device: Device) -> float:
    if device.low is None or device.high is None:
        return 1.0
    return round((device.low + device.high) / 2, 1)


def _own_path() -> str:
    """Our own program as one would type it here."""
    path = Path(sys.executable).with_name("ioc")
    with suppress(ValueError):
        path = path.relative_to(Path.cwd())
    return shlex.quote(str(path))
