"""Does what the README tells a newcomer: make run, publish a value, see it, stop, start again. Exit 1 on a fault."""

import argparse
import json
import os
import pwd
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import IO

SETUP_LIMIT_S = 300  # a cold package cache; the promise of 60 s holds for a warm one
START_LIMIT_S = 60


def environment(home: str) -> dict[str, str]:
    """An empty environment but for the path, a home and what pip needs to reach its index."""
    kept = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    return {"PATH": os.environ["PATH"], "HOME": home, **kept}


class Run:
    """One ``make run``, read line by line."""

    def __init__(self, options: argparse.Namespace) -> None:
        command = ["make", "--no-print-directory", "run"] + ([] if options.simulate else ["SIMULATE=0"])
        user = pwd.getpwnam(options.user)
        self.env = environment(options.home)
        self.identity: dict[str, int] = {} if user.pw_uid == 0 else {"user": user.pw_uid, "group": user.pw_gid}
        self.process = subprocess.Popen(
            command,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
            **self.identity,
        )
        self.lines: list[str] = []

    def wait_for(self, pattern: str, limit_s: float) -> re.Match[str]:
        """The first line of standard output that matches."""
        assert self.process.stdout is not None
        deadline = time.monotonic() + limit_s
        stream: IO[str] = self.process.stdout
        for line in stream:
            print("  |", line, end="", flush=True)
            self.lines.append(line)
            if match := re.search(pattern, line):
                return match
            if time.monotonic() > deadline:
                break
        raise SystemExit(f"no line like {pattern!r} within {limit_s} s")

    def stop(self) -> None:
        """Ctrl-C, as a terminal sends it: to the whole group."""
        os.killpg(self.process.pid, signal.SIGINT)
        rest, _ = self.process.communicate(timeout=20)
        print(*(f"  | {line}" for line in rest.splitlines()), sep="\n")


def get(url: str, token: str = "") -> tuple[int, bytes]:
    """Status and body of one request."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as answer:
        return answer.status, answer.read()


def processes() -> set[Path]:
    """Every process there is now."""
    return set(Path("/proc").glob("[0-9]*"))


def left_over(here: Path, before: set[Path]) -> list[str]:
    """Processes that still work in this folder and did not before."""
    found = []
    for process in processes() - before:
        try:
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            where = str((process / "cwd").resolve())
        except OSError:
            continue
        if str(here) in command or where.startswith(str(here)):
            found.append(f"{process.name} {command}")
    return found


def publish_as_printed(run: Run, here: Path) -> None:
    """Paste the line that `make run` printed."""
    command = next(line.strip() for line in run.lines if "ioc send" in line)
    subprocess.run(["sh", "-c", command], cwd=here, env=run.env, check=True, **run.identity)


def new_token(run: Run, here: Path) -> str:
    """A viewer's token, made on the command line."""
    command = [".venv/bin/ioc", "token", "create", "--role", "viewer", "--scope", "*"]
    done = subprocess.run(command, cwd=here, env=run.env, check=True, capture_output=True, text=True, **run.identity)
    return done.stdout.strip()


def values(web: str, token: str) -> list[dict[str, str]]:
    """What the API says of one hospital."""
    items: list[dict[str, str]] = json.loads(get(f"{web}/api/v1/latest?facility=bv01", token)[1])["items"]
    return items


def see_value(run: Run, web: str, here: Path) -> None:
    """The value that was published is there, with the API's own words for it."""
    token = new_token(run, here)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        live = [item for item in values(web, token) if item["state"] == "fresh" and item["quality"] == "good"]
        if live:
            print("  seen:", json.dumps(live[0]))
            return
        time.sleep(0.3)
    raise SystemExit("the published value was not seen within 10 s")


def see_older(run: Run, web: str, here: Path) -> None:
    """After a second start what was known is still known, whatever its age."""
    known = [item for item in values(web, new_token(run, here)) if item["state"] != "missing"]
    if not known:
        raise SystemExit("the second start does not know what the first one knew")


def main() -> None:
    """Start, publish, see, stop, nothing left; then once more, going on with what was kept."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--simulate", action="store_true")
    parser.add_argument("--user", default="root")
    parser.add_argument("--home", default="/root")
    options = parser.parse_args()
    here = Path.cwd()
    before = processes()
    for start in (1, 2):
        began = time.monotonic()
        run = Run(options)
        ready = run.wait_for(r"^READY web=(\S+) mqtt=(\S+) mllp=(\S+)$", SETUP_LIMIT_S if start == 1 else START_LIMIT_S)
        print(f"  READY after {time.monotonic() - began:.1f} s", flush=True)
        run.wait_for("(?i)ctrl-c", 10)
        assert any(line.startswith("ADMIN user=admin password=") for line in run.lines) == (start == 1), "ADMIN line"
        status, _ = get(f"{ready[1]}/healthz")
        assert status == 200, "healthz"
        if start == 1:
            publish_as_printed(run, here)
            see_value(run, ready[1], here)
        else:
            see_older(run, ready[1], here)
        run.stop()
        if remains := left_over(here, before):
            raise SystemExit("left over: " + "; ".join(remains))
    print("  nothing left over", flush=True)


if __name__ == "__main__":
    sys.exit(main())
