"""Probes and scrapes against servers that behave and servers that do not: a value or an error, and in time."""

import http.server
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import dns.message
import dns.rcode
import dns.rrset
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from collectors.dns.probe import DnsShape
from collectors.dns.probe import probe as ask_name_service
from collectors.http.probe import HttpShape
from collectors.http.probe import Probe as HttpProbe
from collectors.icmp.ping import NotAllowedError, ping
from collectors.sql.health import POSTGRESQL, UNSEEN, Health, SqlShape, engine_of
from collectors.tcp.probe import TcpShape
from collectors.tcp.probe import probe as connect
from collectors.tls.probe import Probe as TlsProbe
from collectors.tls.probe import TlsShape
from ioc.domain import SystemClock
from ioc.polling import Found, Page, Target, trust
from tests.functional.harness import free_port, listens, stack, wait_for
from tests.postgresql import MISSING, cluster

pytestmark = pytest.mark.sockets
LATE = "no answer within 0.8 s"


def within(error: str) -> str:
    """The deadline of a probe: short where the other side never answers, else long enough for a busy machine."""
    return "800ms" if error == LATE else "20s"


MIB = 1 << 20


class Server:
    """Answers each connection with what ``serve`` does to it, on a thread of its own."""

    def __init__(self, serve: Callable[[socket.socket], None]) -> None:
        self._serve = serve
        self.ended = threading.Event()
        self.asked = 0
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = self._door.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._door.accept()
                self.asked += 1
                threading.Thread(target=self._one, args=(connection,), daemon=True).start()

    def _one(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            self._serve(connection)

    def close(self) -> None:
        self.ended.set()
        with suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()


@contextmanager
def serving(serve: Callable[[socket.socket], None]) -> Iterator[Server]:
    server = Server(serve)
    try:
        yield server
    finally:
        server.close()


def answering(text: bytes) -> Callable[[socket.socket], None]:
    def serve(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(text)

    return serve


def hang(connection: socket.socket) -> None:
    connection.settimeout(60)
    while connection.recv(65_536):
        pass


def drip(connection: socket.socket) -> None:
    """A byte of a header that never ends, long before any timeout of a socket."""
    while True:
        connection.sendall(b"H")
        time.sleep(0.05)


def drip_body(connection: socket.socket) -> None:
    connection.recv(65_536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while True:
        connection.sendall(b"x")
        time.sleep(0.05)


def drip_record(connection: socket.socket) -> None:
    """The beginning of a record of TLS that takes hours."""
    connection.sendall(b"\x16\x03\x03\x40\x00")
    drip(connection)


def reset(connection: socket.socket) -> None:
    connection.recv(10)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")


def ten_megabytes(connection: socket.socket) -> None:
    connection.recv(65_536)
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\nLogin")
    for _ in range(10):
        connection.sendall(b"x" * MIB)


def target(ask: object) -> Target:  # type: ignore[type-arg]  # of whatever kind
    return Target("one", "bv01", "cs1", ask)  # type: ignore[arg-type]  # as above


def web(url: str, **more: object) -> Found:
    ask = HttpShape.model_validate({"facility": "bv01", "url": url} | more)
    return HttpProbe({"one": Page.of(ask)})(target(ask), SystemClock().now_ns())


def fields(found: Found) -> dict[str, float | None]:
    (line,) = found.lines
    return dict(line.fields)


def test_a_page_gives_its_code_and_all_its_phases() -> None:
    with serving(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nLogin")) as server:
        found = web(f"http://localhost:{server.port}/", contains="Login")
    assert found.error == ""
    got = fields(found)
    assert (got["up"], got["status"]) == (1.0, 200.0)
    phases = {name for name in got if name.startswith("phase_")}
    assert phases == {"phase_dns", "phase_connect", "phase_first_byte", "phase_transfer"}
    assert sum(got[name] or 0.0 for name in phases) <= (got["latency"] or 0.0)


@pytest.mark.parametrize(
    ("serve", "error"),
    [
        (hang, LATE),
        (drip, LATE),
        (drip_body, LATE),
        (reset, "it broke the connection off"),
        (answering(b"SSH-2.0-OpenSSH\r\n"), "its answer is no HTTP: BadStatusLine"),
        (answering(b""), "it broke the connection off"),
        (answering(b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 500), "its answer is no HTTP: HTTPException"),
        (answering(b"HTTP/1.1 200 OK\r\na: " + b"b" * 100_000), "its answer is no HTTP: LineTooLong"),
        (answering(b"HTTP/1.1 500 No\r\n\r\n"), "it answers 500"),
    ],
    ids=["hangs", "drips", "drips its body", "resets", "speaks SSH", "says nothing", "headers", "long line", "500"],
)
def test_a_page_that_does_not_come_is_down_in_time(serve: Callable[[socket.socket], None], error: str) -> None:
    with serving(serve) as server:
        found = web(f"http://127.0.0.1:{server.port}/", timeout=within(error))
    assert found.error == error
    assert fields(found)["up"] == 0.0


def test_of_ten_megabytes_one_is_read() -> None:
    with serving(ten_megabytes) as server:
        assert web(f"http://127.0.0.1:{server.port}/", contains="Login").error == ""
        found = web(f"http://127.0.0.1:{server.port}/", contains="Logout")
    assert found.error == "the first 1 MiB of its page does not have the text 'Logout'"


def test_nobody_there_and_no_such_name_are_down() -> None:
    assert web(f"http://127.0.0.1:{free_port()}/").error == "it refuses the connection"
    found = web("http://no-such-name.invalid/", timeout="20s")
    assert fields(found)["up"] == 0.0
    assert "name" in found.error


def test_a_redirect_in_a_circle_ends() -> None:
    with serving(answering(b"HTTP/1.1 302 Found\r\nLocation: /again\r\n\r\n")) as server:
        found = web(f"http://127.0.0.1:{server.port}/")
        assert server.asked == 2
    assert found.error == "it answers 302 and sends on to a place that is not followed"


def test_a_redirect_that_never_ends_is_followed_a_few_times() -> None:
    count = 0

    def serve(connection: socket.socket) -> None:
        nonlocal count
        count += 1
        connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: /%d\r\n\r\n" % count)

    with serving(serve) as server:
        assert web(f"http://127.0.0.1:{server.port}/").error.startswith("it answers 302")
        assert server.asked == 6


def test_a_redirect_to_another_place_is_not_followed() -> None:
    with serving(answering(b"HTTP/1.1 200 OK\r\n\r\n")) as other:
        moved = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:%d/\r\n\r\n" % other.port
        with serving(answering(moved)) as server:
            found = web(f"http://127.0.0.1:{server.port}/")
        assert found.error == "it answers 302 and sends on to a place that is not followed"
        assert other.asked == 0


class Certificates:
    """An authority, and certificates of it that are well or not."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority of the tests")])
        self.ca_file = folder / "ca.pem"
        own = self._builder(self._name, self._key, 10).add_extension(x509.BasicConstraints(True, 0), True)
        self.ca_file.write_bytes(own.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def _builder(self, name: x509.Name, key: ec.EllipticCurvePrivateKey, days: float) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        made = x509.CertificateBuilder().subject_name(name).issuer_name(self._name).public_key(key.public_key())
        made = made.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=30))
        return made.not_valid_after(now + timedelta(days=days))

    def server(self, days: float = 5.5, address: str = "127.0.0.1", *, known: bool = True) -> ssl.SSLContext:
        """What a server shows; ``known`` unless it signs for itself."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))])
        made = self._builder(x509.Name([]), key, days).add_extension(names, critical=True)
        certificate = made.sign(self._key if known else key, hashes.SHA256())
        pem = serialization.Encoding.PEM
        private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        path = self._folder / "server.pem"
        path.write_bytes(private + certificate.public_bytes(pem))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


def in_tls(context: ssl.SSLContext, text: bytes = b"") -> Callable[[socket.socket], None]:
    def serve(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            secure.recv(65_536)
            secure.sendall(text)

    return serve


def shake(certificates: Certificates, port: int, **more: object) -> Found:
    given = {"facility": "bv01", "host": "127.0.0.1", "port": port, "ca_file": str(certificates.ca_file)}
    ask = TlsShape.model_validate(given | more)
    return TlsProbe({"one": trust(ask.ca_file)})(target(ask), SystemClock().now_ns())


def test_a_good_certificate_is_up_with_its_days(certificates: Certificates) -> None:
    with serving(in_tls(certificates.server())) as server:
        found = shake(certificates, server.port)
    assert found.error == ""
    assert fields(found)["up"] == 1.0
    assert fields(found)["cert_days"] == pytest.approx(5.5, abs=0.1)
    assert {"phase_dns", "phase_connect", "phase_tls", "latency"} <= set(fields(found))


@pytest.mark.parametrize(
    ("days", "address", "known", "said"),
    [(-2.0, "127.0.0.1", True, "expired"), (5.5, "127.0.0.1", False, "signature"), (5.5, "10.9.8.7", True, "mismatch")],
    ids=["ended", "of nobody known", "for another name"],
)
def test_a_bad_certificate_is_down_and_its_days_are_told_all_the_same(
    certificates: Certificates, days: float, address: str, *, known: bool, said: str
) -> None:
    with serving(in_tls(certificates.server(days, address, known=known))) as server:
        found = shake(certificates, server.port)
        page = web(f"https://127.0.0.1:{server.port}/", ca_file=str(certificates.ca_file))
    for each in (found, page):
        assert "the certificate is not to be trusted" in each.error
        assert said in each.error
        assert fields(each)["up"] == 0.0
    assert fields(found)["cert_days"] == pytest.approx(days, abs=0.1)


def test_a_page_over_tls_tells_when_its_certificate_ends(certificates: Certificates) -> None:
    with serving(in_tls(certificates.server(), b"HTTP/1.1 200 OK\r\n\r\n")) as server:
        url = f"https://127.0.0.1:{server.port}/"
        found = web(url, ca_file=str(certificates.ca_file))
        blind = web(url, verify=False)
    assert (found.error, blind.error) == ("", "")
    assert fields(found)["cert_days"] == pytest.approx(5.5, abs=0.1)
    assert fields(found)["phase_tls"] is not None


@pytest.mark.parametrize(
    ("serve", "error"),
    [
        (hang, LATE),
        (drip_record, LATE),
        (answering(b"SSH-2.0-OpenSSH\r\n"), "no TLS: wrong version number"),
        (reset, "it broke the connection off"),
    ],
    ids=["hangs", "drips", "speaks SSH", "resets"],
)
def test_a_handshake_that_does_not_come_is_down_in_time(
    certificates: Certificates, serve: Callable[[socket.socket], None], error: str
) -> None:
    with serving(serve) as server:
        found = shake(certificates, server.port, timeout=within(error))
    assert found.error.startswith(error)
    assert fields(found)["up"] == 0.0


def port_of(server: Server, **more: object) -> Found:
    given = {"facility": "bv01", "host": "127.0.0.1", "port": server.port, "timeout": "20s"}
    return connect(target(TcpShape.model_validate(given | more)), 0)


def test_a_port_is_up_with_the_greeting_that_is_expected() -> None:
    def greet(connection: socket.socket) -> None:
        for part in (b"22", b"0 mail"):
            connection.sendall(part)
            time.sleep(0.02)

    with serving(greet) as server:
        assert port_of(server).error == ""
        found = port_of(server, expect="220")
        assert (found.error, fields(found)["up"]) == ("", 1.0)
        assert port_of(server, expect="250").error == "its greeting does not begin with '250'"
        assert fields(port_of(server, **{"as": "printer"})) == {"up": 1.0}


def test_a_port_that_never_greets_is_down_in_time() -> None:
    with serving(hang) as server:
        found = port_of(server, expect="220", timeout="800ms")
    assert (found.error, fields(found)["up"]) == (LATE, 0.0)


@contextmanager
def name_service(answer: Callable[[dns.message.Message], bytes | None]) -> Iterator[int]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        door.bind(("127.0.0.1", 0))
        door.settimeout(60)
        ended = threading.Event()

        def run() -> None:
            with suppress(OSError):
                while not ended.is_set():
                    question, who = door.recvfrom(4_096)
                    if question and (told := answer(dns.message.from_wire(question))) is not None:
                        door.sendto(told, who)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        port = door.getsockname()[1]
        try:
            yield port
        finally:
            ended.set()
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
                waker.sendto(b"", ("127.0.0.1", port))
            thread.join(60)


def replied(*addresses: str, code: dns.rcode.Rcode = dns.rcode.NOERROR) -> Callable[[dns.message.Message], bytes]:
    def answer(question: dns.message.Message) -> bytes:
        made = dns.message.make_response(question)
        made.set_rcode(code)
        if addresses:
            made.answer.append(dns.rrset.from_text(question.question[0].name, 60, "IN", "A", *addresses))
        return made.to_wire()

    return answer


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (replied("10.1.2.20"), ""),
        (replied("10.1.2.66"), "it answers 10.1.2.66, not 10.1.2.20"),
        (replied(code=dns.rcode.NXDOMAIN), "it says that there is no his.example.org"),
        (replied(), "it has no A record of his.example.org"),
        (replied(code=dns.rcode.SERVFAIL), "it refuses or cannot answer the question"),
        (lambda _: None, LATE),
        (lambda _: b"\0\1\2", LATE),
    ],
    ids=["right", "wrong", "no such name", "no record", "failure", "silent", "nonsense"],
)
def test_a_name_service_is_asked(answer: Callable[[dns.message.Message], bytes | None], error: str) -> None:
    with name_service(answer) as port:
        given = {"facility": "bv01", "server": "127.0.0.1", "port": port, "query": "his.example.org"}
        more = {"expect": ["10.1.2.20"], "timeout": within(error)}
        found = ask_name_service(target(DnsShape.model_validate(given | more)), 0)
    assert found.error == error
    assert fields(found)["up"] == float(not error)


def test_this_machine_answers_a_ping_where_we_may_ping() -> None:
    try:
        echo = ping("127.0.0.1", 10.0)
    except NotAllowedError as error:
        assert "may not ping" in str(error)  # noqa: PT017 (either is right, as the machine allows)
    else:
        assert echo.loss == 0.0
        assert (echo.mean_ms or 0.0) > 0.0


def database(url: str, timeout: str = "10s") -> Found:
    ask = SqlShape.model_validate({"facility": "bv01", "url": url, "timeout": timeout})
    return Health({"one": engine_of(ask, ask.timeout / 1e9)})(target(ask), 0)


def freezing(port: int, word: bytes) -> Callable[[socket.socket], None]:
    """In front of a database that lets programs in and answers nothing from this word on."""

    def serve(connection: socket.socket) -> None:
        with socket.create_connection(("127.0.0.1", port)) as beyond:
            back = threading.Thread(target=pump, args=(beyond, connection), daemon=True)
            back.start()
            while (data := connection.recv(65_536)) and word not in data:
                beyond.sendall(data)
            hang(connection)

    return serve


def pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)


@pytest.mark.skipif(bool(MISSING), reason=MISSING)
def test_a_postgresql_tells_its_health_and_is_down_when_frozen_or_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    with cluster() as server:
        url = server.url("postgres")
        found = database(url)
        assert found.error == ""
        got = fields(found)
        assert got["up"] == 1.0
        assert (got["connections"] or 0.0) >= 1.0
        assert 0.0 < (got["connections_used"] or 0.0) < 100.0
        assert (got["size"] or 0.0) > MIB
        assert (got["oldest"], got["lag"]) == (0.0, None)
        server.run("CREATE ROLE plain LOGIN")
        plain = database(url.replace("//ioc@", "//plain@"))
        assert plain.error == UNSEEN
        hidden = fields(plain)
        assert [hidden[name] for name in ("up", "connections", "connections_used", "oldest")] == [1.0, None, None, None]
        assert hidden["size"] == pytest.approx(got["size"], rel=0.5)
        server.run("GRANT pg_monitor TO plain")
        assert database(url.replace("//ioc@", "//plain@")).error == ""
        server.run("ALTER ROLE plain PASSWORD 'right'")
        with serving(freezing(server.port, b"SELECT 1")) as between:
            frozen = database(url.replace(f":{server.port}/", f":{between.port}/"), "2s")
        with serving(freezing(server.port, b"pg_database_size")) as between:
            late = database(url.replace(f":{server.port}/", f":{between.port}/"), "2s")
        with monkeypatch.context() as patched:
            patched.setitem(POSTGRESQL, "size", "SELECT pg_sleep(60)")
            slow = database(url, "3s")
        server.stop()
        doors = server.folder / "data" / "pg_hba.conf"
        doors.write_text(f"host all plain 127.0.0.1/32 scram-sha-256\n{doors.read_text()}")
        server.start()
        refused = database(url.replace("//ioc@", "//plain@"))
        server.stop()
        gone = database(url)
    assert refused.lines == ()
    assert "password" in refused.error
    assert fields(frozen) == {"up": 0.0}
    assert set(fields(late)) == {"up", "latency", "connections", "connections_used"}
    assert (fields(late)["up"], bool(late.error)) == (1.0, True)
    assert set(got) - set(fields(slow)) == {"size"}
    assert "it does not say its size" in slow.error
    assert fields(gone) == {"up": 0.0}
    assert "refused" in gone.error


def test_a_database_that_hangs_or_drips_is_down_in_time() -> None:
    for serve in (hang, drip):
        with serving(serve) as server:
            found = database(f"postgresql://u@127.0.0.1:{server.port}/his", "2s")
        assert fields(found) == {"up": 0.0}
        assert found.error


def test_the_worker_asks_a_real_exporter_and_a_web_service(tmp_path: Path) -> None:
    """Debian's prometheus-node-exporter, beside a target that hangs."""
    exporter = shutil.which("prometheus-node-exporter")
    assert exporter, "apt-get install prometheus-node-exporter"
    port = free_port()
    configs = tmp_path / "configs"
    shutil.copytree(Path(__file__).parents[2] / "configs", configs)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with serving(hang) as hung, (tmp_path / "exporter.log").open("wb") as log:
        url = f"http://127.0.0.1:{port}/metrics"
        own = f"targets:\n  sv-1: {{facility: bv01, asset: sv-his-db-01, every: 1s, url: '{url}'}}\n"
        (configs / "collectors" / "exporters.yaml").write_text(own)
        (configs / "collectors" / "tcp.yaml").write_text(
            "targets:\n"
            f"  hung: {{facility: bv01, every: 1s, timeout: 30s, host: 127.0.0.1, port: {hung.port}, expect: x}}\n"
            f"  web: {{facility: bv01, every: 1s, host: 127.0.0.1, port: {server.server_port}}}\n"
        )
        process = subprocess.Popen([exporter, f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log)
        try:
            wait_for("the exporter listens", lambda: listens(port), 60)
            with stack(tmp_path / "stack", "auto", IOC_CONFIG_DIR=str(configs)) as made:
                made.start_worker()
                made.wait_for_worker(60)
                wait_for("a rate of the processors", lambda: made.stored("host.cpu"), 60)
                wait_for("the web service", lambda: made.stored("svc.up"), 60)
                process.terminate()
                process.wait(60)
                wait_for("the server is down", lambda: 0.0 in [it[2] for it in of(made.stored("host.up"))], 60)
                series = of(made.stored("host.cpu"))[0][0]
                assert made.end("worker", 60) == 0
        finally:
            process.kill()
            process.wait(60)
            server.shutdown()
            server.server_close()
    assert series.key == "host.cpu,asset=sv-his-db-01,facility=bv01,host=sv-1,site=cs1,source=exporters"


def of(found):  # type: ignore[no-untyped-def]  # what Stack.stored gives
    """Only what the exporter gave: the worker looks at this machine as well."""
    return [point for point in found if point[0].tag("source") == "exporters"]
