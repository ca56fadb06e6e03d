"""The bodies of journal entries: frames as lines, rejects as what is sealed before it enters the journal."""

import base64
from collections.abc import Sequence

import orjson

from ioc.domain import Frame
from ioc.errors import Reason
from ioc.intake.batch import Entry, Reject


def lines_of(frames: Sequence[Frame]) -> bytes:
    """The frames as line protocol."""
    return "\n".join([frame.line() for frame in frames]).encode()


def frames_of(entry: Entry) -> list[Frame]:
    """The frames that an entry was made of; of the time of receipt only that of the commit is known."""
    frames = []
    for line in entry.body.decode().split("\n"):
        prefix, fields, time_ns = line.split(" ")
        values, _, quality = fields.rpartition(",quality=")
        pairs = [pair.split("=") for pair in values.split(",")]
        frames.append(
            Frame(prefix, {k: float(v) for k, v in pairs}, int(time_ns), quality.strip('"'), entry.received_ns)
        )
    return frames


def pack(rejects: Sequence[Reject]) -> bytes:
    """The rejects of one batch as one body."""
    return orjson.dumps(
        [
            {
                "reason": reject.reason.value,
                "detail": _clean(reject.detail),
                "topic": _clean(reject.topic),
                "facility": _clean(reject.facility),
                "received_ns": reject.received_ns,
                "raw": base64.b64encode(reject.raw).decode(),
            }
            for reject in rejects
        ]
    )


def unpack(body: bytes) -> list[Reject]:
    """What ``pack`` was given."""
    return [
        Reject(
            Reason(record["reason"]),
            record["detail"],
            record["topic"],
            base64.b64decode(record["raw"]),
            record["received_ns"],
            record["facility"],
        )
        for record in orjson.loads(body)
    ]


def _clean(text: str) -> str:
    """What a device sends as text may hold half a surrogate pair or a NUL, which no database takes."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
