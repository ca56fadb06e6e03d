"""Who may do what: users, sessions, tokens, roles, scopes and the audit log. Knows nothing of the web."""

from ioc.access.audit import AuditEntry, audit_entries, record, verify_audit
from ioc.access.model import ACTIONS, EVERYTHING, Principal, Role, Scope, allowed
from ioc.access.sessions import Session, Sessions
from ioc.access.slowdown import SlowDown
from ioc.access.tables import audit, sessions, tokens, users
from ioc.access.tokens import Token, Tokens
from ioc.access.users import User, Users, ensure_admin

__all__ = [
    "ACTIONS",
    "EVERYTHING",
    "AuditEntry",
    "Principal",
    "Role",
    "Scope",
    "Session",
    "Sessions",
    "SlowDown",
    "Token",
    "Tokens",
    "User",
    "Users",
    "allowed",
    "audit",
    "audit_entries",
    "ensure_admin",
    "record",
    "sessions",
    "tokens",
    "users",
    "verify_audit",
]
