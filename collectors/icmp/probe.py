"""What the echo of a ping means."""

from collections.abc import Callable

from pydantic import Field, model_validator

from collectors.icmp.ping import Echo, NoSuchNameError, NotAllowedError, ping
from ioc.polling import ALIVE, Alive, Found, Line, Target, TargetShape, thing


class IcmpShape(TargetShape):
    """A machine; ``as`` is what the answer is about."""

    host: str = Field(min_length=1)
    about: Alive = Field(default="service", alias="as")

    @model_validator(mode="after")
    def _named(self) -> "IcmpShape":
        if self.about == "pc" and not self.asset:
            raise ValueError("a pc is known by its asset: name it")
        return self


class Probe:
    """Pings."""

    def __init__(self, send: Callable[[str, float], Echo] = ping) -> None:
        self._send = send

    def __call__(self, target: Target[IcmpShape], _now_ns: int) -> Found:
        """Ping it: up where one answer came."""
        try:
            echo = self._send(target.ask.host, target.timeout_s)
        except NotAllowedError as error:
            return Found(error=str(error))
        except NoSuchNameError:
            return Found((_line(target, 0.0),), "its name cannot be looked up")
        except OSError as error:
            return Found((_line(target, 0.0),), error.strerror or "it cannot be reached")
        up = float(echo.mean_ms is not None)
        error_text = "" if up else f"no answer within {target.timeout_s:g} s"
        return Found((_line(target, up, echo),), error_text)


def _line(target: Target[IcmpShape], up: float, echo: Echo | None = None) -> Line:
    if target.ask.about != "service" or echo is None:
        return thing(ALIVE[target.ask.about], target, {"up": up})
    return thing("svc", target, {"up": up, "loss": 100.0 * echo.loss, "latency": echo.mean_ms})
