"""Sends quarantined inputs through again when a person asked for it."""

import logging
from collections.abc import Callable, Mapping, Sequence

from ioc.errors import Reason, RejectError, RetryError
from ioc.intake.quarantine import Item, Quarantine

log = logging.getLogger(__name__)

Replay = Callable[[str, bytes], None]


class Resender:
    """Gives each requested item to the collector it came from.

    ``replays`` maps the name of a source to its ``replay(topic, raw)``: it decodes and commits through the intake,
    and raises RejectError when the input still cannot be understood, RetryError when it should be tried later.
    What the store had refused (a line, not a message) goes to the store itself. A crash after the commit and before
    the mark sends it twice, which overwrites the same values.
    """

    def __init__(
        self, quarantine: Quarantine, replays: Mapping[str, Replay], write_lines: Callable[[Sequence[str]], None]
    ) -> None:
        self._quarantine = quarantine
        self._replays = replays
        self._write_lines = write_lines

    def poll(self) -> int:
        """Deal with what was asked for; returns how many went through."""
        done = 0
        for item in self._quarantine.to_resend():
            try:
                self._send(item)
            except RetryError:
                break  # the request stands
            except RejectError as error:
                self._quarantine.refused_again(item.id, error.reason, str(error))
            else:
                self._quarantine.resent(item.id)
                done += 1
        return done

    def _send(self, item: Item) -> None:
        assert item.raw is not None
        try:
            if item.reason is Reason.STORE:
                self._write_lines([item.raw.decode()])
            else:
                self._replays.get(item.source, _no_such_source)(item.topic, item.raw)
        except (RetryError, RejectError):
            raise
        except Exception as error:
            log.exception("Item %d of the quarantine could not be sent through again", item.id)
            raise RejectError(Reason.INTERNAL, f"The collector failed on it: {type(error).__name__}.") from error


def _no_such_source(_topic: str, _raw: bytes) -> None:
    raise RejectError(Reason.INTERNAL, "The source that it came from is not configured any more.")
