"""Messages to try things with, and the source that sends them."""

from collectors.hl7.decode import Decoded, decode
from collectors.hl7.identity import Identity
from collectors.hl7.sources import Source
from ioc.domain import Fact, parse_rfc3339
from ioc.errors import RejectError

NOW = parse_rfc3339("2026-11-20T08:00:00+07:00")
IDENTITY = Identity("a secret of the tests, long enough")
SOURCE = Source("his", "bv01", sender="BV01")
PID = "PID|1||4711^^^BV01^PI~DN999^^^BHXH^HC||Nguyễn^Bình^Văn||19601231|M|||12 Phố Mẫu^^Bắc Giang||0912345678"


def msh(kind: str = "ADT^A01", control: str = "MSG7", at: str = "20261120075900", rest: str = "P|2.5") -> str:
    return f"MSH|^~\\&|HIS|BV01|IOC|SO-Y-TE|{at}||{kind}|{control}|{rest}"


def pv1(where: str = "NOI^P01^G1", number: str = "V1", **fields: str) -> str:
    """PV1 with further fields as ``f45="…"``."""
    values = {2: "I", 3: where, 19: number} | {int(name[1:]): value for name, value in fields.items()}
    return "PV1|1|" + "|".join(values.get(index, "") for index in range(2, max(values) + 1))


def adt(trigger: str, *segments: str, evn: str = "", control: str = "MSG7", end: str = "\r") -> bytes:
    """An ADT message of these segments behind MSH and EVN."""
    lines = [msh(f"ADT^{trigger}^ADT_{trigger}", control), f"EVN|{trigger}|{evn}" if evn else "", *segments]
    return end.join(line for line in lines if line).encode()


def read(raw: bytes, source: Source = SOURCE, received_ns: int = NOW) -> Decoded:
    return decode(raw, source, IDENTITY, received_ns)


def facts(raw: bytes, source: Source = SOURCE, received_ns: int = NOW) -> tuple[Fact, ...]:
    decoded = read(raw, source, received_ns)
    assert decoded.fault is None, decoded.fault
    return decoded.facts


def fact(raw: bytes, source: Source = SOURCE, received_ns: int = NOW) -> Fact:
    (only,) = facts(raw, source, received_ns)
    return only


def fault(raw: bytes, source: Source = SOURCE) -> RejectError:
    decoded = read(raw, source)
    assert decoded.fault is not None
    assert decoded.facts == ()
    return decoded.fault
