"""Where a broker is: ``mqtt://user:password@host:port``, ``mqtts://`` over TLS."""

from dataclasses import dataclass, field, replace
from typing import Self
from urllib.parse import unquote, urlsplit

PORTS = {"mqtt": 1883, "mqtts": 8883}


@dataclass(frozen=True, slots=True)
class MqttUrl:
    """A broker's address. ``str()`` leaves the password out, so that it may be logged and printed."""

    host: str
    port: int = PORTS["mqtt"]
    tls: bool = False
    username: str = ""
    password: str = field(default="", repr=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a URL. Raises ValueError that says what is wrong, without repeating the password."""
        try:
            parts = urlsplit(text.strip())
            port = parts.port
        except ValueError as error:
            raise ValueError(f"not a broker's address: {error}") from None
        if parts.scheme not in PORTS:
            raise ValueError("an address of a broker begins with mqtt:// or mqtts://")
        if not parts.hostname:
            raise ValueError("the address names no host; write it as mqtt://host:1883")
        if parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError("nothing may follow the port in a broker's address")
        return cls(
            host=parts.hostname,
            port=port or PORTS[parts.scheme],
            tls=parts.scheme == "mqtts",
            username=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
        )

    def with_credentials(self, username: str, password: str) -> "MqttUrl":
        """The same address with these credentials, where it has none of its own."""
        return self if self.username else replace(self, username=username, password=password)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"mqtt{'s' if self.tls else ''}://{host}:{self.port}"
