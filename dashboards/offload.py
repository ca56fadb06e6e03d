"""What may block for over 20 ms runs in a native thread, so that it does not hold up every screen of the process."""

import logging
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import gevent
from gevent import monkey
from gevent.threadpool import ThreadPool

P = ParamSpec("P")
T = TypeVar("T")

_log = logging.getLogger(__name__)


def patched() -> bool:
    """Whether this process runs on gevent's loop, as the web workers do; elsewhere blocking holds up nobody."""
    return bool(monkey.is_module_patched("threading"))


def offload(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do ``work`` in gevent's threadpool and give its result; other greenlets go on meanwhile.

    It runs without flask's context: hand it what it needs.
    """
    if not patched():
        return work(*args, **kwargs)
    result: T = _result(gevent.get_hub().threadpool.apply(_guarded, (work, args, kwargs)))
    return result


def in_background(work: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
    """Do ``work`` in gevent's threadpool without waiting; for what may as well not be done."""
    if patched():
        gevent.get_hub().threadpool.spawn(_alone, work, args, kwargs)
    else:
        _alone(work, args, kwargs)


class OwnThread:
    """A thread for one user alone, so that no crowd of slow queries makes it wait for its turn."""

    def __init__(self) -> None:
        self._pool: ThreadPool | None = None

    def __call__(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        if not patched():
            return work(*args, **kwargs)
        if self._pool is None:
            self._pool = ThreadPool(1)
        result: T = _result(self._pool.apply(_guarded, (work, args, kwargs)))
        return result


def _guarded(
    work: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[T, None] | tuple[None, BaseException]:
    """Carry an exception to who waits: left to the pool, it would be printed here as well."""
    try:
        return work(*args, **kwargs), None
    except BaseException as error:  # noqa: BLE001 - raised again by who waits
        return None, error


def _result(outcome: Any) -> Any:
    value, error = outcome
    if error is not None:
        raise error
    return value


def _alone(work: Callable[..., object], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Nobody waits: what fails is logged."""
    _, error = _guarded(work, args, kwargs)
    if error is not None:
        _log.warning("not done in the background: %s", error)
