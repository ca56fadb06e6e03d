"""What the answer of a name service means."""

import pytest
from pydantic import ValidationError

from collectors.dns import probe as module
from collectors.dns.lookup import LookupFailedError
from collectors.dns.probe import DnsShape, probe
from ioc.polling import Found, Target


def shape(**more: object) -> DnsShape:
    return DnsShape.model_validate({"facility": "bv01", "server": "10.0.0.2", "query": "his.example.org"} | more)


def look(monkeypatch: pytest.MonkeyPatch, answer: list[str] | LookupFailedError, **more: object) -> Found:
    def ask(server: str, port: int, query: str, kind: str, within_s: float) -> list[str]:
        assert (server, port, query, kind, within_s) == ("10.0.0.2", 53, "his.example.org", "A", 10.0)
        if isinstance(answer, LookupFailedError):
            raise answer
        return answer

    monkeypatch.setattr(module, "ask", ask)
    return probe(Target("dns-1", "bv01", "cs1", shape(**more)), 0)


def test_any_answer_will_do_where_none_is_expected(monkeypatch: pytest.MonkeyPatch) -> None:
    found = look(monkeypatch, ["10.0.0.20"])
    assert found.error == ""
    assert found.lines[0].fields["up"] == 1.0
    assert found.lines[0].tags == {"service": "dns-1"}


def test_the_order_of_the_records_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    assert look(monkeypatch, ["10.0.0.20", "10.0.0.3"], expect=["10.0.0.3", "10.0.0.20"]).error == ""


def test_another_answer_than_the_right_one_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    found = look(monkeypatch, ["10.0.0.66"], expect=["10.0.0.20"])
    assert found.error == "it answers 10.0.0.66, not 10.0.0.20"
    assert found.lines[0].fields["up"] == 0.0
    assert found.lines[0].fields["latency"] is not None


def test_no_answer_is_down_and_has_no_latency(monkeypatch: pytest.MonkeyPatch) -> None:
    found = look(monkeypatch, LookupFailedError("no answer within 10 s"))
    assert (found.error, found.lines[0].fields) == ("no answer within 10 s", {"up": 0.0})


@pytest.mark.parametrize(
    "more", [{"server": "dns.example.org"}, {"query": "a..b"}, {"query": ""}, {"type": "ANY"}, {"port": 0}]
)
def test_what_cannot_be_asked_is_refused(more: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        shape(**more)
