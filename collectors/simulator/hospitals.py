"""What the simulated HIS is told: the hospitals of the registry with their beds, in plain data."""

from collections.abc import Callable, Iterable, Mapping

from collectors.simulator import his
from ioc.beds import BedKind, Beds
from ioc.config import Address
from ioc.errors import IocError

FULLEST, EMPTIEST = 1.05, 0.77  # patients a bed of the largest and of the smallest hospital
HOW = "Write it as mllp://127.0.0.1:2575."
ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 (nothing is bound to it)


def hospitals(facilities: Iterable[str], beds: Callable[[str], Beds], now_ns: int) -> list[his.Hospital]:
    """Those that have beds now; the larger one is, the more crowded."""
    found: Mapping[str, tuple[his.Bed, ...]] = {
        code: tuple(his.Bed(bed.spot.ward, bed.spot.room, bed.spot.bed, bed.kind) for bed in beds(code).at(now_ns))
        for code in facilities
    }
    largest_first = sorted((code for code, listed in found.items() if listed), key=lambda code: -len(found[code]))
    step = (FULLEST - EMPTIEST) / max(1, len(largest_first) - 1)
    return [
        his.Hospital(code, found[code], _emergency(found[code]), FULLEST - step * place)
        for place, code in enumerate(largest_first)
    ]


def his_address(url: str, bind: Address) -> Address:
    """Where the HIS sends to: the door that is named, or that of the settings."""
    scheme, _, address = (url or f"mllp://{bind}").rpartition("://")
    try:
        found = Address.parse(address)
    except ValueError as error:
        raise IocError(f"The address for HL7 is wrong: {error}.", HOW) from None
    if scheme != "mllp":
        raise IocError(f"The address for HL7 is wrong: {url!r} does not begin with mllp://.", HOW)
    return Address(ANYWHERE.get(found.host, found.host), found.port)


def _emergency(beds: Iterable[his.Bed]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(bed.ward for bed in beds if bed.kind == BedKind.EMERGENCY))
