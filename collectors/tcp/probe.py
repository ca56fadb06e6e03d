"""One connection to a port, and what it says of itself."""

from pydantic import Field, model_validator

from ioc.polling import ALIVE, Alive, Deadline, Found, Target, TargetShape, open_socket, said, thing

GREETING = 1024  # bytes in which it must stand


class TcpShape(TargetShape):
    """A port. ``expect`` is what its greeting must begin with, such as ``220`` of a mail server; ``as`` what the
    answer is about."""

    host: str = Field(min_length=1)
    port: int = Field(ge=1, le=65535)
    expect: str = ""
    about: Alive = Field(default="service", alias="as")

    @model_validator(mode="after")
    def _named(self) -> "TcpShape":
        if self.about == "pc" and not self.asset:
            raise ValueError("a pc is known by its asset: name it")
        return self


def probe(target: Target[TcpShape], _now_ns: int) -> Found:
    """Connect, and read the greeting where one is expected."""
    deadline = Deadline(target.timeout_s)
    ask = target.ask
    error_text = ""
    try:
        with open_socket(ask.host, ask.port, deadline) as connection:
            greeting = b""
            expected = ask.expect.encode()
            while len(greeting) < len(expected) and expected.startswith(greeting):
                with deadline.over(connection):
                    more = connection.recv(GREETING)
                if not more:
                    break
                greeting += more
            if not greeting.startswith(expected):
                error_text = f"its greeting does not begin with {ask.expect!r}"
    except OSError as error:
        error_text = said(error)
    up = float(not error_text)
    if ask.about != "service":
        return Found((thing(ALIVE[ask.about], target, {"up": up}),), error_text)
    fields = {"up": up, "latency": None if error_text else deadline.took_ms, **deadline.phases}
    return Found((thing("svc", target, fields),), error_text)
