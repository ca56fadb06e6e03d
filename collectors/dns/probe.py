"""What the answer of a name service means."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from collectors.dns.lookup import LookupFailedError, ask, is_address, is_name
from ioc.polling import Deadline, Found, Target, TargetShape, thing


def _name(text: str) -> str:
    if not is_name(text):
        raise ValueError(f"{text!r} is no name that could be looked up")
    return text


def _server(text: str) -> str:
    if not is_address(text):
        raise ValueError(f"{text!r} is no address: a name service is not looked up by its name")
    return text


class DnsShape(TargetShape):
    """A name service, and the question it is asked. ``expect`` are all the records of the right answer; without it
    any will do."""

    server: Annotated[str, AfterValidator(_server)]
    port: int = Field(default=53, ge=1, le=65535)
    query: Annotated[str, AfterValidator(_name)]
    type: Literal["A", "AAAA", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT"] = "A"
    expect: list[str] = Field(default_factory=list)


def probe(target: Target[DnsShape], _now_ns: int) -> Found:
    """Ask once."""
    deadline = Deadline(target.timeout_s)
    wanted = target.ask
    try:
        records = ask(wanted.server, wanted.port, wanted.query, wanted.type, target.timeout_s)
    except LookupFailedError as error:
        return Found((thing("svc", target, {"up": 0.0}),), str(error))
    took_ms = deadline.took_ms
    right = not wanted.expect or records == sorted(wanted.expect)
    error_text = "" if right else f"it answers {', '.join(records)[:200]}, not {', '.join(wanted.expect)[:200]}"
    return Found((thing("svc", target, {"up": float(right), "latency": took_ms}),), error_text)
