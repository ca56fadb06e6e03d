"""What the echo of a ping means."""

import pytest
from pydantic import ValidationError

from collectors.icmp.ping import Echo, NoSuchNameError, NotAllowedError
from collectors.icmp.probe import IcmpShape, Probe
from ioc.polling import Found, Target


def shape(**more: object) -> IcmpShape:
    return IcmpShape.model_validate({"facility": "bv01", "host": "10.0.0.1"} | more)


def look(answer: Echo | Exception, **more: object) -> Found:
    def send(host: str, within_s: float) -> Echo:
        assert (host, within_s) == ("10.0.0.1", 10.0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return Probe(send)(Target("one", "bv01", "cs1", shape(**more)), 0)


def test_one_answer_is_enough_to_be_up() -> None:
    found = look(Echo(2 / 3, 4.5))
    assert found.error == ""
    assert found.lines[0].fields == pytest.approx({"up": 1.0, "loss": 200 / 3, "latency": 4.5})


def test_no_answer_is_down_with_everything_lost() -> None:
    found = look(Echo(1.0, None))
    assert found.error == "no answer within 10 s"
    assert found.lines[0].fields == {"up": 0.0, "loss": 100.0, "latency": None}


@pytest.mark.parametrize(("about", "measurement"), [("host", "host"), ("printer", "printer"), ("pc", "pc")])
def test_it_may_speak_of_a_machine(about: str, measurement: str) -> None:
    found = look(Echo(0.0, 1.0), asset="it-1", **{"as": about})
    assert (found.lines[0].measurement, found.lines[0].fields) == (measurement, {"up": 1.0})


def test_a_centre_that_may_not_ping_says_nothing_of_others() -> None:
    found = look(NotAllowedError("this centre may not ping"))
    assert (found.lines, found.error) == ((), "this centre may not ping")


@pytest.mark.parametrize("error", [NoSuchNameError("x"), OSError(101, "Network is unreachable")])
def test_what_cannot_be_reached_is_down(error: Exception) -> None:
    found = look(error)
    assert found.lines[0].fields == {"up": 0.0}
    assert found.error


@pytest.mark.parametrize("more", [{"as": "pc"}, {"as": "toaster"}, {"host": ""}])
def test_what_cannot_be_pinged_is_refused(more: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        shape(**more)
