"""The house keeps its own rules: import directions, one module a library, rooms of a liveable size."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PACKAGES = ("ioc", "collectors", "alerts", "dashboards")
# each of these libraries is known to one module (or one part) only, so that it can be changed there
WRAPPED = {
    "openpyxl": "ioc/sheets/",
    "paho": "ioc/mqtt/client.py",
    "apscheduler": "ioc/scheduler.py",
    "iotcore": "ioc/broker/",
    "argon2": "ioc/access/",
    "psutil": "collectors/hosts/machine.py",
    "prometheus_client": "collectors/exporters/page.py",
    "dns": "collectors/dns/lookup.py",
    "icmplib": "collectors/icmp/ping.py",
    "influxdb_client": "ioc/timeseries/influx.py",
    "ddsketch": "ioc/timeseries/sketch.py",
    "psycopg": "ioc/database/postgresql.py",
    "fpdf": "dashboards/reports/pdf.py",
}
# these put the parts together and may look inside them
COMPOSITION = {"app", "cli", "commands", "scheduler", "supervisor", "worker"}


def modules() -> Iterator[Path]:
    for package in PACKAGES:
        yield from sorted((ROOT / package).rglob("*.py"))


def imports_of(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.lineno, node.module


def test_import_directions_are_kept() -> None:
    command = [str(Path(sys.executable).parent / "lint-imports")]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("library", WRAPPED)
def test_a_wrapped_library_is_known_to_one_module(library: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in modules()
        for line, name in imports_of(path)
        if name.split(".")[0] == library and not str(path.relative_to(ROOT)).startswith(WRAPPED[library])
    ]
    assert found == []


def test_no_part_of_the_core_reaches_inside_another() -> None:
    found = []
    for path in modules():
        parts = path.relative_to(ROOT).with_suffix("").parts
        if parts[0] == "ioc" and len(parts) > 1 and parts[1] in COMPOSITION:
            continue
        own = parts[:2] if parts[0] == "ioc" else parts[:1]
        for line, name in imports_of(path):
            reached = name.split(".")
            inside = reached[0] == "ioc" and len(reached) > 2 and tuple(reached[:2]) != own
            if inside and (ROOT / "ioc" / reached[1]).is_dir() and reached[:3] != ["ioc", "config", "files"]:
                found.append(f"{'/'.join(parts)}.py:{line} {name}")
    assert found == []


def test_modules_and_functions_have_a_liveable_size() -> None:
    found = []
    for path in modules():
        if "migrations" in path.parts:
            continue
        text = path.read_text(encoding="utf-8")
        if len(text.splitlines()) > 400:
            found.append(f"{path.relative_to(ROOT)}: more than 400 lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or 0) - node.lineno + 1
                if length > 40:
                    found.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}: {length} lines")
    assert found == []


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in modules()
        if "versions" not in path.parts and ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) is None
    ]
    assert silent == []
