"""One question to a name service. The only module that imports dnspython."""

import ipaddress

import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver

TYPES = ("A", "AAAA", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT")


class LookupFailedError(Exception):
    """The name service gives no answer, or one that says no; its text is a sentence without the full stop."""


def is_name(text: str) -> bool:
    """Whether a name service could be asked for it."""
    try:
        dns.name.from_text(text)
    except dns.exception.DNSException:
        return False
    return bool(text)


def is_address(text: str) -> bool:
    """Whether it is an address, v4 or v6."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def ask(server: str, port: int, query: str, kind: str, within_s: float) -> list[str]:
    """The records that answer; ``server`` is an address, empty for those of this machine. Raises LookupFailedError."""
    try:
        resolver = dns.resolver.Resolver(configure=not server)
    except dns.resolver.NoResolverConfiguration:
        raise LookupFailedError("this machine has no name service of its own") from None
    if server:
        resolver.nameservers = [server]
        resolver.port = port
    try:
        answer = resolver.resolve(query, kind, lifetime=within_s, search=False)
    except dns.resolver.NXDOMAIN:
        raise LookupFailedError(f"it says that there is no {query}") from None
    except dns.resolver.NoAnswer:
        raise LookupFailedError(f"it has no {kind} record of {query}") from None
    except dns.resolver.NoNameservers:
        raise LookupFailedError("it refuses or cannot answer the question") from None
    except dns.exception.Timeout:
        raise LookupFailedError(f"no answer within {within_s:g} s") from None
    except (dns.exception.DNSException, OSError) as error:
        raise LookupFailedError(str(error) or type(error).__name__) from None
    return sorted(record.to_text() for record in answer)
