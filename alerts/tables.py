"""The tables of incidents, their events, and what is to be sent. All times are nanoseconds, UTC.

A state change, its event and the rows to be sent are written in one transaction (``alerts.record``).
"""

from sqlalchemy import BigInteger, Column, Float, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from ioc.database import metadata

LANE = "alerts"  # of all who write these tables

# SQLite gives a rising number by itself only to a key that is called INTEGER.
_NUMBER = BigInteger().with_variant(Integer, "sqlite")

incidents = Table(
    "alert_incident",
    metadata,
    Column("id", String(24), primary_key=True),
    Column("rule", String(80), nullable=False),
    Column("labels", Text, nullable=False),  # JSON object, sorted
    Column("facility", String(64), nullable=False),  # of the labels, for scopes; empty where it has none
    Column("site", String(64), nullable=False),
    Column("series", String(400), nullable=False),  # the key of the series that is judged; empty for a group
    Column("metric", String(80), nullable=False),
    Column("unit", String(20), nullable=False),
    Column("title", Text, nullable=False),  # JSON: vi, en, fr; the rule's template
    Column("limits", Text, nullable=False),  # JSON: [[level, op, limit], …]
    Column("status", String(10), nullable=False),  # firing, missing, resolved
    Column("level", String(10), nullable=False),
    Column("quality", String(8), nullable=False),
    Column("value", Float),
    Column("silent", Integer, nullable=False, server_default="0"),
    Column("opened_ns", BigInteger, nullable=False),  # by the source's time
    Column("opened_at_ns", BigInteger, nullable=False),  # by ours
    Column("event_ns", BigInteger, nullable=False),  # of the last event, by the source's time
    Column("missing_since_ns", BigInteger, nullable=False, server_default="0"),
    Column("resolved_ns", BigInteger),
    Column("resolved_at_ns", BigInteger),
    Column("why", String(16), nullable=False, server_default=""),
    Column("acked_by", String(80), nullable=False, server_default=""),
    Column("acked_at_ns", BigInteger),
    Column("ack_until_ns", BigInteger),
    Column("ack_reason", Text, nullable=False, server_default=""),
    Column("first_acked_at_ns", BigInteger),
    Column("needs_owner", Integer, nullable=False, server_default="0"),  # 1: somebody has to say "mine"
    Column("notify", String(80), nullable=False),
    Column("owner", String(80), nullable=False),
    Column("runbook", Text, nullable=False),  # JSON: path, steps, source
    Column("ack_expires_ns", BigInteger, nullable=False),
    Column("ack_needs_reason", Integer, nullable=False),
    Column("seq", Integer, nullable=False),  # of its last event
    Column("change", BigInteger, nullable=False),
    Index("alert_incident_change", "change"),
    Index("alert_incident_status", "status", "opened_at_ns"),
    Index("alert_incident_opened", "opened_at_ns", "id"),
    Index("alert_incident_resolved", "resolved_at_ns"),
)

events = Table(
    "alert_event",
    metadata,
    Column("id", _NUMBER, primary_key=True, autoincrement=True),
    Column("incident", ForeignKey("alert_incident.id"), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("kind", String(16), nullable=False),  # alerts.event.Happened
    Column("level", String(10), nullable=False),
    Column("value", Float),
    Column("limit", Float),
    Column("quality", String(8), nullable=False),
    Column("event_ns", BigInteger, nullable=False),
    Column("at_ns", BigInteger, nullable=False),
    Column("who", String(80), nullable=False, server_default=""),
    Column("text", Text, nullable=False, server_default=""),
    UniqueConstraint("incident", "seq"),
)

deliveries = Table(
    "alert_delivery",
    metadata,
    Column("id", _NUMBER, primary_key=True, autoincrement=True),
    Column("incident", ForeignKey("alert_incident.id"), nullable=False),
    Column("dedup_key", String(48), nullable=False),
    Column("status", String(10), nullable=False),  # alerts.message.Status
    Column("level", String(10), nullable=False),
    Column("person", String(80), nullable=False),
    Column("person_name", String(120), nullable=False),
    Column("channel", String(40), nullable=False),  # its name within the person: email, webhook, webhook-2 …
    Column("message", Text, nullable=False),  # JSON of alerts.message.Message without sent_ns
    Column("state", String(10), nullable=False),  # due, sent, given_up
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("created_ns", BigInteger, nullable=False),
    Column("due_ns", BigInteger, nullable=False),
    Column("claimed_by", String(140), nullable=False, server_default=""),
    Column("claimed_until_ns", BigInteger, nullable=False, server_default="0"),
    Column("done_ns", BigInteger),
    Column("error", Text, nullable=False, server_default=""),
    UniqueConstraint("dedup_key", "person", "channel"),
    Index("alert_delivery_due", "state", "level", "id", "due_ns"),  # in the order in which they are sent
    Index("alert_delivery_incident", "incident"),
)

attempts = Table(
    "alert_attempt",
    metadata,
    Column("delivery", ForeignKey("alert_delivery.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("began_ns", BigInteger, nullable=False),
    Column("ended_ns", BigInteger, nullable=False),
    Column("outcome", String(10), nullable=False),  # sent, failed, refused
    Column("detail", Text, nullable=False),  # what the other side answered
)

states = Table(
    "alert_state",
    metadata,
    Column("rule", String(80), primary_key=True),
    Column("labels", String(400), primary_key=True),  # JSON object, sorted
    Column("state", Text, nullable=False),  # JSON of alerts.event.TrackState
    Column("event_ns", BigInteger, nullable=False),
)

rule_sets = Table(
    "alert_rules",
    metadata,
    Column("id", Integer, primary_key=True),  # 1: the one in force
    Column("digest", String(64), nullable=False),
    Column("loaded_at_ns", BigInteger, nullable=False),
    Column("document", Text, nullable=False),  # JSON: what a page shows of every rule
    Column("refused_at_ns", BigInteger),  # a newer one was refused then; null when the newest is in force
    Column("faults", Text, nullable=False, server_default="[]"),  # JSON: why
)

counter = Table(
    "alert_counter",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("change", BigInteger, nullable=False),
    Column("judged_at_ns", BigInteger),  # when a turn of the engine was last completed
)
