"""Sends quarantined inputs through again when a person asked for it."""

import logging
from collections.abc import Callable, Mapping

from ioc.errors import Reason, RejectError, RetryError
from ioc.intake.keep import FACTS_TOPIC
from ioc.intake.quarantine import Item, Quarantine

log = logging.getLogger(__name__)

Replay = Callable[[str, bytes], None]
Again = Callable[[bytes], None]


class Resender:
    """Gives each requested item to the collector it came from.

    ``replays`` maps the name of a source to its ``replay(topic, raw)``: it decodes and commits through the intake,
    and raises RejectError when the input still cannot be understood, RetryError when it should be tried later.
    What the store or the census had refused (a line or a fact, not a message) goes there again. A crash after the
    commit and before the mark sends it twice, which changes nothing.
    """

    def __init__(self, quarantine: Quarantine, replays: Mapping[str, Replay], line: Again, facts: Again) -> None:
        self._quarantine = quarantine
        self._replays = replays
        self._line = line
        self._facts = facts

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
                (self._facts if item.topic == FACTS_TOPIC else self._line)(item.raw)
            else:
                self._replays.get(item.source, _no_such_source)(item.topic, item.raw)
        except (RetryError, RejectError):
            raise
        except Exception as error:
            log.exception("Item %d of the quarantine could not be sent through again", item.id)
            raise RejectError(Reason.INTERNAL, f"The collector failed on it: {type(error).__name__}.") from error


def _no_such_source(_topic: str, _raw: bytes) -> None:
    raise RejectError(Reason.INTERNAL, "The source that it came from is not configured any more.")
