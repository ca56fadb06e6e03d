"""What a person does with an incident, as the audit log wants to know it."""

from alerts import Acts, Incident
from ioc.access import record
from ioc.database import writing


class AuditedActs(Acts):
    """As ``Acts``, with an entry in the audit log for each, besides the line in the incident's own timeline."""

    def acknowledge(self, incident: str, who: str, reason: str = "", for_ns: int = 0) -> Incident:
        """See ``Acts``."""
        done = super().acknowledge(incident, who, plain(reason), for_ns)
        self._audit(who, "alert.acknowledge", done, reason=done.ack_reason, until_ns=done.ack_until_ns)
        return done

    def note(self, incident: str, who: str, text: str) -> Incident:
        """See ``Acts``."""
        text = plain(text)
        done = super().note(incident, who, text)
        self._audit(who, "alert.note", done, text=text)
        return done

    def close(self, incident: str, who: str, reason: str) -> Incident:
        """See ``Acts``."""
        reason = plain(reason)
        done = super().close(incident, who, reason)
        self._audit(who, "alert.close", done, reason=reason)
        return done

    def _audit(self, who: str, action: str, done: Incident, **detail: object) -> None:
        with writing(self._engine) as connection:
            subject = f"alert:{done.id}"
            record(connection, self._clock.now_ns(), who, action, subject, rule=done.rule, **detail)


def plain(text: str) -> str:
    """What somebody wrote, in lines; what does not print (controls, marks of direction) is left out."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ").split("\n")
    return "\n".join("".join(sign for sign in line if sign.isprintable()) for line in lines).strip()
