"""Notifiers and dispatcher against real servers on loopback, well-behaved and otherwise."""

import email
import email.policy
import hashlib
import hmac
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from alerts.dispatcher import Dispatcher
from alerts.message import Status
from alerts.notifiers import CannotError
from alerts.notifiers.apprise import AppriseNotifier
from alerts.notifiers.mail import MailNotifier, parse_server
from alerts.notifiers.webhook import WebhookNotifier
from ioc.config import Secret
from ioc.domain import SystemClock
from ioc.errors import MisconfiguredError, RetryError
from tests.functional.harness import ROOT, free_port, wait_for
from tests.functional.receiver import (
    Mailbox,
    Receiver,
    answer,
    certificate,
    close,
    drip,
    hang,
    in_turn,
    mail_server,
    reset,
    says,
    script,
)
from tests.unit.alerts.post import database, message, people, proof, put, row

pytestmark = pytest.mark.sockets
KEY = Secret("of the tests")
ZONE = "Asia/Ho_Chi_Minh"
SHORT_S, LONG_S = 0.4, 10.0
TO = Secret("lan@bv01.vn")


def post(receiver, deadline_s=LONG_S, path="/hook?token=topsecret"):
    return WebhookNotifier(KEY, ("127.0.0.1",)).send(message(), Secret(receiver.url(path)), deadline_s)


def failing(receiver, deadline_s=LONG_S):
    """The error of a webhook that does not arrive; it never shows the address."""
    with receiver, pytest.raises(RetryError) as raised:
        post(receiver, deadline_s)
    assert "topsecret" not in str(raised.value)
    assert "/hook" not in str(raised.value)
    return raised.value


def test_a_webhook_arrives_signed_and_its_reply_is_the_proof():
    with Receiver(answer()) as receiver:
        assert post(receiver) == "200 OK taken"
    (request,) = receiver.requests
    assert request.line == "POST /hook?token=topsecret HTTP/1.1"
    assert request.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["idempotency-key"] == request.json["dedup_key"] == "i1-1"
    stamp, _, made = request.headers["x-ioc-signature"].removeprefix("t=").partition(",v1=")
    expected = hmac.new(KEY.reveal().encode(), f"{stamp}.".encode() + request.body, hashlib.sha256)
    assert hmac.compare_digest(made, expected.hexdigest())


def test_a_webhook_asks_no_proxy_of_the_environment(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with Receiver(says("204 No Content")) as receiver:
        assert post(receiver) == "204 No Content"


def test_a_reply_that_repeats_the_address_is_kept_without_it():
    with Receiver(says("200 OK", body="got /hook?token=topsecret, thanks for token=topsecret")) as receiver:
        assert post(receiver) == "200 OK got …, thanks for …"


def test_who_refuses_connections_is_told():
    receiver = Receiver(answer())
    with pytest.raises(RetryError, match=rf"http://127.0.0.1:{receiver.port}: it refuses connections"):
        post(receiver)


@pytest.mark.parametrize("behave", [reset, close], ids=["reset", "close"])
def test_a_receiver_that_breaks_off_is_tried_again(behave):
    assert "it broke the connection off" in str(failing(Receiver(behave)))


@pytest.mark.parametrize(
    "behave",
    [hang, drip(b""), drip(b"HTTP/1.1 200 OK\r\nX-Long: "), drip(b"HTTP/1.1 500 No\r\nContent-Type: x\r\nX: ")],
    ids=["hang", "drip", "drip-headers", "drip-headers-of-a-failure"],
)
def test_a_receiver_that_takes_for_ever_is_cut_off_in_time(behave):
    begun = time.monotonic()
    assert "no answer within 0.4 s" in str(failing(Receiver(behave), SHORT_S))
    assert SHORT_S <= time.monotonic() - begun < SHORT_S + 1.0


def test_a_receiver_that_never_ends_its_reply_has_taken_the_message_all_the_same():
    begun = time.monotonic()
    with Receiver(drip(b"HTTP/1.1 202 Accepted\r\nContent-Length: 1000\r\n\r\n")) as receiver:
        assert post(receiver, SHORT_S).startswith("202 Accepted")
    assert time.monotonic() - begun < SHORT_S + 1.0


def test_a_long_reply_is_read_only_in_part():
    with Receiver(answer(b"HTTP/1.1 200 OK\r\n\r\n" + b"y" * 1_000_000)) as receiver:
        assert len(post(receiver)) < 300


@pytest.mark.parametrize(("status", "after"), [("429 Too Many", 7.0), ("503 Away", 7.0)])
def test_who_asks_us_to_wait_is_heard(status, after):
    assert failing(Receiver(says(status, "Retry-After: 7"))).after == after


def test_a_date_to_wait_for_is_understood():
    told = message()
    header = "Retry-After: Sun, 23 Nov 2025 01:01:30 GMT"  # 90 s after the message's time
    with Receiver(says("503 Away", header)) as receiver, pytest.raises(RetryError) as raised:
        WebhookNotifier(KEY, ("127.0.0.1",)).send(told, Secret(receiver.url()), LONG_S)
    assert raised.value.after == 90.0


@pytest.mark.parametrize("status", ["500 Broken", "404 Not Found", "401 Unauthorized"])
def test_any_other_status_is_a_failure_with_its_words(status):
    error = failing(Receiver(says(status, body="sorry")))
    assert f"{status} sorry" in str(error)
    assert error.after is None


def test_a_redirect_is_not_followed():
    with Receiver(answer()) as elsewhere:
        error = failing(Receiver(says("302 Found", f"Location: {elsewhere.url()}")))
    assert "redirects are not followed" in str(error)
    assert elsewhere.requests == []


def test_what_is_no_http_is_a_failure():
    assert "cannot be understood" in str(failing(Receiver(answer(b"220 mail.bv01.vn ESMTP\r\n"))))


def test_a_name_is_looked_up_once_and_the_connection_stays_with_its_address(monkeypatch):
    import socket

    looked = []
    original = socket.getaddrinfo

    def look_up(host, *args, **kwargs):
        looked.append(host)
        return original("127.0.0.1", *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with Receiver(answer()) as receiver:
        address = Secret(f"http://hook.bv01.vn:{receiver.port}/x")
        WebhookNotifier(KEY, ("hook.bv01.vn",)).send(message(), address, LONG_S)
    assert looked == ["hook.bv01.vn"]
    assert receiver.requests[0].headers["host"] == f"hook.bv01.vn:{receiver.port}"


def test_a_look_up_that_hangs_is_left_behind(monkeypatch):
    import socket

    ended = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: ended.wait(10.0))
    with pytest.raises(RetryError, match=r"http://hook.bv01.vn: no answer within 0\.4 s"):
        WebhookNotifier(KEY, ("hook.bv01.vn",)).send(message(), Secret("http://hook.bv01.vn/"), SHORT_S)
    ended.set()


def test_a_name_that_nobody_knows_is_told(monkeypatch):
    import socket

    def unknown(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(RetryError, match="its name cannot be looked up: Name or service not known"):
        WebhookNotifier(KEY, ("hook.bv01.vn",)).send(message(), Secret("http://hook.bv01.vn/"), LONG_S)


def test_the_next_address_of_a_name_is_tried(monkeypatch):
    import socket

    with Receiver(answer()) as receiver:
        kind = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
        found = [(*kind, ("127.0.0.1", free_port())), (*kind, ("127.0.0.1", receiver.port))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        WebhookNotifier(KEY, ("hook.bv01.vn",)).send(message(), Secret("http://hook.bv01.vn/"), LONG_S)
    assert len(receiver.requests) == 1


def test_tls_with_a_certificate_to_trust(tmp_path, monkeypatch):
    public, context = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(public))
    with Receiver(answer(), context) as receiver:
        assert post(receiver) == "200 OK taken"


@pytest.mark.parametrize(
    ("made", "trusted", "said"),
    [
        ({}, False, "self-signed certificate"),
        ({"name": "127.0.0.2"}, True, "certificate is not valid for '127.0.0.1'"),
        ({"days": -1}, True, "certificate has expired"),
    ],
    ids=["unknown", "of-another", "expired"],
)
def test_tls_with_a_wrong_certificate_sends_nothing(tmp_path, monkeypatch, made, trusted, said):
    public, context = certificate(tmp_path, **made)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(public))
    receiver = Receiver(answer(), context)
    assert said in str(failing(receiver))
    assert receiver.requests == []


def test_tls_that_hangs_is_cut_off_in_time():
    receiver = Receiver(hang, hears=False)
    address = Secret(f"https://127.0.0.1:{receiver.port}/")
    with receiver, pytest.raises(RetryError, match=r"no answer within 0\.4 s"):
        WebhookNotifier(KEY, ("127.0.0.1",)).send(message(), address, SHORT_S)


# --- e-mail


def mailer(port, scheme="smtp", user="", password=""):
    url = f"{scheme}://{f'{user}@' if user else ''}127.0.0.1:{port}"
    return MailNotifier(parse_server(url, Secret(password)), "Trung tâm <ioc@bv01.vn>", ZONE)


def test_a_mail_arrives_whole_and_the_servers_word_is_the_proof():
    box = Mailbox()
    with mail_server(box) as port:
        assert mailer(port).send(message(), TO, LONG_S) == "250 2.0.0 queued as 4711"
    (envelope,) = box.mails
    assert (envelope.mail_from, envelope.rcpt_tos) == ("ioc@bv01.vn", ["lan@bv01.vn"])
    mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
    assert mail["Subject"] == "[Khẩn] Tủ tl-01 ấm 9,4 °C · BVĐK Sông Mây"
    assert "Giá trị: 9,4 °C" in mail.get_content()


def test_a_mail_goes_over_starttls_with_a_login_where_it_is_offered(tmp_path, monkeypatch):
    public, context = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(public))
    box = Mailbox()
    with mail_server(box, tls=context, password="right") as port:
        mailer(port, user="ioc", password="right").send(message(), TO, LONG_S)
        with pytest.raises(RetryError, match="535") as raised:
            mailer(port, user="ioc", password="wrong").send(message(), TO, LONG_S)
    assert len(box.mails) == 1
    assert raised.value.after == 300.0
    assert "wrong" not in str(raised.value)


def test_a_mail_server_with_a_wrong_certificate_gets_no_mail_and_no_password(tmp_path):
    _, context = certificate(tmp_path)
    box = Mailbox()
    with mail_server(box, tls=context, password="right") as port, pytest.raises(RetryError, match="self-signed"):
        mailer(port, user="ioc", password="right").send(message(), TO, LONG_S)
    assert box.mails == []


@pytest.mark.filterwarnings("ignore:Requiring AUTH:UserWarning")  # aiosmtpd's, on its own settings
def test_a_password_goes_over_loopback_without_tls_and_nowhere_else(monkeypatch):
    box = Mailbox()
    with mail_server(box, password="right") as port:
        sender = mailer(port, user="ioc", password="right")
        sender.send(message(), TO, LONG_S)
        monkeypatch.setattr("ipaddress.IPv4Address.is_loopback", False)
        with pytest.raises(MisconfiguredError, match="the password is not sent without"):
            sender.send(message(), TO, LONG_S)
    assert len(box.mails) == 1


def test_a_login_that_the_server_does_not_offer_is_told():
    with mail_server(Mailbox()) as port, pytest.raises(RetryError, match="AUTH"):
        mailer(port, user="ioc", password="right").send(message(), TO, LONG_S)


def test_smtps_speaks_tls_from_the_first_byte(tmp_path, monkeypatch):
    public, context = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(public))
    hello, fine = b"220 here\r\n", b"250 OK\r\n"
    with Receiver(script(hello, fine, fine, fine, b"354 go\r\n", b"250 queued\r\n"), context, hears=False) as receiver:
        assert mailer(receiver.port, "smtps").send(message(), TO, LONG_S) == "250 queued"


def test_a_recipient_that_is_refused_for_good_is_given_up():
    with mail_server(Mailbox(recipient="550 5.1.1 no such user")) as port, pytest.raises(CannotError, match=r"5\.1\.1"):
        mailer(port).send(message(), TO, LONG_S)


@pytest.mark.parametrize(
    ("box", "after"),
    [
        (Mailbox(recipient="451 4.7.1 greylisted"), None),
        (Mailbox(data="451 4.3.0 try again"), None),
        (Mailbox(data="554 5.7.1 looks like spam"), 300.0),
        (Mailbox(recipient="552 5.2.2 mailbox full"), 300.0),
    ],
)
def test_a_mail_that_is_refused_for_now_or_may_be_mended_is_tried_again(box, after):
    with mail_server(box) as port, pytest.raises(RetryError) as raised:
        mailer(port).send(message(), TO, LONG_S)
    assert raised.value.after == after
    assert (box.recipient if not box.recipient.startswith("250") else box.data) in str(raised.value)


@pytest.mark.parametrize("behave", [hang, drip(b""), drip(b"220 here\r\n")], ids=["hang", "drip", "drip-later"])
def test_a_mail_server_that_takes_for_ever_is_cut_off_in_time(behave):
    begun = time.monotonic()
    with Receiver(behave, hears=False) as receiver, pytest.raises(RetryError, match=r"no answer within 0\.4 s"):
        mailer(receiver.port).send(message(), TO, SHORT_S)
    assert time.monotonic() - begun < SHORT_S + 1.0


def test_a_mail_server_that_breaks_off_is_tried_again():
    with Receiver(close, hears=False) as receiver, pytest.raises(RetryError, match="it broke the connection off"):
        mailer(receiver.port).send(message(), TO, LONG_S)
    with pytest.raises(RetryError, match="it refuses connections"):
        mailer(free_port()).send(message(), TO, LONG_S)


# --- Apprise


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # it loads all of its services, old modules among them
class TestApprise:
    """The real library against real receivers."""

    @pytest.mark.parametrize("scheme", ["json", "form"])
    def test_its_message_is_the_text_of_the_mail(self, scheme):
        with Receiver(answer()) as receiver:
            address = Secret(f"{scheme}://127.0.0.1:{receiver.port}/topsecret")
            assert AppriseNotifier(ZONE).send(message(), address, LONG_S).endswith("sent")
        (request,) = receiver.requests
        assert request.line.startswith("POST /topsecret")
        if scheme == "json":
            assert request.json["title"] == "[Khẩn] Tủ tl-01 ấm 9,4 °C · BVĐK Sông Mây"
            assert "Giá trị: 9,4 °C" in request.json["message"]
            assert request.json["type"] == "failure"

    def test_a_failure_says_why_and_leaks_nothing(self, caplog, capfd):
        caplog.set_level("DEBUG")
        receiver = Receiver(says("401 Unauthorized"))
        address = Secret(f"json://user:topsecret@127.0.0.1:{receiver.port}/topsecret")
        with receiver, pytest.raises(RetryError) as raised:
            AppriseNotifier(ZONE).send(message(), address, LONG_S)
        assert "error=401" in str(raised.value)
        out, err = capfd.readouterr()
        assert "topsecret" not in f"{raised.value} {caplog.text} {out} {err}"

    def test_one_who_hangs_is_left_behind_in_time(self):
        with Receiver(hang) as receiver:
            address = Secret(f"json://127.0.0.1:{receiver.port}/topsecret")
            notifier = AppriseNotifier(ZONE)
            with pytest.raises(RetryError, match=r"no answer within 0\.4 s"):
                notifier.send(message(), address, SHORT_S)
            with pytest.raises(RetryError, match="has not ended"):
                notifier.send(message(), address, SHORT_S)
            receiver.ended.set()
            wait_for("the hanging send has ended", lambda: not notifier._used)


# --- from the outbox to the receiver


class Centre:
    """The dispatcher on its threads with real notifiers; ends with the block."""

    def __init__(self, folder: Path, address: str) -> None:
        self.engine = database(folder)
        known = people({("lan", "webhook"): address})
        notifiers = {"webhook": WebhookNotifier(KEY, ("127.0.0.1",))}
        self.dispatcher = Dispatcher(self.engine, lambda: known, notifiers, SystemClock(), "here:1")
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.dispatcher.run, args=(self.stop,))

    def put(self, **columns):
        number = put(self.engine, to=("lan", "webhook"), due_ns=time.time_ns(), **columns)
        self.dispatcher.wake()
        return number

    def until(self, number, state):
        wait_for(f"delivery {number} is {state}", lambda: row(self.engine, number).state == state)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.dispatcher.wake()
        self.thread.join(20.0)
        assert not self.thread.is_alive()


def test_a_receiver_that_was_away_gets_it_with_the_same_key_and_in_order(tmp_path):
    receiver = Receiver(answer())
    with Centre(tmp_path, receiver.url()) as centre:
        first, second = centre.put(seq=1), centre.put(seq=2, status=Status.RESOLVED)
        wait_for("an attempt has failed", lambda: row(centre.engine, first).attempts > 0)
        with receiver:
            centre.until(second, "sent")
    assert [request.headers["idempotency-key"] for request in receiver.requests] == ["i1-1", "i1-2"]
    outcomes = [outcome for _, outcome, _ in proof(centre.engine, first)]
    assert outcomes == ["failed"] * (len(outcomes) - 1) + ["sent"]
    assert "it refuses connections" in proof(centre.engine, first)[0][2]


def test_every_kind_of_trouble_ends_in_one_key_that_arrives(tmp_path):
    troubles = in_turn(says("500 Broken"), reset, says("429 Slow", "Retry-After: 1"), answer())
    with Receiver(troubles) as receiver, Centre(tmp_path, receiver.url()) as centre:
        number = centre.put()
        centre.until(number, "sent")
    assert {request.json["dedup_key"] for request in receiver.requests} == {"i1-1"}
    assert [outcome for _, outcome, _ in proof(centre.engine, number)] == ["failed", "failed", "failed", "sent"]


def test_a_new_critical_is_with_its_receiver_at_once(tmp_path):
    with Receiver(answer()) as receiver, Centre(tmp_path, receiver.url()) as centre:
        centre.until(centre.put(incident="i0"), "sent")
        begun = time.monotonic()
        centre.put(incident="i1")
        wait_for("it has come", lambda: len(receiver.requests) == 2)
        assert time.monotonic() - begun < 0.4  # the poll alone would take up to half a second


ONE_RUN = """
import sys
from alerts.dispatcher import Dispatcher
from alerts.notifiers.webhook import WebhookNotifier
from ioc.config import Secret
from ioc.database import make_engine
from ioc.domain import SECOND, SystemClock
from tests.unit.alerts.post import people

class Later(SystemClock):
    def now_ns(self):
        return super().now_ns() + int(sys.argv[3]) * SECOND

known = people({("lan", "webhook"): sys.argv[2]})
notifiers = {"webhook": WebhookNotifier(Secret("of the tests"), ("127.0.0.1",))}
Dispatcher(make_engine(sys.argv[1]), lambda: known, notifiers, Later(), "here:1").step()
"""


@pytest.mark.parametrize(("failpoint", "times"), [("after-claim", 1), ("before-send", 1), ("after-send", 2)])
def test_a_process_that_dies_loses_nothing_and_repeats_at_most_once(tmp_path, failpoint, times):
    engine = database(tmp_path)
    number = put(engine, to=("lan", "webhook"), due_ns=time.time_ns())

    def run(later_s, **environ):
        command = [sys.executable, "-c", ONE_RUN, str(engine.url), receiver.url(), str(later_s)]
        return subprocess.run(command, cwd=ROOT, env={**os.environ, **environ}, timeout=60, check=False).returncode

    with Receiver(answer()) as receiver:
        assert run(0, IOC_FAILPOINT=failpoint) == 137
        assert row(engine, number).state == "due"
        assert run(31) == 0  # the claim of the dead one has ended
    assert row(engine, number).state == "sent"
    assert [request.json["dedup_key"] for request in receiver.requests] == ["i1-1"] * times
