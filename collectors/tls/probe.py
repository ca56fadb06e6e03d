"""One handshake with a service that speaks TLS, and how long its certificate is good."""

import ssl
from collections.abc import Mapping

from pydantic import Field

from ioc.polling import Deadline, Found, Target, TargetShape, days_left, open_socket, said, secured, thing


class TlsShape(TargetShape):
    """A port that speaks TLS. ``name`` is the one that its certificate must have, where that is not ``host``;
    ``ca_file`` holds the authority that signed it, where that is the hospital's own."""

    host: str = Field(min_length=1)
    port: int = Field(default=443, ge=1, le=65535)
    name: str = ""
    ca_file: str = ""


class Probe:
    """Shakes hands. ``contexts`` by target."""

    def __init__(self, contexts: Mapping[str, ssl.SSLContext]) -> None:
        self._contexts = contexts
        self._any = ssl.create_default_context()
        self._any.check_hostname = False
        self._any.verify_mode = ssl.CERT_NONE

    def __call__(self, target: Target[TlsShape], now_ns: int) -> Found:
        """Shake hands; where the certificate may not be trusted, once more to see when it ends."""
        deadline = Deadline(target.timeout_s)
        error_text = ""
        certificate = b""
        latency = None
        try:
            certificate = shake(target.ask, self._contexts[target.name], deadline)
            latency = deadline.took_ms
        except ssl.SSLCertVerificationError as error:
            error_text = said(error)
            certificate = self._unverified(target.ask, deadline)
        except OSError as error:
            error_text = said(error)
        fields = {
            "up": float(not error_text),
            "latency": latency,
            "cert_days": days_left(certificate, now_ns) if certificate else None,
            **deadline.phases,
        }
        return Found((thing("svc", target, fields),), error_text)

    def _unverified(self, ask: TlsShape, deadline: Deadline) -> bytes:
        try:
            return shake(ask, self._any, deadline)
        except OSError:
            return b""


def shake(ask: TlsShape, context: ssl.SSLContext, deadline: Deadline) -> bytes:
    """The certificate of the other side (DER); raises OSError."""
    plain = open_socket(ask.host, ask.port, deadline)
    with secured(plain, context, ask.name or ask.host, deadline) as connection:
        return connection.getpeercert(binary_form=True) or b""
