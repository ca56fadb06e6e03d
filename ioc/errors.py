"""The few error types of the centre. Each carries a decision: retry, reject, or refuse to start."""

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why an input was quarantined or refused: a closed list, used as a label of metrics and pages."""

    TOPIC = "topic"
    EMPTY = "empty"
    TOO_LARGE = "too_large"
    JSON = "json"
    SHAPE = "shape"
    NO_TIME = "no_time"
    BAD_TIME = "bad_time"
    FUTURE = "future"
    TOO_OLD = "too_old"
    UNKNOWN_FACILITY = "unknown_facility"
    UNKNOWN_METRIC = "unknown_metric"
    UNIT = "unit"
    NOT_A_NUMBER = "not_a_number"
    STATE_RANGE = "state_range"
    HEADER = "header"  # HL7: no MSH, or one that cannot be read
    ENCODING = "encoding"  # not in the character set that it names
    UNKNOWN_SENDER = "unknown_sender"
    TEST_MESSAGE = "test_message"  # MSH-11 T, of a source that may not send such
    SEGMENT = "segment"  # one that its trigger needs is missing
    FIELD = "field"  # one that its trigger needs is empty or cannot be read
    STORE = "store"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with what the operator wrote or set.

    ``id`` is stable (``IOC-C014``); ``where`` is ``file:line`` or the name of a setting; ``what`` says what is
    wrong; ``hint`` how to mend it, with the nearest valid name where there is one.
    """

    id: str
    where: str
    what: str
    hint: str = ""

    def __str__(self) -> str:
        hint = f" {self.hint}" if self.hint else ""
        return f"{self.where}: {self.what}{hint} [{self.id}]"


class IocError(Exception):
    """Base of all errors that the centre raises on purpose; ``hint`` says how to mend it."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class RetryError(IocError):
    """Nobody's data is bad and nothing is lost: the same call may succeed later.

    ``after`` is the number of seconds the other side asked us to wait, where it did.
    """

    def __init__(self, message: str, hint: str = "", after: float | None = None) -> None:
        super().__init__(message, hint)
        self.after = after


class MisconfiguredError(RetryError):
    """We are set up wrongly (wrong token, missing bucket): keep everything, say so, and try again."""


class RejectError(IocError):
    """This input cannot be understood and never will be as it is: quarantine it with its reason."""

    def __init__(self, reason: Reason, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.reason = reason


class RefuseToStartError(IocError):
    """The process must not start; carries every fault found, not only the first."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults
