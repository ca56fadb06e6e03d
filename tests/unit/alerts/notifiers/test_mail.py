"""What a mail is made of, and which server is meant."""

import email
import email.policy
import io

import pytest

from alerts.message import Status
from alerts.notifiers import CannotError
from alerts.notifiers.mail import MailNotifier, compose, parse_server
from ioc.config import Secret
from ioc.errors import RetryError
from tests.unit.alerts.post import message

ZONE = "Asia/Ho_Chi_Minh"
NONE = Secret("")


def composed(to="lan@bv01.vn", sender="ioc@bv01.vn", **changes):
    """The mail as a reader's program takes it apart, after the way through bytes."""
    data = compose(message(**changes), to, sender, ZONE).as_bytes()
    assert data.isascii()
    return email.message_from_bytes(data, policy=email.policy.default)


def test_it_says_from_whom_to_whom_and_what():
    mail = composed()
    assert (mail["From"], mail["To"]) == ("ioc@bv01.vn", "lan@bv01.vn")
    assert mail["Subject"] == "[Khẩn] Tủ tl-01 ấm 9,4 °C · BVĐK Sông Mây"
    assert mail["Date"].datetime.isoformat() == "2025-11-23T01:00:00+00:00"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content_type() == "text/plain"
    assert "Giá trị: 9,4 °C" in mail.get_content()


def test_every_attempt_has_the_same_number():
    assert composed()["Message-ID"] == composed(sent_ns=1)["Message-ID"] == "<i1-1@bv01.vn>"


def test_later_messages_answer_the_first_one_of_their_incident():
    assert "References" not in composed()
    later = composed(dedup_key="i1-3", status=Status.RESOLVED)
    assert later["Message-ID"] == "<i1-3@bv01.vn>"
    assert later["References"] == later["In-Reply-To"] == "<i1-1@bv01.vn>"


def test_a_test_answers_nothing():
    assert "References" not in composed(incident="test", dedup_key="test-5", status=Status.TEST)


def test_only_what_is_critical_and_not_over_is_marked_important():
    assert composed()["Importance"] == "high"
    assert "Importance" not in composed(level="warning")
    assert "Importance" not in composed(status=Status.RESOLVED)


def test_a_sender_may_have_a_name():
    mail = composed(sender="Trung tâm <ioc@bv01.vn>")
    assert mail["From"].addresses[0].display_name == "Trung tâm"
    assert mail["Message-ID"].endswith("@bv01.vn>")


def test_names_from_outside_add_no_header_and_no_recipient():
    mail = composed(title="Tủ\r\nBcc: all@bv01.vn\r\n\r\nBody", labels={"device": "x\r\n.\r\nRSET"})
    assert mail["Bcc"] is None
    assert "Bcc: all@bv01.vn Body" in mail["Subject"]
    assert "device x . RSET" in mail.get_content()


@pytest.mark.parametrize(
    "address", ["", "lan", "lan@", "@bv01.vn", "a@b, c@d", "a@b\r\nBcc: c@d", "<a@b>", "a b@c", '"a"@b', "lần@bv01.vn"]
)
def test_what_is_no_single_plain_address_is_refused(address):
    with pytest.raises(CannotError):
        compose(message(), address, "ioc@bv01.vn", ZONE)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.bv01.vn", ("smtp://mail.bv01.vn:25", "", "")),
        ("smtps://mail.bv01.vn", ("smtps://mail.bv01.vn:465", "", "")),
        ("smtp://ioc@mail.bv01.vn:587", ("smtp://mail.bv01.vn:587", "ioc", "")),
        ("smtp://ioc%40bv01.vn:p%2Fw@[::1]:587", ("smtp://[::1]:587", "ioc@bv01.vn", "p/w")),
    ],
)
def test_a_server_is_taken_apart(url, expected):
    server = parse_server(url, NONE)
    assert (server.place, server.user, server.password.reveal()) == expected


def test_a_password_of_its_own_goes_before_the_one_in_the_url():
    assert parse_server("smtp://a:b@c", Secret("d")).password.reveal() == "d"


@pytest.mark.parametrize("url", ["", "smtp://", "smtp://host:port", "http://host", "smtp://[::1"])
def test_no_server_is_no_server(url):
    assert parse_server(url, NONE) is None


def test_without_a_server_it_can_never_work_and_says_what_to_set():
    with pytest.raises(CannotError) as raised:
        MailNotifier(None, "ioc@bv01.vn", ZONE).send(message(), Secret("lan@bv01.vn"), 1.0)
    assert raised.value.hint == "Set IOC_NOTIFY__SMTP_URL."


def test_the_other_side_is_the_one_mail_server():
    notifier = MailNotifier(None, "ioc@bv01.vn", ZONE)
    assert notifier.other_side(Secret("a@b")) == notifier.other_side(Secret("c@d"))


class Line:
    """A connection to a server that says what is written here, line by line."""

    def __init__(self, *said):
        self.said = io.BytesIO("".join(f"{line}\r\n" for line in said).encode())

    def makefile(self, _mode):
        return self.said

    def getsockname(self):
        return "127.0.0.1", 50_000

    def sendall(self, _data):
        pass

    def dup(self):
        return self

    def close(self):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


REFUSED = "5.1.1 <Lan@BV01.vn>: Recipient address rejected: no lan@bv01.vn here"


@pytest.mark.parametrize(("code", "error"), [(550, CannotError), (450, RetryError), (554, RetryError)])
def test_a_server_that_repeats_the_mailbox_does_not_make_us_show_it(code, error, monkeypatch):
    line = Line("220 here", "250 mail", "250 sender ok", f"{code} {REFUSED}")
    monkeypatch.setattr("alerts.notifiers.mail.connect", lambda *_: line)
    notifier = MailNotifier(parse_server("smtp://mail", NONE), "ioc@bv01.vn", ZONE)
    with pytest.raises(error) as raised:
        notifier.send(message(), Secret("lan@bv01.vn"), 5.0)
    assert str(raised.value).endswith(f"{code} 5.1.1 <l…@bv01.vn>: Recipient address rejected: no l…@bv01.vn here")
