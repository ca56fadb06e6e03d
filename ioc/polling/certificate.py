"""How long a certificate is still good."""

from cryptography import x509

from ioc.domain import SECOND

DAY_S = 86_400.0


def days_left(certificate: bytes, now_ns: int) -> float | None:
    """Days until it ends, negative where it has; None for what is no certificate (DER)."""
    try:
        end = x509.load_der_x509_certificate(certificate).not_valid_after_utc
    except ValueError:
        return None
    return (end.timestamp() - now_ns / SECOND) / DAY_S
