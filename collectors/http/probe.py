"""One question to a web service, and what its answer means."""

import http.client
from collections.abc import Mapping

from pydantic import Field

from ioc.polling import Answer, Deadline, Found, Page, Target, WebShape, days_left, get, said, thing

MOST = 1 << 20  # bytes that are read of a page: enough to find the text that must be in it
FINE = range(200, 300)


class HttpShape(WebShape):
    """A web service. It is up where the answer has one of the codes of ``expect`` (any 2xx) and ``contains``."""

    expect: list[int] = Field(default_factory=list)
    contains: str = ""
    redirects: bool = True


class Probe:
    """Asks for pages. ``pages`` by target."""

    def __init__(self, pages: Mapping[str, Page]) -> None:
        self._pages = pages

    def __call__(self, target: Target[HttpShape], now_ns: int) -> Found:
        """Ask for the page of this target."""
        deadline = Deadline(target.timeout_s)
        ask = target.ask
        try:
            answer = get(self._pages[target.name], deadline, MOST, follow=ask.redirects and not ask.expect)
        except OSError as error:
            return Found((thing("svc", target, {"up": 0.0, **deadline.phases}),), said(error))
        except http.client.HTTPException as error:
            what = f"its answer is no HTTP: {type(error).__name__}"
            return Found((thing("svc", target, {"up": 0.0, **deadline.phases}),), what)
        error_text = wrong(answer, ask)
        fields = {
            "up": float(not error_text),
            "status": float(answer.status),
            "latency": deadline.took_ms,
            "cert_days": days_left(answer.certificate, now_ns) if answer.certificate else None,
            **deadline.phases,
        }
        return Found((thing("svc", target, fields),), error_text)


def wrong(answer: Answer, ask: HttpShape) -> str:
    """What is wrong with the answer, empty where nothing is."""
    if answer.status not in (ask.expect or FINE):
        if answer.moved and not ask.expect:
            return f"it answers {answer.status} and sends on to a place that is not followed"
        return f"it answers {answer.status}"
    if ask.contains and ask.contains.encode() not in answer.body:
        where = "its page" if answer.whole else f"the first {MOST >> 20} MiB of its page"
        return f"{where} does not have the text {ask.contains!r}"
    return ""
