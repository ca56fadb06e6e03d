"""The webhook: what it sends, how it is signed, and where it may go."""

import hashlib
import hmac
from pathlib import Path
from types import SimpleNamespace

import orjson
import pytest

from alerts.message import Status
from alerts.notifiers import CannotError
from alerts.notifiers.webhook import SHOWN, WebhookNotifier, build, document, parse_target, signature
from ioc.config import Secret, ensure_secrets, load_settings, read_secret
from ioc.domain import SECOND
from ioc.errors import RetryError
from tests.unit.alerts.post import T0, message

KEY = Secret("of the tests")


def test_the_document_is_the_one_that_was_promised():
    assert orjson.loads(document(message(value=None, status=Status.MISSING, again=True))) == {
        "incident": "i1",
        "dedup_key": "i1-1",
        "rule": "fridge-warm",
        "labels": {"facility": "bv01", "device": "tl-01"},
        "level": "critical",
        "status": "missing",
        "value": None,
        "unit": "Cel",
        "quality": "good",
        "title": "Tủ tl-01 ấm 9,4 °C",
        "again": True,
        "event_time": "2025-11-23T01:00:00.000Z",
        "sent_at": "2025-11-23T01:00:00.000Z",
        "url": "http://ioc.example/alerts/i1",
    }


def test_the_signature_covers_the_time_and_the_body():
    made = signature(KEY, T0 // SECOND, b"{}")
    expected = hmac.new(b"of the tests", b"1763859600.{}", hashlib.sha256).hexdigest()
    assert made == f"t=1763859600,v1={expected}"
    assert signature(KEY, T0 // SECOND + 1, b"{}")[-64:] != expected


@pytest.mark.parametrize(
    ("address", "place", "path"),
    [
        ("http://a.vn", "http://a.vn", "/"),
        ("https://A.vn.:443/x?k=v#part", "https://a.vn", "/x?k=v"),
        ("https://a.vn:8443/x", "https://a.vn:8443", "/x"),
        ("http://[::1]:8080/x", "http://[::1]:8080", "/x"),
        ("http://bệnh-viện.vn/", "http://xn--bnh-vin-yv4cf.vn", "/"),
        (" http://a.vn/x\n", "http://a.vn", "/x"),
    ],
)
def test_an_address_is_taken_apart(address, place, path):
    target = parse_target(Secret(address))
    assert (target.place, target.path) == (place, path)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "a.vn",
        "ftp://a.vn/secret",
        "file:///etc/secret",
        "http://",
        "http:///secret",
        "http://a.vn:99999/secret",
        "http://a.vn:x/secret",
        "http://[::1/secret",
        "http://a.vn/secret path",
        "http://a.vn/secret\x7f",
        "http://a.vn/bí-secret",
        "http://user:secret@a.vn/",
        "http://secret@a.vn/",
        "http://\u2100.vn/secret",
    ],
)
def test_what_is_no_plain_web_address_is_refused_without_showing_it(address):
    with pytest.raises(CannotError) as raised:
        parse_target(Secret(address))
    assert "secret" not in f"{raised.value} {raised.value.hint}"


ALLOWED = ("a.vn", "b.vn:8443", "[::1]:8080", "Câu.vn", "10.0.0.5", "nonsense:port", "")


@pytest.mark.parametrize(
    "address",
    [
        "http://a.vn/x",
        "https://A.VN:9000/x",
        "https://b.vn:8443/x",
        "http://[::1]:8080/x",
        "http://câu.vn/",
        "http://10.0.0.5/",
    ],
)
def test_an_allowed_host_is_called(address, monkeypatch):
    called = []

    def connect(host, port, _deadline):
        called.append((host, port))
        raise ConnectionRefusedError

    monkeypatch.setattr("alerts.notifiers.webhook.connect", connect)
    with pytest.raises(RetryError, match="it refuses connections"):
        WebhookNotifier(KEY, ALLOWED).send(message(), Secret(address), 1.0)
    assert len(called) == 1


@pytest.mark.parametrize(
    "address",
    [
        "http://c.vn/secret",
        "http://sub.a.vn/secret",
        "http://a.vn.evil.com/secret",
        "https://b.vn/secret",
        "http://b.vn:8080/secret",
        "http://[::1]/secret",
        "http://[0:0:0:0:0:0:0:1]:8080/secret",
        "http://169.254.169.254/secret",
        "http://127.0.0.1/secret",
        "http://2130706433/secret",
        "http://nonsense/secret",
    ],
)
def test_any_other_host_is_refused_before_anything_is_looked_up(address):
    with pytest.raises(CannotError, match=r"not in IOC_NOTIFY__ALLOWED_HOSTS") as raised:
        WebhookNotifier(KEY, ALLOWED).send(message(), Secret(address), 1.0)
    assert "secret" not in f"{raised.value} {raised.value.hint}"


def test_as_it_ships_nothing_is_allowed():
    with pytest.raises(CannotError):
        WebhookNotifier(KEY, ()).send(message(), Secret("http://127.0.0.1/"), 1.0)


def test_the_other_side_is_host_and_port_and_never_the_path():
    notifier = WebhookNotifier(KEY, ())
    assert notifier.other_side(Secret("https://a.vn/secret")) == "https://a.vn"
    assert notifier.other_side(Secret("nonsense")) == ""


@pytest.mark.parametrize("own", ["", "a-key-of-the-operator"])
def test_the_key_is_the_one_that_was_set_or_the_one_among_the_secrets(tmp_path, own):
    environ = {"IOC_DATA_DIR": str(tmp_path), "IOC_CONFIG_DIR": str(tmp_path), "IOC_NOTIFY__WEBHOOK_KEY": own}
    settings = load_settings(environ)
    ensure_secrets(settings)
    assert build(settings)._key == Secret(own or read_secret(settings, "webhook").reveal())


@pytest.mark.parametrize(
    ("body", "key", "later", "expected"),
    [(b"{}", "of the tests", 0, True), (b"{ }", "of the tests", 0, False), (b"{}", "x", 0, False)]
    + [(b"{}", "of the tests", seconds, seconds < 300) for seconds in (299, 300)],
)
def test_the_example_of_the_manual_tells_what_is_genuine(body, key, later, expected):
    manual = (Path(__file__).parents[4] / "docs" / "connect-email-and-webhook.md").read_text(encoding="utf-8")
    known = {}
    exec(manual.partition("```python\n")[2].partition("```")[0], known)
    header = signature(KEY, T0 // SECOND, b"{}")
    assert known["genuine"](key, header, body, T0 / SECOND + later) is expected


def test_the_manual_shows_the_document_as_it_is():
    manual = (Path(__file__).parents[4] / "docs" / "connect-email-and-webhook.md").read_text(encoding="utf-8")
    shown = orjson.loads(manual.partition("```json\n")[2].partition("```")[0])
    assert set(shown) == set(orjson.loads(document(message())))


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("no such thing: /in/T0KEN-of-lan", "no such thing: …"),
        ("unknown token T0KEN-of-lan", "unknown token …"),
        ("x" * (SHOWN - 20) + " /in/T0KEN-of-lan", "x" * (SHOWN - 20) + " …"),
    ],
)
def test_a_reply_that_repeats_the_secret_of_the_address_does_not_show_it(said, shown, monkeypatch):
    answer = SimpleNamespace(status=404, reason="Not Found", getheader=lambda _name: None)
    monkeypatch.setattr(WebhookNotifier, "_post", lambda *_: (answer, said))
    with pytest.raises(RetryError) as raised:
        WebhookNotifier(KEY, ["hook.example"]).send(message(), Secret("https://hook.example/in/T0KEN-of-lan"), 5.0)
    assert str(raised.value) == f"https://hook.example: 404 {f'Not Found {shown}'[:SHOWN]}"
