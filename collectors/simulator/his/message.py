"""Events written as HL7 v2.5: what a HIS of the country sends, in UTF-8."""

import time

from collectors.simulator.his.hospital import SECOND, ZONE, Event, Spot
from collectors.simulator.his.people import pid, record

_STRUCTURE = {"A04": "A01", "A08": "A01", "A13": "A01", "A11": "A09", "A12": "A12", "A40": "A39", "A05": "A05"} | {
    "A06": "A06",
    "A38": "A38",
}


class Writer:
    """The messages of one hospital. ``begun`` (ms) tells its numbers from those of another beginning."""

    def __init__(self, code: str, begun: int) -> None:
        self._code = code
        self._own = code.upper()
        self._mark = _base36(begun // SECOND)

    def control(self, event: Event) -> str:
        """MSH-10."""
        return f"{self._mark}-{event.number:07d}"

    def message(self, event: Event) -> bytes:
        """The message, each segment ended by CR. It was written when it happened, however late it is delivered."""
        at = stamp(event.at)
        structure = _STRUCTURE.get(event.trigger, event.trigger)
        segments = [
            self._msh(event.at, f"ADT^{event.trigger}^ADT_{structure}", self.control(event)),
            f"EVN|{event.trigger}|{at}||||{at}",
            *self._of(event),
        ]
        return "".join(f"{segment}\r" for segment in segments).encode()

    def heartbeat(self, now: int) -> tuple[str, bytes]:
        """Number and message of a sign of life, for when there is nothing else to say."""
        control = f"{self._mark}-H{now // SECOND}"
        return control, f"{self._msh(now, 'NMD^N02^NMD_N02', control)}\rNCK|{stamp(now)}\r".encode()

    def _msh(self, sent: int, kind: str, control: str) -> str:
        ends = f"{control}|P|2.5|||||VNM|UNICODE UTF-8"
        return f"MSH|^~\\&|IOC-SIM|{self._own}|IOC|SO-Y-TE|{stamp(sent)}||{kind}|{ends}"

    def _of(self, event: Event) -> list[str]:
        match event.trigger:
            case "A20":
                return [f"NPU|{self._place(event.spot)}|{event.note}"]
            case "A40":
                old = f"{record(event.more[0])}^^^{self._own}^PI"
                return [pid(self._code, event.patient), f"MRG|{old}"]
            case "A17":
                visit, patient, since = event.more
                other = Event(0, "A17", event.at, visit, patient, event.kind, event.prior, event.spot, since)
                return [*self._who_and_where(event), *self._who_and_where(other)]
            case "A05":
                return [*self._who_and_where(event), f"PV2||||||||{stamp(event.more[0])}"]
        return self._who_and_where(event)

    def _who_and_where(self, event: Event) -> list[str]:
        pv1 = [""] * 46
        pv1[:4] = ["PV1", "1", event.kind, self._place(event.spot)]
        pv1[6] = self._place(event.prior)
        pv1[19] = f"{self._mark}{event.visit:06d}^^^{self._own}^VN"
        if event.trigger not in {"A05", "A38"}:
            pv1[44] = stamp(event.since)
        if event.trigger == "A03":
            pv1[36], pv1[45] = event.note, stamp(event.at)
        return [pid(self._code, event.patient), "|".join(pv1).rstrip("|")]

    def _place(self, spot: Spot) -> str:
        return f"{'^'.join(spot)}^{self._own}" if spot[0] else ""


def stamp(at: int) -> str:
    """A moment as HL7 writes it, with milliseconds and zone."""
    seconds, millis = divmod(at + ZONE, SECOND)
    return f"{time.strftime('%Y%m%d%H%M%S', time.gmtime(seconds))}.{millis:03d}+0700"


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[digit] + digits
    return digits
