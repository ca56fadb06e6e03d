"""The shipped nginx and Mosquitto configurations before a real web server and with real programs."""

import datetime as dt
import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ioc.broker import find_mosquitto
from tests.functional.harness import ROOT, free_port, listens, wait_for
from tests.functional.server import Server, server

pytestmark = pytest.mark.sockets

NGINX = shutil.which("nginx", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"])) or ""
LIMIT_S = 60.0
SERIES = "fridge.temp,device=tl-01,facility=bv01,site=cs1"
MAIN = """\
daemon off;
{user}
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/conf.d/*.conf;
}}
"""


def certificate(folder: Path) -> None:
    """A certificate for localhost and its key, as `fullchain.pem` and `privkey.pem`."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder.mkdir(parents=True)
    (folder / "fullchain.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    pkcs8, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "privkey.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, pkcs8, plain))


@dataclass
class Front:
    """nginx before a web server: the shipped files, with ports and paths of this test."""

    server: Server
    tls: Path
    https: int
    http: int

    def curl(self, path: str, *words: str, token: str | None = None) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            self.command(path, *words, token=token),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=LIMIT_S,
            check=False,
        )

    def command(self, path: str, *words: str, token: str | None = None) -> list[str]:
        text = self.server.token if token is None else token
        url = f"https://localhost:{self.https}{path}"
        own = ["--silent", "--show-error", "--http2", "--ipv4", "--cacert", str(self.tls / "fullchain.pem")]
        return ["curl", *own, *(["--header", f"Authorization: Bearer {text}"] if text else []), *words, url]


def config_of(folder: Path, behind: int, https: int, plain: int) -> None:
    """The shipped files as they would lie in /etc/nginx/conf.d, but for ports and the place of the certificate."""
    (folder / "conf.d").mkdir(parents=True)
    ours = ROOT / "deploy" / "nginx"
    text = (ours / "ioc.conf").read_text(encoding="utf-8")
    for old, new in (
        ("/etc/ioc/tls", str(folder / "tls")),
        ("listen 443 ssl", f"listen 127.0.0.1:{https} ssl"),
        ("listen 80;", f"listen 127.0.0.1:{plain};"),
        ("ioc.example.vn", "localhost"),
    ):
        assert old in text
        text = text.replace(old, new)
    text = "".join(line for line in text.splitlines(keepends=True) if "listen [::]" not in line)
    (folder / "conf.d" / "ioc.conf").write_text(text, encoding="utf-8")
    upstream = (ours / "ioc-upstream.conf").read_text(encoding="utf-8")
    (folder / "conf.d" / "ioc-upstream.conf").write_text(upstream.replace(":8080", f":{behind}"), encoding="utf-8")
    (folder / "nginx.conf").write_text(
        MAIN.format(folder=folder, user="user root;" if os.geteuid() == 0 else ""), encoding="utf-8"
    )


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    if not NGINX:
        pytest.skip("nginx is not installed (apt-get install nginx-light)")
    folder = tmp_path_factory.mktemp("nginx")
    certificate(folder / "tls")
    (folder / "data").mkdir()
    https, plain = free_port(), free_port()
    with server(folder / "data") as behind:
        config_of(folder, behind.port, https, plain)
        with (folder / "nginx.log").open("ab") as log:
            command = [NGINX, "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")]
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            wait_for("nginx listens", lambda: process.poll() is not None or listens(https), LIMIT_S)
            assert process.poll() is None, (folder / "nginx.log").read_text()
            yield Front(behind, folder / "tls", https, plain)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


def test_pages_come_over_http2_and_tls_with_our_headers(front):
    done = front.curl("/", "--include")
    head = done.stdout.partition(b"\r\n\r\n")[0].decode().lower()
    assert head.startswith("http/2 200"), done.stderr
    assert "strict-transport-security: max-age=31536000" in head
    assert "content-security-policy: default-src 'self'" in head
    assert head.count("content-security-policy") == 1


def test_who_comes_without_tls_is_sent_to_it(front):
    connection = http.client.HTTPConnection("127.0.0.1", front.http, timeout=LIMIT_S)
    connection.request("GET", "/wall/bv01?theme=light", headers={"Host": "localhost"})
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("Location")) == (301, "https://localhost/wall/bv01?theme=light")
    connection.close()


def test_old_tls_is_refused(front):
    done = front.curl("/healthz", "--tls-max", "1.1", "--tlsv1.0")
    assert done.returncode != 0


def test_the_cookie_of_a_login_goes_over_tls_only(front):
    done = front.curl("/login", "--include", token="")
    cookies = [line for line in done.stdout.decode().splitlines() if line.lower().startswith("set-cookie:")]
    assert cookies
    assert all("; Secure" in line for line in cookies)


def lines_of(pipe: IO[bytes]) -> Iterator[str]:
    for line in iter(pipe.readline, b""):
        yield line.decode().rstrip("\n")


def test_a_stream_is_passed_on_as_it_comes_for_as_long_as_it_lives(front):
    front.server.put(SERIES, 4.0)
    process = subprocess.Popen(
        front.command("/api/v1/stream?metric=fridge.temp&facility=bv01", "--no-buffer", "--max-time", "60"),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        lines = lines_of(process.stdout)
        assert any(line == "event: snapshot" for line in lines)
        for value in (5.25, 6.5):  # each is sent only when the one before has arrived: a buffer would wait for ever
            front.server.put(SERIES, value)
            data = (line.removeprefix("data: ") for line in lines if line.startswith("data: "))
            assert any(value in [item.get("value") for item in json.loads(text).get("values", [])] for text in data)
    finally:
        process.kill()
        process.communicate()
    hub = "ioc_hub_clients 0"
    wait_for(
        "the centre sees that the screen has left", lambda: hub in front.server.request("GET", "/metrics")[2].decode(),
        LIMIT_S,
    )  # fmt: skip


def test_who_asks_is_known_by_the_address_that_nginx_saw_and_not_by_what_they_say(front):
    """Limits go by the address: whoever could name another each time would have none."""
    assert front.curl("/metrics", token="").stdout.startswith(b"{")  # not as this machine itself
    forged = ("--header", "X-Forwarded-For: 127.0.0.1", "--header", "Forwarded: for=127.0.0.1", "--output", "/dev/null")
    for name in ("X-Real-IP", "X-Forwarded-Host"):
        done = front.curl(
            "/metrics", *forged, "--header", f"{name}: 127.0.0.1", "--write-out", "%{http_code}", token=""
        )
        assert done.stdout == b"401"


def test_a_large_list_goes_through_to_the_centre_and_a_larger_one_does_not(front, tmp_path):
    for size, expected in ((900_000, (b"401", b"403", b"404", b"405", b"400")), (30 << 20, (b"413",))):
        path = tmp_path / "list.csv"
        path.write_bytes(b"x" * size)
        done = front.curl("/login", "--data-binary", f"@{path}", "--write-out", "%{http_code}", "--output", "/dev/null")
        assert done.stdout in expected, (size, done)


def test_a_centre_that_is_away_is_a_502_and_comes_back_by_itself(front):
    front.server.stop()
    assert front.curl("/healthz", "--write-out", "%{http_code}", "--output", "/dev/null").stdout == b"502"
    front.server.start()
    assert front.curl("/healthz", "--write-out", "%{http_code}", "--output", "/dev/null").stdout in (b"200", b"503")


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[tuple[int, int, Path, dict[str, str]]]:
    """Mosquitto with the shipped files, on free ports: port, TLS port, folder, passwords."""
    program = find_mosquitto()
    if not program:
        pytest.skip("Mosquitto is not installed (apt-get install mosquitto)")
    certificate(tmp_path / "certs")
    for name in ("secrets", "data"):
        (tmp_path / name).mkdir()
    namespace = __import__("runpy").run_path(str(ROOT / "deploy" / "make_secrets.py"))
    passwords = {"ioc": "a-long-password", "bv01.tl-01": "of-the-fridge"}
    (tmp_path / "ioc.passwd").write_text("".join(namespace["mosquitto_line"](*pair) for pair in passwords.items()))
    acl = (ROOT / "deploy" / "mosquitto" / "ioc.acl").read_text()
    device = acl.replace("# user bv01.tl-01", "user bv01.tl-01").replace(
        "# topic write ioc/v1/bv01/kho", "topic write ioc/v1/bv01/kho"
    )
    (tmp_path / "ioc.acl").write_text(device)
    port, tls_port = free_port(), free_port()
    text = "".join((ROOT / "deploy" / "mosquitto" / name).read_text() for name in ("ioc.conf", "listeners.conf"))
    for old, new in (
        ("/etc/mosquitto/certs", str(tmp_path / "certs")),
        ("/etc/mosquitto/", f"{tmp_path}/"),
        ("listener 1883 127.0.0.1", f"listener {port} 127.0.0.1"),
        ("listener 8883", f"listener {tls_port} 127.0.0.1"),
    ):
        assert old in text
        text = text.replace(old, new)
    user = "user root\n" if os.geteuid() == 0 else ""
    (tmp_path / "mosquitto.conf").write_text(f"{user}persistence true\npersistence_location {tmp_path}/data/\n{text}")
    with (tmp_path / "mosquitto.log").open("ab") as log:
        process = subprocess.Popen([program, "-c", str(tmp_path / "mosquitto.conf")], stdout=log, stderr=log)
    try:
        wait_for("Mosquitto listens", lambda: process.poll() is not None or (listens(port) and listens(tls_port)), 30)
        assert process.poll() is None, (tmp_path / "mosquitto.log").read_text()
        yield port, tls_port, tmp_path, passwords
    finally:
        process.terminate()
        process.wait(20)


def connect(port: int, user: str, password: str, context: ssl.SSLContext | None = None) -> tuple[int, socket.socket]:
    """An MQTT 3.1.1 connection; the broker's return code (0: accepted, 5: not authorised) and the socket."""
    raw = socket.create_connection(("127.0.0.1", port), timeout=20)
    sock = context.wrap_socket(raw, server_hostname="localhost") if context else raw

    def text(word: str) -> bytes:
        return len(word).to_bytes(2, "big") + word.encode()

    flags = 0x02 | (0xC0 if user else 0)
    body = (
        text("MQTT") + bytes([4, flags, 0, 60]) + text(f"test-{user}") + (text(user) + text(password) if user else b"")
    )
    sock.sendall(bytes([0x10, len(body)]) + body)
    return sock.recv(4)[3], sock


def test_the_shipped_broker_lets_in_whom_it_knows_and_nobody_else(broker):
    port, tls_port, folder, passwords = broker
    context = ssl.create_default_context(cafile=str(folder / "certs" / "fullchain.pem"))
    for there, how in ((port, None), (tls_port, context)):
        for user, password in passwords.items():
            code, sock = connect(there, user, password, how)
            sock.close()
            assert code == 0, (there, user)
        for user, password in (("", ""), ("ioc", "wrong"), ("stranger", "a-long-password")):
            code, sock = connect(there, user, password, how)
            sock.close()
            assert code == 5, (there, user)


def test_a_device_of_the_shipped_broker_speaks_for_itself_only(broker):
    port, _, _, passwords = broker
    _, centre = connect(port, "ioc", passwords["ioc"])
    topic = b"ioc/v1/#"
    centre.sendall(bytes([0x82, 5 + len(topic), 0, 1, 0, len(topic)]) + topic + b"\x01")
    assert centre.recv(5)[0] == 0x90
    _, device = connect(port, "bv01.tl-01", passwords["bv01.tl-01"])
    for number, name in enumerate((b"tl-02", b"tl-01")):
        to = b"ioc/v1/bv01/kho-vac-xin/fridge/" + name + b"/tele"
        device.sendall(bytes([0x32, 4 + len(to) + 2, 0, len(to)]) + to + bytes([0, number + 1]) + b"{}")
        assert device.recv(4)[0] == 0x40
    until = time.monotonic() + 20
    heard = b""
    while b"tl-01" not in heard and time.monotonic() < until:
        heard += centre.recv(4096)
    assert b"tl-01" in heard
    assert b"tl-02" not in heard
    centre.close()
    device.close()
