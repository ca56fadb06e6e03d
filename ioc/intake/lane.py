"""A lane: one journal with the door to it and the writer that drains it. Lanes do not wait for each other."""

from ioc.intake.intake import Intake
from ioc.intake.status import SourceStatus
from ioc.intake.writer import Writer

NEARLY_FULL = 0.8  # of a journal


class Lane:
    """What comes in through ``intake`` waits in its journal until ``writer`` has kept it.

    ``name`` is that of the journal's file, and of its row among the sources.
    """

    def __init__(self, intake: Intake, writer: Writer) -> None:
        self.intake = intake
        self.journal = intake.journal
        self.name = self.journal.path.stem
        self.writer = writer

    def status(self, *errors: str) -> SourceStatus:
        """How it does, as a row among the sources; ``errors`` are what else is wrong with what it is written to."""
        backlog = self.journal.backlog()
        found = [self.writer.error, *errors]
        if backlog.bytes > NEARLY_FULL * self.journal.max_bytes:
            found.append(f"The journal is {backlog.bytes / self.journal.max_bytes:.0%} full.")
        found += [
            f"A damaged journal was set aside as {path.name}; delete it when it has been looked at."
            for path in self.journal.set_aside
        ]
        return SourceStatus(
            self.name,
            "journal",
            connected=not self.writer.error,
            last_message_ns=backlog.oldest_ns,
            backlog=backlog.items,
            error=" ".join(error for error in found if error),
        )
