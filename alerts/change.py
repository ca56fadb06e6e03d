"""The change number of incidents, drawn in the transaction that changes them: numbers are seen in their order."""

from sqlalchemy import Connection, select

from alerts.tables import counter
from ioc.upsert import upsert_statement

NEWEST = select(counter.c.change)


def next_change(connection: Connection) -> int:
    """The next number. Its row stays locked to the end of the transaction."""
    statement = upsert_statement(connection.engine, counter, add=("change",)).values(id=1, change=1)
    number: int = connection.execute(statement.returning(counter.c.change)).scalar_one()
    return number
